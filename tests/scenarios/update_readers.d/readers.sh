# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# Or a fault takes the page without waiting, as long as it is still there.
echo 4096 >/sys/kernel/debug/fault_around_bytes
tdload capabilities $images/1.5.06.blob $images/1.5.05.blob >/tmp/rounds
sed 's/^/# /' /tmp/rounds
same "no update fails" "" "$(grep waited=1 /tmp/rounds | grep -v ' error=none ')"
overtaken() { grep -q "fault=$1 waited=1 overtaken=1" /tmp/rounds; }
check "updates while KVM_TDX_CAPABILITIES waits for what it reads" overtaken read
check "updates while KVM_TDX_CAPABILITIES waits for where it writes" overtaken write
same "and the last one has ended" "idle success" "$(state update_state) $(state update_result)"
finish
