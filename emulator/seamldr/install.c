// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAMLDR.INSTALL.
 *
 * Every LP that the firmware enumerated calls it once; the last call installs.
 * From the first call on the module cannot be called, so that none of its code
 * runs, and no LP comes back to it, while it is replaced.
 */
#include "internal.h"

#define SEAMDB_INSERT_TRIES 10

/* Where things are in the SEAM range, for the module in ldr->sigstruct. */
struct module_layout {
	u64 data_base;
	u64 data_size;
	u64 handoff_size;
	u64 code_base;
	u64 limit; /* end of the module's part of the range */
};

static u64 data_region_base(const struct seam_platform *platform)
{
	return platform->seamrr.base + PAGE_SIZE + platform->num_lps * PAGE_SIZE;
}

struct seam_handoff_header *seamldr_handoff(const struct seamldr *ldr)
{
	return seam_pointer(ldr->platform, data_region_base(ldr->platform));
}

static u64 plan_layout(const struct seamldr *ldr, struct module_layout *layout)
{
	const struct seam_platform *platform = ldr->platform;
	const struct seam_sigstruct *sigstruct = &ldr->sigstruct;
	u64 range_end = platform->seamrr.base + platform->seamrr.size;
	u64 stack_size, random;

	/* Hardware randomizes the linear addresses here; the model has none. */
	if (!platform->random(&random))
		return SEAMLDR_ENOENTROPY;

	layout->limit = range_end - SEAMLDR_OWN_RANGE_SIZE;
	layout->code_base = layout->limit - SEAMLDR_CODE_REGION_SIZE;
	layout->data_base = data_region_base(platform);
	layout->handoff_size = (sigstruct->num_handoff_pages + 1UL) * PAGE_SIZE;
	layout->data_size = layout->handoff_size +
			    (sigstruct->num_tls_pages + 1UL) * platform->num_lps * PAGE_SIZE +
			    (sigstruct->num_global_data_pages + 1UL) * PAGE_SIZE;

	/* A shadow stack's page for each LP is on top of num_stack_pages. */
	stack_size = (sigstruct->num_stack_pages + 2UL) * platform->num_lps * PAGE_SIZE;

	if (layout->data_base + layout->data_size + stack_size > layout->code_base)
		return SEAMLDR_ENOMEM;

	return SEAMLDR_SUCCESS;
}

static bool handoff_is_valid(const struct seamldr *ldr)
{
	const struct seam_handoff_header *handoff = seamldr_handoff(ldr);

	/* clang-format off */
	return handoff->valid &&
	       handoff->size + sizeof(*handoff) <= ldr->handoff_size &&
	       handoff->hv >= ldr->sigstruct.min_update_hv &&
	       handoff->hv <= ldr->sigstruct.module_hv;
	/* clang-format on */
}

static void wipe(const struct seamldr *ldr, u64 start, u64 end)
{
	__builtin_memset(seam_pointer(ldr->platform, start), 0, end - start);
}

/*
 * Clear the module's part of the range; an update keeps the handoff data.
 *
 * Hardware clears all of it. Here nothing writes to what is between the data region
 * and the code region, and it is most of the range: leave it out, or a memset()
 * under emulation would be what an update takes its time for.
 */
static u64 prepare_range(struct seamldr *ldr, const struct module_layout *layout)
{
	u64 start = ldr->platform->seamrr.base;
	u64 data_end = layout->data_base + layout->data_size;
	u64 handoff_end;

	if (data_end < ldr->data_end)
		data_end = ldr->data_end;

	if (ldr->params.scenario == SEAMLDR_SCENARIO_LOAD) {
		ldr->num_remaining_updates = ldr->update_capacity;
		wipe(ldr, start, data_end);
		wipe(ldr, layout->code_base, layout->limit);
		return SEAMLDR_SUCCESS;
	}

	if (!ldr->num_remaining_updates)
		return SEAMLDR_EBADCALL;
	if (!handoff_is_valid(ldr))
		return SEAMLDR_EBADHANDOFF;

	handoff_end = layout->data_base + sizeof(struct seam_handoff_header) +
		      seamldr_handoff(ldr)->size;
	wipe(ldr, start, layout->data_base);
	wipe(ldr, handoff_end, data_end);
	wipe(ldr, layout->code_base, layout->limit);
	return SEAMLDR_SUCCESS;
}

