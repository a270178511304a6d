# SPDX-License-Identifier: GPL-2.0-only
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
		{ echo "command: $*"; cat /tmp/check.out; } | sed 's/^/# /'
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

# wait_for SECONDS COMMAND...: until it succeeds; fails when it does not.
wait_for() {
	end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		usleep 20000
	done
}

finish() {
	echo "finished"
}
