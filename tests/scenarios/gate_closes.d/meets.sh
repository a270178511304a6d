# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A TD goes down on a CPU that is kept at a SEAMCALL of it, and the gate closes. CPU 2 updates and
# the script has CPU 3: nothing that is to happen meanwhile may need the one that is kept.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

events=/sys/kernel/tracing
number() { tdxctl stats | sed -n "s/^$1 //p"; }
is() { [ "$(number "$1")" = "$2" ]; }
# sent FUNCTION CPU: it waits there to be called.
sent() {
	grep -q "csd_queue_cpu: cpu=$2 .*func=$1[ ]" $events/trace
}
# An interrupt for each CPU, or what the update does next.
closes() {
	sent no_seamcall_here "$kept" || ! is calls_SEAMLDR.INSTALL "$installs"
}
# Without interrupts the CPU keeps the gate from closing, else the update comes as far as to its last
# INSTALL of the rehearsal.
waits_or_goes_on() {
	is cpus_held_masked 1 || is cpus_in_cost 1
}

# settles VCPU: on the CPU where it has to run now. Of two more reports the second one began there.
settles() {
	reports=$(grep -c "^chain vcpu=$1 " /tmp/run)
	wait_for reported "$1" $((reports + 2))
}
reported() { [ "$(grep -c "^chain vcpu=$1 " /tmp/run)" -ge "$2" ]; }
# begin_there CPU: a TD runs there.
begin_there() {
	begin_run
	taskset -ap $((1 << $1)) $run >/dev/null
	settles 0
}
# go_down CPU: a TD, which has been running there.
go_down() {
	begin_there "$1"
	kill -9 $run
}
# close_gate WHAT CPU: by an update, which goes no further while that CPU is kept.
close_gate() {
	kept=$2
	installs=$(number calls_SEAMLDR.INSTALL)
	tdxctl trace mark "$1-begins" >/dev/null
	update $images/$image.blob >/tmp/error & uploader=$!
	check "$1: the gate closes" wait_for closes
}
# over WHAT TD: all of it comes to its end.
over() {
	wait $uploader
	wait "$2"
	same "$1: the update succeeds" " success idle $image" \
		"$(cat /tmp/error) $(state update_result) $(state update_state) $(state version)"
	check "$1: its memory is given back" wait_for is protected_pages "$pages"
	check "$1: nothing of it was put off" \
		sh -c '! dmesg | grep -E "no TDX module to destroy|destroyed without a TDX module"'
	echo >$events/trace
	case $image in
	1.5.06) image=1.5.05 ;;
	*) image=1.5.06 ;;
	esac
}

image=1.5.06
keyids=$(tdload keyids)
pages=$(number protected_pages)
taskset -p 8 $$ >/dev/null
echo 2 >/sys/module/tdx_update/parameters/cpu
echo 1 >$events/events/csd/csd_queue_cpu/enable

tdxctl cost "PHYMEM.PAGE.RECLAIM,cpu=1=${hang}000ms" >/dev/null
go_down 1
check "inside: a CPU is in a SEAMCALL" wait_for is cpus_in_cost 1
close_gate inside 1
tdxctl trace mark inside-goes >/dev/null
tdxctl clear >/dev/null
over inside $run

tdxctl hold PHYMEM.PAGE.RECLAIM,cpu=1 >/dev/null
tdxctl cost "INSTALL,cpu=2=${hang}000ms" >/dev/null
go_down 1
check "before: a CPU has looked at the gate" wait_for is cpus_held 1
close_gate before 1
check "before: the gate waits for it, or the update goes on" wait_for waits_or_goes_on
tdxctl trace mark before-goes >/dev/null
tdxctl release >/dev/null
check "before: the SEAMCALL is made" wait_for is cpus_held 0
tdxctl clear >/dev/null
over before $run

# A CPU is asked for a SEAMCALL while the gate is open, and comes to it when it is closed: it is inside
# another one meanwhile. Before its first flush a TD that goes down has done with all that needs that CPU
# otherwise.
# asks WHAT FUNCTION: the TD that goes down on CPU 1 has CPU 0 call it.
asks() {
	tdxctl hold VP.FLUSH,cpu=1 >/dev/null
	kill -9 $asker
	check "$1: a TD goes down" wait_for is cpus_held 1
	tdxctl cost "VP.ENTER,cpu=0=${hang}000ms" >/dev/null
	check "$1: a CPU is in a SEAMCALL" wait_for is cpus_in_cost 1
	tdxctl release >/dev/null
	check "$1: it is asked for another" wait_for sent "$2" 0
	close_gate "$1" 0
	tdxctl clear >/dev/null
	over "$1" $asker
}

begin_there 0
stays=$run
mv /tmp/run /tmp/stays
pages=$(number protected_pages)

# Its first vCPU is to be flushed on CPU 1, and the second one on CPU 0.
begin_run --vcpus 2
asker=$run
taskset -ap 2 $asker >/dev/null
taskset -p 1 "$(printf '%s\n' /proc/$asker/task/* | sed 's|.*/||' | sort -n | tail -n 1)" >/dev/null
settles 0
settles 1
check "flush: a TD stops" suspend $asker
taskset -ap 2 $asker >/dev/null
rm /tmp/run
asks flush tdx_flush_vp

begin_there 1
asker=$run
rm /tmp/run
asks "write back" smp_func_do_phymem_cache_wb

ln -s /tmp/stays /tmp/run
run=$stays
check "a TD runs on" runs_on
check "and has its state" end_run
same "all KeyIDs are given back" "$keyids" "$(tdload keyids)"
finish
