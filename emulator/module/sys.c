// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of the module itself: initialization, shutdown and update.
 *
 *	INIT_PENDING --SYS.INIT--> INIT_DONE --SYS.CONFIG--> CONFIG_DONE
 *	                               |                         |
 *	                           SYS.UPDATE        SYS.KEY.CONFIG on each package
 *	                               |                         |
 *	                               +--------> READY <--------+
 *	                                            |
 *	                                       SYS.SHUTDOWN
 *	                                            |
 *	                                         SHUTDOWN
 */
#include "../abi/seamldr.h"
#include "../crypto/sha384.h"
#include "handoff.h"
#include "lock.h"
#include "module.h"
#include "shared_ept.h"
#include "sys.h"

/* FIPS 180-4's example: SHA-384 of "abc". */
static const u8 self_test_digest[SHA384_DIGEST_SIZE] = {
	0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0, 0x3d, 0x69,
	0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab, 0x0e, 0xde, 0xd1, 0x63,
	0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff, 0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b,
	0xa1, 0xe7, 0xcc, 0x23, 0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7,
};

static u64 check_platform(const struct call *call)
{
	const struct seam_platform *platform = call->platform;
	u64 last_keyid = (u64)platform->num_mktme_keyids + platform->num_tdx_keyids;

	if (platform->abi != SEAM_PLATFORM_ABI || platform->num_lps > SEAM_MAX_LPS ||
	    platform->num_packages > MAX_PACKAGES || last_keyid >= MAX_KEYIDS)
		return TDX_INCOMPATIBLE_SEAM_CAPABILITIES;

	if (!platform->num_cmrs || platform->num_cmrs > SEAM_MAX_CMRS)
		return TDX_CMR_LIST_INVALID;
	for (u32 i = 0; i < platform->num_cmrs; i++) {
		const struct seam_memory_range *cmr = &platform->cmr[i];

		if (!cmr->size || !IS_ALIGNED(cmr->base | cmr->size, PAGE_SIZE))
			return TDX_CMR_LIST_INVALID;
		if (i && cmr->base < cmr[-1].base + cmr[-1].size)
			return TDX_CMR_LIST_INVALID;
	}
	return TDX_SUCCESS;
}

/* The SEAM_SIGSTRUCT that P-SEAMLDR checked has to be of this very module. */
static u64 check_sysinfo(const struct seam_sysinfo *sysinfo)
{
	if (sysinfo->module_hv != MODULE_HANDOFF_VERSION ||
	    sysinfo->min_update_hv != MODULE_MIN_UPDATE_HANDOFF ||
	    sysinfo->no_downgrade != MODULE_NO_DOWNGRADE ||
	    sysinfo->handoff_size < HANDOFF_SIZE_V1 ||
	    !IS_ALIGNED(sysinfo->handoff_size, PAGE_SIZE) ||
	    sysinfo->data_size < sysinfo->handoff_size + sizeof(struct module))
		return TDX_SYS_INCOMPATIBLE_SIGSTRUCT;
	return TDX_SUCCESS;
}

static bool crypto_self_test(void)
{
	u8 digest[SHA384_DIGEST_SIZE];

	sha384("abc", 3, digest);
	return !MODULE_FAULT_SYS_INIT &&
	       !__builtin_memcmp(digest, self_test_digest, sizeof(digest));
}

/*
 * Version 1 of SYS.INIT and SYS.UPDATE: the host says which features it can deal
 * with. It can deal with none that the module lacks.
 */
static u64 read_enabling_flags(const struct call *call, bool *update_compatibility)
{
	*update_compatibility = false;
	if (seamcall_version(call->reg[GPR_RAX]) == 0)
		return TDX_SUCCESS;
	if (call->reg[GPR_R9] & ~MODULE_FEATURES0)
		return TDX_OPERAND_INVALID | OPERAND_R9;
	if (call->reg[GPR_R10])
		return TDX_OPERAND_INVALID | OPERAND_R10;
	*update_compatibility = call->reg[GPR_R9] & FEATURES0_UPDATE_COMPATIBILITY;
	return TDX_SUCCESS;
}

u64 leaf_TDH_SYS_INIT(struct call *call)
{
	struct module *module = call->module;
	u64 *reg = call->reg, rcx = reg[GPR_RCX], status;
	bool update_compatibility;

	status = read_enabling_flags(call, &update_compatibility);

	reg[GPR_RCX] = reg[GPR_RDX] = reg[GPR_R8] = reg[GPR_R9] = reg[GPR_R10] = 0;

	if (rcx)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (status)
		return status;
	if (!lock_acquire(call, &module->global_lock, LOCK_EXCLUSIVE))
		return TDX_SYS_BUSY;
	if (sys_state(call) != SYS_STATE_INIT_PENDING)
		return TDX_SYS_INIT_NOT_PENDING;

	status = check_platform(call);
	if (!status)
		status = check_sysinfo(call->cpu->sysinfo);
	if (status)
		return status;
	if (!shared_cache_init(call))
		return TDX_SYS_INCOMPATIBLE_SIGSTRUCT;
	if (!crypto_self_test())
		return TDX_CRYPTO_SELF_TEST_FAILED;

	module->update_compatibility = update_compatibility;
	set_sys_state(call, SYS_STATE_INIT_DONE);
	return TDX_SUCCESS;
}

