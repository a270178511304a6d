# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Less than the old module could do is worth a warning, not the TDs that run.

# shellcheck source=helpers.sh
. ./helpers.sh

begin_run
for good in 1.5.08 1.5.07; do
	dmesg -c >/dev/null
	same "fewer features: no error" "" "$(update $images/broken/fewer-features.blob)"
	check "the log names the field" sh -c 'dmesg | grep "virt/tdx: new module lacks bits" | grep -q TDX_FEATURES0'
	check "the TD runs on" runs_on
	same "another update" "" "$(update $images/$good.blob)"
done
check "it has its state" end_run
finish
