# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# restart.sh runs|killed: what becomes of the TD.
#
# What comes up afterwards is the same script: a byte of the clock's memory tells.

# shellcheck source=helpers.sh
. ./helpers.sh

clock() { printf '\120' | dd of=/dev/port bs=1 seek=112 2>/dev/null; }
if ! { clock; dd if=/dev/port bs=1 skip=113 count=1 2>/dev/null | grep -q R; }; then
	begin
	lose "restart"
	if [ "$1" = killed ]; then
		kill -9 $run
		wait $run
	fi
	clock
	printf R | dd of=/dev/port bs=1 seek=113 2>/dev/null
	echo "restarting=yes"
	reboot -f
	echo "not ok - the host restarts"
fi
echo "ok - the host comes up again"
same "with the module of the firmware" "1.5.05 idle none" \
	"$(state version) $(state update_state) $(state update_result)"
check "TDs are built" tdload build --count 2
same "and the module is updated" "" "$(update $images/1.5.06.blob)"
finish
