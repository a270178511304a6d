# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

syslogd -O /tmp/messages
tdx-module watch --json >/tmp/events & watch=$!
tdx-module watch >/tmp/events.text & watch="$watch $!"
check "watch begins with the state" wait_for 30 grep -q '"state":"idle"' /tmp/events
check "for people, too" wait_for 30 grep -q ' idle none version 1.5.05$' /tmp/events.text

# Of the last of these files there are no events.
for file in update_state update_result update_status update_duration_us; do
	tdload notice $host/$file >/tmp/notice.$file & notices="$notices $!"
done
for file in update_state update_result update_status update_duration_us; do
	check "$file is being watched" wait_for test -s /tmp/notice.$file
done

row "runs already" 2 runs-already "runs already, with the MRSEAM" update 1.5.05
row "check of what runs" 2 runs-already "runs already" check $images/1.5.05.blob
left=$(state num_remaining_updates)
row "check" 0 null "would be accepted, says the kernel" check $images/1.5.06.blob
same "a check is no update" "1.5.05 $left none" \
	"$(state version) $(state num_remaining_updates) $(state update_result)"
row "check of an image for other CPUs" 3 "cpu-.*supported" "for other CPUs" \
	check $images/broken/cpu-not-in-table.blob
row "damaged" 3 bad-checksum "get it again" update $images/broken/bad-checksum.blob
row "incomplete" 3 truncated "get it again" update $images/broken/truncated.blob
row "not the module it says" 3 bad-hash "get it again" update $images/broken/bad-hash.blob
: >/tmp/empty.blob
row "empty" 3 empty "the file is empty" update /tmp/empty.blob
row "other CPUs" 3 "cpu-.*supported" "for other CPUs" update $images/broken/cpu-not-in-table.blob
row "other major SVN" 3 "svn-.*" "security version number" update $images/broken/other-major-svn.blob
row "not approved" 3 not-approved "not in the list" update 1.5.06 --approved /dev/null
echo 0 >/sys/devices/system/cpu/cpu1/online
row "CPU offline" 3 cpu-offline "bring all online" update 1.5.06
echo 1 >/sys/devices/system/cpu/cpu1/online
same "refusals have changed nothing" "1.5.05 idle" "$(state version) $(state update_state)"
check "the system's log has them" wait_for 30 grep -q 'tdx-module.*refused: .*reason cpu-offline' /tmp/messages

row "success" 0 null "runs, with the MRSEAM of the image" update 1.5.06
same "the version" 1.5.06 "$(state version)"
check "poll() tells of the result" wait_for grep -qx success /tmp/notice.update_result
check "the tool has verified it" grep -q '"verified": true' /tmp/json
check "an event when it has ended" wait_for 30 grep -q '"state":"idle","result":"success".*1.5.06' /tmp/events
check "for people, too" wait_for 30 grep -q ' idle success version 1.5.06$' /tmp/events.text
check "and one when the module is replaced" grep -q '"state":"updating"' /tmp/events
check "the system's log has it" wait_for 30 grep -q 'tdx-module.*done: TDX module 1.5.06' /tmp/messages

# Somebody's check: an update that met it would leave the result of the one before.
bound=$(state update_wait_ms)
echo 600000 >$host/update_wait_ms
check "a TD is being built" begin_build
(upload=${upload}_check; update $images/1.5.05.blob) >/tmp/check.error & checker=$!
check "a check waits" wait_for grep -qv idle ${upload}_check/status
row "beside a check" 3 busy "another update or check" update 1.5.05
row "a check beside a check" 3 busy "another check or update" check 1.5.05
check "the TD is built" end_build
wait $checker
same "the check has its answer" " success" "$(cat /tmp/check.error) $(state check_result)"
echo $bound >$host/update_wait_ms
check "a TD is being built" begin_build
row "not to wait" 3 td-build "TDs are being built" update 1.5.05 --no-wait
row "timeout" 3 timeout "not finished in time" update 1.5.05 --wait 1
same "the bound is what it was" "$bound" "$(state update_wait_ms)"
tdx-module update 1.5.05 --wait 600 --json >/tmp/json 2>/tmp/errors & tool=$!
check "it waits" wait_for 30 grep -q waiting $host/update_state
tdx-module update 1.5.05 --json >/tmp/json.other 2>/tmp/errors.other
same "another one meanwhile" 3 $?
check "is told so" grep -q '"reason": "busy"' /tmp/json.other
check "poll() tells that it waits" wait_for grep -qx waiting /tmp/notice.update_state
kill -TERM $tool
wait $tool
status=$?
judge "cancelled" 3 cancelled "it was cancelled"
tdx-module update 1.5.05 --wait 600 >/tmp/plain 2>&1 & tool=$!
check "it waits, and says for what" wait_for 30 grep -q "waiting for 1 TD build, at most 600 s" /tmp/plain
end_build
wait $tool
same "when the TD is built it goes on" 0 $?
check "and says how it ended" grep -q "^TDX module 1.5.05 runs" /tmp/plain
check "an event when it began to wait" grep -q '"state":"waiting"' /tmp/events

row "failed" 4 ".*" "No TD runs until" update $images/broken/sys-init-fails.blob
check "an event, for people" wait_for 30 grep -q ' failed failed:init:.* version none$' /tmp/events.text
check "and for programs" wait_for 30 grep -q '"state":"failed","result":"failed","phase":"init"' /tmp/events
row "what is left is shown" 0 null "" show
check "poll() tells of it" wait_for grep -qx failed /tmp/notice.update_state
check "and of the SEAMCALL's status" wait_for grep -qv 0x0000000000000000 /tmp/notice.update_status
same "and not of what has no events" 1 "$(wc -l </tmp/notice.update_duration_us)"
check "there is no module" grep -q '"usable": false' /tmp/json
echo 0 >/sys/devices/system/cpu/cpu1/online
row "a repair that is refused" 4 cpu-offline "the repair was refused" update 1.5.05
echo 1 >/sys/devices/system/cpu/cpu1/online
row "no guess what to repair with" 4 no-module "name the image" update --to-latest --dir /tmp/good
row "repaired" 0 null "repaired: TDX module 1.5.05 runs" update 1.5.05

for command in "show" "list" "update 1.5.06"; do
	as_nobody "tdx-module $command --json"
	case $command in
	update*) judge "$command, no permission" 3 permission "only root can update" ;;
	*) same "$command needs no root" 0 $status ;;
	esac
done
as_nobody "tdx-module show"
check "what is for root is said to be" grep -q "^  MRSEAM .*(for root only)" /tmp/json

# As a daily timer would have it.
left=$(state num_remaining_updates)
statuses=
for day in $(seq 63); do
	tdx-module update --to-latest --dir /tmp/good >/tmp/day 2>&1
	statuses="$statuses $?"
done
same "63 days: once done, then nothing to do" "0$(for i in $(seq 62); do printf ' 2'; done)" \
	"${statuses# }"
same "63 days: one entry of the update log" $((left - 1)) "$(state num_remaining_updates)"
same "63 days: the newest runs" 1.5.06 "$(state version)"

check "all entries but one are used up" tdload update --pause-ms 0 \
	--count $((left - 2)) $images/1.5.05.blob $images/1.5.06.blob
same "one is left" 1 "$(state num_remaining_updates)"
other=1.5.05
[ "$(state version)" = $other ] && other=1.5.06
row "last entry" 3 last-log-entry "lost until a reboot" update $other
row "last entry, if asked for" 0 null "runs, with the MRSEAM" update $other --use-last-entry
row "log full" 3 update-log-full "rebooted" update 1.5.07
kill $watch $notices
finish
