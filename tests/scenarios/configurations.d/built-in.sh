# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

same "KVM is built in" tdx_host "$(cut -d ' ' -f 1 /proc/modules)"
same "the module that the configuration asks for runs" 1.5.06 "$(state version)"
same "since before userspace" "success" "$(state update_result)"
same "one update was used" 62 "$(state num_remaining_updates)"
tdload build --count 1 --extra-pages 8 --page-delay-ms 50 --verbose >/tmp/build & build=$!
wait_for grep -q 'page=4' /tmp/build
same "an update" "" "$(update $images/1.5.05.blob)"
check "waits for a build" wait $build
same "and the new module runs" 1.5.05 "$(state version)"
finish
