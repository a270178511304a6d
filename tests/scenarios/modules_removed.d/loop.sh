# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

# Each update meets what one turn does: how long either takes does not matter.
stuck=
for turn in $(seq 24); do
	update "$(other)" >/tmp/error & uploader=$!
	reload_kvm && tdload build --count 1 >/tmp/build && ! rmmod tdx_host 2>/dev/null ||
		stuck="turn $turn"
	wait $uploader
	[ -z "$(cat /tmp/error)" ] || stuck="turn $turn: $(cat /tmp/error)"
	[ -z "$stuck" ] || break
done
check "updates in a loop: kvm-intel goes, comes and builds TDs" test $turn -eq 24
same "updates in a loop: each time" "" "$stuck"
all_is_well "updates in a loop"
finish
