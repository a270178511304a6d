# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

check "a TD tells the MRTD that was computed outside" tdload build --count 1
tdload run --vcpus 2 --seconds 5 >/tmp/a & a=$!
tdload run --vcpus 2 --seconds 5 >/tmp/b & b=$!
check "a TD with two vCPUs runs" wait $a
check "beside another one" wait $b
same "on all four vCPUs" 4 "$(cat /tmp/a /tmp/b | grep -c 'intact=yes')"

free() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemFree/ { print $2 }' /proc/meminfo
}
tdload build --builders 2 --count 100 >/dev/null
before=$(free)
protected_before=$(tdxctl stats | sed -n 's/^protected_pages //p')
check "600 TDs are built and torn down" tdload build --builders 2 --count 600
# MemFree wavers by a MiB or two, but one page lost with each TD would be 2400 KiB. What
# is freed after a grace period takes a while; what is lost does not come back.
given_back() { lost=$((before - $(free))); [ $lost -lt 2048 ]; }
check "they leave no memory behind" wait_for given_back
echo "memory lost_kib=$lost"
protected=$(tdxctl stats | sed -n 's/^protected_pages //p')
same "nor pages that the host may not touch" $protected_before $protected
# There are 47 KeyIDs for TDs: many times as many builds have used each again.
check "nor KeyIDs" tdload build --count 60

begin_run
check "20 updates beside a running TD" tdload update --count 20 --pause-ms 50 \
	$images/1.5.06.blob $images/1.5.05.blob
check "which lives through them" end_run
grep ^chain-end /tmp/run
finish
