# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Longer than the scenario: an update that does not go on with the owner's end fails it.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

echo 100000 >$host/update_wait_ms
to=1.5.06
for how in fork vm memory; do
	rm -f /tmp/heir
	tdload heir $how >/tmp/heir & owner=$!
	check "$how: another process has the TD" wait_for 30 grep -qs ^heir /tmp/heir
	check "$how: it is being built" wait_for 30 grep -q ^owner /tmp/heir
	heir=$(sed -n 's/^heir pid=//p' /tmp/heir)
	same "$how: the build is counted" 1 "$(state builds_in_flight)"
	update $images/$to.blob >/tmp/error & uploader=$!
	check "$how: an update waits" wait_for 30 grep -q waiting $host/update_state
	kill -9 $owner
	check "$how: with its owner the build ends" wait_for 30 grep -qx 0 $host/builds_in_flight
	wait $uploader
	same "$how: the update follows" " $to" "$(cat /tmp/error) $(state version)"
	check "$how: the heir is still there" kill -0 $heir
	kill -9 $heir
	[ $to = 1.5.06 ] && to=1.5.05 || to=1.5.06
done
check "TDs are built again" tdload build --count 1
finish
