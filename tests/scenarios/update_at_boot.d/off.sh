# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "the firmware's module runs" 1.5.05 "$(state version)"
check "TDs are built" tdload build --count 2
finish
