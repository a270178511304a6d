/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct cpu: everything the monitor keeps for one logical processor (LP).
 *
 * A field is used by its own CPU only, unless it says otherwise.
 */
#ifndef MONITOR_CPU_H
#define MONITOR_CPU_H

#include "../abi/platform.h"
#include "../x86/svm.h"
#include "x86.h"

#define MAX_CPUS SEAM_MAX_LPS

/* What a SIPI leaves in cpu->sipi. */
#define SIPI_RECEIVED 0x100U
#define SIPI_VECTOR   0xffU

/* What one CPU spent inside SEAM, in cycles. */
struct seam_time {
	u64 calls, sum, max, max_leaf;
};

struct cpu {
	u32 index; /* LP number: order of the MADT, 0 boots Linux */
	u32 x2apic_id;
	u32 package;
	struct vmcb *vmcb;     /* of the host, that is Linux */
	struct seam_gprs gprs; /* the host's, but RAX and RSP (see gpr()) */

	/* What other CPUs ask of this one, each followed by an NMI; atomic. */
	u32 init_request;
	u32 sipi;	      /* SIPI_RECEIVED | vector */
	u32 nmi_request;      /* an NMI of the host's own */
	u32 waiting_for_sipi; /* written by this CPU only */

	bool nmi_blocked; /* until the host's IRET */
	bool nmi_pending;
	int acknowledged_vector;

	bool cr4_vmxe;	  /* CR4.VMXE as the host sees it */
	bool vmx_root;	  /* between VMXON and VMXOFF */
	bool cr4_written; /* to undo what VMRUN refuses, see cr.c */
	bool cr4_vmxe_before;
	u64 feat_ctl;	  /* IA32_FEAT_CTL */
	u64 invept_count; /* read by other CPUs */
	u32 vmx_logged;	  /* VMX instructions that were logged */

	u32 npt_generation;			 /* of the nested page table, see npt.c */
	bool in_module;				 /* read by other CPUs */
	u64 module_leaf;			 /* while @in_module; read by other CPUs */
	struct seam_time inside, inside_install; /* read and cleared by other CPUs */
	u64 held, held_masked;			 /* 1: before a SEAMCALL, and without interrupts */
	u64 num_exits, num_seamcalls, num_td_exits;
	u64 num_msr_exits, num_cpuid_exits, num_ud_exits, num_cr_exits, num_icr_exits;
};

extern struct cpu cpus[MAX_CPUS];
extern u32 num_cpus; /* that the firmware enumerated */

/* The bottom of each CPU's stack tells whose it is. */
struct cpu_stack {
	struct cpu *cpu;
	u8 bytes[STACK_SIZE - sizeof(struct cpu *)];
} __attribute__((aligned(STACK_SIZE)));

extern struct cpu_stack cpu_stacks[MAX_CPUS];
extern struct cpu_stack first_stack; /* of the processor that Linux does not get */

static inline struct cpu *current_cpu(void)
{
	u64 rsp;

	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	return ((struct cpu_stack *)(rsp & ~(STACK_SIZE - 1UL)))->cpu;
}

/* A general-purpose register of the host by its number in an instruction. */
static inline u64 *gpr(struct cpu *cpu, unsigned int number)
{
	switch (number) {
	case GPR_RAX:
		return &cpu->vmcb->save.rax;
	case GPR_RSP:
		return &cpu->vmcb->save.rsp;
	default:
		return &cpu->gprs.reg[number];
	}
}

/* RDX:RAX as RDMSR, WRMSR and XSETBV use it. */
static inline u64 gpr_edx_eax(struct cpu *cpu)
{
	return *gpr(cpu, GPR_RDX) << 32 | (u32)*gpr(cpu, GPR_RAX);
}

static inline void set_gpr_edx_eax(struct cpu *cpu, u64 value)
{
	*gpr(cpu, GPR_RAX) = (u32)value;
	*gpr(cpu, GPR_RDX) = value >> 32;
}

/* Whether requests_process() has something to do. */
static inline bool cpu_has_requests(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->init_request, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&cpu->nmi_request, __ATOMIC_ACQUIRE);
}

static inline bool in_64bit_mode(const struct cpu *cpu)
{
	const struct vmcb_save *save = &cpu->vmcb->save;

	return (save->efer & EFER_LMA) && (save->cs.attributes & SVM_SEGMENT_LONG);
}

/* smp.c */
void smp_first_init(void);
void smp_first_sleep(void) __attribute__((noreturn));
void smp_enumerate(void);
void smp_boot(void);
void smp_stop_others(void);
void cpu_kick(struct cpu *cpu);
void cpu_wait_for_sipi(struct cpu *cpu);

/* main.c */
void start_host(struct cpu *cpu) __attribute__((noreturn));

/* interrupts.c */
void interrupts_init(void);
void interrupts_load(void);

/* apic.c */
void apic_enable_x2apic(void);
void apic_mask_all(void);
void apic_reset(struct cpu *cpu);
void apic_reset_as_firmware(void);
void apic_send(u32 x2apic_id, u32 command);
void apic_write_icr(struct cpu *cpu, u64 icr);
void nmi_exit(struct cpu *cpu);
void requests_process(struct cpu *cpu);
void iret_exit(struct cpu *cpu);

/* vmcb.c */
void vmcb_init(void);
void vmcb_enter_linux(struct cpu *cpu, u64 rip, u64 rsp, u64 rsi, u64 cr3);
void vmcb_enter_sipi(struct cpu *cpu, u8 vector);
extern u8 full_iopm[], full_msrpm[];

/* exits.c */
void exits_run(struct cpu *cpu) __attribute__((noreturn));
void inject_exception(struct cpu *cpu, u8 vector);
void inject_exception_error(struct cpu *cpu, u8 vector, u32 error_code);
void inject_page_fault(struct cpu *cpu, u64 address, u32 error_code);
void inject_nmi(struct cpu *cpu);
void skip_instruction(struct cpu *cpu, u64 length);

/* exit handlers, one file a concern */
void cpuid_exit(struct cpu *cpu);
void msr_exit(struct cpu *cpu);
void cr4_exit(struct cpu *cpu);
bool cr4_undo(struct cpu *cpu);
void undefined_opcode_exit(struct cpu *cpu);
void npt_exit(struct cpu *cpu);
void control_exit(struct cpu *cpu);

/* vmx_msr.c */
bool vmx_msr_read(u32 msr, u64 *value);
u32 vmcs_revision(void);

/* vmrun.S, which knows these by number. */
_Static_assert(offsetof(struct seam_gprs, reg[GPR_RCX]) == 0x08, "vmrun.S");
_Static_assert(offsetof(struct seam_gprs, reg[GPR_RBP]) == 0x28, "vmrun.S");
_Static_assert(offsetof(struct seam_gprs, reg[GPR_RSI]) == 0x30, "vmrun.S");
_Static_assert(offsetof(struct seam_gprs, reg[GPR_RDI]) == 0x38, "vmrun.S");
_Static_assert(offsetof(struct seam_gprs, reg[GPR_R15]) == 0x78, "vmrun.S");
_Static_assert(CR0_MONITOR == (X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | X86_CR0_PE),
	       "vmrun.S");

void svm_vmrun(u64 vmcb_pa, struct seam_gprs *gprs);
void wait_for_nmi(const u32 *flag);
void nmi_window(void);
void interrupt_window(void);
extern const u8 wait_for_nmi_begin[], wait_for_nmi_end[];

#endif
