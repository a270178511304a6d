# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Each change of a slot waits for all vCPUs that use the slots as they were, as those do
# that hold kvm->srcu.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

sleeps() {	# PID: none of its vCPUs runs or wants to
	! sed 's/.*) //' /proc/"$1"/task/*/stat | grep -q '^R'
}
changes() { grep -c ^slots /tmp/run; }
more_changes() {	# than so many
	[ "$(changes)" -gt "$1" ]
}
echo 600000 >/sys/module/tdx_update/parameters/repair_wait_ms
begin_run --slots --vcpus 2
check "an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
same "there is no module" failed "$(state update_state)"
check "the vCPUs sleep" wait_for sleeps $run
seen=$(changes)
check "memory slots change meanwhile" wait_for more_changes $((seen + 10))
same "a good image repairs it" "" "$(update $images/1.5.06.blob)"
check "the TD goes on" runs_on
check "with its state" end_run
finish
