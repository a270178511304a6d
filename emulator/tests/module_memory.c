// SPDX-License-Identifier: GPL-2.0-only
/* Secure EPT and private memory: from free to present, measured, and back. */
#include "module_fixture.h"

#include <string.h>

#include "../crypto/sha384.h"

#define STATE_FREE	      0
#define STATE_BLOCKED	      1
#define STATE_PENDING	      2
#define STATE_PENDING_BLOCKED 3
#define STATE_PRESENT	      4
#define SHARED_BIT	      BIT(47)

static struct test_td td;

static void start(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_vcpu(&td, 0);
}

static void is_entry(u32 level, u32 state)
{
	tap_is(out.reg[GPR_RDX], level | state << 8, "RDX: level %u, state %u", level, state);
}

static void test_sept_add(void)
{
	u64 page;

	start();
	page = fake_alloc_pages(1);
	is_status(call(TDH_MEM_SEPT_ADD, 3, page, page, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RDX);
	is_status(call(TDH_MEM_SEPT_ADD, 0, td.tdr, page, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_SEPT_ADD, 4, td.tdr, page, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_SEPT_ADD, SHARED_BIT | 3, td.tdr, page, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_SEPT_ADD, BIT(30) | 3, td.tdr, page, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_SEPT_ADD, 2, td.tdr, page, 0), TDX_EPT_WALK_FAILED | OPERAND_RCX);
	is_entry(3, STATE_FREE);
	is_status(call(TDH_MEM_SEPT_ADD, 3, td.tdr, td.tdcx[0], 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_R8);
	is_status(call(TDH_MEM_SEPT_ADD, 3, td.tdr, page, 0), TDX_SUCCESS);
	tap_is(fake.use[(page - FAKE_RAM_BASE) / PAGE_SIZE], SEAM_PAGE_SEPT,
	       "the host loses the page");
	is_status(call(TDH_MEM_SEPT_ADD, 3, td.tdr, fake_alloc_pages(1), 0),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_entry(3, 132);
}

static void test_page_add(void)
{
	u64 page, source;

	start();
	page = fake_alloc_pages(1);
	source = fake_alloc_pages(1);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, source),
		  TDX_EPT_WALK_FAILED | OPERAND_RCX);
	is_status(call(TDH_MR_EXTEND, TEST_GPA, td.tdr, 0, 0),
		  TDX_EPT_ENTRY_NOT_PRESENT | OPERAND_RCX);
	td_add_sept(&td, TEST_GPA);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA | 1, td.tdr, page, source),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, td.tdr, source),
		  TDX_OPERAND_BUSY | OPERAND_R8);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, source + 8),
		  TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, td.tdcx[0]),
		  TDX_OPERAND_INVALID | OPERAND_R9);
	/* The PAMT has the first pages of memory. */
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, FAKE_RAM_BASE),
		  TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page,
		       source | FIRST_KEYID << FAKE_PHYS_BITS),
		  TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_MR_EXTEND, TEST_GPA, td.tdr, 0, 0), TDX_EPT_ENTRY_NOT_PRESENT);
	memset(fake_pointer(source), 0x77, PAGE_SIZE);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, source), TDX_SUCCESS);
	tap_ok(!memcmp(fake_pointer(page), fake_pointer(source), PAGE_SIZE), "the page is copied");
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, fake_alloc_pages(1), source),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_entry(0, STATE_PRESENT);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA + PAGE_SIZE, td.tdr, page, source),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_R8);
	is_status(call(TDH_MR_EXTEND, TEST_GPA + 8, td.tdr, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MR_EXTEND, TEST_GPA + 256, td.tdr, 0, 0), TDX_SUCCESS);
}

static void test_finalize(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_NO_VCPUS);
	td_add_vcpu(&td, 0);
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), TDX_OP_STATE_INCORRECT);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_OP_STATE_INCORRECT);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, 0, 0), TDX_OP_STATE_INCORRECT);
	is_status(call(TDH_VP_CREATE, fake_alloc_pages(1), td.tdr, 0, 0), TDX_OP_STATE_INCORRECT);
}

