# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A SEAMCALL that fails kills the VM in its build. That is a bug, and KVM says so.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

begin_build
same "the build is counted" 1 "$(state builds_in_flight)"
tdxctl fault leaf=MR.EXTEND,status=0xC000010000000001 >/dev/null
: >/tmp/go
check "it fails" wait_for 30 grep -q 'build failed step=KVM_TDX_INIT_MEM_REGION' /tmp/build
check "and is none any more" wait_for 30 grep -qx 0 $host/builds_in_flight
finish
