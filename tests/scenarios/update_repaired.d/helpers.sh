# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What holds of an update to a broken image, and of a good one after it.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# lost IMAGE PHASE: there is no module after this, and a TD that was idle goes on later.
lost() {
	check "$1: the TD is idle" suspend $run
	check "$1: an error" test -n "$(update $images/broken/$1.blob)"
	same "$1: update_result" "failed:$2" "$(state update_result | cut -c1-$((7 + ${#2})))"
	echo "# $(state update_result) $(state update_status)"
	same "$1: state" failed "$(state update_state)"
	same "$1: the version cannot be read" "" "$(state version)"
	tdload build --count 1 >/tmp/refused
	check "$1: no build begins" grep -q 'step=KVM_TDX_INIT_VM errno=5 ' /tmp/refused
}
# repaired IMAGE VERSION
repaired() {
	same "$1: $2 repairs it" "" "$(update $images/$2.blob)"
	same "$1: state" "idle success $2" \
		"$(state update_state) $(state update_result) $(state version)"
	same "$1: no status is left" 0x0000000000000000 "$(state update_status)"
	check "$1: TDs are built again" tdload build --builders 2 --count 2
	kill -CONT $run
	check "$1: the idle TD runs on" runs_on
}
