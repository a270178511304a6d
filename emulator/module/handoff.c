// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing and reading handoff data.
 *
 * The writer is the old module, in TDH.SYS.SHUTDOWN; the reader is the new one, in
 * TDH.SYS.UPDATE. No other LP is in the module in either.
 */
#include "handoff.h"

static void *handoff_area(const struct call *call)
{
	return pointer(call, call->cpu->sysinfo->data_base);
}

static struct handoff_data_v1 *handoff_v1(struct handoff_data_v0 *data)
{
	return (void *)(data + 1);
}

void handoff_write(struct call *call, u16 version)
{
	struct handoff_data_v0 *data = handoff_area(call);
	const struct module *module = call->module;
	u32 size = HANDOFF_SIZE_V0;

	__builtin_memcpy(data->key, module->key, sizeof(data->key));
	__builtin_memcpy(data->writeback, module->writeback, sizeof(data->writeback));
	__builtin_memcpy(data->tdmr, module->tdmr, sizeof(data->tdmr));
	data->num_tdmrs = module->num_tdmrs;
	data->global_keyid = module->global_keyid;
	data->packages_configured = module->packages_configured;

	if (version >= 1) {
		*handoff_v1(data) = (struct handoff_data_v1){
			.td_build_count = module->td_build_count,
		};
		size = HANDOFF_SIZE_V1;
	}

	data->header = (struct seam_handoff_header){
		.valid = 1,
		.hv = version,
		.size = size - sizeof(struct seam_handoff_header),
	};
}

static bool handoff_valid(const struct handoff_data_v0 *data)
{
	u32 size = data->header.hv >= 1 ? HANDOFF_SIZE_V1 : HANDOFF_SIZE_V0;

	return data->header.valid == 1 && handoff_version_supported(data->header.hv) &&
	       data->header.size == size - sizeof(struct seam_handoff_header);
}

bool handoff_read(struct call *call)
{
	struct handoff_data_v0 *data = handoff_area(call);
	struct module *module = call->module;

	if (!handoff_valid(data))
		return false;

	__builtin_memcpy(module->key, data->key, sizeof(module->key));
	__builtin_memcpy(module->writeback, data->writeback, sizeof(module->writeback));
	__builtin_memcpy(module->tdmr, data->tdmr, sizeof(module->tdmr));
	module->num_tdmrs = data->num_tdmrs;
	module->global_keyid = data->global_keyid;
	module->packages_configured = data->packages_configured;
	/* Version 0 does not count: its builds are unknown to us. */
	module->td_build_count = data->header.hv >= 1 ? handoff_v1(data)->td_build_count : 0;

	invariant(call, module->num_tdmrs <= MAX_TDMRS);
	data->header.valid = 0;
	return true;
}
