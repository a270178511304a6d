# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# results SUITE...
results()
{
	mount -t debugfs none /sys/kernel/debug 2>/dev/null
	for suite in "$@"; do
		echo "suite $suite"
		cat "/sys/kernel/debug/kunit/$suite/results"
	done
}
