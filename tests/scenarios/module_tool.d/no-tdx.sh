# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The CPUs can do TDX, and the module cannot be initialized.

# shellcheck source=helpers.sh
. ./helpers.sh

check "no TDX module" sh -c "! [ -e $host/version ]"
for command in show watch "update 1.5.05" "check $images/1.5.05.blob"; do
	row "no TDX: $command" 5 no-tdx "this is no TDX host" $command
done
row "no TDX: list" 5 no-tdx "this is no TDX host" list
check "the images are listed nevertheless" grep -q '"version": "1.5.06"' /tmp/json
finish
