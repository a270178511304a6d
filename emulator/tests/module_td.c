// SPDX-License-Identifier: GPL-2.0-only
/* The life of a TD and of its KeyID. */
#include "module_fixture.h"

#include <string.h>

#define TDR_LOCK_BUSY	       0x8000
#define FIELD_TSC_OFFSET       0x110000000000000aUL
#define FIELD_TSC_MULTIPLIER   0x110000000000000bUL
#define FIELD_NUM_VCPUS	       0x9010000100000001UL
#define FIELD_CPUID_LEAF_0     0x94100003000001feUL
#define FIELD_CPUID_0X80000008 (0x94100003000001feUL | BIT(16) | 8 << 9)
#define FIELD_CPUID_LEAF_2     (0x94100003000001feUL | 2 << 9)

static struct test_td td;

/* The PAMT entry of a page, to hold its lock as another LP would. */
static u16 *pamt_lock(u64 pa)
{
	/* good_tdmr() took the first pages of the platform for the PAMT. */
	return fake_pointer(FAKE_RAM_BASE + pa / PAGE_SIZE * 16);
}

static void test_create(void)
{
	u64 page;

	host_ready(MODULE_1_5_05);
	page = fake_alloc_pages(1);
	is_status(call(TDH_MNG_CREATE, page + 8, TD_KEYID, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MNG_CREATE, page | BIT(FAKE_PHYS_BITS), TD_KEYID, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_MNG_CREATE, FAKE_SEAMRR_BASE, TD_KEYID, 0, 0),
		  TDX_OPERAND_ADDR_RANGE_ERROR | OPERAND_RCX);
	is_status(call(TDH_MNG_CREATE, page, 1, 0, 0), TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(call(TDH_MNG_CREATE, page, GLOBAL_KEYID, 0, 0), TDX_HKID_NOT_FREE);

	*pamt_lock(page) = TDR_LOCK_BUSY;
	is_status(call(TDH_MNG_CREATE, page, TD_KEYID, 0, 0), TDX_OPERAND_BUSY | OPERAND_RCX);
	*pamt_lock(page) = 0;

	fake.no_entropy = 1;
	is_status(call(TDH_MNG_CREATE, page, TD_KEYID, 0, 0), TDX_RND_NO_ENTROPY);
	is_status(call(TDH_MNG_CREATE, page, TD_KEYID, 0, 0), TDX_SUCCESS);
	tap_is(fake.use[(page - FAKE_RAM_BASE) / PAGE_SIZE], SEAM_PAGE_TD_CONTROL,
	       "the host loses the TDR");
	is_status(call(TDH_MNG_CREATE, page, TD_KEYID + 1, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	page = fake_alloc_pages(1);
	is_status(call(TDH_MNG_CREATE, page, TD_KEYID, 0, 0), TDX_HKID_NOT_FREE);
}

static void test_key_config(void)
{
	u64 page;

	host_ready(MODULE_1_5_05);
	td.tdr = fake_alloc_pages(1);
	page = fake_alloc_pages(1);
	is_status(call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_MNG_CREATE, td.tdr, TD_KEYID, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_ADDCX, page, td.tdr, 0, 0), TDX_TD_KEYS_NOT_CONFIGURED);
	fake.no_entropy = 1;
	is_status(call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), TDX_KEY_GENERATION_FAILED);
	is_status(call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), TDX_KEY_CONFIGURED);
	is_status(call(TDH_MNG_ADDCX, page, td.tdr, 0, 0), TDX_TD_KEYS_NOT_CONFIGURED);
	is_status(call_on(NUM_LPS - 1, TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0), TDX_LIFECYCLE_STATE_INCORRECT);
}

static void test_addcx(void)
{
	struct td_params params = good_params();

	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	is_status(call(TDH_MNG_ADDCX, td.tdr, td.tdr, 0, 0), TDX_OPERAND_BUSY | OPERAND_RCX);
	is_status(call(TDH_MNG_INIT, td.tdr, params_page(&params), 0, 0), TDX_TDCS_NOT_ALLOCATED);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_TDCS_NOT_ALLOCATED);
	for (u32 i = 0; i < 9; i++)
		call(TDH_MNG_ADDCX, fake_alloc_pages(1), td.tdr, 0, 0);
	tap_is(out.reg[GPR_RAX], TDX_SUCCESS, "nine TDCX pages");
	is_status(call(TDH_MNG_ADDCX, fake_alloc_pages(1), td.tdr, 0, 0), TDX_TDCX_NUM_INCORRECT);
}

