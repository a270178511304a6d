# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# row WHAT STATUS REASON SENTENCE ARGUMENT...: reason and sentence are basic regular
# expressions. What is refused or fails says so on standard error, too.

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

field() {	# NAME: of the last JSON, at its top
	sed -n "s/^  \"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" /tmp/json
}
judge() {	# WHAT STATUS REASON SENTENCE
	same "$1: exit status" "$2" "$status"
	same "$1: status in JSON" "$2" "$(field status)"
	check "$1: reason $3" expr "$(field reason)" : "$3\$"
	check "$1: sentence" grep -q "\"message\": .*$4" /tmp/json
	[ "$2" -lt 3 ] || check "$1: sentence on standard error" grep -q "$4" /tmp/errors
}
row() {
	what=$1 expected=$2 reason=$3 sentence=$4
	shift 4
	tdx-module "$@" --json >/tmp/json 2>/tmp/errors
	status=$?
	judge "$what" "$expected" "$reason" "$sentence"
}
# Those of one line, with nothing broken among them.
mkdir /tmp/good
for version in 1.5.05 1.5.06; do ln -s $images/$version.blob /tmp/good; done
echo "nobody:x:65534:65534:nobody:/:/bin/sh" >>/etc/passwd
as_nobody() {	# COMMAND
	su -s /bin/sh nobody -c "$1" >/tmp/json 2>/tmp/errors
	status=$?
}
