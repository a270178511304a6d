# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "the firmware's module runs" 1.5.05 "$(state version)"
same "one message says so" 1 "$(said 'no module image .*nosuch.blob')"
same "as if there had been no update" "idle none 63" \
	"$(state update_state) $(state update_result) $(state num_remaining_updates)"
check "TDs are built" tdload build --count 2
finish
