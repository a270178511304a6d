# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# usage: all.sh -- IMAGE...

failed=0
/root/tdx_vm_smoke_test || failed=1
/root/tdx_update_test -T finalize_busy "$@" || failed=1

# KVM makes a TDH.MR.FINALIZE that is BUSY 10,000 times before it says so. Here it is so for two ioctls.
tdxctl fault leaf=TDH.MR.FINALIZE,repeat=20000,status=0x8000020000000080 >/dev/null || failed=1
/root/tdx_update_test -t finalize_busy "$@" || failed=1
exit $failed
