# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

same "one message says so" 1 "$(said 'sys-init-fails.blob was not installed')"
same "sysfs does" "failed failed:init" "$(state update_state) $(state update_result | cut -d: -f1-2)"
check "with the reason" sh -c "grep -q '^failed:init:.' $host/update_result"
same "with the status" 0xc000051100000000 "$(state update_status)"
same "the version cannot be read" "" "$(state version)"
same "P-SEAMLDR can be asked" 62 "$(state num_remaining_updates)"
check "KVM offers no TDs" sh -c 'tdload build --count 1 2>&1 | grep -q "KVM offers no TDs"'
check "a CPU can go" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check "and come" sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
same "a bad image is refused" transferring:firmware-invalid "$(update $images/broken/bad-hash.blob)"
same "and the state stays" failed "$(state update_state)"
same "a good image is taken" "" "$(update $images/1.5.06.blob)"
same "and runs" "1.5.06 idle success" \
	"$(state version) $(state update_state) $(state update_result)"
# KVM asks once whether there is a module.
check "KVM is loaded again" sh -c 'rmmod kvm_intel && insmod /lib/modules/kvm-intel.ko tdx=1'
check "TDs are built" tdload build --count 2
finish
