# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Faults are counted, not timed. TDH.MEM.PAGE.AUG is busy until the update fails: the
# vCPU that handles an EPT violation, or pre-faults, is in its loop by then.

# shellcheck source=helpers.sh
. ./helpers.sh

echo 600000 >$wait_ms
echo 1 >$trace/events/kvmmmu/kvm_mmu_spte_requested/enable
for how in accept prefault; do
	tdxctl fault leaf=MEM.PAGE.AUG,repeat=0,status=0x8000020000000001 >/dev/null
	tdload fault $how >/tmp/fault & fault=$!
	check "$how: the TD is there" wait_for 30 grep -q begins /tmp/fault
	echo >$trace/trace
	check "$how: it faults" wait_for 30 grep -qm1 spte_requested: $trace/trace
	fails
	check "$how: it sleeps" wait_for 30 sleeps $fault
	tdxctl clear >/dev/null
	echo >$trace/trace
	repaired
	check "$how: and gets its memory" wait $fault
	cat /tmp/fault
	check "$how: the TD accepted it" grep -q accepted=8 /tmp/fault
done
finish
