# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The update log, on a kernel that looks at nothing before it is too late.

# shellcheck source=helpers.sh
. ./helpers.sh

left=$(state num_remaining_updates)
check "all entries but one are used up" tdload update --pause-ms 0 \
	--count $((left - 1)) $images/1.5.05.blob $images/1.5.06.blob
other=1.5.05
[ "$(state version)" = $other ] && other=1.5.06
row "last entry" 3 last-log-entry "lost until a reboot" update $other
row "last entry, if asked for" 0 null "runs; its MRSEAM" update $other --use-last-entry
row "log full" 3 update-log-full "rebooted" update 1.5.07
finish
