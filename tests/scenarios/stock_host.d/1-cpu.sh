# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "one CPU is enough" 0 "$(cat /sys/devices/system/cpu/online)"
check "for a TD" tdload build --count 4
same "and an update" "" "$(update $images/1.5.06.blob)"
finish
