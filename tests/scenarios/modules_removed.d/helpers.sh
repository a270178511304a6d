# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

echo 60000 >$host/update_wait_ms
users() { awk -v name=$1 '$1 == name { print $3 }' /proc/modules; }
load_kvm() { insmod /lib/modules/kvm-intel.ko tdx=1; }
reload_kvm() { rmmod kvm_intel && load_kvm; }
other() {
	[ "$(state version)" = 1.5.06 ] && echo $images/1.5.05.blob || echo $images/1.5.06.blob
}
busy() { [ "$(cat $upload/status)" != idle ]; }

# tdx-host offers the upload for as long as it is loaded, so it is always in use.
stays() {
	check "$1: $2 stays" sh -c "! rmmod $2 && grep -q '^$2 .* Live ' /proc/modules"
}
neither_goes() {
	stays "$1" kvm_intel
	stays "$1" tdx_host
}

# What must hold after each attempt.
all_is_well() {
	same "$1: no build is left" 0 "$(state builds_in_flight)"
	# Its two firmware uploads.
	same "$1: tdx-host has its two users" 2 "$(users tdx_host)"
	check "$1: kvm-intel goes and comes" reload_kvm
	same "$1: the next update" "" "$(update "$(other)")"
	same "$1: state" "idle success" "$(state update_state) $(state update_result)"
	check "$1: TDs are built" tdload build --count 1
}

begin_update() {
	update "$(other)" >/tmp/error & uploader=$!
	wait_for grep -q $1 $host/update_state
}
