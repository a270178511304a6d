// SPDX-License-Identifier: GPL-2.0-only
/*
 * What TD firmware and kernels of others rely on: CR8, the linear address of a #VE, the
 * time-stamp counter's leaf of CPUID, and NMIs that wait for the end of a #VE.
 *
 * Named after each test: the file of the TDX module's public source (repository
 * intel/tdx-module) that says so.
 */
#include "module_cpu.h"

#include <string.h>

#define SHARED_BIT		BIT(47)
#define FIELD_PEND_NMI		(32UL << 56 | 11)

#define MSR_X2APIC_TPR		0x808
#define MSR_X2APIC_SELF_IPI	0x83f

#define REASON_HLT		12
#define REASON_EPT_VIOLATION	48

/* What the TD executes, and with what in its registers. */
static struct {
	const void *bytes;
	size_t size;
	u64 exit_code, exit_info1, exit_info2;
	u64 rax, rcx, rdx, rbx, rsi, rdi;
} next;

static u64 tpr_in_vmcb, intercepted_cr;

static void step_execute(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	long_mode(vmcb);
	vmcb->cr0 &= ~X86_CR0_PG;
	at_instruction(vmcb, next.bytes, next.size);
	vmcb->rax = next.rax;
	gprs->reg[GPR_RCX] = next.rcx;
	gprs->reg[GPR_RDX] = next.rdx;
	gprs->reg[GPR_RBX] = next.rbx;
	gprs->reg[GPR_RSI] = next.rsi;
	gprs->reg[GPR_RDI] = next.rdi;
	vmcb->exit_info1 = next.exit_info1;
	vmcb->exit_info2 = next.exit_info2;
	vmcb->exit_code = next.exit_code;
}

static void step_after(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	tpr_in_vmcb = vmcb->interrupt_control & V_TPR;
	intercepted_cr = vmcb->intercept_cr;
	step_result(vmcb, gprs);
	step_look_at_event(vmcb, gprs);
}

static void execute(const void *bytes, size_t size, u64 exit_code)
{
	next.bytes = bytes;
	next.size = size;
	next.exit_code = exit_code;
	enter(step_execute, step_after);
}

static void write_msr(u32 msr, u64 value)
{
	next.exit_info1 = 1;
	next.rcx = msr;
	next.rax = value;
	next.rdx = 0;
	execute("\x0f\x30", 2, SVM_EXIT_MSR);
}

static u64 read_msr(u32 msr)
{
	next.exit_info1 = 0;
	next.rcx = msr;
	execute("\x0f\x32", 2, SVM_EXIT_MSR);
	return tdcall_regs.reg[GPR_RAX];
}

static void write_cr8(u64 value)
{
	next.rbx = value;
	execute("\x44\x0f\x22\xc3", 4, SVM_EXIT_WRITE_CR8);
}

/* src/common/data_structures/td_vmcs_init.c: the TPR shadow is the virtual APIC's, and CR8's. */
static void test_cr8(void)
{
	run_start(MODULE_1_5_05);
	write_cr8(5);
	tap_is(injected, 0, "mov %%rbx,%%cr8 is carried out");
	tap_is(tdcall_rip, TEST_GPA + CODE_OFFSET + 4, "and skipped");
	tap_is(intercepted_cr, INTERCEPT_WRITE_CR8, "writes of CR8 are intercepted, and no others");
	tap_is(tpr_in_vmcb, 5, "a read of CR8 finds it");
	tap_is(read_msr(MSR_X2APIC_TPR), 0x50, "and so does one of the virtual APIC's TPR");
	write_msr(MSR_X2APIC_TPR, 0x37);
	tap_is(tpr_in_vmcb, 3, "CR8 is the upper half of what is written there");

	write_cr8(4);
	write_msr(MSR_X2APIC_SELF_IPI, 0x45);
	tap_is(injected, 0, "CR8 holds an interrupt back");
	tap_is(tpr_in_vmcb, 4, "and stays while it waits");
	write_cr8(3);
	enter(step_nmi, NULL);
	tap_is(injected, 0, "RFLAGS.IF is still clear");
	write_cr8(16);
	tap_is(injected, EXCEPTION_WITH_ERROR(VECTOR_GP), "a value of more than 4 bits is a #GP");
	tap_is(tpr_in_vmcb, 3, "and changes nothing");
	execute("\xf0\x0f\x22\xc0", 4, SVM_EXIT_WRITE_CR8);
	tap_is(injected, EXCEPTION(VECTOR_UD), "LOCK MOV to CR0 is #UD, not CR8");
}

static void step_set_if(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->rflags |= X86_RFLAGS_IF;
	vmcb->exit_code = SVM_EXIT_VINTR;
}

