# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The TD loses a page while it runs: TDH.MEM.RANGE.BLOCK, TDH.MEM.TRACK, TDH.MEM.PAGE.REMOVE.

# shellcheck source=helpers.sh
. ./helpers.sh

# taken WHAT PAGE: the page is gone, and what comes in its place is empty.
taken() {
	same "$1: the host is ready to give it again" "memory done" "$(finishes "private $2")"
	same "$1: the TD accepts it" "vcpu 0 done 0" "$(finishes "accept 0 $2")"
	same "$1: it is empty" "vcpu 0 done 0" "$(finishes "zero 0 $2")"
}
begin_with_page() {
	begin_td
	finishes "accept 0 2" >/dev/null
	finishes "fill 0 2" >/dev/null
	forget
}
# The page is blocked and tracked, but not removed before who removes it is to meet another call.
blocks() {
	tdxctl hold TDH.MEM.PAGE.REMOVE,cpu=2 >/dev/null
	order "shared 2"
	check "$meeting: it is blocked and tracked" wait_for is cpus_held 1
}
removes() {
	expect TDH.MEM.PAGE.REMOVE
	tdxctl release >/dev/null
	busy "$meeting"
}
both() {	# WHAT
	check "$1: both are done" wait_for answers 2
	same "$1: and well" "memory done vcpu 0 done 0" "$(all_answers)"
}

meeting="a vCPU enters, and the TD's epoch ends"
begin_with_page
expect TDH.MEM.TRACK
hold "$meeting" TDH.VP.ENTER,cpu=1,lock=TD_EPOCH "check 0 0"
busy "$meeting" "shared 2"
both "$meeting"
taken "$meeting" 2
end_td "$meeting"

meeting="the TD's epoch ends, and a vCPU enters"
begin_with_page
expect TDH.VP.ENTER
hold "$meeting" TDH.MEM.TRACK,cpu=2,lock=TD_EPOCH "shared 2"
busy "$meeting" "check 0 0"
both "$meeting"
taken "$meeting" 2
end_td "$meeting"

meeting="a TD accepts a page that it has, and it is blocked"
begin_with_page
expect TDH.MEM.RANGE.BLOCK
hold "$meeting" TDG.MEM.PAGE.ACCEPT,cpu=1,lock=SEPT_ENTRY "accept 0 2"
busy "$meeting" "shared 2"
both "$meeting"
taken "$meeting" 2
end_td "$meeting"

# The TD is without the page that it wants to accept, until it is given again.
comes_again() {
	check "$meeting: the TD is without it" wait_for answers 2
	same "$meeting: and both well" "memory done vcpu 0 faults" "$(all_answers)"
	forget
	order "private 2"
	check "$meeting: it comes again, and is accepted" wait_for answers 2
	same "$meeting: and well again" "memory done vcpu 0 done 0" "$(all_answers)"
	same "$meeting: it is empty" "vcpu 0 done 0" "$(finishes "zero 0 2")"
	end_td "$meeting"
}

meeting="a TD accepts a page that is blocked, and it is removed"
begin_with_page
blocks
hold "$meeting" TDG.MEM.PAGE.ACCEPT,cpu=1,lock=SEPT_ENTRY "accept 0 2"
removes
comes_again

for leaf in TDH.MEM.RANGE.BLOCK TDH.MEM.PAGE.REMOVE; do
	meeting="$leaf, and the TD accepts the page"
	begin_with_page
	expect TDG.MEM.PAGE.ACCEPT
	hold "$meeting" $leaf,cpu=2,lock=SEPT_ENTRY "shared 2"
	busy "$meeting" "accept 0 2"
	comes_again
done

# Beside the entry of a vCPU that faults too often.
begin_beside_entry() {
	begin_with_page
	begin_faults "$meeting"
	forget
}
end_beside_entry() {
	check "$meeting: the page is gone" wait_for answers 1
	same "$meeting: and well" "memory done" "$(cat /tmp/answers)"
	end_faults "$meeting"
	taken "$meeting" 2
	end_td "$meeting"
}

meeting="TDH.MEM.RANGE.BLOCK beside the entry of a vCPU that faults too often"
begin_beside_entry
expect TDH.MEM.RANGE.BLOCK
hold "$meeting" TDH.VP.ENTER,cpu=1,lock=SEPT_TREE
busy "$meeting" "shared 2"
end_beside_entry

meeting="TDH.MEM.PAGE.REMOVE beside such an entry"
begin_beside_entry
blocks
hold "$meeting" TDH.VP.ENTER,cpu=1,lock=SEPT_TREE
removes
end_beside_entry

for leaf in TDH.MEM.RANGE.BLOCK TDH.MEM.PAGE.REMOVE; do
	meeting="such an entry beside $leaf"
	begin_beside_entry
	expect TDH.VP.ENTER
	hold "$meeting" $leaf,cpu=2,lock=SEPT_TREE "shared 2"
	busy "$meeting"
	end_beside_entry
done
tell
finish
