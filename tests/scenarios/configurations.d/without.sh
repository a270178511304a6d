# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "the firmware's module runs" 1.5.05 "$(state version)"
for file in update_state update_result update_status update_duration_us update_stop_us \
		update_wait_ms builds_in_flight; do
	check "there is no $file" test ! -e $host/$file
done
check "P-SEAMLDR can be asked" test -n "$(state seamldr_version)"
check "nothing takes an image" test ! -e $upload
check "there are no tracepoints" test ! -e /sys/kernel/tracing/events/tdx_update
left() {
	grep -E ' (tdx_update_|tdx_preflight|tdx_image_|tdx_metadata_|tdx_module_(shutdown|reset|run_update|adopt|refresh)|tdx_replace_|tdx_gate_|seamldr_install|seamldr_alloc)' \
		/proc/kallsyms
}
same "no code of updates is left" "" "$(left)"
check "TDs are built" tdload build --builders 2 --count 20
tdload run --seconds 1 >/tmp/run
check "and run" grep -q 'intact=yes' /tmp/run
finish
