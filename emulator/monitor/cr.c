// SPDX-License-Identifier: GPL-2.0-only
/*
 * CR4.VMXE, which this machine's processor does not know: the monitor keeps it.
 *
 * Whether the rest of a value is valid, VMRUN knows best: the write is done, and
 * undone with #GP when the next VMRUN refuses it. TCG has then overwritten the VMCB's
 * save area with the monitor's own state, so there is a copy of that.
 *
 * TCG does not intercept reads of CR4, so the host reads VMXE as 0. Linux does not
 * read it: it keeps a copy of CR4 of its own.
 */
#include "cpu.h"
#include "fetch.h"
#include "lib.h"

static struct vmcb_save saved[MAX_CPUS];

void cr4_exit(struct cpu *cpu)
{
	struct vmcb_save *save = &cpu->vmcb->save;
	struct instruction insn;
	u64 *operand, value;

	cpu->num_cr_exits++;
	if (!instruction_fetch(cpu, &insn))
		return;
	operand = gpr(cpu, insn.rm);

	if (cpu->vmcb->control.exit_code == SVM_EXIT_READ_CR4) {
		*operand = save->cr4 | (cpu->cr4_vmxe ? X86_CR4_VMXE : 0);
		skip_instruction(cpu, insn.length);
		return;
	}
	value = *operand;
	/* CR4.VMXE is fixed to 1 in VMX operation. */
	if (cpu->vmx_root && !(value & X86_CR4_VMXE)) {
		inject_exception_error(cpu, VECTOR_GP, 0);
		return;
	}
	memcpy(&saved[cpu->index], save, sizeof(*save));
	cpu->cr4_vmxe_before = cpu->cr4_vmxe;
	cpu->cr4_vmxe = value & X86_CR4_VMXE;
	save->cr4 = value & ~(u64)X86_CR4_VMXE;
	cpu->vmcb->control.tlb_control = SVM_TLB_FLUSH_ALL;
	skip_instruction(cpu, insn.length);
}

bool cr4_undo(struct cpu *cpu)
{
	if (!cpu->cr4_written)
		return false;
	memcpy(&cpu->vmcb->save, &saved[cpu->index], sizeof(cpu->vmcb->save));
	cpu->cr4_vmxe = cpu->cr4_vmxe_before;
	inject_exception_error(cpu, VECTOR_GP, 0);
	return true;
}
