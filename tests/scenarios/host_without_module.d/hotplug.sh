# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

begin
lose "all go, all come"
for cpu in 1 2 3; do
	check "CPU $cpu goes" sh -c "echo 0 >$cpus/cpu$cpu/online"
done
same "one is left" 0 "$(cat $cpus/online)"
same "with CPUs offline an update is refused" refused:preflight:cpu-offline \
	"$(update $images/1.5.06.blob >/dev/null; state update_result)"
same "and there still is no module" failed "$(state update_state)"
for cpu in 1 2 3; do
	check "CPU $cpu comes" sh -c "echo 1 >$cpus/cpu$cpu/online"
done
same "all are back" 0-3 "$(cat $cpus/online)"
repair "all go, all come"

lose "over and over"
for i in 1 2 3 4 5; do
	echo 0 >$cpus/cpu3/online && echo 1 >$cpus/cpu3/online || echo "not ok - turn $i"
done
same "CPU 3 is back" 0-3 "$(cat $cpus/online)"
repair "over and over"
end
