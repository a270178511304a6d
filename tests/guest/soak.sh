#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The inside of "make soak": builders, a TD of our own and one of Debian's stack go on in
# the background while one thing after another is done to the host, by chance. For $1
# seconds, with the seed $2. Each line is a word and key=value pairs, but what the TD of
# Debian's stack says; scripts/soak makes the report of them.

# shellcheck source=checks.sh
. /usr/bin/checks.sh
# shellcheck source=debian-td-functions.sh
. /usr/bin/debian-td-functions.sh
seconds=$1 seed=$2

# number N: sets $chosen to 0..N-1. The same seed makes the same choices.
number() {
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	chosen=$(((seed >> 8) % $1))
}
now_ms() { awk '{ print int($1 * 1000) }' /proc/uptime; }
# KASAN keeps what was freed, up to a 32nd of the memory, until its cache is shrunk.
memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do echo 1 >"$cache"; done
	awk '/^MemFree/ { print $2 }' /proc/meminfo
}
protected() { tdxctl stats | sed -n 's/^protected_pages //p'; }
good() { [ "$(state version)" = 1.5.06 ] && image=$images/1.5.05.blob || image=$images/1.5.06.blob; }

# One update, and what came of it; a failed one is repaired by a good image.
updated() {	# ACTION IMAGE
	begin=$(now_ms)
	error=$(update "$2")
	echo "step action=$1 image=${2##*/} error=${error:-none} result=$(state update_result) ms=$(($(now_ms) - begin))"
	[ "$(state update_state)" != failed ] || repaired
	[ "$(state update_state)" = idle ] || echo "bad what=state-after-$1 is=$(state update_state)"
}
repaired() {
	# For the builders: what is refused from here on is so by right.
	printf x >>$failures
	tries=0
	while [ "$(state update_state)" = failed ] && [ $tries -lt 5 ]; do
		good
		begin=$(now_ms)
		error=$(update $image)
		echo "step action=repair image=${image##*/} error=${error:-none} result=$(state update_result) ms=$(($(now_ms) - begin))"
		tries=$((tries + 1))
	done
	printf x >>$failures
}

# Not the one that works, and leaves data behind that no good image here takes: all that
# follows would be refused.
broken_images() { find $images/broken -name "*.blob" ! -name fewer-features.blob | sort; }
broken() {
	number "$(broken_images | wc -l)"
	image=$(broken_images | sed -n "$((chosen + 1))p")
	updated broken "$image"
}

hotplug() {
	number $(($(nproc) - 1))
	cpu=/sys/devices/system/cpu/cpu$((chosen + 1))/online
	good
	updated beside-hotplug $image >/tmp/beside & beside=$!
	echo 0 >$cpu
	echo 1 >$cpu
	wait $beside
	cat /tmp/beside
}

signals() {
	good
	updated beside-signals $image >/tmp/beside & beside=$!
	for signal in USR1 STOP USR1 CONT; do kill -$signal $run; done
	wait $beside
	cat /tmp/beside
}

killed() {
	begin_build || echo "bad what=build-does-not-begin"
	good
	updated beside-killed-builder $image >/tmp/beside & beside=$!
	wait_for grep -q 'waiting' $host/update_state || echo "bad what=update-does-not-wait"
	kill_build 2>/dev/null
	wait $beside
	cat /tmp/beside
}

cancelled() {
	begin_build || echo "bad what=build-does-not-begin"
	good
	updated cancelled $image >/tmp/beside & beside=$!
	wait_for grep -q 'waiting' $host/update_state || echo "bad what=update-does-not-wait"
	echo 1 >$upload/cancel
	wait $beside
	cat /tmp/beside
	end_build || echo "bad what=build-beside-cancel"
}

# Warm: what is allocated once is not taken for a leak.
tdload build --builders 3 --count 60 >/dev/null
free_before=$(memory)
protected_before=$(protected)
echo 60000 >$host/update_wait_ms
echo 600000 >/sys/module/tdx_update/parameters/repair_wait_ms
failures=/tmp/failures
: >$failures

# Alone, until it is there, which takes minutes: $seconds begin after that, or a short soak
# would have no updates at all.
slower_ticks
start_td debian
goes_on debian || echo "bad what=debian-td-does-not-start"

tdload build --builders 3 --count 100000000 --tolerant --failures $failures >/tmp/builds & builders=$!
begin_run --vcpus 2 --insist

deadline=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt $deadline ] && [ "$(state num_remaining_updates)" -gt 6 ]; do
	number 10
	case $chosen in
	0|1|2)	good; updated good $image ;;
	3|4)	broken ;;
	5)	updated fails $images/broken/sys-init-fails.blob ;;
	6)	hotplug ;;
	7)	signals ;;
	8)	killed ;;
	9)	cancelled ;;
	esac
done

kill $builders
wait $builders
grep '^build ' /tmp/builds | head -n 20 | tr ' ' _ | sed 's/^/bad what=/'
grep ^builds /tmp/builds
end_run
sed -n 's/^chain-end/td/p' /tmp/run
if goes_on debian && talk debian after; then
	stop_td debian
else
	echo "bad what=debian-td-does-not-go-on"
fi
# They are in memory, as all files are here.
rm -f /tmp/debian.* /tmp/run /tmp/builds
echo "left builds_in_flight=$(state builds_in_flight) updates=$(state num_remaining_updates)"
# What is freed after a grace period takes a while; what is lost does not come back.
given_back() { [ $((free_before - $(memory))) -lt 4096 ]; }
wait_for given_back
echo "leak memory_kib=$((free_before - $(memory))) protected_pages=$(($(protected) - protected_before))"
# There are 47 KeyIDs for TDs.
tdload build --count 60 >/tmp/again && echo "keyids lost=0" || echo "keyids lost=some"
echo "soak end=1"
