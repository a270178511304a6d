# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A check waits for builds as an update does, and spoils none.

# shellcheck source=asks.sh
. ./asks.sh

echo 60000 >$host/update_wait_ms
begin_build
asks $images/1.5.06.blob >/tmp/error & checker=$!
check "a check waits for a build" wait_for grep -q phase=drain $trace/trace
same "it is no update" "idle none" "$(state update_state) $(state update_result)"
check "the build has the right measurement" end_build
wait $checker
same "then the check says yes" " success" "$(cat /tmp/error) $(state check_result)"
echo 0 >$host/update_wait_ms
begin_build
same "a check that may not wait: busy" "preparing:device-busy refused:drain:td-build" \
	"$(asks $images/1.5.06.blob) $(state check_result)"
check "the build ends well" end_build

echo 60000 >$host/update_wait_ms
tdload build --builders 3 --count 60 --verbose >/tmp/builds & builds=$!
check "TDs are being built" wait_for grep -q page= /tmp/builds
checks=0 wrong=0
while kill -0 $builds 2>/dev/null; do
	[ -z "$(asks $images/1.5.06.blob)" ] || wrong=$((wrong + 1))
	checks=$((checks + 1))
done
wait $builds
same "all builds beside checks are well" 0 $?
grep ^builds /tmp/builds | sed 's/^/# /'
echo "# checks: $checks"
check "there were checks" test $checks -gt 1
same "all said yes" 0 $wrong

# An update that waits for a build is not disturbed by a check, which is told so.
begin_build
update $images/1.5.06.blob >/tmp/error & uploader=$!
check "an update waits" wait_for grep -q waiting $host/update_state
same "a check meets it: busy" "preparing:device-busy refused:preflight:busy" \
	"$(asks $images/1.5.07.blob) $(state check_result)"
same "the update waits on" waiting "$(state update_state)"
check "the build ends well" end_build
wait $uploader
same "and the update follows" " 1.5.06 success" "$(cat /tmp/error) $(state version) $(state update_result)"

# An update that meets a check is turned away; nothing is lost.
begin_build
echo >$trace/trace
asks $images/1.5.05.blob >/tmp/error & checker=$!
check "a check waits" wait_for grep -q phase=drain $trace/trace
same "an update meets it: busy" transferring:device-busy "$(update $images/1.5.05.blob)"
check "the build ends well" end_build
wait $checker
same "the check says yes" " success" "$(cat /tmp/error) $(state check_result)"
same "and the next update succeeds" " 1.5.05" "$(update $images/1.5.05.blob) $(state version)"
finish
