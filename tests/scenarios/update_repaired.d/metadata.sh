# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Modules that take over, and then turn out not to be what the old one's TDs need. They
# run, so it is they that the next update shuts down.

# shellcheck source=helpers.sh
. ./helpers.sh

begin_run
lost other-metadata resume:metadata-td-sizes
same "no SEAMCALL failed" 0x0000000000000000 "$(state update_status)"
lost other-metadata resume:metadata-td-sizes
repaired other-metadata 1.5.07
check "it has its state" end_run
finish
