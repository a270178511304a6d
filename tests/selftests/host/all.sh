# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# usage: all.sh -- IMAGE...

failed=0
/root/tdx_vm_smoke_test || failed=1
/root/tdx_update_test -T finalize_busy "$@" || failed=1

# Nothing but the module decides whether TDH.MR.FINALIZE finds its TD busy. Here it does, twice.
tdxctl fault leaf=TDH.MR.FINALIZE,repeat=2,status=0x8000020000000080 >/dev/null || failed=1
/root/tdx_update_test -t finalize_busy "$@" || failed=1
exit $failed
