# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=helpers.sh
. ./helpers.sh

begin_run
echo 0 >/sys/module/tdx_update/parameters/rehearse
for image in sys-update-fails sys-init-fails lp-init-fails bad-signature needs-more-memory; do
	case $image in
	sys-update-fails) lost $image resume: ;;
	sys-init-fails|lp-init-fails) lost $image init: ;;
	*) lost $image install: ;;
	esac
	check "$image: its status is told" test "$(state update_status)" != 0x0000000000000000
	check "$image: a CPU can go" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
	check "$image: and come" sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
	repaired $image 1.5.06
done
check "it has its state" end_run
finish
