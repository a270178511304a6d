# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The TD gets memory: TDH.MEM.SEPT.ADD and TDH.MEM.PAGE.AUG.

# shellcheck source=helpers.sh
. ./helpers.sh

both() {	# WHAT: the two orders are finished
	check "$1: both are done" wait_for answers 2
	same "$1: and well" "vcpu 0 done 0 vcpu 1 done 0" "$(all_answers)"
}

meeting="a page is added, and the TD accepts it"
begin_td
forget
expect TDG.MEM.PAGE.ACCEPT
hold "$meeting" TDH.MEM.PAGE.AUG,cpu=1,lock=SEPT_ENTRY "accept 0 2"
busy "$meeting" "accept 1 2"
both "$meeting"
end_td "$meeting"

meeting="a TD accepts a page, and it is added"
begin_td
forget
expect TDH.MEM.PAGE.AUG
hold "$meeting" TDG.MEM.PAGE.ACCEPT,cpu=1,lock=SEPT_ENTRY "accept 0 2"
busy "$meeting" "prefault 1 2"
both "$meeting"
end_td "$meeting"

meeting="a TD accepts 2 MiB, and one page of them is added"
begin_td
forget
expect TDH.MEM.SEPT.ADD
hold "$meeting" TDG.MEM.PAGE.ACCEPT,cpu=1,lock=SEPT_ENTRY "accept-2m 0 512"
busy "$meeting" "accept 1 513"
both "$meeting"
end_td "$meeting"

meeting="a page of 2 MiB is added, and the TD accepts them all"
begin_td
forget
expect TDG.MEM.PAGE.ACCEPT
hold "$meeting" TDH.MEM.SEPT.ADD,cpu=1,lock=SEPT_ENTRY "accept 0 512"
busy "$meeting" "accept-2m 1 512"
both "$meeting"
end_td "$meeting"

meeting="two vCPUs fault at one time"
begin_td
forget
was=$(counter contended_TDH.MEM.PAGE.AUG)
hold "$meeting" TDH.MEM.PAGE.AUG,cpu=1,lock=SEPT_ENTRY "accept 0 2"
order "accept 1 3"
check "$meeting: one gets its page while the other's is added" wait_for grep -q "vcpu 1" /tmp/answers
check "$meeting: nobody is BUSY" is contended_TDH.MEM.PAGE.AUG "$was"
tdxctl clear >/dev/null
both "$meeting"
end_td "$meeting"

# KVM keeps the second one from the module itself: it tries again until the first one is done.
meeting="two vCPUs fault in the same new 2 MiB"
begin_td
echo 1 >/sys/kernel/tracing/events/kvm/kvm_page_fault/enable
forget
was=$(counter contended_TDH.MEM.SEPT.ADD)
hold "$meeting" TDH.MEM.SEPT.ADD,cpu=1,lock=SEPT_ENTRY "accept 0 1024"
order "accept 1 1025"
check "$meeting: the second one faults" wait_for grep -q "\[002\].*kvm_page_fault:.*40401000" /sys/kernel/tracing/trace
check "$meeting: nobody is BUSY" is contended_TDH.MEM.SEPT.ADD "$was"
tdxctl clear >/dev/null
echo 0 >/sys/kernel/tracing/events/kvm/kvm_page_fault/enable
both "$meeting"
end_td "$meeting"

for leaf in TDH.MEM.PAGE.AUG TDH.MEM.SEPT.ADD; do
	[ $leaf = TDH.MEM.PAGE.AUG ] && page=2 || page=1024
	meeting="$leaf beside the entry of a vCPU that faults too often"
	begin_td
	begin_faults "$meeting"
	expect $leaf
	hold "$meeting" TDH.VP.ENTER,cpu=1,lock=SEPT_TREE
	forget
	busy "$meeting" "accept 1 $page"
	check "$meeting: it is done" wait_for answers 1
	same "$meeting: and well" "vcpu 1 done 0" "$(cat /tmp/answers)"
	end_faults "$meeting"
	end_td "$meeting"

	meeting="such an entry beside $leaf"
	begin_td
	begin_faults "$meeting"
	forget
	expect TDH.VP.ENTER
	hold "$meeting" $leaf,cpu=2,lock=SEPT_TREE "accept 1 $page"
	busy "$meeting"
	check "$meeting: it is done" wait_for answers 1
	same "$meeting: and well" "vcpu 1 done 0" "$(cat /tmp/answers)"
	end_faults "$meeting"
	end_td "$meeting"
done
tell
finish
