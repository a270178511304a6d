#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The inside of "make run": a TD runs, another is in the middle of its build, and
# the TDX module is updated to the image $1. What happens goes to stdout, one event
# a line, the source as first word; scripts/run shows and judges it.

image=$1
host=/sys/devices/faux/tdx_host
tracing=/sys/kernel/tracing
program_pages=5 extra_pages=11 half=8

relay() {
	awk -v source="$1" '{ print source " " $0; fflush() }'
}

echo "host version $(cat $host/version)"
: >/tmp/trace
outcome=$tracing/events/tdx_update/tdx_update_done
# A kernel without these has nothing to tell, and no file for it.
if [ -d $tracing/events/tdx_update ]; then
	echo 1 >$tracing/events/tdx_update/enable
	mkfifo /tmp/trace.lines
	relay trace </tmp/trace.lines &
	trace_relay=$!
	tee /tmp/trace <$tracing/trace_pipe >/tmp/trace.lines &
	trace=$!
	# A kernel of the first topics alone has only some of them.
	[ -d $outcome ] || echo "host lacks tdx_update_done"
fi

mkfifo /tmp/run.lines /tmp/slow.lines
tee /tmp/run </tmp/run.lines | relay run &
tdload run >/tmp/run.lines &
running=$!
# It is there when its first report is.
until grep -qs ^chain /tmp/run; do
	kill -0 $running || { echo "run exit $(wait $running; echo $?)"; exit 1; }
	sleep 0.1
done

# The VMM of the second TD stops half way. Then the operator begins the update, and
# when that waits a third TD wants to be built. Only when this one is held back, or
# there was nothing to wait for, the VMM goes on.
operator() {
	# The machine may be slow, and the VMM below is as slow as it takes.
	echo "operator start tdx-module update --wait 60 $image"
	tdx-module update --wait 60 "$image" 2>&1 | relay operator
	echo "operator end error=$(cat /sys/class/firmware/tdx_module/error)"
}

over() {
	! kill -0 $operator 2>/dev/null
}

tdload build --count 1 --extra-pages $extra_pages --page-delay-ms 60 --hold /tmp/go --verbose \
	>/tmp/slow.lines &
slow=$!
while read -r line; do
	echo "slow $line"
	[ "$line" = "build page=$half of=$((program_pages + extra_pages))" ] || continue
	operator &
	operator=$!
	until grep -qs waiting $host/update_state || over; do sleep 0.02; done
	[ -e $host/update_state ] &&
		echo "host state $(cat $host/update_state) builds=$(cat $host/builds_in_flight)"
	tdload build --count 1 --verbose | relay late &
	late=$!
	until grep -q tdx_update_block_wait /tmp/trace || over; do sleep 0.02; done
	sleep 1		# for whoever watches
	: >/tmp/go
done </tmp/slow.lines
wait $slow
echo "slow exit $?"
wait $operator $late
echo "host version $(cat $host/version)"
for name in update_state update_result update_duration_us update_stop_us; do
	[ -e $host/$name ] && echo "host $name $(cat $host/$name)"
done

# The running TD goes on for a moment under the new module, then tells its end.
after=$(grep -c ^chain /tmp/run)
until [ "$(grep -c ^chain /tmp/run)" -gt $((after + 3)) ]; do sleep 0.1; done
kill $running
wait $running
echo "run exit $?"
# What the trace still has to tell: that the update is over is its last word.
if [ -d $tracing/events/tdx_update ]; then
	last=tdx_update_done
	[ -d $outcome ] || last="tdx_update_phase_end: phase=install"
	until grep -q "$last" /tmp/trace; do sleep 0.1; done
	kill $trace
	wait $trace_relay
fi
echo "host end"
