# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

# ends WHAT EXPECTED: what the script and the files tell of the upload that just was.
ends() {
	same "$1" "idle $2" "$(cat $upload/status) $(cat $upload/error)"
}
refused() {
	echo "$1" >$upload/loading
} 2>/dev/null
: >/tmp/empty

same "an update" "" "$(update $images/1.5.06.blob)"
update /tmp/empty >/dev/null 2>&1
ends "an empty image is no success" receiving:invalid-file-size
same "another" "" "$(update $images/1.5.05.blob)"
cat $images/1.5.06.blob >$upload/data 2>/dev/null
refused 0
ends "nor is one that was not begun" receiving:invalid-file-size
same "the module is as it was" 1.5.05 "$(state version)"

for offset in 2147483647 2147483648 3221225472 4294967295 4294967296 9223372036854771711; do
	echo 1 >$upload/loading
	dd if=$images/1.5.06.blob of=$upload/data bs=1 count=1 seek=$offset conv=notrunc 2>/dev/null
	refused 0
	ends "data at $offset" receiving:invalid-file-size
done
same "an update" "" "$(update $images/1.5.06.blob)"

# Cancel as long as there is something to cancel: until the driver has done with it. The
# upload after that is another, and must end as it ends by itself.
stuck=0 cancelled=0
for i in $(seq 60); do
	echo 1 >$upload/loading
	cat $images/broken/one-byte.blob >$upload/data
	echo 0 >$upload/loading
	while echo 1 >$upload/cancel; do cancelled=$((cancelled + 1)); done 2>/dev/null
	until [ "$(cat $upload/status)" = idle ]; do :; done
	case $(update $images/broken/one-byte.blob) in
	*:firmware-invalid) ;;
	*) stuck=$((stuck + 1)) ;;
	esac
done
check "uploads were cancelled" [ $cancelled -gt 0 ]
same "and no other upload was with them" 0 $stuck
same "an update" "" "$(update $images/1.5.05.blob)"
finish
