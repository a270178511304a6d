# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# no-module.sh SUITE...

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh
# shellcheck source=helpers.sh
. ./helpers.sh

results "$@"
host=/sys/devices/faux/tdx_host
same "sysfs tells the failed update" "failed failed:init" \
	"$(cat $host/update_state) $(cut -d: -f1-2 $host/update_result)"
check "KVM offers no TDs" sh -c 'tdload build --count 1 2>&1 | grep -q "KVM offers no TDs"'
finish