#define INIT_WITH(change, expected)                                                      \
	do {                                                                             \
		struct td_params params = good_params();                                 \
                                                                                         \
		change;                                                                  \
		tap_is(call(TDH_MNG_INIT, td.tdr, params_page(&params), 0, 0), expected, \
		       #change ": " #expected);                                          \
	} while (0)

static void test_init(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	for (u32 i = 0; i < TD_TDCX_PAGES; i++)
		call(TDH_MNG_ADDCX, fake_alloc_pages(1), td.tdr, 0, 0);

	is_status(call(TDH_MNG_INIT, td.tdr, fake_alloc_pages(1) + 512, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(call(TDH_MNG_INIT, td.tdr, td.tdr, 0, 0), TDX_OPERAND_INVALID | OPERAND_RDX);
	INIT_WITH(params.attributes = 2, TDX_OPERAND_INVALID | OPERAND_ATTRIBUTES);
	INIT_WITH(params.xfam = 1, TDX_OPERAND_INVALID | OPERAND_XFAM);
	INIT_WITH(params.xfam |= BIT(62), TDX_OPERAND_INVALID | OPERAND_XFAM);
	INIT_WITH(params.max_vcpus = 0, TDX_OPERAND_INVALID | OPERAND_MAX_VCPUS);
	INIT_WITH(params.max_vcpus = 577, TDX_OPERAND_INVALID | OPERAND_MAX_VCPUS);
	INIT_WITH(params.num_l2_vms = 1, TDX_OPERAND_INVALID | OPERAND_NUM_L2_VMS);
	INIT_WITH(params.reserved0[0] = 1, TDX_OPERAND_INVALID | OPERAND_RDX);
	INIT_WITH(params.config_flags |= 2, TDX_OPERAND_INVALID | OPERAND_EXEC_CONTROLS);
	INIT_WITH(params.eptp_controls = 0x26, TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS);
	INIT_WITH(params.tsc_frequency = 3, TDX_OPERAND_INVALID | OPERAND_TSC_FREQUENCY);
	INIT_WITH(params.tsc_frequency = 401, TDX_OPERAND_INVALID | OPERAND_TSC_FREQUENCY);
	INIT_WITH(params.arch_capabilities = 1, TDX_OPERAND_INVALID | OPERAND_ARCH_CAP);
	INIT_WITH(params.reserved2[3] = 1, TDX_OPERAND_INVALID | OPERAND_RDX);
	INIT_WITH(params.cpuid[40][0] = 1, TDX_OPERAND_INVALID | OPERAND_RDX);
	INIT_WITH(params.cpuid[9][0] = 0x100, TDX_OPERAND_INVALID | OPERAND_CPUID_CONFIG);
	tap_is(out.reg[GPR_RCX], 0xffffffff80000008UL, "RCX names the CPUID leaf");
	/* The first of two wrong ones is told. */
	INIT_WITH(params.attributes = 2; params.xfam = 0, TDX_OPERAND_INVALID | OPERAND_ATTRIBUTES);

	is_status(call(TDH_MNG_RD, td.tdr, FIELD_TSC_OFFSET, 0, 0), TDX_OP_STATE_INCORRECT);
	INIT_WITH(params.cpuid[9][0] = 0x30, TDX_SUCCESS);
	INIT_WITH(params.xfam = 3, TDX_OP_STATE_INCORRECT);
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_CPUID_0X80000008, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_R8] & 0xff, 0x30, "CPUID 0x80000008 as configured");
}

static void test_rd(void)
{
	host_ready(MODULE_1_5_05);
	td_create(&td, TD_KEYID);
	td_init(&td);
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_TSC_OFFSET, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_TSC_MULTIPLIER, 0, 0), TDX_SUCCESS);
	/* 80 * 25 MHz on a platform of 1 GHz. */
	tap_is(out.reg[GPR_R8], 2UL << 48, "TSC multiplier");
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_CPUID_LEAF_0, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_R8] >> 32, 0x756e6547, "CPUID 0 is GenuineIntel's");
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_CPUID_LEAF_2, 0, 0),
		  TDX_METADATA_FIELD_NOT_READABLE);
	is_status(call(TDH_MNG_RD, td.tdr, 0x1210000300000000UL, 0, 0),
		  TDX_METADATA_FIELD_NOT_READABLE);
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_NUM_VCPUS, 0, 0), TDX_METADATA_FIELD_ID_INCORRECT);

	host_ready(MODULE_1_5_06);
	td_build(&td, TD_KEYID);
	is_status(call(TDH_MNG_RD, td.tdr, FIELD_NUM_VCPUS, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_R8], 1, "1.5.06 tells the number of vCPUs");
}

