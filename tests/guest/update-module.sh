#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Update the TDX module to the image $1, by sysfs alone, and tell how it went.
set -e
[ -s "$1" ] || { echo "$1: no image" >&2; exit 1; }
upload=/sys/class/firmware/tdx_module host=/sys/devices/faux/tdx_host
echo 1 >$upload/loading
cat "$1" >$upload/data
echo 0 >$upload/loading
until [ "$(cat $upload/status)" = idle ]; do sleep 0.1; done
error=$(cat $upload/error)
# An upload that came to no update has left the result of the last one.
result=$(cat $host/update_result 2>/dev/null) && result="${error:+$error, last result: }$result" ||
	result=${error:-success}
echo "TDX module $(cat $host/version): $result"
[ -z "$error" ]
