# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For scripts that run in the host: one line for each check, which the harness of
# tests/scenarios/ numbers and counts. Sourced; "finish" must be the last call.

host=/sys/devices/faux/tdx_host
upload=/sys/class/firmware/tdx_module
images=/lib/firmware/intel/tdx

# check WHAT COMMAND...: ok when the command succeeds; its output tells why not.
check() {
	what=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		{ echo "command: $*"; tail -n 20 /tmp/check.out; } | sed 's/^/# /'
	fi
}

# same WHAT EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		printf '# expected: %s\n# but it is: %s\n' "$2" "$3"
	fi
}

# state NAME: a file of the host, and nothing when there is none.
state() {
	cat $host/"$1" 2>/dev/null
}

# update IMAGE: an upload from begin to end; the result is the class's error.
update() {
	echo 1 >$upload/loading || return 1
	# While another upload is under way it is this that is turned away.
	cat "$1" >$upload/data || return 1
	echo 0 >$upload/loading || return 1
	until [ "$(cat $upload/status)" = idle ]; do usleep 20000; done
	cat $upload/error
}

# wait_for COMMAND...: until it succeeds; fails when it does not. The limit is for hangs:
# a shorter one would tell how fast the machine is, and what else it does. (A number of
# seconds before COMMAND counts if it is more.)
hang=${HANG:-600}
wait_for() {
	limit=$hang
	case $1 in
	[0-9]*)	[ "$1" -lt $hang ] || limit=$1
		shift ;;
	esac
	end=$(($(date +%s) + limit))
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		usleep 20000
	done
}

# children PID: of that process.
children() {
	sed -n "s/^\([0-9]*\) (.*) [A-Z] $1 .*/\1/p" /proc/[0-9]*/stat 2>/dev/null
}

# begin_build OPTION...: a TD's build that stops in its middle; end_build lets it go on. The
# builder's program is $tdload, if that is set.
begin_build() {
	# The file of an earlier build must not be taken for this one's.
	rm -f /tmp/go /tmp/build
	"${tdload:-tdload}" build --count 1 --hold /tmp/go --verbose "$@" >/tmp/build & build=$!
	wait_for grep -qs page= /tmp/build
}
end_build() {
	: >/tmp/go
	wait $build
}
kill_build() {
	# shellcheck disable=SC2046	# one word for each
	kill -9 $(children $build)
	wait $build
}

# begin_run OPTION...: a TD that runs until end_run, and says so again and again.
begin_run() {
	rm -f /tmp/run
	tdload run "$@" >/tmp/run & run=$!
	wait_for grep -qs '^chain ' /tmp/run
}
runs_on() {
	reports=$(grep -c ^chain /tmp/run)
	wait_for runs_further
}
runs_further() {
	[ "$(grep -c ^chain /tmp/run)" -gt "$reports" ]
}
end_run() {
	kill $run
	wait $run
}

# suspend PID: SIGSTOP takes a moment, until the last thread has left the kernel.
suspend() {
	kill -STOP "$1"
	wait_for stopped "$1"
}
stopped() {	# PID
	! cat /proc/"$1"/task/*/stat | sed 's/.*) //' | grep -qv '^T'
}

finish() {
	echo "finished"
}
