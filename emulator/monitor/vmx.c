// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX instructions that a TDX host executes: VMXON, VMXOFF and INVEPT. There is no
 * VMCS, so there is never a current one: each VMfail is VMfailInvalid.
 */
#include "lib.h"
#include "memory.h"
#include "vmx.h"

#define INVEPT_SINGLE_CONTEXT 1
#define INVEPT_ALL_CONTEXTS   2

#define VMX_CR0_FIXED ((u64)(X86_CR0_PE | X86_CR0_NE | X86_CR0_PG))

/* The checks that all VMX instructions but VMXON begin with. */
static bool in_vmx_root(struct cpu *cpu)
{
	if (!cpu->vmx_root || !in_64bit_mode(cpu)) {
		inject_exception(cpu, VECTOR_UD);
		return false;
	}
	if (cpu->vmcb->save.cpl) {
		inject_exception_error(cpu, VECTOR_GP, 0);
		return false;
	}
	return true;
}

static bool vmxon_region_is_valid(struct cpu *cpu, u64 pa)
{
	if (!IS_ALIGNED(pa, PAGE_SIZE) || pa >> HOST_PHYSICAL_BITS)
		return false;
	/* Where nothing answers, ones are read. */
	if (pa >= MONITOR_MAPPED)
		return false;
	host_access_check(cpu, pa, "VMXON region");
	/* The revision identifier; bit 31 clear. */
	return *(const volatile u32 *)pa == vmcs_revision();
}

void vmxon(struct cpu *cpu, const struct instruction *insn)
{
	const struct vmcb_save *save = &cpu->vmcb->save;
	u64 pa;

	if (!cpu->cr4_vmxe || !(save->cr0 & X86_CR0_PE) || (save->rflags & X86_RFLAGS_VM) ||
	    !in_64bit_mode(cpu)) {
		inject_exception(cpu, VECTOR_UD);
		return;
	}
	if (save->cpl || (!cpu->vmx_root && ((save->cr0 & VMX_CR0_FIXED) != VMX_CR0_FIXED ||
					     !(cpu->feat_ctl & FEAT_CTL_LOCKED) ||
					     !(cpu->feat_ctl & FEAT_CTL_VMX_OUTSIDE_SMX)))) {
		inject_exception_error(cpu, VECTOR_GP, 0);
		return;
	}
	if (cpu->vmx_root) {
		vmx_fail_invalid(cpu);
	} else {
		if (!guest_read(cpu, operand_address(cpu, insn), &pa, sizeof(pa)))
			return;
		if (vmxon_region_is_valid(cpu, pa)) {
			cpu->vmx_root = true;
			vmx_succeed(cpu);
		} else {
			vmx_fail_invalid(cpu);
		}
	}
	skip_instruction(cpu, insn->length);
}

void vmxoff(struct cpu *cpu, const struct instruction *insn)
{
	if (!in_vmx_root(cpu))
		return;
	cpu->vmx_root = false;
	vmx_succeed(cpu);
	skip_instruction(cpu, insn->length);
}

void invept(struct cpu *cpu, const struct instruction *insn)
{
	u64 descriptor[2], type;

	if (!in_vmx_root(cpu))
		return;
	if (!guest_read(cpu, operand_address(cpu, insn), descriptor, sizeof(descriptor)))
		return;
	type = *gpr(cpu, insn->reg);
	if (type == INVEPT_ALL_CONTEXTS || (type == INVEPT_SINGLE_CONTEXT && !descriptor[1])) {
		__atomic_add_fetch(&cpu->invept_count, 1, __ATOMIC_RELEASE);
		vmx_succeed(cpu);
	} else {
		vmx_fail_invalid(cpu);
	}
	skip_instruction(cpu, insn->length);
}

/*
 * What only a host of ordinary virtual machines executes. It fails cleanly, with one
 * line in the log for each CPU and opcode.
 */
void vmx_unsupported(struct cpu *cpu, const struct instruction *insn)
{
	u32 bit = 1U << ((insn->opcode ^ insn->modrm) & 31);

	if (!in_vmx_root(cpu))
		return;
	if (!(cpu->vmx_logged & bit))
		log_line("VMX instruction %02x %02x fails: this host runs TDs only: cpu%u rip=%lx",
			 insn->opcode, insn->modrm, cpu->index, cpu->vmcb->save.rip);
	cpu->vmx_logged |= bit;
	vmx_fail_invalid(cpu);
	skip_instruction(cpu, insn->length);
}
