# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

before=$(state num_remaining_updates)
dmesg -r >/tmp/dmesg
check "TDX is initialized" grep -q 'TDX-Module initialized' /tmp/dmesg
same "all CPUs are up" 0-3 "$(cat /sys/devices/system/cpu/online)"
grep '^<[0-4]>' /tmp/dmesg | sed 's/^/warning /'
same "the firmware's module runs" 1.5.05 "$(state version)"
check "TDs can be built" tdload build --count 1
tdxctl trace mark update
same "an update by sysfs succeeds" "" "$(update $images/1.5.06.blob)"
same "and the new module runs" 1.5.06 "$(state version)"
same "it used one of the updates" 1 $((before - $(state num_remaining_updates)))
tdxctl trace mark end
finish
