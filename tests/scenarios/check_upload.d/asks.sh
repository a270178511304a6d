# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Sourced: uploads to the check, and the trace that tells what one waits for.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

trace=/sys/kernel/tracing
echo 1 >$trace/events/tdx_update/tdx_update_phase/enable
# asks IMAGE: an upload to the check; the result is the class's error.
asks() {
	(
		upload=/sys/class/firmware/tdx_module_check
		update "$1"
	)
}
