// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.VP.ENTER, TD exits and TDCALL. No TD runs: the test plays the CPU (module_cpu.h).
 */
#include "module_cpu.h"

#include <string.h>

#include "../crypto/sha384.h"

#define SHARED_BIT	       BIT(47)
#define FIELD(class, code)     ((u64)(class) << 56 | (code))
#define FIELD_POSTED_INTR_DESC FIELD(0, 0x2016)
#define FIELD_PIN_CONTROLS     FIELD(0, 0x4000)
#define FIELD_SHARED_EPTP      FIELD(0, 0x203c)
#define FIELD_STATE_DETAILS    (BIT(63) | FIELD(17, 0x100))
#define FIELD_PEND_NMI	       FIELD(32, 11)
#define FIELD_NUM_VCPUS	       0x9010000100000001UL
#define FIELD_UPDATE_VERSION   0x0800000100000005UL

static struct vmcb first_vmcb;
static struct seam_gprs first_gprs;

static void step_look(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	first_vmcb = *vmcb;
	first_gprs = *gprs;
	fake.interrupt = 0x33;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void test_first_entry(void)
{
	const struct vmcb *v = &first_vmcb;

	run_start(MODULE_1_5_05);
	is_status(enter(step_look, NULL), 1);
	tap_is(out.reg[GPR_R9], BIT(31) | 0x33, "R9: the interrupt's vector");
	tap_ok(v->save.rip == 0xfffffff0 && v->save.cr0 == 0x21 && v->save.efer == 0x1901 &&
		       v->save.rflags == 2,
	       "the TD starts at its reset vector");
	tap_ok(v->save.cs.attributes == 0xc9b && v->save.ds.attributes == 0xc93 &&
		       v->save.dr7 == 0x400,
	       "in 32-bit protected mode");
	tap_ok(first_gprs.reg[GPR_RBX] == 48 && first_gprs.reg[GPR_RCX] == 0x1234 &&
		       first_gprs.reg[GPR_R8] == 0x1234 && first_gprs.reg[GPR_RSI] == 0,
	       "with what TDH.VP.INIT passed");
	tap_is(first_gprs.reg[GPR_RDX] & FAMILY_MODEL_MASK, TD_FAMILY_MODEL,
	       "RDX: the CPU's family and model, as the TD sees them");
	tap_is(v->control.tlb_control, 1, "each entry flushes the TLB");
	tap_ok(v->control.nested_control & 1 && v->control.nested_cr3, "under nested paging");
	is_status(call(TDH_VP_ENTER, running_td.vcpu[0].tdvpr | BIT(54), 0, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_VP_ENTER, running_td.tdr, 0, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
}

static u64 inside[2];

static void step_others(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	fake.vmrun = NULL;
	inside[0] = call_on(1, TDH_VP_ENTER, running_td.vcpu[0].tdvpr, 0, 0, 0);
	inside[1] = call_on(1, TDH_SYS_SHUTDOWN, 0, 0, 0, 0);
	fake.interrupt = 0x20;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void step_no_interrupt(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	fake.interrupt = -1;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void step_shutdown(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_code = SVM_EXIT_SHUTDOWN;
}

static void test_exits(void)
{
	run_start(MODULE_1_5_05);
	is_status(enter(step_others, NULL), 1);
	is_status(inside[0], TDX_VCPU_ASSOCIATED);
	is_status(inside[1], TDX_SYS_BUSY);
	is_status(enter(step_nmi, NULL), 0);
	tap_is(out.reg[GPR_R9], BIT(31) | 2 << 8 | 2, "R9: an NMI");
	is_status(enter(step_no_interrupt, step_nmi), 0);
	tap_is(next_step, 2, "an interrupt that went away does not exit");
	is_status(enter(step_shutdown, NULL), TDX_NON_RECOVERABLE_VCPU | 2);
	is_status(enter(step_nmi, NULL), TDX_VCPU_STATE_INCORRECT);
}

static void step_interrupted(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_int_info = SVM_EVENT_VALID | SVM_EVENT_INTR | 0x44;
	fake.interrupt = 0x20;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void step_exception_interrupted(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_int_info = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | 14;
	vmcb->control.exit_code = SVM_EXIT_NMI;
}

/* TCG says of an interrupted NMI that it is an exception. */
static void step_nmi_interrupted(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_int_info = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | 2;
	vmcb->control.exit_code = SVM_EXIT_NMI;
}

static void test_events(void)
{
	u64 tdvpr, *descriptor, pa;

	run_start(MODULE_1_5_05);
	tdvpr = running_td.vcpu[0].tdvpr;
	enter(step_interrupted, NULL);
	enter(step_look_at_event, NULL);
	tap_is(injected, SVM_EVENT_VALID | 0x44, "an interrupt on its way is injected again");
	enter(step_exception_interrupted, step_look_at_event);
	enter(step_look_at_event, NULL);
	tap_is(injected, 0, "an exception of the TD's own is not");

	call(TDH_VP_WR, tdvpr, FIELD_PEND_NMI, 1, 1);
	enter(step_look_at_event, NULL);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_NMI | 2, "an NMI that the host asked for");
	call(TDH_VP_WR, tdvpr, FIELD_PEND_NMI, 1, 1);
	enter(step_nmi_interrupted, NULL);
	enter(step_look_at_event, NULL);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_NMI | 2, "and again when it was interrupted");

	pa = fake_alloc_pages(1);
	descriptor = fake_pointer(pa);
	call(TDH_VP_WR, tdvpr, FIELD_POSTED_INTR_DESC, pa, ~0UL);
	call(TDH_VP_WR, tdvpr, FIELD_PIN_CONTROLS, BIT(7), BIT(7));
	descriptor[1] = BIT(0x50 - 64);
	descriptor[4] = 1;
	enter(step_look_at_event, NULL);
	tap_is(injected, 0, "a posted interrupt waits while RFLAGS.IF is clear");
	tap_ok(!descriptor[1] && !descriptor[4], "but was taken from the descriptor");
	call(TDH_VP_RD, tdvpr, FIELD_STATE_DETAILS, 0, 0);
	tap_is(out.reg[GPR_R8], 1, "and VCPU_STATE_DETAILS tells that it is pending");
}

static void step_set_if(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->save.rflags |= X86_RFLAGS_IF;
	vmcb->control.exit_code = SVM_EXIT_VINTR;
}

static void test_posted_interrupt(void)
{
	u64 *descriptor, pa;

	run_start(MODULE_1_5_05);
	pa = fake_alloc_pages(1);
	descriptor = fake_pointer(pa);
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, FIELD_POSTED_INTR_DESC, pa, ~0UL);
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, FIELD_PIN_CONTROLS, BIT(7), BIT(7));
	descriptor[1] = BIT(0x50 - 64);
	enter(step_set_if, step_look_at_event);
	tap_is(injected, SVM_EVENT_VALID | 0x50, "a posted interrupt, once the TD can take it");
	descriptor[1] = BIT(0x51 - 64);
	enter(step_look_at_event, NULL);
	tap_is(injected, 0, "one of the same priority waits for the end of the first");
}

static void step_hlt(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	long_mode(vmcb);
	at_instruction(vmcb, "\xf4", 1);
	vmcb->control.exit_code = SVM_EXIT_HLT;
}

/* OUT to port 0x80: E6 80; where it ends is in the second word of exit information. */
static void step_out(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	long_mode(vmcb);
	at_instruction(vmcb, "\xe6\x80", 2);
	vmcb->control.exit_info_1 = 0x80 << 16 | 1 << 4;
	vmcb->control.exit_info_2 = vmcb->save.rip + 2;
	vmcb->control.exit_code = SVM_EXIT_IOIO;
}

static void test_ve(void)
{
	run_start(MODULE_1_5_05);
	is_status(tdcall(TDG_VP_VEINFO_GET, 0, 0, 0), TDX_NO_VALID_VE_INFO);
	enter(step_hlt, step_look_at_event);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_VE, "HLT is a #VE");
	enter(step_hlt, step_look_at_event);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | SVM_EVENT_ERROR_CODE | VECTOR_DF,
	       "a second one, before the TD asked, is a #DF");
	is_status(tdcall(TDG_VP_VEINFO_GET, 0, 0, 0), TDX_SUCCESS);
	tap_is(tdcall_regs.reg[GPR_RCX], 12, "exit reason: HLT");
	tap_is(tdcall_regs.reg[GPR_R10], 1, "and the instruction's length");
	is_status(tdcall(TDG_VP_VEINFO_GET, 0, 0, 0), TDX_NO_VALID_VE_INFO);
	enter(step_out, step_look_at_event);
	is_status(tdcall(TDG_VP_VEINFO_GET, 0, 0, 0), TDX_SUCCESS);
	tap_is(tdcall_regs.reg[GPR_RCX], 30, "exit reason: I/O");
	tap_is(tdcall_regs.reg[GPR_RDX], 0x80 << 16, "one byte, out, to port 0x80");
	tap_is(tdcall_regs.reg[GPR_R10], 2, "and the instruction's length, operand included");
}

