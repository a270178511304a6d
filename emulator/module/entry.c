// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry of the TDX module: checks that hold for every leaf, and the dispatch.
 */
#include "check.h"
#include "lock.h"
#include "module.h"

/* SEAM_SIGSTRUCT.rip_offset is 0: the linker puts this section first. */
void entry(struct seam_cpu *cpu) __attribute__((section(".text.entry")));

static bool leaf_has_version(u16 leaf, u8 version)
{
	switch (leaf) {
	case TDH_VP_INIT:
		return version <= 1;
	case TDH_SYS_INIT:
	case TDH_SYS_UPDATE:
		return version <= (MODULE_HAS_UPDATE_COMPATIBILITY ? 1 : 0);
	default:
		return version == 0;
	}
}

/* Leaves that make the module ready, and those that tell of it. */
static bool leaf_allowed_before_ready(u16 leaf)
{
	switch (leaf) {
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_RD:
	case TDH_SYS_CONFIG:
	case TDH_SYS_KEY_CONFIG:
	case TDH_SYS_UPDATE:
	case TDH_SYS_DISABLE:
		return true;
	default:
		return false;
	}
}

static bool leaf_allowed_before_lp_init(u16 leaf)
{
	return leaf == TDH_SYS_INIT || leaf == TDH_SYS_LP_INIT || leaf == TDH_SYS_DISABLE;
}

static u64 check_sys_state(const struct call *call, u16 leaf)
{
	switch (sys_state(call)) {
	case SYS_STATE_SHUTDOWN:
	case SYS_STATE_DISABLED:
		/* A host that goes down disables even a module that is shut down. */
		if (leaf == TDH_SYS_DISABLE)
			return TDX_SUCCESS;
		return TDX_SYS_SHUTDOWN;
	default:
		break;
	}

	if (!call->module->lp_initialized[call->cpu->lp] && !leaf_allowed_before_lp_init(leaf))
		return TDX_SYS_LP_INIT_NOT_DONE;
	if (sys_state(call) != SYS_STATE_READY && !leaf_allowed_before_ready(leaf))
		return TDX_SYS_NOT_READY;
	return TDX_SUCCESS;
}

static u64 dispatch(struct call *call)
{
	u64 rax = call->reg[GPR_RAX], status;
	u16 leaf = seamcall_leaf(rax);

	if ((rax & SEAMCALL_RESERVED_MASK) || !leaf_has_version(leaf, seamcall_version(rax)))
		return TDX_OPERAND_INVALID | OPERAND_RAX;

	status = check_sys_state(call, leaf);
	if (status)
		return status;

	switch (leaf) {
#define DISPATCH_LEAF(number, id, name) \
	case id:                        \
		return leaf_##id(call);
		TDH_LEAVES(DISPATCH_LEAF)
#undef DISPATCH_LEAF
	}
	log_line(call, "not modelled: SEAMCALL leaf %u", leaf);
	return TDX_OPERAND_INVALID | OPERAND_RAX;
}

void entry(struct seam_cpu *cpu)
{
	const struct seam_sysinfo *sysinfo = cpu->sysinfo;
	struct call call = {
		.cpu = cpu,
		.platform = cpu->platform,
		.module = seam_pointer(cpu->platform, sysinfo->data_base + sysinfo->handoff_size),
		.reg = cpu->host.reg,
		.leaf = seamcall_leaf(cpu->host.reg[GPR_RAX]),
	};
	struct module *module = call.module;
	u64 status;

	invariant(&call, cpu->lp < call.platform->num_lps && cpu->lp < SEAM_MAX_LPS);

	check_wait(&call);
	status = dispatch(&call);
	lock_release_all(&call);
	if (call.platform->deep_invariants)
		check_invariants(&call, call.leaf);
	__atomic_fetch_sub(&module->lps_inside, 1, __ATOMIC_SEQ_CST);

	cpu->host.reg[GPR_RAX] = status;
}
