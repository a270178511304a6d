# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

echo 0 >/sys/module/tdx_update/parameters/rehearse
check "not rehearsed: an error" test -n "$(update $images/broken/bad-signature.blob)"
same "the module is gone" failed:install:bad-signature "$(state update_result)"
same "it is repaired" "" "$(update $images/1.5.06.blob)"
finish