/* The window stays open across a write of CR8: the abort of QEMU that this is all about. */
static void test_cr8_opens_window(void)
{
	run_start(MODULE_1_5_05);
	enter(step_set_if, NULL);
	write_cr8(8);
	write_msr(MSR_X2APIC_SELF_IPI, 0x71);
	tap_is(injected, 0, "held back");
	write_cr8(6);
	tap_is(injected, EVENT_VALID | 0x71, "a lower CR8 lets the interrupt come");
}

/* The #VE's information, as the TD reads it: reason and GLA. */
static u64 ve_gla(u64 reason)
{
	if (injected != EXCEPTION(VECTOR_VE) || tdcall(TDG_VP_VEINFO_GET, 0, 0, 0) ||
	    tdcall_regs.reg[GPR_RCX] != reason)
		return ~0UL;
	return tdcall_regs.reg[GPR_R8];
}

static void shared_fault(const void *bytes, size_t size, u64 gpa)
{
	next.exit_info1 = 4;
	next.exit_info2 = gpa;
	execute(bytes, size, SVM_EXIT_NPF);
}

/* src/td_dispatcher/vm_exits/td_ept_violation.c; the CPU does it on its own for shared memory. */
static void test_gla(void)
{
	u64 gpa = SHARED_BIT | 0x5000;

	run_start(MODULE_1_5_05);
	/* A shared EPT of zeros: nothing is mapped, and no entry suppresses the #VE. */
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, 0x203c, fake_alloc_pages(1), ~0UL);
	next.rsi = gpa;
	next.rdi = 0;
	shared_fault("\x8b\x46\x08", 3, gpa + 8);
	tap_is(ve_gla(REASON_EPT_VIOLATION), gpa + 8, "mov 8(%%rsi),%%eax");
	next.rbx = gpa - 0x10;
	next.rcx = 2;
	shared_fault("\xc7\x44\xcb\x04\x01\x00\x00\x00", 8, gpa + 4);
	tap_is(ve_gla(REASON_EPT_VIOLATION), gpa + 4, "movl $1,4(%%rbx,%%rcx,8)");
	next.rdi = gpa + 0x20;
	next.rsi = TEST_GPA;
	shared_fault("\xf3\xa4", 2, gpa + 0x20);
	tap_is(ve_gla(REASON_EPT_VIOLATION), gpa + 0x20, "rep movsb, by its destination");
	next.rdi = TEST_GPA;
	next.rsi = gpa + 0x30;
	shared_fault("\xa5", 1, gpa + 0x30);
	tap_is(ve_gla(REASON_EPT_VIOLATION), gpa + 0x30, "movsl, by its source");
	next.rsi = gpa - 2;
	shared_fault("\x8b\x06", 2, gpa);
	tap_is(ve_gla(REASON_EPT_VIOLATION), gpa, "an access that begins on the page before");
	next.rsi = 0;
	shared_fault("\x8b\x06", 2, gpa);
	tap_is(ve_gla(REASON_EPT_VIOLATION), 0, "an instruction that has no such operand");
}

static void test_tsc_leaf(void)
{
	run_start(MODULE_1_5_05);
	next.rax = 0x15;
	next.rcx = 0;
	execute("\x0f\xa2", 2, SVM_EXIT_CPUID);
	tap_is(injected, 0, "CPUID 0x15 is no #VE");
	/* TSC_FREQUENCY is 80. */
	tap_ok(tdcall_regs.reg[GPR_RAX] == 1 && tdcall_regs.reg[GPR_RBX] == 80 &&
	       tdcall_regs.reg[GPR_RCX] == 25000000 && !tdcall_regs.reg[GPR_RDX],
	       "it tells the TD's rate by a crystal of 25 MHz");
}

/* src/td_transitions/tdh_vp_enter.c: no NMI window while the #VE's information is valid. */
static void test_nmi_waits_for_ve(void)
{
	run_start(MODULE_1_5_05);
	execute("\xf4", 1, SVM_EXIT_HLT);
	tap_is(injected, EXCEPTION(VECTOR_VE), "a #VE");
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, FIELD_PEND_NMI, 1, 1);
	enter(step_look_at_event, NULL);
	tap_is(injected, 0, "an NMI does not come before the TD has read what it is about");
	call(TDH_VP_RD, running_td.vcpu[0].tdvpr, FIELD_PEND_NMI, 0, 0);
	tap_is(out.reg[GPR_R8], 1, "it stays pending");
	tdcall(TDG_VP_VEINFO_GET, 0, 0, 0);
	tap_is(tdcall_regs.reg[GPR_RCX], REASON_HLT, "the TD reads it");
	/* step_result() was entered with the NMI. */
	call(TDH_VP_RD, running_td.vcpu[0].tdvpr, FIELD_PEND_NMI, 0, 0);
	tap_is(out.reg[GPR_R8], 0, "and the NMI comes");
}

void test_guest(void)
{
	test_cr8();
	test_cr8_opens_window();
	test_gla();
	test_tsc_leaf();
	test_nmi_waits_for_ve();
}
