# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# results.sh SUITE...

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh
# shellcheck source=helpers.sh
. ./helpers.sh

results "$@"
finish
