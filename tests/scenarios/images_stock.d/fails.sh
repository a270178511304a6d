# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# fails.sh IMAGE

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

image=$1
error=$(update $images/broken/$image.blob)
same "$image: an update fails" transferring:firmware-invalid "$error"
dmesg | sed -n 's/.*SEAMCALL (0x\([0-9a-f]*\)) failed: \(0x[0-9a-f]*\).*/failed=\1:\2/p'
check "$image: and no module answers any more" sh -c "! cat $host/version"
check "$image: P-SEAMLDR does" cat $host/num_remaining_updates
echo "remaining=$(state num_remaining_updates)"
finish
