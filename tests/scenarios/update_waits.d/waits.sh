# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

for file in update_state update_result update_status update_duration_us update_stop_us version; do
	same "$file: all may read" 444 "$(stat -c %a $host/$file)"
done
same "update_wait_ms: only root may write" 644 "$(stat -c %a $host/update_wait_ms)"
for file in seamldr_version num_remaining_updates builds_in_flight mrseam svn; do
	same "$file: only root may read" 400 "$(stat -c %a $host/$file)"
done
same "the result before any update" none "$(state update_result)"

# The wait has a default, and a limit.
same "update_wait_ms: its default" 5000 "$(state update_wait_ms)"
for wait_ms in 3600001 4294967295 -1 soon; do
	check "update_wait_ms: not $wait_ms" sh -c "! echo $wait_ms >$host/update_wait_ms"
done
same "update_wait_ms: it is what it was" 5000 "$(state update_wait_ms)"
for wait_ms in 3600000 0 60000; do
	echo $wait_ms >$host/update_wait_ms
	same "update_wait_ms: $wait_ms" $wait_ms "$(state update_wait_ms)"
done

trace=/sys/kernel/tracing
echo 1 >$trace/events/tdx_update/tdx_update_block_wait/enable
begin_build
same "the build is counted" 1 "$(state builds_in_flight)"
tdxctl trace mark update >/dev/null
update-module.sh $images/1.5.06.blob >/tmp/operator & operator=$!
check "the update waits" wait_for grep -q waiting $host/update_state
tdload build --count 1 --verbose >/tmp/late & late=$!
check "a build that comes now is held back" wait_for grep -q tdx_update_block_wait: $trace/trace
check "it has not begun" sh -c '! grep -q initialized /tmp/late'
check "the slow build has the right measurement" end_build
check "the ten-line script sees success" wait $operator
same "and tells it" "TDX module 1.5.06: success" "$(cat /tmp/operator)"
check "the build that was held back is well" wait $late
tdxctl trace mark end >/dev/null
same "no build is left" 0 "$(state builds_in_flight)"
same "state" idle "$(state update_state)"
same "result" success "$(state update_result)"
same "status" 0x0000000000000000 "$(state update_status)"
check "the update took longer than TDs stood still" \
	test "$(state update_duration_us)" -gt "$(state update_stop_us)"
finish
