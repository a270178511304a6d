# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "one more: an error" transferring:firmware-invalid "$error"
check "EBADCALL" sh -c 'dmesg | grep -q "SEAMCALL (0x8000000000000001) failed: 0x8000000000000003"'
check "and the module is lost" sh -c "! cat $host/version"
finish
