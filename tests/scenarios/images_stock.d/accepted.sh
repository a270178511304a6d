# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# accepted.sh IMAGE

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

image=$1
same "$image: an update succeeds" "" "$(update $images/broken/$image.blob)"
echo "version=$(state version)"
finish
