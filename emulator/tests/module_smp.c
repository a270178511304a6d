// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several LPs in the module at once: each a thread. What KVM takes for granted is that
 * none of its calls is refused because of another LP's, if they concern different TDs;
 * with deep invariants, that nothing of a TD is left behind or found in two places. In
 * threads_test, that all which two LPs share is locked or atomic.
 */
#include "module_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#define ROUNDS	  2
#define NUM_PAGES 4
#define EXTRA_GPA (TEST_GPA + 16 * PAGE_SIZE)
#define ENTRIES	  300

static u32 refused;
/* The last status that should not have been. */
static u64 refusal;

static void refuse_unless(bool expected)
{
	if (expected)
		return;
	__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&refusal, out.reg[GPR_RAX], __ATOMIC_RELAXED);
}

static void none_is_refused(const char *name)
{
	if (!tap_is(refused, 0, "%s: no call is refused", name))
		printf("# the last status was 0x%016lx\n", refusal);
}

/* In the TD for as long as other LPs take their turn. */
static void exit_at_once(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	struct vmcb *vmcb = fake_pointer(vmcb_pa);

	(void)gprs;
	(void)extended;
	sched_yield();
	vmcb->control.exit_code = SVM_EXIT_NMI;
}

static u32 pages_of_host(void)
{
	u32 count = 0;

	for (u32 i = 0; i < FAKE_NUM_PAGES; i++)
		count += fake.use[i] == SEAM_PAGE_HOST;
	return count;
}

/* Pages come and go while the TD is entered in between. */
static void use_memory(struct test_td *td)
{
	for (u32 i = 0; i < NUM_PAGES; i++) {
		u64 gpa = EXTRA_GPA + i * PAGE_SIZE;

		refuse_unless(!call(TDH_MEM_PAGE_AUG, gpa, td->tdr, fake_alloc_pages(1), 0));
		refuse_unless(!call(TDH_VP_ENTER, td->vcpu[0].tdvpr, 0, 0, 0));
		refuse_unless(!call(TDH_MEM_RANGE_BLOCK, gpa, td->tdr, 0, 0));
		refuse_unless(!call(TDH_MEM_TRACK, td->tdr, 0, 0, 0));
		refuse_unless(!call(TDH_MEM_PAGE_REMOVE, gpa, td->tdr, 0, 0));
	}
}

static void *build_and_destroy(void *lp)
{
	struct test_td td;

	this_lp = (u64)lp;
	for (u32 i = 0; i < ROUNDS; i++) {
		td_build(&td, TD_KEYID + this_lp);
		use_memory(&td);
		td_destroy(&td);
	}
	return NULL;
}

static void run_on_all_lps(void *(*run)(void *))
{
	pthread_t thread[NUM_LPS];

	for (u64 lp = 0; lp < NUM_LPS; lp++)
		pthread_create(&thread[lp], NULL, run, (void *)lp);
	for (u32 lp = 0; lp < NUM_LPS; lp++)
		pthread_join(thread[lp], NULL);
}

static void start(void)
{
	host_ready(MODULE_1_5_08);
	fake.platform.hardware_locks = false;
	fake.real_time = true;
	fake.vmrun = exit_at_once;
	refused = 0;
}

static void test_different_tds(void)
{
	u32 before;

	start();
	before = pages_of_host();
	run_on_all_lps(build_and_destroy);
	none_is_refused("LPs with a TD each");
	tap_is(pages_of_host(), before, "and all pages are given back");
	is_status(call(TDH_SYS_SHUTDOWN, 1 | BIT(16), 0, 0, 0), TDX_SUCCESS);
}

/* One KeyID for all: no two TDs have it at a time. */
static u32 keyid_owners;

/* Who holds the lock that all want, and is slow with it, may starve the others. */
static u64 call_unless_busy(u64 leaf, u64 page)
{
	u64 status;

	do {
		status = call(leaf, page, TD_KEYID, 0, 0);
	} while (status == (TDX_OPERAND_BUSY | OPERAND_KOT));
	return status;
}

