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

#define SHARED_BIT     BIT(47)
#define FIELD_PEND_NMI (32UL << 56 | 11)

#define MSR_X2APIC_TPR	    0x808
#define MSR_X2APIC_SELF_IPI 0x83f

#define REASON_HLT	     12
#define REASON_CR_ACCESS     28
#define REASON_EPT_VIOLATION 48

/* What the TD executes, and with what in its registers. */
static struct {
	const void *bytes;
	size_t size;
	u64 exit_code, exit_info1, exit_info2;
	u64 rax, rcx, rdx, rbx, rsi, rdi;
} next;

static u64 tpr_in_vmcb, intercepted_cr;
static u64 cr0, cr4, efer, entered_cr0, entered_cr4;

static void step_execute(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	long_mode(vmcb);
	vmcb->save.cr0 &= ~X86_CR0_PG;
	if (entered_cr0)
		vmcb->save.cr0 = entered_cr0;
	if (entered_cr4)
		vmcb->save.cr4 = entered_cr4;
	at_instruction(vmcb, next.bytes, next.size);
	vmcb->save.rax = next.rax;
	gprs->reg[GPR_RCX] = next.rcx;
	gprs->reg[GPR_RDX] = next.rdx;
	gprs->reg[GPR_RBX] = next.rbx;
	gprs->reg[GPR_RSI] = next.rsi;
	gprs->reg[GPR_RDI] = next.rdi;
	vmcb->control.exit_info_1 = next.exit_info1;
	vmcb->control.exit_info_2 = next.exit_info2;
	vmcb->control.exit_code = next.exit_code;
}

