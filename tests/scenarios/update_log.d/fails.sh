# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The last update fails when there is no way back.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

left=$(state num_remaining_updates)
check "all but one" tdload update --count $((left - 1)) --pause-ms 0 \
	$images/1.5.06.blob $images/1.5.05.blob
check "the last one fails" test -n "$(update $images/broken/sys-init-fails.blob)"
same "the module is gone" failed "$(state update_state)"
check "the log does not promise what cannot be" sh -c \
	'dmesg | grep "no TDX module is usable" | grep -q "log is full, all TDs are lost, reboot"'
check "another image is refused" test -n "$(update $images/1.5.06.blob)"
same "it says why" refused:preflight:update-log-full "$(state update_result)"
finish
