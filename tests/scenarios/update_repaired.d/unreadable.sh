# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# As before, but the kernel does not get to know what the new module is.

# shellcheck source=helpers.sh
. ./helpers.sh

begin_run
for good in 1.5.07 1.5.08; do
	# shellcheck disable=SC3044	# the one of checks.sh
	suspend $run
	# The update asks the old module twice, and the new one for what memory depends on.
	tdxctl fault leaf=SYS.RD,nth=8,status=0xC000010000000001 >/dev/null
	check "unreadable: an error" test -n "$(update $images/1.5.08.blob)"
	tdxctl clear >/dev/null
	same "unreadable: update_result" failed:resume:metadata-unreadable "$(state update_result)"
	same "unreadable: state" failed "$(state update_state)"
	repaired unreadable $good
done
# The rest is not worth a TD: it is read when they run again.
# shellcheck disable=SC3044
suspend $run
tdxctl fault leaf=SYS.RD,nth=20,status=0xC000010000000001 >/dev/null
same "unreadable rest: no error" "" "$(update $images/1.5.08.blob)"
tdxctl clear >/dev/null
same "unreadable rest: update_result" success "$(state update_result)"
check "unreadable rest: the log tells" sh -c 'dmesg | grep -q "does not tell what it can do"'
kill -CONT $run
check "it has its state" end_run
finish
