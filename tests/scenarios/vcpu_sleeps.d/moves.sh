# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# LEAF...: CPU 0 is in that SEAMCALL of an update, and takes no interrupt. Somebody moves a
# vCPU that ran there to CPU 2: it waits, and others run on CPU 2.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

goes_on() { [ "$(tdxctl stats | sed -n 's/^cpus_in_cost //p')" = 1 ]; }
not_on_cpu_0() { ! sed 's/.*) //' /proc/$run/task/*/stat | cut -d' ' -f37 | grep -qx 0; }

taskset -p 2 $$ >/dev/null
begin_run
image=1.5.06
for leaf; do
	taskset -ap 1 $run >/dev/null
	check "$leaf: the TD runs on CPU 0" runs_on
	tdxctl cost "$leaf,cpu=0=${hang}000ms" >/dev/null
	update $images/$image.blob >/tmp/error & uploader=$!
	check "$leaf: CPU 0 is in it" wait_for goes_on
	taskset -ap 4 $run >/dev/null
	check "$leaf: the TD is moved" wait_for not_on_cpu_0
	rm -f /tmp/ran
	taskset 4 touch /tmp/ran & other=$!
	check "$leaf: another task runs on CPU 2" wait_for test -e /tmp/ran
	check "$leaf: the update was not over" goes_on
	tdxctl clear >/dev/null
	wait $uploader
	wait $other
	same "$leaf: the update succeeds" " success idle" \
		"$(cat /tmp/error) $(state update_result) $(state update_state)"
	check "$leaf: the TD runs on" runs_on
	case $image in
	1.5.06) image=1.5.05 ;;
	*) image=1.5.06 ;;
	esac
done
check "with its state" end_run
finish
