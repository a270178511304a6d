# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# CPU 0 installs for a while, and is to be stopped by the CPU that crashes.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

trace=/sys/kernel/tracing
taskset -p 2 $$ >/dev/null
echo 1 >$trace/events/tdx_update/tdx_update_phase/enable
cat $trace/trace_pipe >/tmp/phases &
tdxctl cost INSTALL.LAST=2000ms >/dev/null
update $images/1.5.06.blob >/dev/null &
check "an update installs" wait_for grep -q phase=install /tmp/phases
echo c >/proc/sysrq-trigger