/* Copy first, then measure the copy: the host can write to the original. */
static u64 copy_and_measure(const struct seamldr *ldr, const struct module_layout *layout)
{
	const struct seam_platform *platform = ldr->platform;
	const struct seamldr_params *params = &ldr->params;
	u64 mask = BIT(platform->phys_bits) - 1;
	u8 *code = seam_pointer(platform, layout->code_base);
	u8 hash[SHA384_DIGEST_SIZE];

	for (u64 i = 0; i < params->num_module_pages; i++)
		__builtin_memcpy(code + i * PAGE_SIZE,
				 seam_pointer(platform, params->module_page_pa[i] & mask),
				 PAGE_SIZE);

	sha384(code, params->num_module_pages * PAGE_SIZE, hash);
	if (__builtin_memcmp(hash, ldr->sigstruct.seamhash, sizeof(hash)))
		return SEAMLDR_EBADHASH;

	return SEAMLDR_SUCCESS;
}

static void set_up_sysinfo(struct seamldr *ldr, const struct module_layout *layout)
{
	const struct seam_sigstruct *sigstruct = &ldr->sigstruct;
	struct seam_sysinfo *sysinfo = seamldr_module_sysinfo(ldr);

	*sysinfo = (struct seam_sysinfo){
		.platform = ldr->platform,
		.module_base = layout->code_base,
		.module_size = ldr->params.num_module_pages * PAGE_SIZE,
		.data_base = layout->data_base,
		.data_size = layout->data_size,
		.handoff_size = layout->handoff_size,
		.module_hv = sigstruct->module_hv,
		.min_update_hv = sigstruct->min_update_hv,
		.no_downgrade = sigstruct->no_downgrade,
		.seam_svn = sigstruct->seamsvn,
	};
	__builtin_memcpy(sysinfo->mrseam, sigstruct->seamhash, sizeof(sysinfo->mrseam));
	ldr->entry = layout->code_base + sigstruct->rip_offset;
	ldr->handoff_size = layout->handoff_size;
	ldr->data_end = layout->data_base + layout->data_size;
}

/* SEAMDB_INSERT: an entry of the update log needs a random nonce. */
static bool log_update(struct seamldr *ldr)
{
	u64 nonce;

	for (int i = 0; i < SEAMDB_INSERT_TRIES; i++) {
		if (ldr->platform->random(&nonce)) {
			ldr->num_remaining_updates--;
			return true;
		}
	}
	return false;
}

static u64 enter_service(struct seamldr *ldr)
{
	const struct seam_sigstruct *sigstruct = &ldr->sigstruct;

	ldr->extend = (struct seam_extend) {
		.valid = SEAMEXTEND_ALL_VALID,
		.tee_tcb_svn = {
			SEAMSVN_MINOR(sigstruct->seamsvn),
			SEAMSVN_MAJOR(sigstruct->seamsvn),
		},
	};
	__builtin_memcpy(ldr->extend.mrseam, sigstruct->seamhash, sizeof(ldr->extend.mrseam));

	/* Now it is too late to fall back; the module stays unreachable. */
	if (!log_update(ldr))
		return SEAMLDR_ENOENTROPY;

	ldr->dirty = true;
	seamldr_set_ready(ldr, true);
	return SEAMLDR_SUCCESS;
}

