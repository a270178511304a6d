# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

echo 0 >/sys/devices/system/cpu/cpu2/online
same "with a CPU offline: busy" transferring:device-busy "$(update $images/1.5.06.blob)"
same "the result says why" refused:preflight:cpu-offline "$(state update_result)"
check "the log names the CPU" sh -c 'dmesg | grep -q "CPU 2 is offline"'
same "nothing has changed" "1.5.05 idle" "$(state version) $(state update_state)"
check "TDs are built as before" tdload build --count 2
echo 1 >/sys/devices/system/cpu/cpu2/online
same "with it online the same upload succeeds" "" "$(update $images/1.5.06.blob)"
same "to the new version" 1.5.06 "$(state version)"
for i in 1 2 3 4 5; do
	for cpu in 1 2 3; do
		echo 0 >/sys/devices/system/cpu/cpu$cpu/online
		echo 1 >/sys/devices/system/cpu/cpu$cpu/online
	done
done
check "CPUs go and come; TDs are still built on each" tdload build --builders 4 --count 12
same "and an update succeeds" "" "$(update $images/1.5.05.blob)"
finish
