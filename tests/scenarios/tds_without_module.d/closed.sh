# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The KeyIDs and pages of TDs that are closed while there is no module come back.

# shellcheck source=helpers.sh
. ./helpers.sh

protected() { tdxctl stats | sed -n 's/^protected_pages //p'; }
free=$(tdload keyids | sed -n 's/keyids free=//p')
check "there are KeyIDs" test "$free" -gt 8
pages=$(protected)
tds=
for n in 1 2 3 4; do
	begin_run --vcpus 2
	tds="$tds $run"
done
tdload heir vm >/tmp/heir & heir=$!
check "one is being built" wait_for 30 grep -q ^owner /tmp/heir
kill -9 $heir "$(sed -n 's/^heir pid=//p' /tmp/heir)"
wait $heir
fails
kill -9 $tds
for td in $tds; do wait $td; done
check "their memory is kept" test "$(protected)" -gt "$pages"
check "a CPU that they ran on goes" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check "and comes" sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
repaired
check "their memory comes back" wait_for 60 sh -c "[ \$(tdxctl stats | sed -n 's/^protected_pages //p') = $pages ]"
same "and all KeyIDs" "$free" "$(tdload keyids | sed -n 's/keyids free=//p')"
check "TDs are built again" tdload build --builders 2 --count 4
finish
