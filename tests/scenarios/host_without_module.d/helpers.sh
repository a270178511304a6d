# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A TD that is idle, and no module.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

cpus=/sys/devices/system/cpu

begin() {
	begin_run
	check "a TD is there, and idle" suspend $run
}
lose() {	# WHAT
	check "$1: an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
	same "$1: there is no module" failed "$(state update_state)"
}
# The TD is still there, and all CPUs serve TDX.
repair() {	# WHAT
	same "$1: a good image repairs it" "" "$(update $images/1.5.06.blob)"
	same "$1: state" "idle success 1.5.06" \
		"$(state update_state) $(state update_result) $(state version)"
	kill -CONT $run
	check "$1: the TD runs on" runs_on
	check "$1: it is idle again" suspend $run
	for cpu in 0 1 2 3; do
		check "$1: a TD is built on CPU $cpu" taskset $((1 << cpu)) tdload build --count 1
	done
}
end() {
	kill $run
	kill -CONT $run
	check "the TD has its state" wait $run
	finish
}
