# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# An update at which a SEAMCALL fails, beside a TD that is idle and one in its build, and what
# came of it; once for each fault.
#
# usage: points.sh FAULT...

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

faults() { tdxctl stats | sed -n 's/^faults //p'; }
begin_run

ended()
{
	wait "$1" && return
	echo "status $?"
	tail -n 3 /tmp/run
	return 1
}

# point NUMBER FAULT
point()
{
	# shellcheck disable=SC3044	# the one of checks.sh
	suspend $run
	# Or it is the last point's that is seen.
	rm -f /tmp/build
	tdload build --count 1 --page-delay-ms 20 --verbose >/tmp/build & build=$!
	wait_for grep -qs 'page=1' /tmp/build
	tdxctl fault "$2" >/tmp/answer || echo "point $1 answer=$(tr ' \n' '__' </tmp/answer)"
	before=$(faults)
	error=$(update $images/1.5.06.blob)
	fired=$(($(faults) - before))
	tdxctl clear >/dev/null
	wait $build
	built=$?
	# Finished in time, but there is no module to run it and ask for its MRTD.
	[ $built = 0 ] || ! grep -q 'build finalized' /tmp/build ||
		grep -q wrong-mrtd /tmp/build || built=finalized
	echo "point $1 result=$(state update_result) error=${error:-none} state=$(state update_state)" \
		"status=$(state update_status) fired=$fired build=$built"
	again=$(update $images/1.5.06.blob)
	tdload build --count 1 >/dev/null
	works=$?
	kill -CONT $run
	runs_on
	echo "after $1 again=${again:-none} state=$(state update_state) build=$works idle=$?"
}

number=0
for fault; do
	point $number "$fault"
	number=$((number + 1))
done

kill $run
ended $run
echo "chain=$?"
finish
