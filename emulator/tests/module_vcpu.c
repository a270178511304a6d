// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs: their pages, which LP has them, and the fields that a host sees. */
#include "module_fixture.h"

#define FIELD(class, code)     ((u64)(class) << 56 | (code))
#define FIELD_POSTED_INTR_NV   FIELD(0, 0x0002)
#define FIELD_POSTED_INTR_DESC FIELD(0, 0x2016)
#define FIELD_PIN_CONTROLS     FIELD(0, 0x4000)
#define FIELD_SHARED_EPTP      FIELD(0, 0x203c)
#define FIELD_GUEST_RIP	       FIELD(0, 0x681e)
#define FIELD_GPR_RAX	       FIELD(16, 0)
#define FIELD_STATE_DETAILS    (BIT(63) | FIELD(17, 0x100))
#define FIELD_PEND_NMI	       FIELD(32, 11)

static struct test_td td;

static void start(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
}

static void test_create(void)
{
	u64 tdvpr, page;

	start();
	tdvpr = fake_alloc_pages(1);
	page = fake_alloc_pages(1);
	is_status(call(TDH_VP_CREATE, tdvpr, page, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RDX);
	is_status(call(TDH_VP_CREATE, td.tdcx[0], td.tdr, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_VP_ADDCX, page, tdvpr, 0, 0), TDX_PAGE_METADATA_INCORRECT | OPERAND_RDX);
	is_status(call(TDH_VP_CREATE, tdvpr, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_RD, tdvpr, FIELD_STATE_DETAILS, 0, 0), TDX_VCPU_STATE_INCORRECT);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_PEND_NMI, 1, 1), TDX_VCPU_STATE_INCORRECT);
	is_status(call(TDH_VP_INIT | VERSION_1, tdvpr, 0, 0, 0), TDX_TDCX_NUM_INCORRECT);
	is_status(call(TDH_VP_ADDCX, td.tdcx[0], tdvpr, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	for (u32 i = 0; i < VCPU_TDCX_PAGES; i++)
		call(TDH_VP_ADDCX, fake_alloc_pages(1), tdvpr, 0, 0);
	is_status(call(TDH_VP_ADDCX, page, tdvpr, 0, 0), TDX_TDCX_NUM_INCORRECT);
	is_status(call(TDH_VP_INIT | VERSION_1, tdvpr, 0, BIT(32), 0),
		  TDX_OPERAND_INVALID | OPERAND_R8);
	is_status(call(TDH_VP_INIT | VERSION_1, tdvpr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_INIT | VERSION_1, tdvpr, 0, 0, 0), TDX_VCPU_STATE_INCORRECT);
	is_status(call(TDH_VP_ADDCX, page, tdvpr, 0, 0), TDX_VCPU_STATE_INCORRECT);
}

static u64 new_vcpu(void)
{
	u64 tdvpr = fake_alloc_pages(1);

	call(TDH_VP_CREATE, tdvpr, td.tdr, 0, 0);
	for (u32 i = 0; i < VCPU_TDCX_PAGES; i++)
		call(TDH_VP_ADDCX, fake_alloc_pages(1), tdvpr, 0, 0);
	return tdvpr;
}

static void test_numbers(void)
{
	start();
	td_add_vcpu(&td, 0);
	is_status(call(TDH_VP_INIT | VERSION_1, new_vcpu(), 0, 0, 0), TDX_X2APIC_ID_NOT_UNIQUE);
	td_add_vcpu(&td, 1);
	is_status(call(TDH_VP_INIT | VERSION_1, new_vcpu(), 0, 7, 0), TDX_MAX_VCPUS_EXCEEDED);

	/* Version 0 gives no ID: it is the vCPU's number, whatever is in R8. */
	start();
	is_status(call(TDH_VP_INIT, new_vcpu(), 0, 1, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_INIT | VERSION_1, new_vcpu(), 0, 0, 0), TDX_X2APIC_ID_NOT_UNIQUE);
	start();
	is_status(call(TDH_VP_INIT | VERSION_1, new_vcpu(), 0, 1, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_INIT, new_vcpu(), 0, 7, 0), TDX_X2APIC_ID_NOT_UNIQUE);
}

static void test_association(void)
{
	u64 tdvpr;

	start();
	td_add_vcpu(&td, 0);
	td_finalize(&td);
	tdvpr = td.vcpu[0].tdvpr;
	is_status(call_on(1, TDH_VP_RD, tdvpr, FIELD_STATE_DETAILS, 0, 0), TDX_VCPU_ASSOCIATED);
	is_status(call_on(1, TDH_VP_WR, tdvpr, FIELD_PEND_NMI, 1, 1), TDX_VCPU_ASSOCIATED);
	is_status(call_on(1, TDH_VP_ENTER, tdvpr, 0, 0, 0), TDX_VCPU_ASSOCIATED);
	is_status(call_on(1, TDH_VP_FLUSH, tdvpr, 0, 0, 0), TDX_VCPU_NOT_ASSOCIATED);
	is_status(call(TDH_VP_FLUSH, tdvpr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_FLUSH, tdvpr, 0, 0, 0), TDX_VCPU_NOT_ASSOCIATED);
	is_status(call_on(1, TDH_VP_RD, tdvpr, FIELD_STATE_DETAILS, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_VP_ENTER, tdvpr, 0, 0, 0), TDX_VCPU_ASSOCIATED);
}

static void test_fields(void)
{
	u64 tdvpr;

	start();
	td_add_vcpu(&td, 0);
	tdvpr = td.vcpu[0].tdvpr;
	is_status(call(TDH_VP_WR, tdvpr, FIELD_POSTED_INTR_NV, 0xf2, 0xffff), TDX_SUCCESS);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_POSTED_INTR_DESC, 0x1000, ~0UL), TDX_SUCCESS);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_POSTED_INTR_DESC, 0x1020, ~0UL),
		  TDX_METADATA_FIELD_VALUE_NOT_VALID);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_PIN_CONTROLS, BIT(7), BIT(7)), TDX_SUCCESS);
	is_status(call(TDH_VP_RD, tdvpr, FIELD_PIN_CONTROLS, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_R8], BIT(7), "the bit that was written");
	is_status(call(TDH_VP_WR, tdvpr, FIELD_PIN_CONTROLS, BIT(0), BIT(0)),
		  TDX_METADATA_FIELD_NOT_WRITABLE);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_SHARED_EPTP, 0x1008, ~0UL),
		  TDX_METADATA_FIELD_VALUE_NOT_VALID);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_SHARED_EPTP, FIRST_KEYID << FAKE_PHYS_BITS, ~0UL),
		  TDX_METADATA_FIELD_VALUE_NOT_VALID);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_SHARED_EPTP, 0x10000, ~0UL), TDX_SUCCESS);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_PEND_NMI, 1, 1), TDX_SUCCESS);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_STATE_DETAILS, 1, 1),
		  TDX_METADATA_FIELD_NOT_WRITABLE);
	is_status(call(TDH_VP_WR, tdvpr, FIELD_GPR_RAX, 1, 1), TDX_METADATA_FIELD_NOT_WRITABLE);
	is_status(call(TDH_VP_RD, tdvpr, FIELD_GPR_RAX, 0, 0), TDX_METADATA_FIELD_NOT_READABLE);
	is_status(call(TDH_VP_RD, tdvpr, FIELD_GUEST_RIP, 0, 0), TDX_METADATA_FIELD_NOT_READABLE);
	is_status(call(TDH_VP_RD, tdvpr, FIELD(60, 1), 0, 0), TDX_METADATA_FIELD_ID_INCORRECT);
	is_status(call(TDH_VP_WR, tdvpr, FIELD(60, 1), 0, 0), TDX_METADATA_FIELD_ID_INCORRECT);
}

void test_vcpu(void)
{
	test_create();
	test_numbers();
	test_association();
	test_fields();
}
