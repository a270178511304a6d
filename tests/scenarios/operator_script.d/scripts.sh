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
: >$images/empty.blob
for script in /root/documented.sh update-module.sh; do
	outcome $script 1.5.06 0 "TDX module 1.5.06: success"
	outcome $script empty 1 ""
	outcome $script broken/bad-hash 1 "TDX module 1.5.06: refused:image:bad-hash"
	outcome $script broken/sys-update-fails 1 "TDX module : failed:resume:bad-handoff"
	outcome $script 1.5.05 0 "TDX module 1.5.05: success"
	echo 0 >/sys/devices/system/cpu/cpu1/online
	outcome $script 1.5.06 1 "TDX module 1.5.05: refused:preflight:cpu-offline"
	echo 1 >/sys/devices/system/cpu/cpu1/online
	# While another update waits: the line is that of a shell which could not write.
	begin_build
	update $images/1.5.06.blob >/tmp/error & uploader=$!
	check "another update waits" wait_for grep -q waiting $host/update_state
	outcome $script 1.5.06 1 ""
	check "it is let go on" end_build
	wait $uploader
	same "and succeeds" "" "$(cat /tmp/error)"
done
finish
