# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

turned_away() { ! update $images/1.5.06.blob 2>/dev/null; }
# A builder may have any name.
tdload='/tmp/by process "1'
ln -s "$(command -v tdload)" "$tdload"
begin_build
tdload=
echo 300 >$host/update_wait_ms
same "an update that waits too long: timeout" transferring:timeout "$(update $images/1.5.06.blob)"
same "it says in which phase" refused:drain:timeout "$(state update_result)"
holder="by process $(children $build) \"by process \\\"1\""
check "the log names who holds it up, quoted" \
	sh -c "dmesg | grep 'held open for' | grep -qF '$holder'"
echo 0 >$host/update_wait_ms
same "an update that may not wait: busy" transferring:device-busy "$(update $images/1.5.06.blob)"
same "it says why" refused:drain:td-build "$(state update_result)"
check "the build is not disturbed" end_build

begin_build
echo 60000 >$host/update_wait_ms
update $images/1.5.06.blob >/tmp/error & uploader=$!
check "another update waits" wait_for grep -q waiting $host/update_state
check "a second upload is turned away" turned_away
echo 1 >$upload/cancel
wait $uploader
same "cancelled: user-abort" transferring:user-abort "$(cat /tmp/error)"
same "it says so" refused:drain:cancelled "$(state update_result)"
check "and the log does" sh -c 'dmesg | grep -q "virt/tdx: update.*cancel"'
check "at once, the build is still going on" sh -c '! grep -q finalized /tmp/build'
same "it is still counted" 1 "$(state builds_in_flight)"
check "and ends well" end_build
same "nothing has changed" "1.5.05 idle" "$(state version) $(state update_state)"
same "the next update succeeds" "" "$(update $images/1.5.06.blob)"

begin_build
update $images/1.5.05.blob >/tmp/error & uploader=$!
check "an update waits for a builder that dies" wait_for grep -q waiting $host/update_state
kill_build
wait $uploader
same "it does not hold up the update" "" "$(cat /tmp/error)"
check "which was not waiting for its end" sh -c '! grep -q finalized /tmp/build'
same "no build is left" 0 "$(state builds_in_flight)"
check "and builds go on" tdload build --count 4
finish
