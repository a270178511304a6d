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
	while read -r line; do echo "$1 $line"; done
}

echo "host version $(cat $host/version)"
# A kernel without these has nothing to tell, and no file for it.
[ -d $tracing/events/tdx_update ] && echo 1 >$tracing/events/tdx_update/enable
relay trace <$tracing/trace_pipe &
trace=$!

mkfifo /tmp/run.lines
tee /tmp/run </tmp/run.lines | relay run &
tdload run >/tmp/run.lines &
running=$!
# It is there when its first report is.
until grep -qs ^chain /tmp/run; do sleep 0.1; done

# The VMM of this TD is slow on purpose. The update begins in mid-build, and just
# after it a third TD wants to be built.
operator() {
	echo "operator start update-module.sh $image"
	update-module.sh "$image" 2>&1 | relay operator
	echo "operator end error=$(cat /sys/class/firmware/tdx_module/error)"
}

mkfifo /tmp/slow
tdload build --count 1 --extra-pages $extra_pages --page-delay-ms 250 --verbose >/tmp/slow &
slow=$!
while read -r line; do
	echo "slow $line"
	[ "$line" = "build page=$half of=$((program_pages + extra_pages))" ] || continue
	operator &
	operator=$!
	until grep -qs waiting $host/update_state || ! kill -0 $operator; do sleep 0.02; done 2>/dev/null
	[ -e $host/update_state ] &&
		echo "host state $(cat $host/update_state) builds=$(cat $host/builds_in_flight)"
	tdload build --count 1 --verbose | relay late &
	late=$!
done </tmp/slow
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
kill $trace
echo "host end"
