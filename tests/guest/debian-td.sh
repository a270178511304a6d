#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The inside of "make run VMM=qemu": Debian's QEMU, TD firmware and kernel, which came by
# tdxhost --root, are TDs beside an update. What happens goes to stdout, one event a line, the
# source as first word; scripts/run-debian-td shows and judges it.
#
# usage: debian-td.sh IMAGE VCPUS

image=$1 vcpus=$2
share=/usr/share/debian-td
host=/sys/devices/faux/tdx_host
debugfs=/sys/kernel/debug/kvm

# start_td NAME: its console is /tmp/NAME.in and .out, its lines are told and kept.
start_td()
{
	mkfifo "/tmp/$1.in" "/tmp/$1.out"
	awk -v name="$1" '{ sub(/\r$/, ""); print name " " $0; fflush() }' <"/tmp/$1.out" |
		tee "/tmp/$1.lines" &
	qemu-system-x86_64 -accel kvm -object tdx-guest,id=tdx -cpu host -m 256M -smp "$vcpus" \
		-machine q35,confidential-guest-support=tdx,kernel-irqchip=split,hpet=off \
		-nodefaults -no-user-config -no-reboot -display none \
		-chardev "pipe,id=console,path=/tmp/$1" -serial chardev:console \
		-bios $share/firmware.fd -kernel $share/vmlinuz -initrd $share/initrd \
		-append "console=ttyS0 panic=-1 quiet" >"/tmp/$1.qemu" 2>&1 &
	eval "$1=$!"
	echo "$1 qemu starts"
}

# The VMM of a TD by its name.
pid()
{
	eval "echo \$$1"
}

alive()
{
	kill -0 "$(pid "$1")" 2>/dev/null
}

# The TD's exits so far: a start takes minutes on a busy machine, and this tells that it goes on.
exits()
{
	cat $debugfs/"$(pid "$1")"-*/exits 2>/dev/null || echo 0
}

# until_said NAME PATTERN [COUNT]: for as long as the TD is there; tdxhost has a limit.
until_said()
{
	until [ "$(cat "/tmp/$1.lines" 2>/dev/null | grep -c "$2")" -ge "${3:-1}" ]; do
		alive "$1" || { echo "$1 gone while it was to say $2"; return 1; }
		usleep 500000
		echo "$1 exits $(exits "$1")"
	done
}

# talk NAME WORD: the console answers.
talk()
{
	echo "echo $2" >"/tmp/$1.in"
	until_said "$1" "^$1 TD: echo $2\$"
}

# end_td NAME: how its VMM ended, and what it said.
end_td()
{
	wait "$(pid "$1")"
	echo "$1 exit $?"
	# Known warnings of QEMU about features that a TD has or has not by itself.
	grep -v "TDX forc\|TDX doesn't" "/tmp/$1.qemu" | sed "s/^/$1 qemu: /"
}

operator()
{
	echo "operator start update-module.sh $image"
	update-module.sh "$image" 2>&1 | sed 's/^/operator /'
	echo "operator end error=$(cat /sys/class/firmware/tdx_module/error)"
}

# Whether a vCPU of the TD has run: its firmware does, before anything is on its console.
runs()
{
	[ "$(exits "$1")" -gt 0 ]
}

echo "host version $(cat $host/version)"
start_td td1
until_said td1 "TD: tick cpu=$((vcpus - 1))" 2 || { end_td td1; exit 1; }
talk td1 before || exit 1

# An update that waits for the build of another TD, and a TD that is started meanwhile. Its VMM
# knows nothing of updates: what it asks for takes longer, and no more than that.
echo 600000 2>/dev/null >$host/update_wait_ms
rm -f /tmp/go
tdload build --count 1 --hold /tmp/go --verbose >/tmp/build &
build=$!
until grep -qs page= /tmp/build; do usleep 50000; done
operator &
operator=$!
until grep -qs waiting $host/update_state || ! kill -0 $operator 2>/dev/null; do usleep 50000; done
echo "host state $(cat $host/update_state) builds=$(cat $host/builds_in_flight)"
start_td td2
until [ -d "$(echo $debugfs/"$(pid td2)"-*)" ] || ! alive td2; do usleep 50000; done
runs td2 && echo "td2 ran while the update waited"
: >/tmp/go
wait $build
echo "host build $?"
wait $operator
echo "host version $(cat $host/version)"
echo "host result $(cat $host/update_result) stop_us=$(cat $host/update_stop_us)"

ticks=$(grep -c "TD: tick" /tmp/td1.lines)
until_said td1 "TD: tick" $((ticks + 2 * vcpus)) && talk td1 after || exit 1

# Killed in its firmware.
until runs td2; do alive td2 || break; usleep 50000; done
alive td2 && echo "td2 runs"
kill -9 "$(pid td2)"
end_td td2

# And a third one, which is built by the new module, from begin to end.
start_td td3
until_said td3 "TD: tick cpu=$((vcpus - 1))" 2 || { end_td td3; exit 1; }
for td in td1 td3; do
	echo stop >/tmp/$td.in
	end_td $td
done
echo "host end"
