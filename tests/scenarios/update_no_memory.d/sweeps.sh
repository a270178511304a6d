# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# sweeps.sh [POINT FIRST NEXT LIMIT]...: see sweep()

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

debug=/sys/kernel/debug
for fault in failslab fail_page_alloc; do
	# By default only allocations fail that may not sleep.
	echo N >$debug/$fault/ignore-gfp-wait
done
echo N >$debug/fail_page_alloc/ignore-gfp-highmem
echo 0 >$debug/fail_page_alloc/min-order

value() { sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" $2 | tail -n 1; }
protected() { tdxctl stats | sed -n 's/^protected_pages //p'; }
other() {
	[ "$(state version)" = 1.5.06 ] && echo $images/1.5.05.blob || echo $images/1.5.06.blob
}

# An update with nothing in its way.
plain_update() {
	from=$(state version)
	again=$(tdload update "$(other)" | sed -n 's/.*error=\([^ ]*\).*/\1/p')
	[ "$(state version)" != "$from" ] || again="$again,but-it-is-still-$from"
}

goes_on() {
	runs_on
	idle=$?
}

# Only allocations below fw_upload_main() are looked at, and none of an interrupt that
# came in there.
below=$(awk '$3 == "fw_upload_main" { start = $1; next }
	start && !end && $1 != start { end = $1 }
	$3 == "__irqentry_text_start" { not_start = $1 }
	$3 == "__irqentry_text_end" { not_end = $1 }
	END { print start, end, not_start, not_end }' /proc/kallsyms)
only_below() {
	for fault in failslab fail_page_alloc; do
		echo 0x$1 >$debug/$fault/require-start
		echo 0x$2 >$debug/$fault/require-end
		echo 0x$3 >$debug/$fault/reject-start
		echo 0x$4 >$debug/$fault/reject-end
	done
}
everywhere() {
	for fault in failslab fail_page_alloc; do
		echo 0 >$debug/$fault/require-start
		echo 0xffffffffffffffff >$debug/$fault/require-end
		echo 0 >$debug/$fault/reject-start
		echo 0 >$debug/$fault/reject-end
	done
}

begin_run

# An update in mid-build of a TD. upload KIND NUMBER ARGUMENTS OF tdload update...
upload() {
	point="$1 $2"
	shift 2
	echo "point $point" >/dev/kmsg
	rm -f /tmp/build
	tdload build --count 1 --page-delay-ms 20 --verbose >/tmp/build & build=$!
	wait_for grep -qs 'page=1' /tmp/build
	before=$(state version)
	tdload update "$@" "$(other)" >/tmp/update
	wait $build
	built=$?
	changed=yes
	[ "$(state version)" != $before ] || changed=no
	told="error=$(value error /tmp/update) changed=$changed result=$(state update_result) state=$(state update_state) build=$built"
}
after_upload() {
	plain_update
	goes_on
	echo "after $point again=$again state=$(state update_state) idle=$idle left=$(state builds_in_flight)"
}

# writer NUMBER
writer() {
	upload writer $1 --fail-nth $1
	fired=$(value allocation-failed /tmp/update)
	echo "point writer $1 fired=$fired $told"
	after_upload
}

# The nth allocation of this upload is the one whose number since boot is a multiple
# of the interval. Nothing is counted as long as that is 1.
counted_failslab=0 counted_fail_page_alloc=0
# worker KIND FAULT NUMBER
worker() {
	nth=	# or shellcheck sees no assignment
	eval "nth=\$((counted_$2 + $3))"
	only_below $below
	echo $nth >$debug/$2/interval
	echo 1 >$debug/$2/times
	echo 100 >$debug/$2/probability
	upload $1 $3
	echo 0 >$debug/$2/probability
	fired=$((1 - $(cat $debug/$2/times)))
	[ $nth = 1 ] || eval "counted_$2=$nth"
	everywhere
	echo "point $1 $3 fired=$fired $told"
	after_upload
}
worker_slab() { worker worker_slab failslab $1; }
worker_page() { worker worker_page fail_page_alloc $1; }

# Without memory for its map of the local APICs KVM inhibits APICv, which no TD is without:
# it warns, with or without these patches. Do not let that allocation fail.
apic_map=$(awk '$3 ~ /^kvm_recalculate_apic_map/ { print $1; exit }' /proc/kallsyms)
but_apic_map() {
	for fault in failslab fail_page_alloc; do
		echo 0x$apic_map >$debug/$fault/reject-start
		printf '0x%x\n' $((0x$apic_map + 0x400)) >$debug/$fault/reject-end
	done
}

# build NUMBER: the update afterwards does not wait, which would hide what is left of it.
build() {
	echo "point build $1" >/dev/kmsg
	before=$(protected)
	but_apic_map
	tdload build --count 1 --fail-nth $1 >/tmp/build
	status=$?
	everywhere
	fired=$(value allocation-failed /tmp/build)
	left=$(state builds_in_flight)
	given_back() {
		now=$(protected)
		lost=$((now - before))
		[ $lost = 0 ]
	}
	wait_for given_back
	echo "point build $1 fired=$fired status=$status error=$(value errno /tmp/build) step=$(value step /tmp/build) wrong=$(value wrong /tmp/build) lost=$lost left=$left"
	echo 0 >$host/update_wait_ms
	plain_update
	echo 10000 >$host/update_wait_ms
	goes_on
	echo "after build $1 again=$again state=$(state update_state) idle=$idle left=$(state builds_in_flight)"
}

# sweep POINT FIRST NEXT LIMIT: ends at the first point that nothing fails at. NEXT is
# what makes the next point of one.
sweep() {
	n=$2 done=0
	while [ $done -lt $4 ]; do
		$1 $n
		[ "$fired" = 1 ] || { echo "swept $1 $n"; return; }
		eval "n=\$((n $3))"
		done=$((done + 1))
	done
	echo "next $1 $n"
}

while [ $# -gt 0 ]; do
	sweep "$1" "$2" "$3" "$4"
	shift 4
done
end_run
echo "chain=$?"
finish
