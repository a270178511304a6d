# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A command in a host that is there to be updated, and which locks another CPU had meanwhile.
#
# usage: run.sh COMMAND [ARGUMENT...]

exec 2>&1
# A test that updates the module must be told so, and how much of the update log it may take.
export TDX_UPDATES=63
mount -t cgroup2 none /sys/fs/cgroup

"$@"
status=$?
tdxctl stats | grep ^contended_
exit $status
