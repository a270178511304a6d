# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "the new module runs" 1.5.06 "$(state version)"
same "one update was used" 62 "$(state num_remaining_updates)"
rmmod tdx-host && insmod /lib/modules/tdx-host.ko
same "loading the driver again uses no other" 62 "$(state num_remaining_updates)"
same "an update to the same version is possible" "" "$(update $images/1.5.06.blob)"
check "TDs are built" tdload build --count 2
finish