u64 seamldr_install_module(struct seamldr *ldr, u64 *recoverable)
{
	struct module_layout layout;
	u64 status;

	__builtin_memcpy(&ldr->sigstruct,
			 seam_pointer(ldr->platform, ldr->params.sigstruct_pa &
							     (BIT(ldr->platform->phys_bits) - 1)),
			 sizeof(ldr->sigstruct));

	status = seamldr_verify_manifest(ldr);
	if (status)
		goto restore;
	status = plan_layout(ldr, &layout);
	if (status)
		goto restore;
	status = prepare_range(ldr, &layout);
	if (status)
		goto restore;

	/* The old module is gone. */
	*recoverable = SEAMLDR_INSTALL_UNRECOVERABLE;
	ldr->range_initialized = true;
	if (ldr->replacing)
		ldr->replacing();

	status = copy_and_measure(ldr, &layout);
	if (status) {
		__builtin_memset(&ldr->extend, 0, sizeof(ldr->extend));
		return status;
	}
	set_up_sysinfo(ldr, &layout);
	return enter_service(ldr);

restore:
	seamldr_set_ready(ldr, ldr->ready_before);
	return status;
}

static u64 check_params(const struct seamldr *ldr)
{
	const struct seamldr_params *params = &ldr->params;

	if (params->version)
		return SEAMLDR_EBADPARAM;
	if (!seamldr_is_zero(params->reserved, sizeof(params->reserved)))
		return SEAMLDR_EBADPARAM;
	if (params->scenario != SEAMLDR_SCENARIO_LOAD &&
	    params->scenario != SEAMLDR_SCENARIO_UPDATE)
		return SEAMLDR_EBADPARAM;
	if (params->num_module_pages < 1 || params->num_module_pages > SEAMLDR_MAX_MODULE_PAGES)
		return SEAMLDR_EBADPARAM;
	for (u64 i = 0; i < params->num_module_pages; i++) {
		if (!seamldr_is_shared_pa(ldr, params->module_page_pa[i], PAGE_SIZE))
			return SEAMLDR_EBADPARAM;
	}
	if (!seamldr_is_shared_pa(ldr, params->sigstruct_pa, PAGE_SIZE))
		return SEAMLDR_EBADPARAM;
	if (params->scenario == SEAMLDR_SCENARIO_UPDATE && !ldr->ready_before)
		return SEAMLDR_EBADPARAM;
	return SEAMLDR_SUCCESS;
}

static u64 install_on_last_lp(struct seamldr *ldr, u64 params_pa, u64 *recoverable)
{
	u64 mask = BIT(ldr->platform->phys_bits) - 1;
	u64 status = SEAMLDR_EBADPARAM;

	if (seamldr_is_shared_pa(ldr, params_pa, sizeof(ldr->params))) {
		__builtin_memcpy(&ldr->params, seam_pointer(ldr->platform, params_pa & mask),
				 sizeof(ldr->params));
		status = check_params(ldr);
	}
	if (status) {
		seamldr_set_ready(ldr, ldr->ready_before);
		return status;
	}

	return seamldr_install_module(ldr, recoverable);
}

static u64 install(struct seamldr *ldr, const struct seam_cpu *cpu, u64 *recoverable)
{
	u64 status;

	*recoverable = SEAMLDR_INSTALL_RECOVERABLE;
	if (cpu->lp >= SEAM_MAX_LPS)
		return SEAMLDR_EUNSPECERR;
	if (ldr->flow != SEAMLDR_FLOW_READY && ldr->flow != SEAMLDR_FLOW_INSTALL)
		return SEAMLDR_EBADCALL;
	if (ldr->called[cpu->lp])
		return SEAMLDR_EBADCALL;

	if (ldr->flow == SEAMLDR_FLOW_READY) {
		ldr->ready_before = seamldr_module_ready(ldr);
		seamldr_set_ready(ldr, false);
		__atomic_store_n(&ldr->flow, SEAMLDR_FLOW_INSTALL, __ATOMIC_RELEASE);
	}

	ldr->called[cpu->lp] = true;
	if (++ldr->num_called < ldr->platform->num_lps)
		return SEAMLDR_SUCCESS;

	status = install_on_last_lp(ldr, cpu->host.reg[GPR_RCX], recoverable);
	seamldr_end_session(ldr);
	return status;
}

u64 seamldr_install(struct seamldr *ldr, struct seam_cpu *cpu)
{
	u64 recoverable;
	u64 status = install(ldr, cpu, &recoverable);

	cpu->host.reg[GPR_RDX] = status ? recoverable : 0;
	return status;
}
