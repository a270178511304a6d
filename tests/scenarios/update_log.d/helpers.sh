# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The firmware's load has taken one of 64 entries.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

left=$(state num_remaining_updates)
same "updates left at first" 63 "$left"
check "all of them succeed" tdload update --count "$left" --pause-ms 0 \
	$images/1.5.06.blob $images/1.5.05.blob
same "updates left at last" 0 "$(state num_remaining_updates)"
same "the last image runs" 1.5.06 "$(state version)"
error=$(update $images/1.5.05.blob)