static void step_vmcall_back(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_result(vmcb, gprs);
}

static void test_vmcall(void)
{
	u64 mask = BIT(GPR_R10) | BIT(GPR_R11) | BIT(GPR_R12);
	struct seam_cpu cpu;

	run_start(MODULE_1_5_05);
	is_status(tdcall(TDG_VP_VMCALL, BIT(GPR_RAX), 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(tdcall(TDG_VP_VMCALL, BIT(GPR_RBP), 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(tdcall(TDG_VP_VMCALL, BIT(32), 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);

	memset(&tdcall_regs, 0x11, sizeof(tdcall_regs));
	tdcall_regs.reg[GPR_RAX] = TDG_VP_VMCALL;
	tdcall_regs.reg[GPR_RCX] = mask;
	is_status(enter(step_tdcall, NULL), 77);
	tap_is(out.reg[GPR_RCX], mask, "RCX: the mask");
	tap_ok(out.reg[GPR_R11] == 0x1111111111111111UL && !out.reg[GPR_R13] && !out.reg[GPR_RBX],
	       "registers in the mask, and no others");

	/* The host's answer. */
	cpu = fake_cpu(0);
	(void)cpu;
	enter(step_vmcall_back, NULL);
	tap_is(tdcall_regs.reg[GPR_RAX], 0, "the TD's RAX is 0");
	tap_is(tdcall_regs.reg[GPR_R11], 0, "R11 is the host's");
	tap_is(tdcall_regs.reg[GPR_R13], 0x1111111111111111UL, "R13 is as the TD left it");
	tap_is(tdcall_rip, TEST_GPA + CODE_OFFSET + 4, "behind the TDCALL");
}

static void step_tdcall_32bit(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	at_instruction(vmcb, "\x66\x0f\x01\xcc", 4);
	vmcb->control.exit_code = SVM_EXIT_EXCEPTION(VECTOR_UD);
}

static void step_invalid_opcode(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	at_instruction(vmcb, "\x0f\x0b", 2);
	vmcb->control.exit_code = SVM_EXIT_EXCEPTION(VECTOR_UD);
}

static void test_tdcall(void)
{
	run_start(MODULE_1_5_06);
	enter(step_tdcall_32bit, step_look_at_event);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | SVM_EVENT_ERROR_CODE | VECTOR_GP,
	       "TDCALL outside of 64-bit mode is a #GP");
	enter(step_invalid_opcode, step_look_at_event);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_UD,
	       "what is no TDCALL is a #UD");
	is_status(tdcall(99, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(tdcall(TDG_VP_INFO | VERSION_1, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(tdcall(TDG_VP_INFO, 0, 0, 0), TDX_SUCCESS);
	tap_is(tdcall_regs.reg[GPR_RCX], 48, "VP.INFO: GPA width");
	tap_is(tdcall_regs.reg[GPR_R8], 1 | 2UL << 32, "VP.INFO: vCPUs");
	is_status(tdcall(TDG_VM_RD, 0, FIELD_NUM_VCPUS, 0), TDX_SUCCESS);
	tap_is(tdcall_regs.reg[GPR_R8], 1, "VM.RD");
	is_status(tdcall(TDG_VM_RD, 1, FIELD_NUM_VCPUS, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(tdcall(TDG_VM_WR, 0, FIELD_NUM_VCPUS, 0), TDX_METADATA_FIELD_NOT_WRITABLE);
	is_status(tdcall(TDG_VP_RD, 0, FIELD(60, 1), 0), TDX_METADATA_FIELD_ID_INCORRECT);
	is_status(tdcall(TDG_SYS_RD, 0, FIELD_UPDATE_VERSION, 0), TDX_SUCCESS);
	tap_is(tdcall_regs.reg[GPR_R8], 6, "SYS.RD: the version that serves the TD");
}

static void test_report(void)
{
	u8 *page, digest[48];

	run_start(MODULE_1_5_05);
	page = private_page(&running_td, TEST_GPA);
	memset(page + 1024, 0x77, 64);
	is_status(tdcall(TDG_MR_REPORT, TEST_GPA + 8, TEST_GPA + 1024, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(tdcall(TDG_MR_REPORT, TEST_GPA, TEST_GPA + 1024 + 8, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(tdcall(TDG_MR_REPORT, TEST_GPA, TEST_GPA + 1024, 1),
		  TDX_OPERAND_INVALID | OPERAND_R8);
	is_status(tdcall(TDG_MR_RTMR_EXTEND, TEST_GPA + 1024, 4, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(tdcall(TDG_MR_RTMR_EXTEND, TEST_GPA + 1024, 2, 0), TDX_SUCCESS);
	is_status(tdcall(TDG_MR_REPORT, TEST_GPA, TEST_GPA + 1024, 0), TDX_SUCCESS);
	tap_is(page[0], 0x81, "report type");
	tap_is(page[128], 0x77, "report data");
	sha384(page + 256, 239, digest);
	tap_ok(!memcmp(page + 32, digest, 48), "hash of TEE_TCB_INFO");
	sha384(page + 512, 512, digest);
	tap_ok(!memcmp(page + 80, digest, 48), "hash of TDINFO");
	tap_is(page[512 + 64], 0xc1, "MRCONFIGID");
	memset(digest, 0, sizeof(digest));
	tap_ok(!memcmp(page + 720, digest, 48) && memcmp(page + 816, digest, 48),
	       "RTMR 2 was extended, RTMR 0 was not");
}

void td_report_mrtd(struct test_td *of, u8 mrtd[48])
{
	running_td = *of;
	tdcall(TDG_MR_REPORT, TEST_GPA, TEST_GPA + 1024, 0);
	memcpy(mrtd, private_page(&running_td, TEST_GPA) + 528, 48);
}

static u64 fault_gpa, fault_error;

static void step_fault(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_info_1 = fault_error;
	vmcb->control.exit_info_2 = fault_gpa;
	vmcb->control.exit_code = SVM_EXIT_NPF;
}

static u64 fault_at(u64 gpa, u64 error)
{
	fault_gpa = gpa;
	fault_error = error;
	return enter(step_fault, step_look_at_event);
}

static void test_private_faults(void)
{
	run_start(MODULE_1_5_05);
	is_status(fault_at(TEST_GPA + PAGE_SIZE + 0x123, 2), 48);
	tap_is(out.reg[GPR_R8], TEST_GPA + PAGE_SIZE, "R8: the page");
	tap_is(out.reg[GPR_RDX], 0, "a page that is not there");
	is_status(fault_at(BIT(40), 0), 48);
	is_status(fault_at(TEST_GPA, 0), 0);
	tap_is(next_step, 2, "the TD goes on when the page is there by now");
	call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, running_td.tdr, fake_alloc_pages(1), 0);
	is_status(fault_at(TEST_GPA + PAGE_SIZE, 2), 48);
	tap_is(out.reg[GPR_RDX], 6, "a page that the TD has not accepted");
}

static void test_accept(void)
{
	u64 gpa = TEST_GPA + PAGE_SIZE, page;

	run_start(MODULE_1_5_05);
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa | 2, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, TEST_GPA | 1, 0, 0), TDX_PAGE_SIZE_MISMATCH | 1);
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, TEST_GPA, 0, 0), TDX_PAGE_ALREADY_ACCEPTED);
	tdcall_regs.reg[GPR_RAX] = TDG_MEM_PAGE_ACCEPT;
	tdcall_regs.reg[GPR_RCX] = gpa;
	is_status(enter(step_tdcall, NULL), 48);
	tap_is(out.reg[GPR_RDX] & 0xf, 1, "accepting what is not there asks the host for it");
	page = fake_alloc_pages(1);
	memset(fake_pointer(page), 0xee, PAGE_SIZE);
	call(TDH_MEM_PAGE_AUG, gpa, running_td.tdr, page, 0);
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa, 0, 0), TDX_SUCCESS);
	tap_is(*(u64 *)fake_pointer(page), 0, "an accepted page is zeroed");
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa, 0, 0), TDX_PAGE_ALREADY_ACCEPTED);
}

/* Where the nested page table of vCPU 0 takes @gpa. */
static u64 nested_walk(u64 gpa)
{
	u64 pa = ((struct vmcb *)fake_pointer(running_td.vcpu[0].tdcx[0]))->control.nested_cr3,
	    entry = pa;

	for (int shift = 39; shift >= 12; shift -= 9) {
		entry = ((u64 *)fake_pointer(pa))[gpa >> shift & 511];
		if (!(entry & 1))
			return 0;
		pa = entry & GENMASK(51, 12);
	}
	return entry;
}

/* Another TD, whose host maps the shared half's TEST_GPA to @pa. */
static void map_shared(u64 pa)
{
	u64 gpa = SHARED_BIT | TEST_GPA, table = pa;

	run_start(MODULE_1_5_05);
	for (int level = 0; level <= 3; level++) {
		u64 above = fake_alloc_pages(1);

		((u64 *)fake_pointer(above))[gpa >> (12 + 9 * level) & 511] = table | 7;
		table = above;
	}
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, FIELD_SHARED_EPTP, table, ~0UL);
}

static void test_shared(void)
{
	u64 gpa = SHARED_BIT | TEST_GPA, table[4], page;

	run_start(MODULE_1_5_05);
	for (int i = 0; i < 4; i++)
		table[i] = fake_alloc_pages(1);
	page = fake_alloc_pages(1);
	for (int i = 3; i > 0; i--)
		((u64 *)fake_pointer(table[i]))[gpa >> (12 + 9 * i) & 511] = table[i - 1] | 7;
	((u64 *)fake_pointer(table[0]))[gpa >> 12 & 511] = page | 1;
	call(TDH_VP_WR, running_td.vcpu[0].tdvpr, FIELD_SHARED_EPTP, table[3], ~0UL);

	is_status(fault_at(gpa + 8, 0), 0);
	tap_is(nested_walk(gpa) & GENMASK(51, 12), page, "the host's page is mapped");
	tap_ok(!(nested_walk(gpa) & 2), "read-only, as the host has it");
	is_status(fault_at(gpa + 8, 2), 48);
	tap_is(out.reg[GPR_R8], gpa, "writing to it is an EPT violation of the page");
	tap_is(out.reg[GPR_RCX], 2 | 1 << 3, "whose qualification says why");

	/* What is not present is the host's to map, or the TD's to hear of. */
	((u64 *)fake_pointer(table[0]))[(gpa >> 12 & 511) + 1] = BIT(63);
	is_status(fault_at(gpa + PAGE_SIZE, 0), 48);
	((u64 *)fake_pointer(table[0]))[(gpa >> 12 & 511) + 1] = 0;
	fault_at(gpa + PAGE_SIZE, 0);
	tap_is(injected, SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_VE,
	       "an entry without suppress-#VE is a #VE");

	fault_at(gpa, 0);
	((u64 *)fake_pointer(table[0]))[gpa >> 12 & 511] = 0;
	enter(step_nmi, NULL);
	tap_ok(nested_walk(gpa), "the mapping stays");
	fake.invept[0]++;
	enter(step_nmi, NULL);
	tap_ok(!nested_walk(gpa), "until INVEPT");

	/* The host lends a page that it gave away. */
	((u64 *)fake_pointer(table[0]))[gpa >> 12 & 511] = running_td.tdcx[0] | 7;
	tap_ok(fake_catches_broken(fault_at(gpa, 0)),
	       "private memory in the shared EPT stops the run");
	map_shared(FAKE_SEAMRR_BASE);
	tap_ok(fake_catches_broken(fault_at(SHARED_BIT | TEST_GPA, 0)), "so does the SEAM range");
	map_shared(1UL << 40);
	tap_ok(!fake_catches_broken(fault_at(SHARED_BIT | TEST_GPA, 0)), "and a device does not");
}

void test_run(void)
{
	test_first_entry();
	test_exits();
	test_events();
	test_posted_interrupt();
	test_ve();
	test_vmcall();
	test_tdcall();
	test_report();
	test_private_faults();
	test_accept();
	test_shared();
}
