# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# refused.sh IMAGE...
#
# All that the kernel refuses by itself: TDX goes on as if nothing had been.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

for image in "$@"; do
	same "$image: refused" transferring:firmware-invalid "$(update $images/broken/$image.blob)"
	same "$image: the module is untouched" 1.5.05 "$(state version)"
done
check "without any SEAMCALL that failed" sh -c '! dmesg | grep -q "SEAMCALL.*failed"'
same "and an update succeeds afterwards" "" "$(update $images/1.5.06.blob)"
same "to the new version" 1.5.06 "$(state version)"
finish
