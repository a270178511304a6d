# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# outcome SCRIPT IMAGE EXIT-STATUS LINE

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

outcome() {
	line=$($1 $images/$2.blob 2>/tmp/errors)
	same "${1##*/}, $2: its exit status" $3 $?
	same "${1##*/}, $2: what it tells" "$4" "$line"
}
echo 60000 >$host/update_wait_ms
trace=/sys/kernel/tracing
echo 1 >$trace/events/tdx_update/tdx_update_phase/enable
: >$images/empty.blob
for script in /root/documented.sh update-module.sh; do
	outcome $script 1.5.06 0 "TDX module 1.5.06: success"
	outcome $script empty 1 ""
	outcome $script broken/bad-hash 1 \
		"TDX module 1.5.06: transferring:firmware-invalid, last result: refused:image:bad-hash"
	outcome $script broken/sys-update-fails 1 \
		"TDX module : transferring:firmware-invalid, last result: failed:resume:bad-handoff"
	outcome $script 1.5.05 0 "TDX module 1.5.05: success"
	echo 0 >/sys/devices/system/cpu/cpu1/online
	outcome $script 1.5.06 1 \
		"TDX module 1.5.05: transferring:device-busy, last result: refused:preflight:cpu-offline"
	echo 1 >/sys/devices/system/cpu/cpu1/online
	# While another update waits: the line is that of a shell which could not write.
	begin_build
	update $images/1.5.06.blob >/tmp/error & uploader=$!
	check "another update waits" wait_for grep -q waiting $host/update_state
	outcome $script 1.5.06 1 ""
	check "it is let go on" end_build
	wait $uploader
	same "and succeeds" "" "$(cat /tmp/error)"
	# A check turns an update away, which leaves the result of the one before.
	begin_build
	echo >$trace/trace
	(upload=${upload}_check; update $images/1.5.05.blob) & checker=$!
	check "a check waits" wait_for grep -q phase=drain $trace/trace
	outcome $script 1.5.05 1 "TDX module 1.5.06: transferring:device-busy, last result: success"
	check "the build goes on" end_build
	wait $checker
done
finish
