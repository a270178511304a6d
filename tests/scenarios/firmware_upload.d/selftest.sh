# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

check "test_firmware is loaded" insmod /root/test_firmware.ko
/bin/bash /root/firmware/fw_upload.sh >/tmp/log 2>&1
same "fw_upload.sh" 0 $?
sed 's/^/# /' /tmp/log
finish
