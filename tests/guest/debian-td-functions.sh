# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# TDs of Debian's QEMU, TD firmware and kernel, which came by tdxhost --root. Sourced. What
# they say goes to stdout, one event a line, the TD's name as first word. $vcpus is how many
# vCPUs each has.

: "${vcpus:=1}"
devices='' bounce=1024
share=/usr/share/debian-td signed=/root/signed
debugfs=/sys/kernel/debug/kvm

# boot_disk: a directory that QEMU shows as a disk, with what firmware with Secure Boot wants to see:
# shim, GRUB and a kernel, each signed.
boot_disk()
{
	mkdir -p /tmp/boot/EFI/BOOT /tmp/boot/EFI/debian
	cp $signed/shimx64.efi /tmp/boot/EFI/BOOT/BOOTX64.EFI
	cp $signed/grubx64.efi /tmp/boot/EFI/BOOT
	cp $share/vmlinuz $share/initrd /tmp/boot
	printf '%s\n' "linux /vmlinuz $1" "initrd /initrd" boot >/tmp/boot/EFI/debian/grub.cfg
}

# slower_ticks: a TD's tick is periodic, which takes no exit to set, and KVM makes it a slower one:
# else a busy machine spends its time on ticks.
slower_ticks()
{
	echo 20000 >/sys/module/kvm/parameters/min_timer_period_us
}

# A TD's kernel gives 64 MiB to devices to reach, page by page, unless told otherwise: here it has
# no device that needs more than 2 MiB, or with disk and network 4.
#
# start_td NAME: its console is /tmp/NAME.in and .out, its lines are told and kept.
start_td()
{
	name=$1
	memory=192M
	line="console=ttyS0 panic=-1 quiet swiotlb=$bounce audit=0 apparmor=0 \
lapic=notscdeadline highres=off nohz=off rcupdate.rcu_expedited=1"
	if [ -d $signed ]; then
		# The kernel is there as a file, loaded, and unpacked, all at one time.
		memory=320M
		boot_disk "$line"
		set -- -bios $signed/firmware.fd -drive file=fat:/tmp/boot,format=raw,if=none,id=boot,readonly=on \
			-device virtio-blk-pci,drive=boot,bootindex=0
	else
		set -- -bios $share/firmware.fd -kernel $share/vmlinuz -initrd $share/initrd -append "$line"
	fi
	mkfifo "/tmp/$name.in" "/tmp/$name.out"
	: >"/tmp/$name.lines"
	awk -v name="$name" '{ sub(/\r$/, ""); print name " " $0; fflush() }' <"/tmp/$name.out" |
		tee "/tmp/$name.lines" &
	# shellcheck disable=SC2086	# many options
	qemu-system-x86_64 -accel kvm -object tdx-guest,id=tdx -cpu host -m $memory -smp "$vcpus" \
		-machine q35,confidential-guest-support=tdx,kernel-irqchip=split,hpet=off \
		-nodefaults -no-user-config -no-reboot -display none $devices \
		-chardev "pipe,id=console,path=/tmp/$name" -serial chardev:console "$@" \
		>"/tmp/$name.qemu" 2>&1 &
	eval "$name=$!"
	echo "$name qemu starts"
}

# What is asked again and again starts no process where it can: that is what is dear here.
alive()
{
	eval "kill -0 \$$1" 2>/dev/null
}

# The TD's exits so far, in $exits: a start takes minutes on a busy machine, and this tells that
# it goes on.
count_exits()
{
	exits=0
	eval "set -- $debugfs/\$$1-*/exits"
	[ ! -e "$1" ] || read -r exits <"$1"
}

# until_said NAME PATTERN [COUNT]: for as long as the TD is there; tdxhost has a limit.
until_said()
{
	until [ "$(grep -c "$2" "/tmp/$1.lines")" -ge "${3:-1}" ]; do
		alive "$1" || { echo "$1 gone while it was to say $2"; return 1; }
		sleep 1
		count_exits "$1"
		echo "$1 exits $exits"
	done
}

# goes_on NAME: each vCPU says twice more that it works.
goes_on()
{
	cpu=0
	while [ $cpu -lt "$vcpus" ]; do
		told=$(grep -c "TD: tick cpu=$cpu " "/tmp/$1.lines")
		until_said "$1" "TD: tick cpu=$cpu " $((told + 2)) || return 1
		cpu=$((cpu + 1))
	done
}

# talk NAME WORD: the console answers.
talk()
{
	echo "echo $2" >"/tmp/$1.in"
	until_said "$1" "^$1 TD: echo $2\$"
}

# end_td NAME: how its VMM ended, and what it said. The shell's own word for a killed one is not shown.
end_td()
{
	eval "wait \$$1" 2>/dev/null
	echo "$1 exit $?"
	# Known warnings of QEMU about features that a TD has or has not by itself.
	grep -v "TDX forc\|TDX doesn't" "/tmp/$1.qemu" | sed "s/^/$1 qemu: /"
}

stop_td()
{
	echo stop >"/tmp/$1.in"
	end_td "$1"
}