static void step_after(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	tpr_in_vmcb = vmcb->control.int_control & SVM_V_TPR;
	intercepted_cr = vmcb->control.intercept_cr_write;
	cr0 = vmcb->save.cr0;
	cr4 = vmcb->save.cr4;
	efer = vmcb->save.efer;
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
	tap_is(intercepted_cr, INTERCEPT_CR0 | INTERCEPT_CR4 | INTERCEPT_CR8,
	       "writes of CR8, CR0 and CR4 are intercepted, and no others");
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

static void write_cr(u32 number, u64 value)
{
	next.rbx = value;
	if (number)
		execute("\x0f\x22\xe3", 3, SVM_EXIT_WRITE_CR4);
	else
		execute("\x0f\x22\xc3", 3, SVM_EXIT_WRITE_CR0);
}

#define USUAL_CR0 (X86_CR0_PE | X86_CR0_NE | X86_CR0_ET)
#define USUAL_CR4 (X86_CR4_MCE | X86_CR4_PAE)

/* src/common/helpers/helpers.c, write_guest_cr0() and write_guest_cr4() */
static void test_cr0_cr4(void)
{
	static const struct {
		u32 number;
		u64 value, injected;
		const char *name;
	} refused[] = {
		{ 0, X86_CR0_PE, EXCEPTION_WITH_ERROR(VECTOR_GP), "CR0.NE clear" },
		{ 0, USUAL_CR0 | BIT(32), EXCEPTION_WITH_ERROR(VECTOR_GP), "CR0, a high bit" },
		{ 0, X86_CR0_NE | X86_CR0_PG, EXCEPTION_WITH_ERROR(VECTOR_GP),
		  "CR0.PG without PE" },
		{ 0, X86_CR0_NE, EXCEPTION(VECTOR_VE), "CR0.PE clear" },
		{ 0, USUAL_CR0 | X86_CR0_CD, EXCEPTION(VECTOR_VE), "CR0.CD" },
		{ 0, USUAL_CR0 | X86_CR0_NW, EXCEPTION(VECTOR_VE), "CR0.NW" },
		{ 4, USUAL_CR4 | X86_CR4_KL, EXCEPTION_WITH_ERROR(VECTOR_GP), "CR4.KL" },
		{ 4, USUAL_CR4 | X86_CR4_PKS, EXCEPTION_WITH_ERROR(VECTOR_GP), "CR4.PKS" },
		{ 4, USUAL_CR4 | X86_CR4_CET, EXCEPTION_WITH_ERROR(VECTOR_GP), "CR4.CET" },
		{ 4, USUAL_CR4 | X86_CR4_PKE, EXCEPTION_WITH_ERROR(VECTOR_GP),
		  "CR4.PKE, which XFAM has not" },
		{ 4, USUAL_CR4 | BIT(40), EXCEPTION_WITH_ERROR(VECTOR_GP), "CR4, a high bit" },
		{ 4, X86_CR4_MCE, EXCEPTION_WITH_ERROR(VECTOR_GP), "CR4.PAE clear in long mode" },
		{ 4, X86_CR4_PAE, EXCEPTION(VECTOR_VE), "CR4.MCE clear" },
		{ 4, USUAL_CR4 | X86_CR4_VMXE, EXCEPTION(VECTOR_VE), "CR4.VMXE" },
		{ 4, USUAL_CR4 | X86_CR4_SMXE, EXCEPTION(VECTOR_VE), "CR4.SMXE" },
	};
	unsigned int i;

	run_start(MODULE_1_5_05);
	entered_cr0 = USUAL_CR0;
	entered_cr4 = USUAL_CR4;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		write_cr(refused[i].number, refused[i].value);
		tap_is(injected, refused[i].injected, "%s is refused", refused[i].name);
		tap_ok(cr0 == USUAL_CR0 && cr4 == USUAL_CR4 && tdcall_rip == TEST_GPA + CODE_OFFSET,
		       "and nothing has changed");
		if (refused[i].injected != EXCEPTION(VECTOR_VE))
			continue;
		tap_is(tdcall(TDG_VP_VEINFO_GET, 0, 0, 0), 0, "the TD asks why");
		tap_is(tdcall_regs.reg[GPR_RCX], REASON_CR_ACCESS, "a control register access");
		tap_is(tdcall_regs.reg[GPR_RDX], refused[i].number | 3 << 8, "by RBX");
	}
	write_cr(0, USUAL_CR0 | X86_CR0_WP | X86_CR0_TS | BIT(20));
	tap_is(cr0, USUAL_CR0 | X86_CR0_WP | X86_CR0_TS,
	       "what CR0 may be it is, but for ignored bits");
	tap_is(tdcall_rip, TEST_GPA + CODE_OFFSET + 3, "and the instruction is skipped");
	write_cr(0, USUAL_CR0 | X86_CR0_PG);
	tap_ok(efer & EFER_LMA, "with paging begins long mode");
	write_cr(4, USUAL_CR4 | X86_CR4_PGE);
	tap_is(cr4, USUAL_CR4 | X86_CR4_PGE, "so it is with CR4");
	entered_cr0 = USUAL_CR0 | X86_CR0_TS;
	execute("\x0f\x06", 2, SVM_EXIT_WRITE_CR0);
	tap_is(cr0, USUAL_CR0, "CLTS is carried out");
	next.rax = X86_CR0_MP;
	execute("\x0f\x01\xf0", 3, SVM_EXIT_WRITE_CR0);
	tap_is(cr0, USUAL_CR0 | X86_CR0_MP, "LMSW changes three bits, and PE stays");
	entered_cr0 = entered_cr4 = 0;
}