static void test_aug(void)
{
	u64 page;

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	page = fake_alloc_pages(1);
	is_status(call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, td.tdr, page, 0), TDX_SUCCESS);
	tap_is(fake.use[(page - FAKE_RAM_BASE) / PAGE_SIZE], SEAM_PAGE_TD_PRIVATE,
	       "the host loses the page");
	is_status(call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, td.tdr, fake_alloc_pages(1), 0),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_entry(0, STATE_PENDING);
	is_status(call(TDH_MEM_PAGE_AUG, TEST_GPA + 2 * PAGE_SIZE, td.tdr, page, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_R8);
	is_status(call(TDH_PHYMEM_PAGE_RDMD, page, 0, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_RCX], 3, "RDMD: a TD's page");
	tap_is(out.reg[GPR_RDX], td.tdr, "RDMD: its owner");
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0),
		  TDX_GPA_RANGE_ALREADY_BLOCKED | OPERAND_RCX);
	is_entry(0, STATE_PENDING_BLOCKED);
	/* Although no vCPU has been in the TD since. */
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0),
		  TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX);
	is_status(call(TDH_MEM_TRACK, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0), TDX_SUCCESS);
}

/* While vCPU 0 is in the TD, as seen from its own LP. */
static u64 status_inside[5];

static void remove_while_inside(u64 vmcb_pa, struct seam_gprs *gprs,
				struct seam_extended_state *extended)
{
	struct vmcb *vmcb = fake_pointer(vmcb_pa);

	(void)gprs;
	(void)extended;
	fake.vmrun = NULL;
	status_inside[0] = call_on(1, TDH_MEM_RANGE_BLOCK, TEST_GPA, td.tdr, 0, 0);
	status_inside[1] = call_on(1, TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0);
	status_inside[2] = call_on(1, TDH_MEM_TRACK, td.tdr, 0, 0, 0);
	status_inside[3] = call_on(1, TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0);
	status_inside[4] = call_on(1, TDH_MEM_TRACK, td.tdr, 0, 0, 0);
	fake.interrupt = 0x55;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

static void test_remove(void)
{
	u64 page;

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA + PAGE_SIZE, td.tdr, 0, 0),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0),
		  TDX_GPA_RANGE_NOT_BLOCKED | OPERAND_RCX);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA | 1, td.tdr, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA | 4, td.tdr, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MEM_RANGE_BLOCK, SHARED_BIT | TEST_GPA, td.tdr, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);

	fake.vmrun = remove_while_inside;
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), 1);
	is_status(status_inside[0], TDX_SUCCESS);
	is_status(status_inside[1], TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX);
	is_status(status_inside[2], TDX_SUCCESS);
	is_status(status_inside[3], TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX);
	is_status(status_inside[4], TDX_PREVIOUS_TLB_EPOCH_BUSY);

	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0),
		  TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX);
	is_entry(0, STATE_FREE);
	is_status(call(TDH_MEM_TRACK, td.tdr, 0, 0, 0), TDX_SUCCESS);

	/* In a TD that is being built no TLB can have it. */
	start();
	td_add_sept(&td, TEST_GPA);
	page = td_add_page(&td, TEST_GPA, 1);
	is_status(call(TDH_MEM_PAGE_REMOVE, TEST_GPA, td.tdr, 0, 0), TDX_SUCCESS);
	tap_is(fake.use[(page - FAKE_RAM_BASE) / PAGE_SIZE], -1, "the host has the page again");
	tap_ok(((u8 *)fake_pointer(page))[100] != 1, "and not what was in it");
}

/* A walk through a blocked S-EPT page ends there. */
static void test_block_table(void)
{
	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA | 1, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MEM_RANGE_BLOCK, TEST_GPA, td.tdr, 0, 0),
		  TDX_EPT_WALK_FAILED | OPERAND_RCX);
	is_entry(1, 129);
}

static void test_mrtd(void)
{
	u8 expected[48], got[48];

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	expected_mrtd(0x5a, expected);
	td_report_mrtd(&td, got);
	tap_ok(!memcmp(got, expected, sizeof(got)), "MRTD of one page");
}

void test_memory(void)
{
	test_sept_add();
	test_page_add();
	test_finalize();
	test_aug();
	test_remove();
	test_block_table();
	test_mrtd();
}
