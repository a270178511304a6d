# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What "make soak" relies on: a load tells the builds that the host refused, because a
# failed update left no module, from those that failed.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# load NAME OPTION...: builders beside updates that fail and are repaired.
load() {
	name=$1
	shift
	: >/tmp/failures
	tdload build --builders 2 --count 1000000 --tolerant "$@" >/tmp/load & load=$!
	for _ in 1 2 3; do
		check "$name: an update fails" test -n "$(update $images/broken/sys-init-fails.blob)"
		same "$name: there is no module" failed "$(state update_state)"
		check "$name: a build is refused" wait_for another_refusal
		printf x >>/tmp/failures
		same "$name: a good image repairs it" "" "$(update $images/1.5.06.blob)"
		printf x >>/tmp/failures
	done
	kill $load
	wait $load
	counts=$(sed -n 's/^builds .* \(failed=[0-9]* refused=[0-9]*\) .*/\1/p' /tmp/load)
	echo "# $counts"
}
another_refusal() {
	[ "$(tdload build --count 1 | grep -c 'step=KVM_TDX_INIT_VM errno=5 ')" = 1 ]
}

load "told of failures" --failures /tmp/failures
check "told of failures: all that was refused counts as refused" \
	sh -c "echo '$counts' | grep -q '^failed=0 refused=[1-9]'"
load "not told"
check "not told: it counts as failed" sh -c "echo '$counts' | grep -q '^failed=[1-9][0-9]* refused=0$'"

tdxctl fault leaf=MNG.INIT,status=0xC000010000000000 >/dev/null
tdload build --count 1 --failures /tmp/failures >/tmp/load
tdxctl clear >/dev/null
check "what fails for another reason counts as failed" grep -q ' failed=1 refused=0 ' /tmp/load
grep '^build failed' /tmp/load | sed 's/^/# /'
finish
