# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The host's own module, TDs, an image to update to, and the emulator's counts.

cat /sys/devices/faux/tdx_host/version
tdload build --count 2 && ls /lib/firmware/intel/tdx/1.5.06.blob && tdxctl stats | grep -c ^calls_
