# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# LEAF...: an update is disturbed while that SEAMCALL of the CPU that updates goes on.
# CPU 0 updates, and no thread that is to do something meanwhile may be there. The TD that is killed
# has CPUs 2 and 3, for itself: what takes it down waits for the module with a spinlock held, or for
# that lock, and keeps others from both.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

protected() { tdxctl stats | sed -n 's/^protected_pages //p'; }
keyids() { tdload keyids | sed -n 's/keyids free=//p'; }
given_back() { [ "$(protected) $(keyids)" = "$1" ]; }
laps() { grep -c ^lap /tmp/run; }
more_laps() {	# than so many
	[ "$(laps)" -gt "$1" ]
}
backtraces() { dmesg | grep -c 'sysrq: Show backtrace'; }
more_backtraces() { [ "$(backtraces)" -gt "$1" ]; }

goes_on() { [ "$(tdxctl stats | sed -n 's/^cpus_in_cost //p')" = 1 ]; }

taskset -p 2 $$ >/dev/null

begin_run --vcpus 2
taskset -ap 2 $run >/dev/null
survivor=$run
mv /tmp/run /tmp/survivor
before="$(protected) $(keyids)"

# step LEAF IMAGE
step() {
	begin_run --vcpus 2
	taskset -ap c $run >/dev/null
	victim=$run
	mv /tmp/run /tmp/victim
	ln -s /tmp/survivor /tmp/run
	# The call of the CPU that updates lasts until costs are cleared.
	tdxctl cost "$1,cpu=0=${hang}000ms" >/dev/null
	tdxctl trace mark "update-$1" >/dev/null
	update "$images/$2.blob" >/tmp/error & uploader=$!
	check "$1: it begins" wait_for goes_on
	kill -9 $victim
	seen=$(laps)
	kill -USR1 $survivor
	check "$1: a TD can be stopped" suspend $survivor
	# It keeps from the hotplug lock who destroys the TD, so not before.
	echo 0 >/sys/devices/system/cpu/cpu2/online & leaver=$!
	tdxctl trace mark "disturbed-$1" >/dev/null
	# It waits for that CPU, and sends the NMI before.
	asked=$(backtraces)
	echo l >/proc/sysrq-trigger & backtrace=$!
	check "$1: NMIs are sent" wait_for more_backtraces "$asked"
	kill -CONT $survivor
	tdxctl clear >/dev/null
	wait $backtrace
	wait $uploader
	same "$1: the update succeeds" " success idle" \
		"$(cat /tmp/error) $(state update_result) $(state update_state)"
	wait $leaver
	same "$1: the CPU has gone" "0 0" "$? $(cat /sys/devices/system/cpu/cpu2/online)"
	check "$1: and comes" sh -c 'echo 1 >/sys/devices/system/cpu/cpu2/online'
	wait $victim
	same "$1: a TD is killed" 137 $?
	check "$1: its memory and its KeyID are given back" wait_for given_back "$before"
	check "$1: the other one has its signal" wait_for more_laps "$seen"
	check "$1: and runs on" runs_on
	rm /tmp/run
}

image=1.5.06
for leaf; do
	step "$leaf" $image
	case $image in
	1.5.06) image=1.5.05 ;;
	*) image=1.5.06 ;;
	esac
done
check "no TD was kept for lack of a module" sh -c '! dmesg | grep "no TDX module to destroy"'
check "each CPU had its NMIs" test "$(dmesg | grep -c 'NMI backtrace for cpu')" -ge 12
run=$survivor
check "the TD has its state" end_run
finish
