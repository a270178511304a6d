# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# outcome WHAT STATUS LINE VERSION [LEAST]
outcome() {
	line=$(./client.sh $images/$4.blob ${5:-1.5.00} 2>/tmp/errors)
	same "$1: exit status" $2 $?
	same "$1: what it tells" "$3" "$line"
}

same "an update waits for less time than the client, unless it is told otherwise" 5000 \
	"$(state update_wait_ms)"
dmesg -c >/dev/null
before=$(state num_remaining_updates)

begin_run
outcome "beside a TD that runs" 0 "1.5.05 to 1.5.06" 1.5.06
check "the TD goes on" runs_on
end_run

begin_build
outcome "beside a build that takes longer" 1 "failed transferring:timeout" 1.5.07
same "the module is not replaced behind its back" "1.5.06 idle" \
	"$(state version) $(state update_state)"
same "the result says why" refused:drain:timeout "$(state update_result)"
check "the build was not disturbed" end_build
same "nor is it when the build has ended" "1.5.06 idle" "$(state version) $(state update_state)"

# From here on it is only the client that has a limit.
echo 60000 >$host/update_wait_ms
begin_build
./client.sh $images/1.5.07.blob 1.5.00 >/tmp/client & client=$!
check "beside a build that ends meanwhile: it waits" wait_for grep -q waiting $host/update_state
check "the build's measurement is right" end_build
wait $client
same "the client succeeds: exit status" 0 $?
same "and tells so" "1.5.06 to 1.5.07" "$(cat /tmp/client)"

begin_build
update $images/1.5.08.blob >/tmp/error & uploader=$!
check "another upload is under way" wait_for grep -q waiting $host/update_state
outcome "busy" 0 "an error while installing" 1.5.08
check "the other one is let go on" end_build
wait $uploader
same "and succeeds" " 1.5.08" "$(cat /tmp/error) $(state version)"
echo 5000 >$host/update_wait_ms

echo 0 >/sys/devices/system/cpu/cpu1/online
outcome "with a CPU offline" 1 "failed transferring:device-busy" 1.5.08
same "the result says why" refused:preflight:cpu-offline "$(state update_result)"
echo 1 >/sys/devices/system/cpu/cpu1/online
outcome "with all online again" 0 "1.5.08 to 1.5.08" 1.5.08

same "the update log has an entry for each update, and none for what was refused" $((before - 4)) \
	"$(state num_remaining_updates)"
# One came to nothing after a while, one was refused; there is nothing else of that weight.
dmesg -r | sed -n 's/^<[0-4]>\[[^]]*\] //p' | cut -d : -f 1-2 |
	sed 's/open for [0-9]* ms by process [0-9]*/open for a while by process/' >/tmp/log
same "nothing else is left in the log" 'virt/tdx: update gave up after 5000 ms, 1 TD builds in flight
virt/tdx: a TD build is held open for a while by process "tdload"
virt/tdx: update refused in phase drain (timeout), nothing has changed
virt/tdx: update refused' "$(cat /tmp/log)"
same "no build is left" 0 "$(state builds_in_flight)"
check "TDs are built as before" tdload build --count 2
finish
