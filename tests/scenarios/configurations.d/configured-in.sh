# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh

# shellcheck source=../../guest/checks.sh
. /usr/bin/checks.sh

for name in tdx_update_install tdx_preflight_check tdx_image_parse tdx_metadata_incompatibility \
		tdx_module_shutdown tdx_module_reset tdx_module_run_update tdx_module_adopt \
		seamldr_install seamldr_alloc_params; do
	check "patched kernel: there is a $name" grep -q " $name$" /proc/kallsyms
done
finish
