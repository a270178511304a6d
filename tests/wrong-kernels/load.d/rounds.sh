# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# TDs that are built, and vCPUs that meet, so many times or until the kernel complains.
#
# usage: rounds.sh ROUNDS

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

complaints() { dmesg | grep -E 'WARNING: |BUG: |Bad FPU state|TDH_[A-Z_]* failed'; }
quiet() { ! complaints; }

for round in $(seq "$1"); do
	check "round $round: TDs are built" tdload build --builders 2 --count 4
	check "round $round: vCPUs meet" tdload together --vcpus 2 --pages 512
	quiet >/dev/null || break
done
check "the kernel does not complain" quiet
finish
