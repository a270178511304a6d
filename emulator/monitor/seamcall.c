// SPDX-License-Identifier: GPL-2.0-only
/* SEAMCALL: the instruction's own checks, then P-SEAMLDR or the TDX module. */
#include "lib.h"
#include "seam.h"
#include "vmx.h"

struct seamcall_stats seamcall_stats;

/* An LP is inside P-SEAMLDR; the cost of INSTALL counts as inside. */
static struct spinlock seamldr_lock;

static void count(u64 *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void count_leaf(u64 leaf)
{
	u16 number = seamcall_leaf(leaf);

	if (!(leaf & SEAMCALL_P_SEAMLDR) && number < NUM_TDH_LEAVES)
		count(&seamcall_stats.tdh[number]);
	if ((leaf & SEAMCALL_P_SEAMLDR) && number < NUM_SEAMLDR_LEAVES)
		count(&seamcall_stats.seamldr[number]);
}

static bool inject_fault(struct seam_cpu *call, u64 leaf, enum seamcall_result *result)
{
	struct fault_action action;

	if (!fault_find(call->lp, leaf, &action))
		return false;
	count(&seamcall_stats.faults);
	*result = action.result;
	if (action.result == SEAMCALL_RETURNED)
		call->host.reg[GPR_RAX] = action.status;
	if (action.has_rdx)
		call->host.reg[GPR_RDX] = action.rdx;
	return true;
}

static enum seamcall_result call_seamldr(struct seam_cpu *call, u64 leaf)
{
	bool was_ready = seamldr_module_ready(&seamldr);
	bool was_pending = seamldr_install_pending(&seamldr);
	enum seamcall_result result;

	if (!spin_trylock(&seamldr_lock))
		return SEAMCALL_VMFAIL_INVALID;
	cost_spend(leaf, call->lp);
	if (!inject_fault(call, leaf, &result)) {
		result = seamldr_call(&seamldr, call) ? SEAMCALL_RETURNED : SEAMCALL_VMFAIL_INVALID;
		if (!was_ready && seamldr_module_ready(&seamldr))
			transition_check_nobody_inside();
		if (!was_pending && seamldr_install_pending(&seamldr))
			transition_check_quiet();
	}
	spin_unlock(&seamldr_lock);
	return result;
}

/* All but TDH.VP.ENTER give the host these registers back as they were. */
static void check_preserved(const struct seam_gprs *in, const struct seam_gprs *out, u64 leaf)
{
	static const u8 preserved[] = {
		GPR_RBX, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(preserved) && leaf != TDH_VP_ENTER; i++) {
		if (in->reg[preserved[i]] != out->reg[preserved[i]])
			broken("%s changed register %u of the host", seamcall_name(leaf),
			       preserved[i]);
	}
}

static enum seamcall_result call_module(struct cpu *cpu, struct seam_cpu *call, u64 leaf)
{
	struct seam_gprs before = call->host;
	enum seamcall_result result = SEAMCALL_RETURNED;

	transition_check(cpu, leaf);
	if (!seamldr_module_ready(&seamldr))
		return SEAMCALL_VMFAIL_INVALID;
	/* Of a call that costs something that is spent inside. */
	WRITE_ONCE(cpu->module_leaf, leaf);
	WRITE_ONCE(cpu->in_module, true);
	cost_spend(leaf, call->lp);
	if (!inject_fault(call, leaf, &result)) {
		call->sysinfo = seamldr_module_sysinfo(&seamldr);
		seamldr_module_entry (&seamldr)(call);
		check_preserved(&before, &call->host, leaf);
	}
	WRITE_ONCE(cpu->in_module, false);
	return result;
}

/* The host's registers are those of @call from here on. */
static void write_back(struct cpu *cpu, const struct seam_cpu *call)
{
	u64 rsp = cpu->vmcb->save.rsp;

	cpu->gprs = call->host;
	cpu->vmcb->save.rax = call->host.reg[GPR_RAX];
	cpu->vmcb->save.rsp = rsp;
}

static void finish(struct cpu *cpu, enum seamcall_result result, const struct instruction *insn)
{
	switch (result) {
	case SEAMCALL_UD:
		inject_exception(cpu, VECTOR_UD);
		return;
	case SEAMCALL_GP:
		inject_exception_error(cpu, VECTOR_GP, 0);
		return;
	case SEAMCALL_VMFAIL_INVALID:
		count(&seamcall_stats.vmfail_invalid);
		vmx_fail_invalid(cpu);
		break;
	case SEAMCALL_RETURNED:
		vmx_succeed(cpu);
		break;
	}
	skip_instruction(cpu, insn->length);
}

/*
 * A CPU that is held begins the instruction again and again, and takes interrupts in between
 * if it has them on: as if it had not come to the instruction yet.
 */
static bool is_held(struct cpu *cpu, u64 leaf)
{
	bool held = hold_find(leaf, cpu->index);

	WRITE_ONCE(cpu->held_masked, held && !(cpu->vmcb->save.rflags & X86_RFLAGS_IF));
	WRITE_ONCE(cpu->held, held);
	return held;
}

void seamcall(struct cpu *cpu, const struct instruction *insn)
{
	struct seam_cpu call = {
		.platform = &seam_platform,
		.lp = cpu->index,
		.x2apic_id = cpu->x2apic_id,
		.package = cpu->package,
		.host = cpu->gprs,
	};
	enum seamcall_result result;
	struct seam_gprs in;
	u64 leaf = SEAMCALL_LEAF(cpu->vmcb->save.rax), begin = rdtsc();

	if (is_held(cpu, leaf))
		return;
	call.host.reg[GPR_RAX] = cpu->vmcb->save.rax;
	call.host.reg[GPR_RSP] = 0;
	in = call.host;
	cpu->num_seamcalls++;
	count_leaf(leaf);

	if (!cpu->vmx_root || !in_64bit_mode(cpu))
		result = SEAMCALL_UD;
	else if (cpu->vmcb->save.cpl)
		result = SEAMCALL_GP;
	else if (leaf & SEAMCALL_P_SEAMLDR)
		result = call_seamldr(&call, leaf);
	else
		result = call_module(cpu, &call, leaf);

	seam_time_add(cpu, leaf, rdtsc() - begin);
	transition_follow(leaf, result == SEAMCALL_RETURNED && !call.host.reg[GPR_RAX]);
	if (result == SEAMCALL_RETURNED)
		write_back(cpu, &call);
	if (trace_on)
		trace_seamcall(cpu->index, &in, &call.host, result);
	finish(cpu, result, insn);
}
