# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "deep invariants are checked" "deep_invariants 1" "$(tdxctl stats | grep deep_invariants)"
check "TDs are built" tdload build --builders 2 --count 6
begin_run
for version in 1.5.06 1.5.07 1.5.08; do
	check "$version: builds go on" tdload build --builders 2 --count 4
	same "$version: it is installed" "" "$(update $images/$version.blob)"
	check "$version: the TD runs on" runs_on
done
check "a CPU goes" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check "TDs are built without it" tdload build --count 2
check "and it comes again" sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
check "TDs are built" tdload build --builders 2 --count 4
check "the TD has its state" end_run
finish
