# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A clean power-off is part of the harness.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

begin_run
check "a TD is there, and idle" suspend $run
check "an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
same "and there is no module" failed "$(state update_state)"
finish
