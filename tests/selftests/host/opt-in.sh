# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The module stays as it is unless a test is told that it may be updated, and how often.
#
# usage: opt-in.sh -- IMAGE...

echo 1..4
number=0
check()
{
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number $1" || { echo "# $3"; echo "not ok $number $1"; }
}

host=/sys/devices/faux/tdx_host
before=$(cat $host/num_remaining_updates)
for program in update update_builder update_random update_stress; do
	env -u TDX_UPDATES /root/tdx_"$program"_test "$@"
	skipped="$skipped $?"
done >/tmp/opt-in
check "without leave they are skipped" " 4 4 4 4" "$skipped"
check "and say why" 4 "$(grep -c "SKIP.*TDX_UPDATES" /tmp/opt-in)"
check "and the log is as it was" "$before" "$(cat $host/num_remaining_updates)"

TDX_UPDATES=8 /root/tdx_update_test "$@" >/tmp/opt-in
used=$((before - $(cat $host/num_remaining_updates)))
[ $used -gt 2 ] && [ $used -le 8 ] && used=right
check "with leave for eight they take no more" right "$used"
