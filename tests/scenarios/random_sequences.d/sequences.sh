# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# sequences.sh SEED COUNT -- IMAGE...

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

seed=$1 count=$2
shift 2

pages() { tdxctl stats | sed -n 's/^protected_pages //p'; }
before=$(pages)
/root/tdx_update_random_test -s "$seed" -n "$count" -F $images/broken/sys-init-fails.blob \
	-R $images/broken/bad-hash.blob "$@"
status=$?
# What was torn down without a module comes back a moment after the repair.
came_back() { [ "$(pages)" = "$before" ]; }
wait_for came_back
echo "pages before=$before after=$(pages)"
exit $status
