# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "the host begins with 2.0.05" 2.0.05 "$(state version)"
begin_run
same "2.0.08 is an update of it" "" "$(update $images/2.0.08.blob)"
same "which runs now" 2.0.08 "$(state version)"
check "the TD runs on" runs_on
check "to its end" end_run
check "an image for the other processors is refused" test -n "$(update $images/1.5.08.blob)"
same "and 2.0.08 stays" 2.0.08 "$(state version)"
check "TDs are built" tdload build --count 2
finish
