# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A VMM that goes on trying, and whose vCPU's task moves to another CPU meanwhile: what
# the TDX module has to do on the CPU that it left can only be done later.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# It is told soon that there is no module.
echo 50 >/sys/module/tdx_update/parameters/repair_wait_ms
begin_run --insist
taskset -ap 1 $run >/dev/null
for from in 1 2; do
	check "an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
	same "there is no module" failed "$(state update_state)"
	check "the vCPU's task moves" taskset -ap $((3 - from)) $run
	# Two more: the second one begins after the move.
	refused=$(($(grep -c ^refused /tmp/run) + 1))
	check "it is refused there" wait_for sh -c "[ \$(grep -c ^refused /tmp/run) -gt $refused ]"
	same "a good image repairs it" "" "$(update $images/1.5.06.blob)"
	check "the TD runs on" runs_on
done
check "with its state" end_run
same "KVM_RUN never fails: the exit reason tells" "" \
	"$(grep ^refused /tmp/run | grep -v step=KVM_EXIT_FAIL_ENTRY | head -n 1)"
finish