static void test_teardown(void)
{
	u64 sept;

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	sept = td.sept[0];

	is_status(call(TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), TDX_FLUSHVP_NOT_DONE);
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, sept, 0, 0, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	is_status(call(TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	is_status(call_on(1, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0, 0, 0), TDX_VCPU_NOT_ASSOCIATED);
	is_status(call(TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_PHYMEM_CACHE_WB, 2, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0), TDX_NO_HKID_READY_TO_WBCACHE);
	is_status(call(TDH_PHYMEM_CACHE_WB, 1, 0, 0, 0), TDX_WBCACHE_RESUME_ERROR);
	is_status(call(TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), TDX_TD_KEYS_NOT_CONFIGURED);
	is_status(call(TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0), TDX_WBCACHE_NOT_COMPLETE);
	is_status(call(TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0), TDX_WBCACHE_NOT_COMPLETE);
	is_status(call_on(NUM_LPS - 1, TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0), TDX_SUCCESS);

	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, td.tdr, 0, 0, 0), TDX_TD_ASSOCIATED_PAGES_EXIST);
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, sept, 0, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_RCX], 8, "RECLAIM tells the type of the page");
	tap_is(out.reg[GPR_RDX], td.tdr, "and its owner");
	tap_is(fake.use[(sept - FAKE_RAM_BASE) / PAGE_SIZE], -1, "the host has the page again");
	is_status(call(TDH_PHYMEM_PAGE_RECLAIM, sept, 0, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_PHYMEM_PAGE_WBINVD, td.tdr | GLOBAL_KEYID << FAKE_PHYS_BITS, 0, 0, 0),
		  TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX);
	is_status(call(TDH_PHYMEM_PAGE_WBINVD, sept | 64UL << FAKE_PHYS_BITS, 0, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_PHYMEM_PAGE_WBINVD, sept | TD_KEYID << FAKE_PHYS_BITS, 0, 0, 0),
		  TDX_SUCCESS);
}

static u32 pages_of_host(void)
{
	u32 count = 0;

	for (u32 i = 0; i < FAKE_NUM_PAGES; i++)
		count += fake.use[i] == -1;
	return count;
}

static void test_nothing_is_left(void)
{
	u32 before;

	host_ready(MODULE_1_5_05);
	before = pages_of_host();
	for (u32 i = 0; i < 3; i++) {
		td_build(&td, TD_KEYID);
		td_destroy(&td);
	}
	tap_is(pages_of_host(), before, "TDs give back all their pages, and the KeyID");
}

static void test_cache_wb_interrupted(void)
{
	u32 calls = 0;
	u64 status;

	host_ready(MODULE_1_5_05);
	for (u32 i = 0; i < 20; i++) {
		td_create(&td, TD_KEYID + i);
		call(TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0);
	}
	do {
		status = call(TDH_PHYMEM_CACHE_WB, calls ? 1 : 0, 0, 0, 0);
		calls++;
	} while (status == TDX_INTERRUPTED_RESUMABLE && calls < 100);
	tap_is(status, TDX_SUCCESS, "an interrupted TDH.PHYMEM.CACHE.WB can be resumed");
	tap_is(calls, 3, "20 KeyIDs take three calls");
}

/* What a broken module would do to its own tables, and a check that finds it. */
static bool found_broken(void)
{
	u64 page = fake_alloc_pages(1);

	return fake_catches_broken(call(TDH_MNG_CREATE, page, TD_KEYID + 5, 0, 0));
}

static void td_add_second_page(void)
{
	call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, td.tdr, fake_alloc_pages(1), 0);
}

static void test_deep_invariants(void)
{
	u8 *type, *owner;
	u64 *entry;

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	type = (u8 *)pamt_lock(td.sept[0]) + 2;
	*type = 3;
	tap_ok(found_broken(), "deep invariants find a page of another type than its use");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	owner = (u8 *)pamt_lock(td.tdcx[0]) + 3;
	*owner += 1;
	tap_ok(found_broken(), "and one with another owner");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	entry = fake_pointer(td.sept[0]);
	entry[7] = entry[0];
	tap_ok(found_broken(), "and one that is mapped twice, or not at all");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	td_add_second_page();
	entry = fake_pointer(td.sept[0]);
	entry[1] = entry[0];
	tap_ok(found_broken(), "and one that is mapped in another one's place");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	*pamt_lock(td.tdcx[1]) = 1;
	tap_ok(found_broken(), "and a lock of a page that nobody holds");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	*(u16 *)fake_pointer(td.tdcx[0]) = 1;
	tap_ok(found_broken(), "and one of a TD");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	fake.use[(td.sept[0] - FAKE_RAM_BASE) / PAGE_SIZE] = SEAM_PAGE_HOST;
	tap_ok(found_broken(), "and a page of a TD that the host has");

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	type = (u8 *)pamt_lock(td.vcpu[0].tdcx[4]) + 2;
	*type = 6;
	memset(fake_pointer(td.vcpu[0].tdcx[4]), 0, PAGE_SIZE);
	tap_ok(found_broken(), "and a vCPU that the TD does not know");

	/* The build is in the count of the module, and not in its TD. */
	host_ready(MODULE_1_5_07);
	td_create(&td, TD_KEYID);
	td_init(&td);
	*(u8 *)fake_pointer(td.tdcx[2]) = 0;
	tap_ok(found_broken(), "and a build that was counted and is not there");
	host_ready(MODULE_1_5_07);
	td_create(&td, TD_KEYID);
	td_init(&td);
	tap_ok(!found_broken(), "and nothing when nothing is wrong");
}

void test_td(void)
{
	test_create();
	test_key_config();
	test_addcx();
	test_init();
	test_rd();
	test_teardown();
	test_nothing_is_left();
	test_cache_wb_interrupted();
	test_deep_invariants();
}