static bool lp_init_has_fault(const struct call *call)
{
	return MODULE_FAULT_LP_INIT && call->cpu->lp == call->platform->num_lps - 1;
}

u64 leaf_TDH_SYS_LP_INIT(struct call *call)
{
	struct module *module = call->module;
	u64 *reg = call->reg;

	reg[GPR_RCX] = reg[GPR_RDX] = reg[GPR_R8] = 0;

	if (!lock_acquire(call, &module->global_lock, LOCK_SHARED))
		return TDX_SYS_BUSY;
	if (sys_state(call) != SYS_STATE_INIT_DONE)
		return TDX_SYS_LP_INIT_NOT_PENDING;
	if (module->lp_initialized[call->cpu->lp])
		return TDX_SYS_LP_INIT_DONE;
	if (lp_init_has_fault(call))
		return TDX_INCONSISTENT_CPUID_FIELD;

	module->lp_initialized[call->cpu->lp] = true;
	__atomic_fetch_add(&module->num_lps_initialized, 1, __ATOMIC_SEQ_CST);
	return TDX_SUCCESS;
}

bool all_lps_initialized(const struct call *call)
{
	return __atomic_load_n(&call->module->num_lps_initialized, __ATOMIC_SEQ_CST) ==
	       call->platform->num_lps;
}

static u64 check_shutdown_operand(u64 rcx)
{
	u64 version = MODULE_HAS_UPDATE_COMPATIBILITY ? rcx & GENMASK(15, 0) : rcx;

	if (MODULE_HAS_UPDATE_COMPATIBILITY && (rcx & GENMASK(63, 17)))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (!handoff_version_supported(version) ||
	    (MODULE_NO_DOWNGRADE && version != MODULE_HANDOFF_VERSION))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	return TDX_SUCCESS;
}

/* Whether this is the only LP in the module. */
static bool alone(const struct call *call)
{
	return __atomic_load_n(&call->module->lps_inside, __ATOMIC_SEQ_CST) == 1;
}

/* Unless an LP that was still inside found the module inconsistent. */
static void revert_shutdown(struct call *call)
{
	u32 state = SYS_STATE_SHUTDOWN;

	__atomic_compare_exchange_n(&call->module->state, &state, SYS_STATE_READY, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

u64 leaf_TDH_SYS_SHUTDOWN(struct call *call)
{
	struct module *module = call->module;
	u64 rcx = call->reg[GPR_RCX], status;

	status = check_shutdown_operand(rcx);
	if (status)
		return status;
	if (!lock_acquire(call, &module->global_lock, LOCK_EXCLUSIVE) || !alone(call))
		return TDX_SYS_BUSY;

	/*
	 * An LP counts itself before it reads the state, and this LP changes the
	 * state before it reads the count: one of the two sees the other.
	 */
	set_sys_state(call, SYS_STATE_SHUTDOWN);
	if (!alone(call)) {
		revert_shutdown(call);
		return TDX_SYS_BUSY;
	}

	if (MODULE_HAS_UPDATE_COMPATIBILITY && (rcx & BIT(16)) && module->td_build_count) {
		revert_shutdown(call);
		return TDX_UPDATE_COMPATIBILITY_SENSITIVE | (u64)module->td_build_count << 16;
	}

	handoff_write(call, rcx & GENMASK(15, 0));
	return TDX_SUCCESS;
}

u64 leaf_TDH_SYS_UPDATE(struct call *call)
{
	struct module *module = call->module;
	bool update_compatibility;
	u64 status;

	status = read_enabling_flags(call, &update_compatibility);
	if (status)
		return status;
	if (!lock_acquire(call, &module->global_lock, LOCK_EXCLUSIVE))
		return TDX_SYS_BUSY;
	if (sys_state(call) != SYS_STATE_INIT_DONE || !all_lps_initialized(call))
		return TDX_SYS_STATE_INCORRECT;
	if (MODULE_FAULT_SYS_UPDATE || !handoff_read(call))
		return TDX_SYS_INVALID_HANDOFF;

	module->update_compatibility = update_compatibility;
	set_sys_state(call, SYS_STATE_READY);
	return TDX_SUCCESS;
}

/* The host goes down: no leaf will work again. */
u64 leaf_TDH_SYS_DISABLE(struct call *call)
{
	if (sys_state(call) == SYS_STATE_SHUTDOWN || sys_state(call) == SYS_STATE_DISABLED)
		return TDX_SUCCESS;
	if (!lock_acquire(call, &call->module->global_lock, LOCK_EXCLUSIVE) || !alone(call))
		return TDX_SYS_BUSY;
	set_sys_state(call, SYS_STATE_DISABLED);
	return TDX_SUCCESS;
}

void module_fatal(struct call *call, const char *why)
{
	log_line(call, "fatal: %s", why);
	set_sys_state(call, SYS_STATE_DISABLED);
}
