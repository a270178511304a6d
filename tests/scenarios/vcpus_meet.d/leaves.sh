# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A CPU goes offline while a TD is built on another one. Each vCPU that is associated with that CPU is
# flushed there: TDH.VP.FLUSH needs the TD's TDR, which what builds a TD has for itself.

# shellcheck source=helpers.sh
. ./helpers.sh

cpu2=/sys/devices/system/cpu/cpu2/online
tdr_busy=0x8000020000000080	# TDX_OPERAND_BUSY, TDR

# A TD waits before it is finalized: its builder has CPU 1, and CPU 2 its vCPU.
begin_build() {
	rm -f /tmp/go
	taskset 4 tdload build --verbose --count 1 --hold-finalize /tmp/go >/tmp/build & builder=$!
	check "$meeting: its last page is added" wait_for grep -q "^build page=\([0-9]*\) of=\1$" /tmp/build
	for task in $(grep -l "^tdload$" /proc/[0-9]*/comm); do
		taskset -p 2 "$(echo "$task" | cut -d / -f 3)" >/dev/null
	done
}
end_build() {
	check "$meeting: the CPU goes offline" wait $offline
	check "$meeting: the TD runs on another CPU, and its MRTD is right" wait $builder
	grep "^build failed" /tmp/build
	tdxctl clear >/dev/null
	echo 1 >$cpu2
}

# The CPU comes to the flush with interrupts off, and waits before it.
meeting="a TD is finalized, and the CPU of its vCPU goes offline"
begin_build
tdxctl hold VP.FLUSH,cpu=2 >/dev/null
echo 0 >$cpu2 & offline=$!
check "$meeting: it is about to flush" wait_for is cpus_held_masked 1
expect TDH.VP.FLUSH
tdxctl hold_lock TDH.MR.FINALIZE,cpu=1,lock=TDR,until=VP.FLUSH >/dev/null
touch /tmp/go
check "$meeting: the TD is being finalized" wait_for is cpus_in_lock 1
tdxctl release >/dev/null
check "$meeting: the flush is BUSY" wait_for more_than contended_TDH.VP.FLUSH "$busy_before"
end_build

meeting="a CPU goes offline, and the TD of its vCPU is finalized"
begin_build
expect TDH.MR.FINALIZE
tdxctl hold_lock TDH.VP.FLUSH,cpu=2,lock=TDR,until=MR.FINALIZE >/dev/null
echo 0 >$cpu2 & offline=$!
check "$meeting: it is flushing" wait_for is cpus_in_lock 1
touch /tmp/go
check "$meeting: the finalization is BUSY" wait_for more_than contended_TDH.MR.FINALIZE "$busy_before"
end_build

# These have no place before them where the builder could wait with interrupts on, so that a CPU can go
# offline meanwhile: the module says BUSY by a fault.
for leaf in VP.INIT MEM.PAGE.ADD MR.EXTEND; do
	tdxctl fault leaf=TDH.$leaf,nth=1,status=$tdr_busy >/dev/null
	check "TDH.$leaf that is BUSY once is repeated" tdload build --count 1
	tdxctl clear >/dev/null
done
tell
finish
