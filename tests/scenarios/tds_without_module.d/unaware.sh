# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The VMM knows nothing of updates: KVM_RUN never tells it anything.

# shellcheck source=helpers.sh
. ./helpers.sh

same "how long a repair may take" 30000 "$(cat $wait_ms)"
echo 600000 >$wait_ms
begin_run --vcpus 2
fails
check "the vCPUs sleep" wait_for 30 sleeps $run
repaired
check "the TD goes on" runs_on

fails
check "the vCPUs sleep" wait_for 30 sleeps $run
check "they can be stopped" suspend $run
kill -CONT $run
check "and sleep on" wait_for 30 sleeps $run
mkdir -p /tmp/cgroup
mount -t cgroup2 none /tmp/cgroup
mkdir /tmp/cgroup/frozen
echo $run >/tmp/cgroup/frozen/cgroup.procs
echo 1 >/tmp/cgroup/frozen/cgroup.freeze
check "they can be frozen" wait_for 30 grep -q 'frozen 1' /tmp/cgroup/frozen/cgroup.events
echo 0 >/tmp/cgroup/frozen/cgroup.freeze
check "and thawed" wait_for 30 grep -q 'frozen 0' /tmp/cgroup/frozen/cgroup.events
repaired
check "the TD goes on" runs_on

fails
check "the vCPUs sleep" wait_for 30 sleeps $run
check "a signal ends KVM_RUN" end_run
same "the TD has its state" 2 "$(grep -c '^chain-end.* intact=yes .*refused=0 ' /tmp/run)"

repaired
begin_run
fails
check "a vCPU sleeps" wait_for 30 sleeps $run
kill -9 $run
wait $run
same "it can be killed" 137 $?
repaired
finish
