# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

stays "nothing goes on" tdx_host
all_is_well "nothing goes on"

check "kvm-intel goes" rmmod kvm_intel
same "an update without KVM" "" "$(update "$(other)")"
check "kvm, too, goes" rmmod kvm
for module in /lib/modules/kvm.ko "/lib/modules/kvm-intel.ko tdx=1"; do insmod $module; done
all_is_well "an update without KVM"

begin_build
neither_goes "a TD in its build"
check "a TD in its build: it is well" end_build
all_is_well "a TD in its build"

begin_build
check "an update waits" begin_update waiting
neither_goes "an update waits"
same "an update waits: it still does" waiting "$(state update_state)"
check "an update waits: the build is well" end_build
wait $uploader
same "an update waits: and so is the update" "" "$(cat /tmp/error)"
all_is_well "an update waits"

# The last one who uses kvm-intel goes, and that is what the update waits for.
begin_build
check "the builder dies" begin_update waiting
kill_build
check "the builder dies: kvm-intel goes and comes at once" wait_for reload_kvm
check "the builder dies: before its TD was finished" sh -c '! grep -q finalized /tmp/build'
wait $uploader
same "the builder dies: the update is well" "" "$(cat /tmp/error)"
all_is_well "the builder dies"

# The preflight asks P-SEAMLDR: it takes long now, CPUs may not go, and KVM waits for that.
# If the update was over before anything was tried, the next one takes longer.
tdxctl cost INSTALL=50ms >/dev/null
cost=200 met='' stuck=''
until [ -n "$met$stuck" ]; do
	tdxctl cost INFO=${cost}ms >/dev/null
	update "$(other)" >/tmp/error & uploader=$!
	wait_for busy || stuck="no update"
	while busy && [ -z "$stuck" ]; do
		# KVM waits for the update: that this begins beside it is what is to be met.
		met=1
		! rmmod tdx_host 2>/dev/null || stuck="tdx-host went"
		reload_kvm || stuck="kvm-intel did not go and come"
	done
	wait $uploader
	[ -z "$(cat /tmp/error)" ] || stuck="the update: $(cat /tmp/error)"
	cost=$((2 * cost))
done
same "an update runs: kvm-intel goes and comes, tdx-host stays, the update is well" "" "$stuck"
tdxctl cost off >/dev/null
all_is_well "an update runs"

check "a TD runs" begin_run
neither_goes "a TD runs"
check "a TD runs: it has its state" end_run
all_is_well "a TD runs"

check "another one runs" begin_run --insist
check "an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
same "an update fails: there is no module" failed "$(state update_state)"
neither_goes "an update fails"
same "an update fails: a good one" "" "$(update $images/1.5.06.blob)"
check "an update fails: the TD goes on" runs_on
check "an update fails: the TD has its state" end_run
all_is_well "an update fails"

# KVM asks once whether there is a TDX module.
check "KVM comes later" test -n "$(update $images/broken/sys-init-fails.blob)"
check "KVM comes later: kvm-intel goes and comes" reload_kvm
check "KVM comes later: it offers no TDs" sh -c "! tdload build --count 1"
same "KVM comes later: a good update" "" "$(update $images/1.5.06.blob)"
all_is_well "KVM comes later"

# shellcheck source=loop.sh
. ./loop.sh
