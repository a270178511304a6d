// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop that a CPU spends its life in: run the host until it does something
 * that this machine's hardware cannot do, and do that.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"

#define DR6_SINGLE_STEP BIT(14)

typedef void (*exit_handler_t)(struct cpu *cpu);

static void set_event(struct cpu *cpu, u64 event)
{
	cpu->vmcb->control.event_inject = event | SVM_EVENT_VALID;
}

void inject_exception(struct cpu *cpu, u8 vector)
{
	set_event(cpu, SVM_EVENT_EXCEPTION | vector);
}

void inject_exception_error(struct cpu *cpu, u8 vector, u32 error_code)
{
	set_event(cpu, SVM_EVENT_EXCEPTION | SVM_EVENT_ERROR_CODE | vector | (u64)error_code << 32);
}

void inject_page_fault(struct cpu *cpu, u64 address, u32 error_code)
{
	cpu->vmcb->save.cr2 = address;
	inject_exception_error(cpu, VECTOR_PF, error_code);
}

void inject_nmi(struct cpu *cpu)
{
	set_event(cpu, SVM_EVENT_NMI | VECTOR_NMI);
}

void skip_instruction(struct cpu *cpu, u64 length)
{
	struct vmcb_save *save = &cpu->vmcb->save;

	save->rip += length;
	cpu->vmcb->control.int_state = 0;
	if (save->rflags & X86_RFLAGS_TF) {
		save->dr6 |= DR6_SINGLE_STEP;
		inject_exception(cpu, VECTOR_DB);
	}
}

static void svm_instruction_exit(struct cpu *cpu)
{
	inject_exception(cpu, VECTOR_UD);
}

/* A triple fault resets the machine; with QEMU's -no-reboot that ends the run. */
static void shutdown_exit(struct cpu *cpu)
{
	log_line("triple fault: cpu%u rip=%lx cr3=%lx; resetting the machine", cpu->index,
		 cpu->vmcb->save.rip, cpu->vmcb->save.cr3);
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	for (;;)
		halt();
}

/* clang-format off */
static const exit_handler_t exit_handlers[] = {
	[SVM_EXIT_READ_CR4]			= cr4_exit,
	[SVM_EXIT_WRITE_CR4]			= cr4_exit,
	[SVM_EXIT_EXCEPTION(VECTOR_UD)]	= undefined_opcode_exit,
	[SVM_EXIT_NMI]				= nmi_exit,
	[SVM_EXIT_CPUID]			= cpuid_exit,
	[SVM_EXIT_IRET]				= iret_exit,
	[SVM_EXIT_INVLPGA]			= svm_instruction_exit,
	[SVM_EXIT_IOIO]				= control_exit,
	[SVM_EXIT_MSR]				= msr_exit,
	[SVM_EXIT_SHUTDOWN]			= shutdown_exit,
	[SVM_EXIT_VMRUN]			= svm_instruction_exit,
	[SVM_EXIT_VMMCALL]			= svm_instruction_exit,
	[SVM_EXIT_VMLOAD]			= svm_instruction_exit,
	[SVM_EXIT_VMSAVE]			= svm_instruction_exit,
	[SVM_EXIT_STGI]				= svm_instruction_exit,
	[SVM_EXIT_CLGI]				= svm_instruction_exit,
	[SVM_EXIT_SKINIT]			= svm_instruction_exit,
};
/* clang-format on */

static void unexpected_exit(struct cpu *cpu)
{
	const struct vmcb *vmcb = cpu->vmcb;

	broken("unexpected exit %lx of the host: cpu%u rip=%lx info=%lx,%lx cr0=%lx cr3=%lx cr4=%lx efer=%lx",
	       vmcb->control.exit_code, cpu->index, vmcb->save.rip, vmcb->control.exit_info_1,
	       vmcb->control.exit_info_2, vmcb->save.cr0, vmcb->save.cr3, vmcb->save.cr4,
	       vmcb->save.efer);
}

static void handle_exit(struct cpu *cpu)
{
	u64 code = cpu->vmcb->control.exit_code;

	if (code < ARRAY_SIZE(exit_handlers) && exit_handlers[code])
		exit_handlers[code](cpu);
	else if (code == SVM_EXIT_NPF)
		npt_exit(cpu);
	else if (code != SVM_EXIT_INVALID || !cr4_undo(cpu))
		unexpected_exit(cpu);
	cpu->cr4_written = code == SVM_EXIT_WRITE_CR4;
}

/*
 * An event whose delivery the exit cut short is delivered again, unless the
 * handler has something else to inject. TCG calls every event an exception.
 */
static void reinject_event(struct cpu *cpu)
{
	u64 event = cpu->vmcb->control.exit_int_info;

	if (!(event & SVM_EVENT_VALID))
		return;
	if ((event & SVM_EVENT_TYPE) == SVM_EVENT_EXCEPTION && (event & SVM_EVENT_VECTOR) >= 32)
		event &= ~SVM_EVENT_TYPE;
	cpu->vmcb->control.event_inject = event;
}

void exits_run(struct cpu *cpu)
{
	for (;;) {
		u32 generation = npt_generation();

		if (generation != cpu->npt_generation) {
			cpu->npt_generation = generation;
			cpu->vmcb->control.tlb_control = SVM_TLB_FLUSH_ALL;
		}
		svm_vmrun((u64)cpu->vmcb, &cpu->gprs);
		cpu->vmcb->control.tlb_control = 0;
		cpu->num_exits++;
		reinject_event(cpu);
		handle_exit(cpu);
		if (cpu_has_requests(cpu))
			requests_process(cpu);
	}
}
