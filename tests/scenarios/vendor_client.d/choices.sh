# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

before=$(state num_remaining_updates)
# choice WHAT LINE IMAGE VERSION [LEAST]: told, and no failure
choice() {
	cp $images/$3.blob /tmp/$4.blob
	same "$1" "$2" "$(./client.sh /tmp/$4.blob ${5:-1.5.00} 2>/tmp/errors || echo "ended with $?")"
}
choice "an image for other processors" "incompatible 2.0.08" 2.0.08 2.0.08
choice "one that lacks this processor" "incompatible 1.5.06" broken/cpu-not-in-table 1.5.06
choice "a debug module" "a debug module: 1.5.06" broken/debug-signed 1.5.06
choice "one that keeps no TDs of this version" "not TD-preserving: 1.5.06" 1.5.06 1.5.06 1.5.06
choice "a newer one" "1.5.05 to 1.5.06" 1.5.06 1.5.06
choice "an older one" "not TD-preserving: 1.5.05" 1.5.05 1.5.05
choice "one that P-SEAMLDR refuses" "failed transferring:firmware-invalid
ended with 1" broken/bad-signature 1.5.07
same "only the newer one took an entry of the update log" $((before - 1)) \
	"$(state num_remaining_updates)"
finish
