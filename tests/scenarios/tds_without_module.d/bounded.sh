# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the VMM is told after that time, and what it can do then.

# shellcheck source=helpers.sh
. ./helpers.sh

echo 50 >$wait_ms
begin_run --insist
fails
check "KVM_RUN tells it when the time is over" wait_for 30 grep -q '^refused.*step=KVM_EXIT_FAIL_ENTRY' /tmp/run
repaired
check "the TD goes on" runs_on
check "with its state" end_run
finish
