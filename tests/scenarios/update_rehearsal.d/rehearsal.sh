# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What P-SEAMLDR rejects, with the reason that the kernel gives.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

begin_run
rejected() {
	tdxctl trace mark "$1" >/dev/null
	check "$1: an error" test -n "$(update $images/broken/$1.blob)"
	same "$1: nothing has changed" "refused:rehearse:$2 idle 1.5.05 63" \
		"$(state update_result) $(state update_state) $(state version) $(state num_remaining_updates)"
	check "$1: the TD runs on" runs_on
}
rejected bad-signature bad-signature
rejected wrong-key bad-signature
rejected needs-more-memory no-seam-memory
# One CPU fails once: the others have been counted by then.
tdxctl fault leaf=INSTALL,cpu=0,nth=1,status=0x8000000000010003 >/dev/null
tdxctl trace mark fault >/dev/null
same "a session that is begun is gone through" "" "$(update $images/1.5.06.blob)"
tdxctl clear >/dev/null
echo 1 >/sys/module/tdx_update/parameters/cpu
tdxctl trace mark chosen >/dev/null
same "another CPU may do it" "" "$(update $images/1.5.05.blob)"
tdxctl trace mark end >/dev/null
check "a TD ran through all of it" end_run
finish