static void step_set_if(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->save.rflags |= X86_RFLAGS_IF;
	vmcb->control.exit_code = SVM_EXIT_VINTR;
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
	tap_is(injected, SVM_EVENT_VALID | 0x71, "a lower CR8 lets the interrupt come");
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

#define FIELD_CONFIG_FLAGS   0x1110000300000016UL
#define FIELD_TD_CTLS	     0x1110000300000017UL
#define FIELD_TSC_FREQUENCY  0x111000010000000cUL
#define FIELD_NOTIFY_ENABLES 0x9100000000000010UL
#define FIELD_TOPOLOGY	     0x9100000000000019UL

static u64 vm_rd(u64 id)
{
	return tdcall(TDG_VM_RD, 0, id, 0) ? ~0UL : tdcall_regs.reg[GPR_R8];
}

static u64 vm_wr(u64 id, u64 value)
{
	memset(&tdcall_regs, 0, sizeof(tdcall_regs));
	tdcall_regs.reg[GPR_RAX] = TDG_VM_WR;
	tdcall_regs.reg[GPR_RDX] = id;
	tdcall_regs.reg[GPR_R8] = value;
	tdcall_regs.reg[GPR_R9] = ~0UL;
	enter(step_tdcall, step_result);
	return tdcall_regs.reg[GPR_RAX];
}

/* The ids are those of arch/x86/include/asm/shared/tdx.h, which are the sources' lookup tables'. */
static void test_fields(void)
{
	run_start(MODULE_1_5_05);
	tap_is(vm_rd(FIELD_CONFIG_FLAGS), BIT(2), "CONFIG_FLAGS");
	tap_is(vm_rd(FIELD_TSC_FREQUENCY), 80, "TSC_FREQUENCY");
	tap_is(vm_rd(FIELD_TOPOLOGY), 1, "TOPOLOGY_ENUM_CONFIGURED: each vCPU has an x2APIC ID");
	is_status(vm_wr(FIELD_TD_CTLS, BIT(1)), TDX_SUCCESS);
	tap_is(vm_rd(FIELD_TD_CTLS), BIT(1), "TD_CTLS has ENUM_TOPOLOGY");
	is_status(vm_wr(FIELD_TD_CTLS, BIT(3)), TDX_METADATA_FIELD_VALUE_NOT_VALID);
	is_status(vm_wr(FIELD_NOTIFY_ENABLES, 1), TDX_SUCCESS);
	tap_is(vm_rd(FIELD_NOTIFY_ENABLES), 1, "NOTIFY_ENABLES");
	is_status(vm_wr(FIELD_NOTIFY_ENABLES, 2), TDX_METADATA_FIELD_VALUE_NOT_VALID);
	is_status(vm_wr(FIELD_CONFIG_FLAGS, 0), TDX_METADATA_FIELD_NOT_WRITABLE);
}

#define NOTIFICATION_VECTOR 0xf2

static u64 *descriptor;

static void step_notified(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	descriptor[1] = BIT(0x50 - 64);
	vmcb->save.rflags |= X86_RFLAGS_IF;
	fake.interrupt = NOTIFICATION_VECTOR;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

/* The CPU takes a notification itself: the TD does not exit. */
static void test_notification(void)
{
	u64 tdvpr, pa;

	run_start(MODULE_1_5_05);
	tdvpr = running_td.vcpu[0].tdvpr;
	pa = fake_alloc_pages(1);
	descriptor = fake_pointer(pa);
	call(TDH_VP_WR, tdvpr, 0x2016, pa, ~0UL);
	call(TDH_VP_WR, tdvpr, 0x0002, NOTIFICATION_VECTOR, ~0UL);
	is_status(enter(step_notified, step_nmi), 1);
	tap_is(fake.num_ended, 0, "without posted interrupts it is the host's");
	descriptor[1] = 0;
	call(TDH_VP_WR, tdvpr, 0x4000, BIT(7), BIT(7));
	is_status(enter(step_notified, step_look_at_event), 0);
	tap_is(injected, SVM_EVENT_VALID | 0x50, "what was posted comes at once");
	tap_is(fake.num_ended, 1, "and the notification was ended");
}

/* tsc=exact: 2 GHz asked for, of a platform that has a little less. */
static void test_exact_tsc(void)
{
	struct test_td td;

	host_ready(MODULE_1_5_05);
	fake.platform.exact_tsc = true;
	fake.platform.tsc_khz = 1990123;
	td_build(&td, TD_KEYID);
	running_td = td;
	next.rax = 0x15;
	next.rcx = 0;
	execute("\x0f\xa2", 2, SVM_EXIT_CPUID);
	tap_is(tdcall_regs.reg[GPR_RCX] / tdcall_regs.reg[GPR_RAX] * tdcall_regs.reg[GPR_RBX],
	       1990125000, "CPUID 0x15 tells the platform's rate, to 25 kHz");
	tap_ok(tdcall_regs.reg[GPR_RCX] / 1000 * tdcall_regs.reg[GPR_RBX] <= UINT32_MAX,
	       "and Linux can multiply it in 32 bits");
	tap_ok(!(((struct vmcb *)fake_pointer(td.vcpu[0].tdcx[0]))->control.intercept &
		 INTERCEPT_RDTSC),
	       "and RDTSC does not exit");
	host_ready(MODULE_1_5_05);
	fake.platform.exact_tsc = true;
	fake.platform.tsc_khz = 1900000;
	td_build(&td, TD_KEYID);
	tap_ok(((struct vmcb *)fake_pointer(td.vcpu[0].tdcx[0]))->control.intercept &
		       INTERCEPT_RDTSC,
	       "another rate than the platform's is scaled");
}

void test_guest(void)
{
	test_fields();
	test_notification();
	test_exact_tsc();
	test_cr8();
	test_cr8_opens_window();
	test_cr0_cr4();
	test_gla();
	test_tsc_leaf();
	test_nmi_waits_for_ve();
}
