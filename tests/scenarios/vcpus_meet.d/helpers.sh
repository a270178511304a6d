# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# One call is held where it has a lock of the module, by an event; another one, of another CPU, is
# BUSY and counted; then the first one goes on. CPU 0 is the script's, CPUs 1 and 2 are those of
# vCPUs 0 and 1, CPU 2 also that of who takes memory from the TD. See tests/guest/load_obey.c.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

taskset -p 1 $$ >/dev/null

counter() {
	tdxctl stats | sed -n "s/^$1 //p" | grep . || echo 0
}
is() {	# COUNTER VALUE
	[ "$(counter "$1")" = "$2" ]
}
more_than() {	# COUNTER VALUE
	[ "$(counter "$1")" -gt "$2" ]
}

# A TD with page 0 full of words that tell, and page 1.
begin_td() {
	rm -f /tmp/orders
	mkfifo /tmp/orders
	: >/tmp/answers
	tdload obey </tmp/orders >>/tmp/answers 2>&1 & td=$!
	exec 3>/tmp/orders
	wait_for grep -q begins /tmp/answers
	for order in "accept 0 0" "fill 0 0" "accept 0 1"; do
		finishes "$order"
	done
}
# It goes on, on both vCPUs, and has its memory.
end_td() {
	same "$1: vCPU 0 finds its memory right" "vcpu 0 done 0" "$(finishes "check 0 0")"
	same "$1: vCPU 1 does" "vcpu 1 done 0" "$(finishes "check 1 0")"
	exec 3>&-
	wait "$td"
}

# order LINE: what was answered before is forgotten by forget only.
forget() { : >/tmp/answers; }
order() { echo "$1" >&3; }
answers() {	# so many, or one that says that no more will come
	[ "$(grep -c . /tmp/answers)" -ge "$1" ] || grep -q failed /tmp/answers
}
# In one line, whoever was first.
all_answers() { sort /tmp/answers | tr '\n' ' ' | sed 's/ $//'; }
# An order and its answer.
finishes() {
	forget
	order "$1"
	wait_for answers 1
	cat /tmp/answers
}

# expect LEAF: a call of it will be BUSY, from now on.
expect() {
	busy_leaf=$1
	busy_before=$(counter "contended_$1")
}
# hold WHAT LEAF,cpu=N,lock=LOCK [ORDER]: until a call is held there.
hold() {
	tdxctl hold_lock "$2" >/dev/null
	[ -z "$3" ] || order "$3"
	check "$1: a call has the lock" wait_for is cpus_in_lock 1
}
# busy WHAT [ORDER]: until that call was BUSY; then nothing is held any more.
busy() {
	[ -z "$2" ] || order "$2"
	check "$1: $busy_leaf is BUSY" wait_for more_than "contended_$busy_leaf" "$busy_before"
	tdxctl clear >/dev/null
}

# vCPU 0 reads a page that its VMM does not give: a fault at each entry, and from the
# seventh on TDH.VP.ENTER looks for the page first.
begin_faults() {	# WHAT
	finishes "shared 1" >/dev/null
	same "$1: a vCPU faults again and again" "vcpu 0 faults" "$(finishes "touch 0 1")"
	# More entries than those that the module takes for usual, and a lock for each.
	entries=$(counter calls_TDH.VP.ENTER)
	wait_for more_than calls_TDH.VP.ENTER $((entries + 20))
}
# Its VMM gives the page; another vCPU accepts it.
end_faults() {
	same "$1: it stops" "vcpu 0 paused" "$(finishes "pause 0")"
	same "$1: its page comes" "memory done" "$(finishes "private 1")"
	same "$1: another vCPU accepts it" "vcpu 1 done 0" "$(finishes "accept 1 1")"
	same "$1: and it goes on" "vcpu 0 done 0" "$(finishes "go 0")"
}

# What the module's statistics say, for who reads the log.
tell() {
	tdxctl stats | sed -n 's/^contended_/# BUSY: /p'
}
