# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What a check says of good and bad images, and that it is no update.

# shellcheck source=asks.sh
. ./asks.sh

begin_run
before=$(state num_remaining_updates)
for image in 1.5.06 broken/bad-signature broken/needs-more-memory broken/one-byte; do
	case $image in
	1.5.06) error="" result=success ;;
	*/bad-signature) error=preparing:firmware-invalid result=refused:rehearse:bad-signature ;;
	*/needs-more-memory) error=preparing:firmware-invalid result=refused:rehearse:no-seam-memory ;;
	*) error=preparing:firmware-invalid result=refused:image: ;;
	esac
	told=$(asks $images/$image.blob)
	echo "# $image: $told $(state check_result)"
	same "$image: error" "$error" "$told"
	same "$image: check_result" $result "$(state check_result | cut -c1-${#result})"
	same "$image: it is no update" "none idle 1.5.05" \
		"$(state update_result) $(state update_state) $(state version)"
done
same "the update log is as it was" "$before" "$(state num_remaining_updates)"
check "a TD ran through all of it" end_run
finish
