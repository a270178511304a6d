// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a TD's virtual CPU: the state that VMRUN does not switch, and interrupts
 * that end it. What the exit means is the TDX module's business.
 */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

#define MSR_TSC_AUX 0xc0000103

/*
 * What TDH.VP.ENTER leaves in the host's MSRs; the host has to restore them. XCR0 is left
 * as the TD's, CR2 and the debug registers as after a reset.
 */
#define SFMASK_AFTER_ENTER 0x20200

#define XSAVE_AREA_SIZE PAGE_SIZE

/* An XSAVE area of all zeros is the initial state, but for MXCSR. */
static const struct {
	u8 before_mxcsr[24];
	u32 mxcsr;
	u8 rest[XSAVE_AREA_SIZE - 28];
} __attribute__((aligned(64))) initial_xstate = { .mxcsr = 0x1f80 };

static u64 supported_xfam(void)
{
	struct cpuid_result r = cpuid(CPUID_LEAF_XSTATE, 0);

	return (u64)r.edx << 32 | r.eax;
}

/*
 * TCG says "exception" for each event whose delivery an exit cut short; what it cannot
 * be is an external interrupt.
 */
static void correct_event(struct vmcb *vmcb)
{
	u64 event = vmcb->control.exit_int_info;

	if ((event & SVM_EVENT_TYPE) == SVM_EVENT_EXCEPTION && (event & SVM_EVENT_VECTOR) >= 32)
		vmcb->control.exit_int_info = event & ~SVM_EVENT_TYPE;
}

/*
 * An NMI that is the host's ends the TD exit as one. Another one only kicked this
 * CPU: let it look like an interrupt that went away, so that the TD goes on.
 */
static void take_td_nmi(struct cpu *cpu, struct vmcb *vmcb)
{
	nmi_window();
	if (!__atomic_exchange_n(&cpu->nmi_request, 0, __ATOMIC_ACQ_REL))
		vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void load_debug_registers(const u64 dr[4])
{
	asm volatile("mov %0, %%dr0" : : "r"(dr[0]));
	asm volatile("mov %0, %%dr1" : : "r"(dr[1]));
	asm volatile("mov %0, %%dr2" : : "r"(dr[2]));
	asm volatile("mov %0, %%dr3" : : "r"(dr[3]));
}

static void store_debug_registers(u64 dr[4])
{
	asm volatile("mov %%dr0, %0" : "=r"(dr[0]));
	asm volatile("mov %%dr1, %0" : "=r"(dr[1]));
	asm volatile("mov %%dr2, %0" : "=r"(dr[2]));
	asm volatile("mov %%dr3, %0" : "=r"(dr[3]));
}

void td_vmrun(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	static const u64 reset_debug_registers[4];
	struct vmcb *vmcb = (struct vmcb *)vmcb_pa;
	u64 xfam = extended->xfam;
	struct cpu *cpu = current_cpu();

	if (xfam & ~supported_xfam())
		broken("TD with XFAM %lx on a machine with %lx", xfam, supported_xfam());

	vmsave((u64)cpu->vmcb);
	xsetbv(0, xfam);
	xrstor((void *)extended->xsave_pa, xfam);
	load_debug_registers(extended->dr);
	wrmsr(MSR_TSC_AUX, extended->tsc_aux);
	vmload(vmcb_pa);

	/*
	 * With V_INTR_MASKING the host's IF decides whether interrupts end the run.
	 * GIF holds them back until VMRUN.
	 */
	asm volatile("sti" : : : "memory");
	svm_vmrun(vmcb_pa, gprs);
	asm volatile("cli" : : : "memory");

	vmsave(vmcb_pa);
	store_debug_registers(extended->dr);
	load_debug_registers(reset_debug_registers);
	xsave((void *)extended->xsave_pa, xfam);
	/* XCR0 stays what XFAM says: the host restores its own. */
	xrstor(&initial_xstate, xfam);

	cpu->vmcb->save.star = 0;
	cpu->vmcb->save.lstar = 0;
	cpu->vmcb->save.sfmask = SFMASK_AFTER_ENTER;
	cpu->vmcb->save.kernel_gs_base = 0;
	cpu->vmcb->save.cr2 = 0;
	cpu->vmcb->save.dr6 = X86_DR6_RESET;
	cpu->vmcb->save.dr7 = X86_DR7_RESET;
	wrmsr(MSR_TSC_AUX, 0);
	vmload((u64)cpu->vmcb);

	cpu->num_td_exits++;
	correct_event(vmcb);
	if (vmcb->control.exit_code == SVM_EXIT_NMI)
		take_td_nmi(cpu, vmcb);
}

void td_end_interrupt(void)
{
	wrmsr(MSR_X2APIC_EOI, 0);
}

int td_acknowledge_interrupt(void)
{
	struct cpu *cpu = current_cpu();

	cpu->acknowledged_vector = -1;
	interrupt_window();
	return cpu->acknowledged_vector;
}
