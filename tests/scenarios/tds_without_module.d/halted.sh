# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# KVM asks the TDX module whether an interrupt is pending before it lets a vCPU that halts
# sleep. While there is no module to ask, the vCPU must not sleep as if there were none.

# shellcheck source=helpers.sh
. ./helpers.sh

echo 600000 >$wait_ms
begin_run --halt --steps 100
# It finds no module when it is entered, or when it is asked about: one of them each time.
for time in 1 2 3 4 5 6 7 8; do
	fails
	check "$time: the vCPU sleeps" wait_for sleeps $run
	repaired
	check "$time: the TD goes on" runs_on
done
check "with its state" end_run
finish
