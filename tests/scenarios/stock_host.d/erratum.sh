# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

begin_build --extra-pages 8
same "an update in mid-build reports success" "" "$(update $images/1.5.06.blob)"
end_build
check "no call of the build fails" grep -q 'failed=0' /tmp/build
check "and the TD's measurement is wrong" grep -q 'wrong=1' /tmp/build
finish
