# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The kernel's own lines, but for the command line, that name an image.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

said() { dmesg | grep 'virt/tdx: ' | grep "$1" | wc -l; }
