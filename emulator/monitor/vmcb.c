// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMCB of the host: what is intercepted, and the two states in which Linux
 * gets a processor: the boot protocol's and the startup IPI's.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "../abi/control.h"

#define HOST_ASID 1
#define CR0_RESET 0x60000010
#define PAT_RESET 0x0007040600070406UL

#define SEGMENT_DATA16 0x093
#define SEGMENT_CODE16 0x09b
#define SEGMENT_DATA32 0xc93
#define SEGMENT_CODE64 0xa9b
#define SEGMENT_LDT    0x082
#define SEGMENT_TSS    0x08b

/* Maps that intercept everything, for TDs. */
u8 full_iopm[SVM_IOPM_SIZE] __attribute__((aligned(PAGE_SIZE)));
u8 full_msrpm[SVM_MSRPM_SIZE] __attribute__((aligned(PAGE_SIZE)));

static u8 iopm[SVM_IOPM_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 msrpm[SVM_MSRPM_SIZE] __attribute__((aligned(PAGE_SIZE)));

enum msr_access { MSR_READ = 1, MSR_WRITE = 2 };

static void intercept_msr(u32 msr, u32 access)
{
	u32 bit;

	if (msr < 0x2000)
		bit = 2 * msr;
	else if (msr >= 0xc0000000 && msr < 0xc0002000)
		bit = 2 * (msr - 0xc0000000 + 0x2000);
	else
		bit = 2 * (msr - 0xc0010000 + 0x4000);
	msrpm[bit / 8] |= access << bit % 8;
}

static void intercept_port(u16 port)
{
	iopm[port / 8] |= 1 << port % 8;
}

void vmcb_init(void)
{
	u32 msr;

	memset(full_iopm, 0xff, sizeof(full_iopm));
	memset(full_msrpm, 0xff, sizeof(full_msrpm));

	intercept_msr(MSR_EFER, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_FEAT_CTL, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_TSC_ADJUST, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_KEYID_PARTITIONING, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_ARCH_CAPABILITIES, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_TME_CAPABILITY, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_TME_ACTIVATE, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_VM_CR, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_VM_HSAVE_PA, MSR_READ | MSR_WRITE);
	for (msr = MSR_VMX_BASIC; msr <= MSR_VMX_EXIT_CTLS2; msr++)
		intercept_msr(msr, MSR_READ | MSR_WRITE);
	intercept_msr(MSR_APIC_BASE, MSR_READ);
	intercept_msr(MSR_X2APIC_ICR, MSR_WRITE);
	intercept_port(CONTROL_PORT);
}

static void init_control(struct cpu *cpu)
{
	struct vmcb_control *control = &cpu->vmcb->control;

	control->intercept_cr_read = INTERCEPT_CR4;
	control->intercept_cr_write = INTERCEPT_CR4;
	control->intercept_exceptions = 1 << VECTOR_UD;
	/* SVM's own instructions: CPUID does not show them, so they are #UD. */
	control->intercept = INTERCEPT_NMI | INTERCEPT_CPUID | INTERCEPT_INVLPGA | INTERCEPT_IOIO |
			     INTERCEPT_MSR | INTERCEPT_SHUTDOWN | INTERCEPT_VMRUN |
			     INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
			     INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT;
	control->iopm_pa = (u64)iopm;
	control->msrpm_pa = (u64)msrpm;
	control->asid = HOST_ASID;
	control->tlb_control = SVM_TLB_FLUSH_ALL;
	control->nested_control = SVM_NESTED_PAGING;
	control->nested_cr3 = npt_root();
}

static void set_segment(struct vmcb_segment *segment, u16 selector, u16 attributes, u32 limit,
			u64 base)
{
	*segment = (struct vmcb_segment){ selector, attributes, limit, base };
}

/* All of the VMCB but what depends on how the processor starts. */
static void init_vmcb(struct cpu *cpu)
{
	struct vmcb_save *save = &cpu->vmcb->save;

	memset(cpu->vmcb, 0, sizeof(*cpu->vmcb));
	init_control(cpu);
	/* The system call MSRs keep their values. */
	vmsave((u64)cpu->vmcb);
	set_segment(&save->ldtr, 0, SEGMENT_LDT, 0xffff, 0);
	set_segment(&save->tr, 0, SEGMENT_TSS, 0xffff, 0);
	set_segment(&save->gdtr, 0, 0, 0xffff, 0);
	set_segment(&save->idtr, 0, 0, 0xffff, 0);
	save->dr6 = X86_DR6_RESET;
	save->dr7 = X86_DR7_RESET;
	save->rflags = X86_RFLAGS_FIXED;
	save->efer = EFER_SVME;
	save->guest_pat = PAT_RESET;
	memset(&cpu->gprs, 0, sizeof(cpu->gprs));
	cpu->cr4_vmxe = cpu->vmx_root = cpu->cr4_written = false;
}

static void set_data_segments(struct vmcb_save *save, u16 selector, u16 attributes, u32 limit)
{
	set_segment(&save->ds, selector, attributes, limit, 0);
	set_segment(&save->es, selector, attributes, limit, 0);
	set_segment(&save->fs, selector, attributes, limit, 0);
	set_segment(&save->gs, selector, attributes, limit, 0);
	set_segment(&save->ss, selector, attributes, limit, 0);
}

/* Linux's 64-bit boot protocol: __BOOT_CS and __BOOT_DS, RSI has the parameters. */
void vmcb_enter_linux(struct cpu *cpu, u64 rip, u64 rsp, u64 rsi, u64 cr3)
{
	struct vmcb_save *save = &cpu->vmcb->save;

	init_vmcb(cpu);
	set_segment(&save->cs, 0x10, SEGMENT_CODE64, ~0U, 0);
	set_data_segments(save, 0x18, SEGMENT_DATA32, ~0U);
	save->cr0 = X86_CR0_PE | X86_CR0_NE | X86_CR0_PG;
	save->cr3 = cr3;
	save->cr4 = X86_CR4_PAE;
	save->efer = EFER_SVME | EFER_LME | EFER_LMA;
	save->rip = rip;
	save->rsp = rsp;
	cpu->gprs.reg[GPR_RSI] = rsi;
	vmload((u64)cpu->vmcb);
}

/* The state after INIT and a startup IPI. */
void vmcb_enter_sipi(struct cpu *cpu, u8 vector)
{
	struct vmcb_save *save = &cpu->vmcb->save;

	init_vmcb(cpu);
	set_segment(&save->cs, vector << 8, SEGMENT_CODE16, 0xffff, (u64)vector << 12);
	set_data_segments(save, 0, SEGMENT_DATA16, 0xffff);
	save->cr0 = CR0_RESET;
	cpu->gprs.reg[GPR_RDX] = cpuid(1, 0).eax;
	vmload((u64)cpu->vmcb);
}
