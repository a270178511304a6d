# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

row "runs already" 2 runs-already "as far as its version tells" update 1.5.05
row "check" 0 null "this kernel has no check of its own" check $images/1.5.06.blob
row "success" 0 null "1.5.06 runs; its MRSEAM is unknown: not told by this kernel" update 1.5.06
check "what the kernel does not do is said" grep -q "being built" /tmp/errors
row "not the module it says" 3 bad-hash "get it again" update $images/broken/bad-hash.blob
row "other CPUs" 3 cpu-unsupported "for other CPUs" update $images/broken/cpu-not-in-table.blob
echo 0 >/sys/devices/system/cpu/cpu1/online
row "CPU offline" 3 cpu-offline "bring all online" update 1.5.05
echo 1 >/sys/devices/system/cpu/cpu1/online
same "refusals have changed nothing" 1.5.06 "$(state version)"
row "show" 0 null "" show
check "no MRSEAM" grep -q '"mrseam": null' /tmp/json
row "watch" 5 no-events "sends no events" watch
: >/tmp/empty.blob
row "empty" 3 empty "the file is empty" update /tmp/empty.blob
row "incomplete" 3 truncated "get it again" update $images/broken/truncated.blob
row "not approved" 3 not-approved "not in the list" update 1.5.05 --approved /dev/null
as_nobody "tdx-module update 1.5.05 --json"
judge "no permission" 3 permission "only root can update"
as_nobody "tdx-module list"
same "list needs no root" 0 $status
# There is nothing that could time out or be cancelled.
row "success, and what it cannot do" 0 null "1.5.05 runs; its MRSEAM is unknown" \
	update 1.5.05 --no-wait
check "is said" grep -q "this kernel waits for nothing" /tmp/errors
row "forward again" 0 null "1.5.06 runs" update 1.5.06
left=$(state num_remaining_updates)
for day in $(seq 5); do tdx-module update --to-latest --dir /tmp/good; done >/tmp/days 2>&1
same "nothing newer: no entry is used up" "$left" "$(state num_remaining_updates)"
row "failed" 4 ".*" "cannot repair that, so only a reboot helps" update $images/broken/sys-init-fails.blob
check "it is so: there is no module to ask" sh -c "! [ \"\$(cat $host/version)\" ]"
row "no repair" 4 ".*" "only a reboot helps" update 1.5.06
finish
