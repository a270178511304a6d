# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "16 CPUs come up" 0-15 "$(cat /sys/devices/system/cpu/online)"
check "and TDs are built on them" tdload build --builders 4 --count 16
same "and updated" "" "$(update $images/1.5.06.blob)"
finish
