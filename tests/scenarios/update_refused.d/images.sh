# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# images.sh NUMBER IMAGE...: so many damaged ones are in /root/damaged.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

damaged=$1
shift

begin_run
check "a TD is there, and idle" suspend $run
for image in "$@"; do
	tdxctl trace mark "$image" >/dev/null
	error=$(update $images/broken/$image.blob)
	tdxctl trace mark 'done' >/dev/null
	same "$image: refused before the transfer" transferring:firmware-invalid "$error"
	case $(state update_result) in
	refused:image:?*|refused:preflight:?*|refused:rehearse:?*) echo "ok - $image: $(state update_result)" ;;
	*) echo "not ok - $image: update_result is $(state update_result)" ;;
	esac
done
same "the module is untouched" "1.5.05 idle" "$(state version) $(state update_state)"
kill -CONT $run

# Images with damage at any place: none is taken for a good one.
bad=0 tried=0
for image in /root/damaged/*; do
	[ -n "$(update $image)" ] || { bad=$((bad + 1)); echo "# accepted: $image"; }
	tried=$((tried + 1))
done
same "there are damaged images" "$damaged" $tried
same "none of them is accepted" 0 $bad
same "no update was used" 63 "$(state num_remaining_updates)"
same "and the module is untouched" "1.5.05 idle" "$(state version) $(state update_state)"
check "a TD ran through all of it" end_run
same "a good image is accepted" "" "$(update $images/1.5.06.blob)"
finish
