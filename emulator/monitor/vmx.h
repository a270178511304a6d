/* SPDX-License-Identifier: GPL-2.0-only */
/* VMX instructions and SEAMCALL, which are all #UD on this machine's processor. */
#ifndef MONITOR_VMX_H
#define MONITOR_VMX_H

#include "cpu.h"
#include "fetch.h"

/* How VMX instructions and SEAMCALL report: VMsucceed and VMfailInvalid. */
static inline void vmx_succeed(struct cpu *cpu)
{
	cpu->vmcb->save.rflags &= ~X86_RFLAGS_ARITHMETIC;
}

static inline void vmx_fail_invalid(struct cpu *cpu)
{
	cpu->vmcb->save.rflags &= ~X86_RFLAGS_ARITHMETIC;
	cpu->vmcb->save.rflags |= X86_RFLAGS_CF;
}

/* undefined.c finds the handler; each injects an exception or skips the instruction. */
void vmxon(struct cpu *cpu, const struct instruction *insn);
void vmxoff(struct cpu *cpu, const struct instruction *insn);
void invept(struct cpu *cpu, const struct instruction *insn);
void vmx_unsupported(struct cpu *cpu, const struct instruction *insn);
void movdir64b(struct cpu *cpu, const struct instruction *insn);
void seamcall(struct cpu *cpu, const struct instruction *insn);

#endif
