// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a host that is wrong could get away with if the module differed from Intel's: each
 * test names the file of the public source (repository intel/tdx-module) that it follows.
 */
#include "module_cpu.h"

#include <string.h>

#define EPT_VIOLATION 48

static u64 fault_gpa, fault_rip;

static void step_fault(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->save.rip = fault_rip;
	vmcb->control.exit_info_1 = 2;
	vmcb->control.exit_info_2 = fault_gpa;
	vmcb->control.exit_code = SVM_EXIT_NPF;
}

static u64 fault_at(u64 gpa)
{
	fault_gpa = gpa;
	return enter(step_fault, step_nmi);
}

/* src/vmm_dispatcher/api_calls/tdh_mem_page_remove.c, tdh_mem_range_block.c */
static void test_remove(void)
{
	u64 tdr, page;

	run_start(MODULE_1_5_05);
	tdr = running_td.tdr;
	page = (u64)(private_page(&running_td, TEST_GPA) - (u8 *)fake_pointer(FAKE_RAM_BASE)) +
	       FAKE_RAM_BASE;
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA, tdr, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA, tdr, 0, 0),
		  TDX_GPA_RANGE_ALREADY_BLOCKED | OPERAND_RCX);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, tdr, 0, 0),
		  TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX);
	tap_ok(!out.reg[GPR_RCX] && !out.reg[GPR_RDX], "without details of the entry");
	call(TDH_MEM_TRACK, tdr, 0, 0, 0);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, tdr, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_RCX], page, "RCX: the page's address");
	tap_is(out.reg[GPR_RDX], 0, "RDX: nothing");
}

/* src/vmm_dispatcher/api_calls/tdh_mem_page_add.c, tdh_mr_extend.c */
static void test_build(void)
{
	struct test_td td;
	u64 gpa = TEST_GPA;

	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_sept(&td, gpa);
	is_status(call(TDH_MEM_PAGE_ADD, gpa, td.tdr, 1, 1), TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_MEM_PAGE_ADD, gpa, td.tdr, 1, fake_alloc_pages(1)),
		  TDX_OPERAND_INVALID | OPERAND_R8);
	is_status(call(TDH_MR_EXTEND, gpa, td.tdr, 0, 0), TDX_EPT_ENTRY_NOT_PRESENT);
	tap_ok(!out.reg[GPR_RCX] && !out.reg[GPR_RDX], "without details of the entry");
	is_status(call(TDH_MR_EXTEND, gpa + BIT(30), td.tdr, 0, 0),
		  TDX_EPT_ENTRY_NOT_PRESENT | OPERAND_RCX);
	tap_is(out.reg[GPR_RDX] & 7, 2, "with them when a table is missing");
}

/* src/td_transitions/tdh_vp_enter.c */
static void test_tsc_rollback(void)
{
	run_start(MODULE_1_5_05);
	is_status(enter(step_nmi, NULL), 0);
	fake.tsc_jump = -1000000;
	is_status(enter(step_nmi, NULL), TDX_TSC_ROLLBACK);
	fake.tsc_jump = 1000000;
	is_status(enter(step_nmi, NULL), 0);
}

/* src/td_transitions/td_exit_stepping.c */
static void test_zero_step(void)
{
	u64 gpa = TEST_GPA + PAGE_SIZE, other = TEST_GPA + 2 * PAGE_SIZE, *lock;

	run_start(MODULE_1_5_05);
	fake.platform.deep_invariants = false;
	lock = fake_pointer(running_td.tdcx[0]);
	fault_rip = 0xfffffff0;
	for (u32 i = 0; i < 6; i++)
		is_status(fault_at(gpa), EPT_VIOLATION);
	*(u16 *)lock = BIT(15);
	is_status(fault_at(gpa), EPT_VIOLATION);
	is_status(enter(step_nmi, NULL), TDX_OPERAND_BUSY | OPERAND_SEPT_TREE);
	*(u16 *)lock = 0;
	is_status(enter(step_nmi, NULL), EPT_VIOLATION);
	tap_is(next_step, 0, "the seventh fault at one instruction: the TD is not entered");
	tap_is(out.reg[GPR_R8], gpa, "R8: the page that is missing");
	tap_is(out.reg[GPR_RCX], 2, "RCX: a write");
	call(TDH_MEM_PAGE_AUG, gpa, running_td.tdr, fake_alloc_pages(1), 0);
	is_status(enter(step_nmi, NULL), EPT_VIOLATION);
	tap_is(next_step, 0, "a page that the TD has not accepted is as good as none");

	call(TDH_MEM_RANGE_BLOCK, gpa, running_td.tdr, 0, 0);
	call(TDH_MEM_TRACK, running_td.tdr, 0, 0, 0);
	call(TDH_MEM_PAGE_REMOVE, gpa, running_td.tdr, 0, 0);
	run_start(MODULE_1_5_05);
	for (u32 i = 0; i < 6; i++) {
		fault_rip = 0xfffff000 + i;
		is_status(fault_at(other), EPT_VIOLATION);
	}
	fault_rip = 0xffffe000;
	is_status(fault_at(other), EPT_VIOLATION);
	is_status(enter(step_nmi, NULL), 0);
	tap_is(next_step, 1, "faults of a TD that makes progress are not counted");
}

/* src/td_dispatcher/vm_exits/td_other_exits.c: RDPMC without ATTRIBUTES.PERFMON. */
static void step_rdpmc(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_code = SVM_EXIT_RDPMC;
}

static void test_rdpmc(void)
{
	run_start(MODULE_1_5_05);
	enter(step_rdpmc, step_look_at_event);
	tap_is(injected, EXCEPTION_WITH_ERROR(VECTOR_GP), "RDPMC is a #GP");
}

void test_abi(void)
{
	test_remove();
	test_build();
	test_tsc_rollback();
	test_zero_step();
	test_rdpmc();
}
