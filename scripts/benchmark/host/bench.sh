# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The measurements of make bench, inside the host; what they print is taken apart by measure.py.
#
# usage: bench.sh MEASUREMENT [ARGUMENT...]

images=/lib/firmware/intel/tdx
# They keep the unfinished measurement in different layouts, so going to and fro between them is
# what a build must not meet.
pair="$images/1.5.06.blob $images/1.5.05.blob"

# set_costs LEAF=TIME[,LEAF=TIME]...
set_costs()
{
	for cost in $(echo "$1" | tr , ' '); do
		tdxctl cost "$cost" >/dev/null
	done
}

# A TD that runs, from its first report to its end.
begin_run()
{
	tdload run >/tmp/run & run=$!
	until grep -q ^chain /tmp/run; do sleep 0.2; done
}

end_run()
{
	kill $run
	wait $run
	grep ^chain-end /tmp/run
	sed -n 's/^lap /pause /p' /tmp/run
}

# The builders are stopped when they have built enough and all updates are made.
corruption()
{
	tdload build --builders 4 --count "$1" --tolerant >/tmp/builds & build=$!
	tdload update --count "$2" --pause-ms 100 $pair >/tmp/updates
	until ! kill -0 $build 2>/dev/null; do
		sleep 0.2
	done
	grep ^builds /tmp/builds
	grep ^updates /tmp/updates
	grep '^update ' /tmp/updates
}

tracing=/sys/kernel/tracing

trace_waits()
{
	echo 8192 >$tracing/buffer_size_kb
	for event in phase phase_end block_end; do
		echo 1 >$tracing/events/tdx_update/tdx_update_$event/enable || {
			echo "bench: this kernel has no tracepoint tdx_update_$event" >&2
			exit 1
		}
	done
}

# longest BUILDERS: of the trace's updates and builds
longest()
{
	awk -v builders="$1" '
	{ for (i = 1; i < NF; i++) if ($i ~ /^[0-9]+[.][0-9]+:$/) now = $i * 1000000 }
	/phase: phase=drain/ { begin = now }
	/phase_end: phase=drain error=0/ { updates++; if (now - begin > wait) wait = now - begin }
	/block_end:/ { sub(/.*held_us=/, ""); if ($1 > held) held = $1 + 0 }
	END { printf "drains-%d updates=%d wait_us=%d build_us=%d\n", builders, updates, wait, held }
	' $tracing/trace
}

# waiting REPEATS EXTRA-PAGES BUILDERS...
waiting()
{
	repeats=$1 pages=$2
	shift 2
	trace_waits
	for builders; do
		for policy in wait reject; do
			option=
			[ $policy = wait ] || option="--reject-on-build /tmp/state"
			rm -f /tmp/state
			echo >$tracing/trace
			tdload build --builders "$builders" --count 1000000 --extra-pages "$pages" \
				--state /tmp/state >/dev/null & build=$!
			sleep 1
			tdload update $option --give-up-ms 10000 --count "$repeats" --pause-ms 300 $pair |
				sed -n "s/^update /$policy-$builders /p"
			kill $build
			wait $build
			[ $policy = reject ] || longest "$builders"
		done
	done
}

# builds WARM-UP COUNT
builds()
{
	tdload build --count "$1" >/dev/null
	tdload build --count "$2"
}

# The calls of so many builds are those between two marks of the trace.
traced_builds()
{
	tdload build --count 2 >/dev/null
	tdxctl trace mark begin >/dev/null
	tdload build --count "$1" >/dev/null
	tdxctl trace mark end >/dev/null
}

round_trips()
{
	tdload run --steps 1 --reports 50 >/dev/null
	tdload run --steps 1 --reports "$1"
}

# stall COSTS MASK-OF-THE-TD'S-CPU REPEATS
stall()
{
	set_costs "$1"
	tdload stall --count "$3" $pair | sed 's/^stall /alone /'
	begin_run
	taskset -ap "$2" $run >/dev/null
	tdload stall --count "$3" $pair | sed 's/^stall /beside /'
	for _ in $(seq "$3"); do
		kill -USR1 $run
		tdload update --count 1 $pair >/dev/null
	done
	kill -USR1 $run
	end_run
}

# rejected COSTS IMAGE
rejected()
{
	set_costs "$1"
	begin_run
	kill -USR1 $run
	tdload update --count 1 "$images/$2.blob"
	kill -USR1 $run
	sleep 1
	echo "after version=$(cat /sys/devices/faux/tdx_host/version 2>/dev/null || echo none)" \
		"build=$(tdload build --count 1 >/dev/null 2>&1 && echo works || echo fails)"
	end_run
}

throughput()
{
	set_costs "$1"
	tdload hash $images/1.5.06.blob
}

"$@"
# What was measured is judged by its numbers.
echo bench end=1
