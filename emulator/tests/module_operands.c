// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all leaves that work on a TD or a vCPU have in common: how they take the page that
 * stands for it, and in which of its states they do not work.
 */
#include "module_fixture.h"

#define UNINITIALIZED BIT(0)
#define INITIALIZED   BIT(1)
#define RUNNABLE      BIT(2)
#define BUILT	      (INITIALIZED | RUNNABLE)
/* The leaf does not look. */
#define ANY_STATE     BIT(3)

#define PAMT_WRITER 0x8000

static const struct leaf {
	u64 leaf;
	bool vcpu;	   /* a TDVPR, or a TDR */
	enum seam_gpr reg; /* that holds it */
	u32 states;
} leaves[] = {
	{ TDH_MNG_KEY_CONFIG, false, GPR_RCX, ANY_STATE },
	{ TDH_MNG_VPFLUSHDONE, false, GPR_RCX, ANY_STATE },
	{ TDH_MNG_KEY_FREEID, false, GPR_RCX, ANY_STATE },
	{ TDH_MNG_ADDCX, false, GPR_RDX, UNINITIALIZED },
	{ TDH_MNG_INIT, false, GPR_RCX, UNINITIALIZED },
	{ TDH_MNG_RD, false, GPR_RCX, BUILT },
	{ TDH_MR_EXTEND, false, GPR_RDX, INITIALIZED },
	{ TDH_MR_FINALIZE, false, GPR_RCX, INITIALIZED },
	{ TDH_MEM_PAGE_ADD, false, GPR_RDX, INITIALIZED },
	{ TDH_MEM_SEPT_ADD, false, GPR_RDX, BUILT },
	{ TDH_MEM_PAGE_AUG, false, GPR_RDX, BUILT },
	{ TDH_MEM_RANGE_BLOCK, false, GPR_RDX, BUILT },
	{ TDH_MEM_PAGE_REMOVE, false, GPR_RDX, BUILT },
	{ TDH_MEM_TRACK, false, GPR_RCX, BUILT },
	{ TDH_VP_CREATE, false, GPR_RDX, INITIALIZED },
	{ TDH_VP_ADDCX, true, GPR_RDX, INITIALIZED },
	{ TDH_VP_INIT, true, GPR_RCX, INITIALIZED },
	{ TDH_VP_FLUSH, true, GPR_RCX, BUILT },
	{ TDH_VP_RD, true, GPR_RCX, BUILT },
	{ TDH_VP_WR, true, GPR_RCX, BUILT },
	{ TDH_VP_ENTER, true, GPR_RCX, RUNNABLE },
};

static struct test_td td;
static u64 free_page;

/* With @page for the TD or vCPU; all other operands are such that nothing would come of it. */
static u64 call_with(const struct leaf *leaf, u64 page)
{
	return leaf->reg == GPR_RCX ? call(leaf->leaf, page, 8, 8, 8) :
				      call(leaf->leaf, 8, page, 8, 8);
}

static void is_refused(const struct leaf *leaf, u64 page, u64 status, const char *what)
{
	tap_is(call_with(leaf, page), status | leaf->reg, "%s of %s", seamcall_name(leaf->leaf),
	       what);
}

static u16 *pamt_lock(u64 pa)
{
	return fake_pointer(FAKE_RAM_BASE + pa / PAGE_SIZE * 16);
}

static void test_page(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_vcpu(&td, 0);
	free_page = fake_alloc_pages(1);
	/* A lock that is held would be found. */
	fake.platform.deep_invariants = false;
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct leaf *leaf = &leaves[i];
		u64 page = leaf->vcpu ? td.vcpu[0].tdvpr : td.tdr;
		u64 other = leaf->vcpu ? td.tdr : td.vcpu[0].tdvpr;

		is_refused(leaf, page + 8, TDX_OPERAND_INVALID, "an unaligned address");
		is_refused(leaf, page | TD_KEYID << FAKE_PHYS_BITS, TDX_OPERAND_INVALID, "a KeyID");
		is_refused(leaf, 0, TDX_OPERAND_ADDR_RANGE_ERROR, "no TD's memory");
		is_refused(leaf, free_page, TDX_PAGE_METADATA_INCORRECT, "a free page");
		is_refused(leaf, other, TDX_PAGE_METADATA_INCORRECT, "a page of another type");
		*pamt_lock(page) = PAMT_WRITER;
		is_refused(leaf, page, TDX_OPERAND_BUSY, "a page that another LP has locked");
		*pamt_lock(page) = 0;
	}
}

/* What is wrong is told in the order of the ABI: keys, then pages, then the state. */
static void test_state(u32 state, const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		const struct leaf *leaf = &leaves[i];
		u64 page = leaf->vcpu ? td.vcpu[0].tdvpr : td.tdr;

		if ((leaf->states & (state | ANY_STATE)) || !page)
			continue;
		tap_is(call_with(leaf, page), TDX_OP_STATE_INCORRECT, "%s of a TD that is %s",
		       seamcall_name(leaf->leaf), name);
	}
}

static void test_states(void)
{
	u64 status;

	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].vcpu || (leaves[i].states & (UNINITIALIZED | ANY_STATE)))
			continue;
		is_status(call_with(&leaves[i], td.tdr), TDX_TDCS_NOT_ALLOCATED);
	}
	for (u32 i = 0; i < TD_TDCX_PAGES; i++)
		call(TDH_MNG_ADDCX, fake_alloc_pages(1), td.tdr, 0, 0);
	test_state(UNINITIALIZED, "not initialized");

	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_vcpu(&td, 0);
	test_state(INITIALIZED, "being built");
	td_finalize(&td);
	test_state(RUNNABLE, "runnable");

	/* Without keys nothing works but the steps that come next. */
	call(TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0, 0, 0);
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, td.tdr, 0, 0, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	call(TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0);
	for (u32 i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].states & ANY_STATE)
			continue;
		status = call_with(&leaves[i], leaves[i].vcpu ? td.vcpu[0].tdvpr : td.tdr);
		tap_is(status, TDX_TD_KEYS_NOT_CONFIGURED, "%s of a TD without a key",
		       seamcall_name(leaves[i].leaf));
	}
}

/* A page is reclaimed by way of its owner. */
static void test_reclaim(void)
{
	u64 page;

	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	page = td.tdcx[5];
	for (u32 lp = 0; lp < NUM_LPS; lp += NUM_LPS - 1)
		call_on(lp, lp ? TDH_PHYMEM_CACHE_WB : TDH_MNG_VPFLUSHDONE, lp ? 0 : td.tdr, 0, 0,
			0);
	call(TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	is_status(call(TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0), TDX_SUCCESS);
	fake.platform.deep_invariants = false;
	*pamt_lock(td.tdr) = PAMT_WRITER;
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, page, 0, 0, 0), TDX_OPERAND_BUSY | OPERAND_TDR);
	*pamt_lock(td.tdr) = 0;
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, page + 8, 0, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, page, 0, 0, 0), TDX_SUCCESS);
}

void test_operands(void)
{
	test_page();
	test_states();
	test_reclaim();
}