static void *create_with_one_keyid(void *lp)
{
	u64 page = fake_alloc_pages(1), status;

	this_lp = (u64)lp;
	for (u32 i = 0; i < ENTRIES; i++) {
		status = call_unless_busy(TDH_MNG_CREATE, page);
		if (status) {
			refuse_unless(status == TDX_HKID_NOT_FREE);
			continue;
		}
		refuse_unless(!__atomic_fetch_add(&keyid_owners, 1, __ATOMIC_SEQ_CST));
		refuse_unless(!call_unless_busy(TDH_MNG_VPFLUSHDONE, page));
		__atomic_fetch_sub(&keyid_owners, 1, __ATOMIC_SEQ_CST);
		refuse_unless(!call_unless_busy(TDH_MNG_KEY_FREEID, page));
		refuse_unless(!call(TDH_PHYMEM_PAGE_RECLAIM, page, 0, 0, 0));
	}
	return NULL;
}

static void test_one_keyid(void)
{
	start();
	fake.platform.deep_invariants = false;
	fake.slow_random = true;
	run_on_all_lps(create_with_one_keyid);
	none_is_refused("LPs that want one KeyID, which one of them gets");
}

/* One TD for all: two LPs run it, two give it memory and take it back. */
static struct test_td shared_td;

static bool is_busy(u64 status)
{
	return (status & TDX_STATUS_CODE_MASK) == TDX_PREVIOUS_TLB_EPOCH_BUSY ||
	       status == (TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX);
}

static void call_until_done(u64 leaf, u64 rcx, u64 rdx)
{
	u64 status;

	do {
		status = call(leaf, rcx, rdx, 0, 0);
	} while (is_busy(status));
	refuse_unless(!status);
}

static u64 own_gpa(u32 i)
{
	return EXTRA_GPA + (NUM_PAGES * this_lp + i % NUM_PAGES) * PAGE_SIZE;
}

/* While it is being built: nothing has to be blocked and tracked. */
static void *add_and_remove(void *lp)
{
	struct test_td *td = &shared_td;
	u64 page = fake_alloc_pages(1);

	this_lp = (u64)lp;
	for (u32 i = 0; i < ENTRIES; i++) {
		refuse_unless(!call(TDH_MEM_PAGE_AUG, own_gpa(i), td->tdr, page, 0));
		refuse_unless(!call(TDH_MEM_PAGE_REMOVE, own_gpa(i), td->tdr, 0, 0));
	}
	return NULL;
}

static void *run_or_manage(void *lp)
{
	struct test_td *td = &shared_td;
	u64 page = fake_alloc_pages(1);

	this_lp = (u64)lp;
	if (this_lp < 2) {
		for (u32 i = 0; i < ENTRIES; i++)
			refuse_unless(!call(TDH_VP_ENTER, td->vcpu[this_lp].tdvpr, 0, 0, 0));
		return NULL;
	}
	for (u32 i = 0; i < ENTRIES / 2; i++) {
		refuse_unless(!call(TDH_MEM_PAGE_AUG, own_gpa(i), td->tdr, page, 0));
		call_until_done(TDH_MEM_RANGE_BLOCK, own_gpa(i), td->tdr);
		call_until_done(TDH_MEM_TRACK, td->tdr, 0);
		call_until_done(TDH_MEM_PAGE_REMOVE, own_gpa(i), td->tdr);
	}
	return NULL;
}

static void test_one_td(void)
{
	u32 before;

	start();
	before = pages_of_host();
	td_create(&shared_td, TD_KEYID);
	td_init(&shared_td);
	for (u32 i = 0; i < 2; i++) {
		td_add_vcpu(&shared_td, i);
		call(TDH_VP_FLUSH, shared_td.vcpu[i].tdvpr, 0, 0, 0);
	}
	td_add_sept(&shared_td, TEST_GPA);
	/* A check holds other LPs off: it comes at the end. */
	fake.platform.deep_invariants = false;
	run_on_all_lps(add_and_remove);
	none_is_refused("LPs that build one TD");
	td_finalize(&shared_td);
	run_on_all_lps(run_or_manage);
	none_is_refused("LPs that run and manage one TD");
	fake.platform.deep_invariants = true;
	td_destroy(&shared_td);
	tap_is(pages_of_host(), before, "and all pages are given back");
}

void test_smp(void)
{
	test_different_tds();
	test_one_keyid();
	test_one_td();
}
