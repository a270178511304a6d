# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

wait_ms=/sys/module/tdx_update/parameters/repair_wait_ms
trace=/sys/kernel/tracing
fails() {
	check "an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
	same "there is no module" failed "$(state update_state)"
}
repaired() {
	same "a good image repairs it" " 1.5.06" "$(update $images/1.5.06.blob) $(state version)"
}
sleeps() {	# PID: none of its threads runs or wants to
	! cat /proc/"$1"/task/*/stat | sed 's/.*) //' | grep -qv '^S'
}
