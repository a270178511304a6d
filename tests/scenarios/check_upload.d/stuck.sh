# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# P-SEAMLDR never ends its session: then there is no module, and no TD is being built.

# shellcheck source=asks.sh
. ./asks.sh

echo 60000 >$host/update_wait_ms
echo 1 >$trace/events/tdx_update/tdx_update_block_wait/enable
echo 600000 >/sys/module/tdx_update/parameters/repair_wait_ms
refused() { grep -q 'step=KVM_TDX_INIT_VM errno=5 ' "$1"; }
begin_run
begin_build
tdxctl fault leaf=INSTALL,cpu=2,repeat=0,status=0x8000000000010003 >/dev/null
asks $images/1.5.06.blob >/tmp/error & checker=$!
check "a check waits for a build" wait_for grep -q phase=drain $trace/trace
tdload build --count 1 >/tmp/late & late=$!
check "another build is held back" wait_for grep -q tdx_update_block_wait: $trace/trace
: >/tmp/go
wait $checker
check "the check fails" test -s /tmp/error
same "there is no module" "failed failed:rehearse:" \
	"$(state update_state) $(state check_result | cut -c1-16)"
same "and the result of the last update tells of it" "$(state check_result)" "$(state update_result)"
wait $late
check "the build that was held back is told" refused /tmp/late
tdload build --count 1 >/tmp/late
check "no build begins" refused /tmp/late
tdxctl clear >/dev/null
same "an update repairs it" " 1.5.06 idle" "$(update $images/1.5.06.blob) $(state version) $(state update_state)"
check "the TD that was built tells the right measurement" wait $build
check "the TD that ran goes on" runs_on
check "with its state" end_run
check "TDs are built again" tdload build --count 2
finish
