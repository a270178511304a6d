# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# CPU 1 is counted, CPU 2 fails for good: the session stays open.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

phase=$1	# of the update that is to fail
down=$2		# how the host goes down
case $phase in
rehearse) call=1 ;;
*) call=2 ;;	# the second one is that in earnest
esac
tdload build --count 1 >/dev/null
tdxctl fault leaf=INSTALL,cpu=2,nth="$call",repeat=0,status=0x8000000000010003 >/dev/null
check "an update fails" test -n "$(update $images/1.5.06.blob)"
same "there is no module" "failed failed:$phase:" "$(state update_state) $(state update_result | cut -d: -f1,2):"
echo "# $(state update_result)"
check "a CPU can go" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
tdxctl trace mark down >/dev/null
case $down in
power-off) finish ;;
*) echo c >/proc/sysrq-trigger ;;
esac
