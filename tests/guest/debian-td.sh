#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The inside of "make run VMM=qemu": Debian's QEMU, TD firmware and kernel, which came by
# tdxhost --root, are TDs beside an update. What happens goes to stdout, one event a line, the
# source as first word; scripts/run-debian-td shows and judges it.
#
# usage: debian-td.sh IMAGE VCPUS TDS [UPDATES DISK]
# TDS is 3, or 1: then there is no other TD of QEMU's than the one that is there when the update is.
# With DISK the first TD has that disk and a network, and there are so many updates. The later ones are
# to the same image again: what it hands over, an older version does not take. With the directory
# /root/signed, which has the firmware as Debian packs it, shim and GRUB, TDs boot from a disk.

image=$1 vcpus=$2 tds=$3 updates=${4:-1} disk=$5
td2=''
host=/sys/devices/faux/tdx_host
# shellcheck source=debian-td-functions.sh
. /usr/bin/debian-td-functions.sh

# with_devices NAME: the TD of that name, which starts next, has a disk and a network. What it sends to
# port 7 of 10.0.2.100 comes by a pipe and goes back, so the host's kernel needs no network.
with_devices()
{
	mkfifo "/tmp/$1.net.in" "/tmp/$1.net.out"
	cat <"/tmp/$1.net.out" >"/tmp/$1.net.in" &
	devices="-drive file=$disk,format=raw,if=none,id=rounds -device virtio-blk-pci,drive=rounds,serial=rounds
		-netdev user,id=net,restrict=on,ipv6=off,guestfwd=tcp:10.0.2.100:7-pipe:/tmp/$1.net
		-device virtio-net-pci,netdev=net,romfile="
	bounce=2048
}

# The second of two lines tells of a round that began after the first one.
devices_work_on()
{
	[ -n "$disk" ] || return 0
	for device in disk net; do
		rounds=$(grep -c "TD: $device round" /tmp/td1.lines)
		until_said td1 "TD: $device round" $((rounds + 2)) || return 1
	done
}

# operator IMAGE
operator()
{
	echo "operator start update-module.sh $1"
	update-module.sh "$1" 2>&1 | sed 's/^/operator /'
	echo "operator end error=$(cat /sys/class/firmware/tdx_module/error)"
}

# All updates after the first. One fails when the old module is gone, and is repaired by the next.
more_updates()
{
	number=2
	while [ $number -le "$updates" ]; do
		if [ $number -eq $((updates / 2 + 1)) ]; then
			tdxctl fault leaf=SYS.UPDATE,status=0xC000010000000001 >/dev/null
			operator "$image"
			tdxctl clear >/dev/null
			echo "host lost $(cat $host/update_state) $(cat $host/update_result)"
		fi
		operator "$image"
		echo "host version $(cat $host/version)"
		devices_work_on || return 1
		number=$((number + 1))
	done
}

# Whether a vCPU of the TD has run: its firmware does, before anything is on its console.
runs()
{
	count_exits "$1"
	[ "$exits" -gt 0 ]
}

# Why it is so is said by tdxhost.
[ -e $host/version ] || exit 1
slower_ticks
echo "host version $(cat $host/version)"
[ -z "$disk" ] || with_devices td1
start_td td1
devices='' bounce=1024
if ! goes_on td1 || ! devices_work_on; then
	end_td td1
	exit 1
fi
talk td1 before || exit 1

# An update that waits for the build of another TD, and a TD that is started meanwhile. Its VMM
# knows nothing of updates: what it asks for takes longer, and no more than that.
echo 600000 2>/dev/null >$host/update_wait_ms
echo 600000 2>/dev/null >/sys/module/tdx_update/parameters/repair_wait_ms
rm -f /tmp/go
tdload build --count 1 --hold /tmp/go --verbose >/tmp/build &
build=$!
until grep -qs page= /tmp/build; do usleep 200000; done
operator "$image" &
operator=$!
until grep -qs waiting $host/update_state || ! kill -0 $operator 2>/dev/null; do usleep 200000; done
echo "host state $(cat $host/update_state) builds=$(cat $host/builds_in_flight)"
if [ "$tds" -gt 1 ]; then
	start_td td2
	until [ -d "$(echo $debugfs/"$td2"-*)" ] || ! alive td2; do usleep 200000; done
	runs td2 && echo "td2 ran while the update waited"
fi
: >/tmp/go
wait $build
echo "host build $?"
wait $operator
echo "host version $(cat $host/version)"
echo "host result $(cat $host/update_result) stop_us=$(cat $host/update_stop_us)"

goes_on td1 && talk td1 after && devices_work_on && more_updates || exit 1

if [ "$tds" -gt 1 ]; then
	# Killed in its firmware.
	until runs td2; do alive td2 || break; usleep 200000; done
	if alive td2; then
		echo "td2 runs"
		echo "td2 killed"
		kill -9 "$td2"
	fi
	end_td td2
fi
stop_td td1
# It goes over a serial line.
[ -z "$disk" ] || gzip "$disk"

# And a third one, which is built by the new module, from begin to end.
if [ "$tds" -gt 1 ]; then
	start_td td3
	goes_on td3 || { end_td td3; exit 1; }
	stop_td td3
fi
tdxctl stats | sed -n 's/^calls_/host calls /p'
echo "host end"
