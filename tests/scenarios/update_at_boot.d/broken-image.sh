# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "the firmware's module runs" 1.5.05 "$(state version)"
same "one message says so" 1 "$(said 'bad-hash.blob was not installed')"
same "and sysfs tells why" "idle refused:image:bad-hash 63" \
	"$(state update_state) $(state update_result) $(state num_remaining_updates)"
same "an upload is taken" "" "$(update $images/1.5.06.blob)"
check "TDs are built" tdload build --count 2
finish
