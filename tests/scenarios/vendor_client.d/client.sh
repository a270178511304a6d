#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# client.sh IMAGE LEAST: updates to IMAGE, .../VERSION.blob, which keeps TDs from the version LEAST on.
#
# The order of the questions, the seconds, and the exit status of each end are those of Intel's script:
# what it does not take is told and no failure, nor is a write that fails. The two paths in sysfs are
# those of Linux 7.3.
upload=/sys/class/firmware/tdx_module host=/sys/devices/faux/tdx_host
poll_s=1 limit_s=10
image=$1 least=$2

version=${image##*/}
version=${version%.blob}

word() {	# OFFSET: the 32 bits there, as a number
	od -A n -t u4 -j "$1" -N 4 "$image" | tr -d ' '
}

leave() {	# STATUS WORD...
	status=$1
	shift
	echo "$*"
	exit $status
}

# The one that P-SEAMLDR has of this line has to be new enough.
seamldr=$(cat $host/seamldr_version) || leave 0 incompatible "$version"
[ "${seamldr%.*}" = 1.5 ] && [ "${seamldr##*.}" -ge 0 ] || leave 0 incompatible "$version"

# CPUID.1.EAX without the stepping, in the table of SIGSTRUCT, which is the second page.
field() {
	sed -n "s/^$1[[:space:]]*: //p" /proc/cpuinfo | head -n 1
}
model=$(field model)
cpu=$((model >> 4 << 16 | $(field "cpu family") << 8 | (model & 15) << 4))
entry=0 found=
while [ $entry -lt "$(word 5120)" ]; do
	[ $(($(word $((5124 + 4 * entry))) & ~15)) -ne $cpu ] || found=1
	entry=$((entry + 1))
done
[ "$found" ] || leave 0 incompatible "$version"

# Signed for debugging: bit 31 of the module's type.
[ $(($(word 4108) >> 31)) -eq 0 ] || leave 0 a debug module: "$version"

before=$(cat $host/version)
[ "${version%.*}" = "${before%.*}" ] && [ "${version##*.}" -ge "${before##*.}" ] &&
	[ "${least##*.}" -le "${before##*.}" ] || leave 0 not TD-preserving: "$version"

[ -e $upload ] || leave 1 no upload

echo 1 >$upload/loading && cat "$image" >$upload/data && echo 0 >$upload/loading ||
	leave 0 an error while installing
start=$(date +%s)
until [ "$(cat $upload/status)" = idle ]; do
	[ $(($(date +%s) - start)) -le $limit_s ] || leave 1 timeout
	sleep $poll_s
done
error=$(cat $upload/error)
[ -z "$error" ] || leave 1 failed "$error"
leave 0 "$before" to "$(cat $host/version)"
