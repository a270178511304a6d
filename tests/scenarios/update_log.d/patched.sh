# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "one more: refused, as worn out" transferring:flash-wearout "$error"
echo "# $(state update_result)"
case $(state update_result) in
refused:preflight:?*) echo "ok - in preflight" ;;
*) echo "not ok - in preflight" ;;
esac
same "the module is untouched" "1.5.06 idle" "$(state version) $(state update_state)"
check "TDs are built as before" tdload build --count 2
check "the last one was announced" \
	sh -c 'dmesg | grep "if it fails, TDX is lost until a reboot" | wc -l | grep -qx 1'
finish
