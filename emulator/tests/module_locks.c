// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a leaf says when another LP has the lock that it needs: BUSY, and of what. Here
 * nobody gives the lock back until the leaf has given up; then the same call succeeds.
 *
 * Which lock a leaf takes, and how: the leaf's file in src/vmm_dispatcher/api_calls, and
 * src/common/helpers/tdx_locks.h, of the repository intel/tdx-module.
 */
/* The layouts are those of all versions. */
#ifndef MODULE_CONFIG
#define MODULE_CONFIG "versions/1.5.05.h"
#endif
#include "../module/sept.h"

#include "module_cpu.h"

#include <pthread.h>
#include <sched.h>

#define WRITER ((module_lock)BIT(15))
#define READER ((module_lock)1)

static struct test_td td;
static u64 spare;

/* With @lock held, and without. */
static void is_busy_while(module_lock *lock, module_lock held, u64 leaf, u64 rcx, u64 rdx, u64 r8,
			  u64 r9, u64 busy)
{
	const char *name = seamcall_name(leaf);

	*lock = held;
	tap_is(call(leaf, rcx, rdx, r8, r9), busy, "%s with a lock of another LP's", name);
	tap_is(*lock, held, "and the other LP still has it");
	*lock = 0;
	tap_is(call(leaf, rcx, rdx, r8, r9), TDX_SUCCESS, "%s without", name);
}

static struct module *module(void)
{
	return fake_pointer(sysinfo.data_base + sysinfo.handoff_size);
}

static struct tdr *tdr(void)
{
	return fake_pointer(td.tdr);
}

static struct tdcs *tdcs(void)
{
	return fake_pointer(td.tdcx[TDCS_CONTROL]);
}

static module_lock *pamt_lock_of(u64 page)
{
	return fake_pointer(FAKE_RAM_BASE + page / PAGE_SIZE * sizeof(struct pamt_entry));
}

static void start(void)
{
	host_ready(MODULE_1_5_05);
	/* A check would find the locks that nobody holds. */
	fake.platform.deep_invariants = false;
	spare = fake_alloc_pages(1);
}

static void test_module_locks(void)
{
	struct tdmr_info tdmr;
	u64 list;

	host_reset(MODULE_1_5_05);
	fake.platform.deep_invariants = false;
	is_busy_while(&module()->global_lock, WRITER, TDH_SYS_INIT, 0, 0, 0, 0, TDX_SYS_BUSY);
	is_busy_while(&module()->global_lock, WRITER, TDH_SYS_LP_INIT, 0, 0, 0, 0, TDX_SYS_BUSY);
	for (u32 lp = 1; lp < NUM_LPS; lp++)
		call_on(lp, TDH_SYS_LP_INIT, 0, 0, 0, 0);
	tdmr = good_tdmr();
	list = fake_alloc_pages(2);
	*(u64 *)fake_pointer(list) = list + PAGE_SIZE;
	__builtin_memcpy(fake_pointer(list + PAGE_SIZE), &tdmr, sizeof(tdmr));
	is_busy_while(&module()->global_lock, READER, TDH_SYS_CONFIG, list, 1, GLOBAL_KEYID, 0,
		      TDX_SYS_BUSY);
	is_busy_while(&module()->global_lock, READER, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0, TDX_SYS_BUSY);
	call_on(NUM_LPS - 1, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	is_busy_while(&module()->tdmr[0].lock, WRITER, TDH_SYS_TDMR_INIT, 0, 0, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_TDMR);

	start();
	is_busy_while(&module()->global_lock, READER, TDH_SYS_SHUTDOWN, 0, 0, 0, 0, TDX_SYS_BUSY);
	module_install(MODULE_1_5_06);
	init_all_lps(0, 0);
	is_busy_while(&module()->global_lock, READER, TDH_SYS_UPDATE, 0, 0, 0, 0, TDX_SYS_BUSY);
	is_busy_while(&module()->global_lock, READER, TDH_SYS_DISABLE, 0, 0, 0, 0, TDX_SYS_BUSY);
}

static void test_key_lock(void)
{
	u64 kot = TDX_OPERAND_BUSY | OPERAND_KOT;

	start();
	td.tdr = spare;
	is_busy_while(&module()->key_lock, WRITER, TDH_MNG_CREATE, td.tdr, TD_KEYID, 0, 0, kot);
	call(TDH_MNG_KEY_CONFIG, td.tdr, 0, 0, 0);
	is_busy_while(&module()->key_lock, WRITER, TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0, kot);
	module()->key_lock = WRITER;
	is_status(call(TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0), kot);
	module()->key_lock = 0;
	is_busy_while(&module()->writeback_lock[0], WRITER, TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_WBCACHE);
	is_busy_while(&module()->key_lock, WRITER, TDH_MNG_KEY_FREEID, td.tdr, 0, 0, 0, kot);
}

static void test_td_locks(void)
{
	u64 tree = TDX_OPERAND_BUSY | OPERAND_SEPT_TREE, gpa = TEST_GPA + PAGE_SIZE;
	u64 source, page, tdvpr;

	start();
	td_create(&td, TD_KEYID);
	is_busy_while(&tdr()->op_state_lock, READER, TDH_MNG_ADDCX, spare, td.tdr, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_OP_STATE);
	start();
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_sept(&td, TEST_GPA);
	source = fake_alloc_pages(1);
	page = fake_alloc_pages(1);
	is_busy_while(&tdcs()->sept_lock, WRITER, TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, source,
		      tree);
	is_busy_while(&tdcs()->sept_lock, WRITER, TDH_MR_EXTEND, TEST_GPA, td.tdr, 0, 0, tree);
	is_busy_while(pamt_lock_of(td.tdr), READER, TDH_MR_EXTEND, TEST_GPA, td.tdr, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_RDX);
	page = fake_alloc_pages(1);
	is_busy_while(pamt_lock_of(td.tdr), READER, TDH_MEM_PAGE_ADD, gpa, td.tdr, page, source,
		      TDX_OPERAND_BUSY | OPERAND_RDX);
	is_busy_while(&tdcs()->sept_lock, WRITER, TDH_MEM_PAGE_REMOVE, gpa, td.tdr, 0, 0, tree);
	is_busy_while(&tdcs()->sept_lock, WRITER, TDH_MEM_PAGE_AUG, gpa, td.tdr, page, 0, tree);
	is_busy_while(&tdcs()->sept_lock, WRITER, TDH_MEM_SEPT_ADD, BIT(30) | 2, td.tdr,
		      fake_alloc_pages(1), 0, tree);

	tdvpr = fake_alloc_pages(1);
	is_busy_while(&tdr()->op_state_lock, WRITER, TDH_VP_CREATE, tdvpr, td.tdr, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_OP_STATE);
	for (u32 i = 0; i < VCPU_TDCX_PAGES; i++)
		call(TDH_VP_ADDCX, fake_alloc_pages(1), tdvpr, 0, 0);
	is_busy_while(&tdcs()->vcpu_lock, WRITER, TDH_VP_INIT | VERSION_1, tdvpr, 0, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_TDCS);
	is_busy_while(&tdr()->op_state_lock, READER, TDH_MR_FINALIZE, td.tdr, 0, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_OP_STATE);
}

/* An entry of the secure EPT is locked by a bit of its own. */
static void test_entry_lock(void)
{
	u64 *table;

	start();
	td_build(&td, TD_KEYID);
	table = fake_pointer(td.sept[0]);
	table[1] |= SEPT_LOCK;
	is_status(call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, td.tdr, spare, 0),
		  TDX_OPERAND_BUSY | OPERAND_RCX);
	tap_is(out.reg[GPR_RDX], 0, "and RDX has the entry's level and state");
	tap_is(table[1] & SEPT_HOST_PRIORITY, SEPT_HOST_PRIORITY, "the host has priority now");
	table[1] &= ~SEPT_LOCK;
	is_status(call(TDH_MEM_PAGE_AUG, TEST_GPA + PAGE_SIZE, td.tdr, spare, 0), TDX_SUCCESS);
}

static void exit_at_once(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	struct vmcb *vmcb = fake_pointer(vmcb_pa);

	(void)gprs;
	(void)extended;
	vmcb->control.exit_code = SVM_EXIT_NMI;
}

static void test_run_and_remove(void)
{
	u64 epoch = TDX_OPERAND_BUSY | OPERAND_TD_EPOCH, gpa = TEST_GPA, tdvpr, page;

	start();
	td_build(&td, TD_KEYID);
	tdvpr = td.vcpu[0].tdvpr;
	fake.vmrun = exit_at_once;
	is_busy_while(&tdcs()->epoch_lock, WRITER, TDH_VP_ENTER, tdvpr, 0, 0, 0, epoch);
	is_busy_while(&tdcs()->sept_lock, READER, TDH_MEM_RANGE_BLOCK, gpa, td.tdr, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_SEPT_TREE);
	is_busy_while(&tdcs()->epoch_lock, READER, TDH_MEM_TRACK, td.tdr, 0, 0, 0, epoch);
	page = ((u64 *)fake_pointer(td.sept[0]))[0] & NPT_ADDRESS;
	is_busy_while(pamt_lock_of(page), READER, TDH_MEM_PAGE_REMOVE, gpa, td.tdr, 0, 0,
		      TDX_OPERAND_BUSY | OPERAND_RCX);
}

/* The TD's own calls meet the host's. */
static void test_tdcalls(void)
{
	u64 gpa = TEST_GPA + PAGE_SIZE, *table;

	run_start(MODULE_1_5_05);
	fake.platform.deep_invariants = false;
	td = running_td;
	table = fake_pointer(td.sept[0]);
	call(TDH_MEM_PAGE_AUG, gpa, td.tdr, fake_alloc_pages(1), 0);
	table[1] |= SEPT_LOCK;
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa, 0, 0), TDX_OPERAND_BUSY | OPERAND_RCX);
	table[1] &= ~SEPT_LOCK;
	table[1] |= SEPT_HOST_PRIORITY;
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa, 0, 0),
		  TDX_OPERAND_BUSY_HOST_PRIORITY | OPERAND_RCX);
	tap_is(table[1] & SEPT_LOCK, 0, "and the entry is not locked");
	table[1] &= ~SEPT_HOST_PRIORITY;
	tdcs()->sept_lock = WRITER;
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, gpa, 0, 0), TDX_SUCCESS);
	tdcs()->sept_lock = 0;
	tdcs()->measurement_lock = WRITER;
	is_status(tdcall(TDG_MR_RTMR_EXTEND, TEST_GPA, 0, 0), TDX_OPERAND_BUSY | OPERAND_TDCS);
	tdcs()->measurement_lock = 0;
	is_status(tdcall(TDG_MR_RTMR_EXTEND, TEST_GPA, 0, 0), TDX_SUCCESS);
}

/* Who holds a lock gives it back after a while; meanwhile another LP waits for it. */
static void *release_later(void *lock)
{
	while (!__atomic_load_n(&fake.contended[TDH_MEM_TRACK], __ATOMIC_SEQ_CST))
		sched_yield();
	__atomic_store_n((module_lock *)lock, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_waiting(void)
{
	pthread_t thread;

	start();
	td_build(&td, TD_KEYID);
	fake.platform.hardware_locks = false;
	tdcs()->epoch_lock = READER;
	pthread_create(&thread, NULL, release_later, &tdcs()->epoch_lock);
	is_status(call(TDH_MEM_TRACK, td.tdr, 0, 0, 0), TDX_SUCCESS);
	pthread_join(thread, NULL);
	tap_is(fake.contended[TDH_MEM_TRACK], 1, "a lock that was waited for counts as contended");
	tap_is(fake.contended[TDH_VP_ENTER], 0, "for that leaf only");
	fake.platform.hardware_locks = true;
	tdcs()->epoch_lock = READER;
	call(TDH_MEM_TRACK, td.tdr, 0, 0, 0);
	tdcs()->epoch_lock = 0;
	tap_is(fake.contended[TDH_MEM_TRACK], 2, "so does one that is BUSY");
}

/* What another LP is told while a call has the lock that it was to be held in. */
static struct {
	u64 leaf;
	enum seam_lock lock;
	u64 other_leaf, rcx, rdx;
	u64 status;
	u32 times;
} meeting;

static void meet(u64 leaf, enum seam_lock lock)
{
	if (leaf != meeting.leaf || lock != meeting.lock || meeting.times++)
		return;
	meeting.status = call_on(1, meeting.other_leaf, meeting.rcx, meeting.rdx, spare, 0);
}

static void meets(u64 leaf, enum seam_lock lock, u64 other_leaf, u64 rcx, u64 rdx)
{
	meeting.leaf = leaf;
	meeting.lock = lock;
	meeting.other_leaf = other_leaf;
	meeting.rcx = rcx;
	meeting.rdx = rdx;
	meeting.times = 0;
	meeting.status = 0;
}

/* What builds a TD has the TDR for itself: a CPU that goes offline then can't flush a vCPU. */
static void test_held_build(void)
{
	u64 source, page, vcpu;

	start();
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_vcpu(&td, 0);
	td_add_sept(&td, TEST_GPA);
	source = fake_alloc_pages(1);
	page = fake_alloc_pages(1);
	fake.locked = meet;

	vcpu = fake_alloc_pages(1);
	call(TDH_VP_CREATE, vcpu, td.tdr, 0, 0);
	for (u32 i = 0; i < VCPU_TDCX_PAGES; i++)
		call(TDH_VP_ADDCX, fake_alloc_pages(1), vcpu, 0, 0);
	meets(TDH_VP_INIT, SEAM_LOCK_TDR, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0);
	is_status(call(TDH_VP_INIT | VERSION_1, vcpu, 0, 1, 0), TDX_SUCCESS);
	is_status(meeting.status, TDX_OPERAND_BUSY | OPERAND_TDR);
	meets(TDH_MEM_PAGE_ADD, SEAM_LOCK_TDR, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, page, source), TDX_SUCCESS);
	is_status(meeting.status, TDX_OPERAND_BUSY | OPERAND_TDR);
	meets(TDH_MR_EXTEND, SEAM_LOCK_TDR, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0);
	is_status(call(TDH_MR_EXTEND, TEST_GPA, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(meeting.status, TDX_OPERAND_BUSY | OPERAND_TDR);
	meets(TDH_MR_FINALIZE, SEAM_LOCK_TDR, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_SUCCESS);
	is_status(meeting.status, TDX_OPERAND_BUSY | OPERAND_TDR);
	tap_is(fake.contended[TDH_VP_FLUSH], 4, "four times");
	is_status(call(TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0, 0, 0), TDX_SUCCESS);
}

/* Where the platform may hold a call, it has the lock, and nobody else gets it. */
static void test_held(void)
{
	u64 tree = TDX_OPERAND_BUSY | OPERAND_SEPT_TREE,
	    epoch = TDX_OPERAND_BUSY | OPERAND_TD_EPOCH;
	u64 entry = TDX_OPERAND_BUSY | OPERAND_RCX, gpa = TEST_GPA, next = TEST_GPA + PAGE_SIZE;

	run_start(MODULE_1_5_05);
	td = running_td;
	spare = fake_alloc_pages(1);
	fake.platform.deep_invariants = false;
	fake.locked = meet;
	fake.vmrun = exit_at_once;

	meets(TDH_VP_ENTER, SEAM_LOCK_TD_EPOCH, TDH_MEM_TRACK, td.tdr, 0);
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), 0);
	is_status(meeting.status, epoch);
	meets(TDH_MEM_TRACK, SEAM_LOCK_TD_EPOCH, TDH_VP_ENTER, td.vcpu[0].tdvpr, 0);
	is_status(call(TDH_MEM_TRACK, td.tdr, 0, 0, 0), TDX_SUCCESS);
	/* The vCPU is another LP's. */
	is_status(meeting.status, TDX_VCPU_ASSOCIATED);

	meets(TDH_MEM_PAGE_AUG, SEAM_LOCK_SEPT_TREE, TDH_MEM_RANGE_BLOCK, gpa, td.tdr);
	is_status(call(TDH_MEM_PAGE_AUG, next, td.tdr, fake_alloc_pages(1), 0), TDX_SUCCESS);
	is_status(meeting.status, tree);
	meets(TDH_MEM_SEPT_ADD, SEAM_LOCK_SEPT_ENTRY, TDH_MEM_SEPT_ADD, BIT(30) | 2, td.tdr);
	is_status(call(TDH_MEM_SEPT_ADD, BIT(30) | 2, td.tdr, fake_alloc_pages(1), 0), TDX_SUCCESS);
	is_status(meeting.status, entry);
	meets(SEAMCALL_TDCALL | TDG_MEM_PAGE_ACCEPT, SEAM_LOCK_SEPT_ENTRY, TDH_MEM_RANGE_BLOCK,
	      next, td.tdr);
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, next, 0, 0), TDX_SUCCESS);
	is_status(meeting.status, entry);

	meets(TDH_MEM_RANGE_BLOCK, SEAM_LOCK_SEPT_TREE, TDH_MEM_PAGE_AUG, next + PAGE_SIZE, td.tdr);
	is_status(call(TDH_MEM_RANGE_BLOCK, next, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(meeting.status, tree);
	call(TDH_MEM_TRACK, td.tdr, 0, 0, 0);
	meets(TDH_MEM_PAGE_REMOVE, SEAM_LOCK_SEPT_ENTRY, TDH_MEM_PAGE_AUG, next, td.tdr);
	is_status(call(TDH_MEM_PAGE_REMOVE, next, td.tdr, 0, 0), TDX_SUCCESS);
	is_status(meeting.status, entry);
	tap_is(fake.contended[FAKE_TDCALLS + TDG_MEM_PAGE_ACCEPT], 0, "the TD met nobody");

	/* A TD's call counts as the TD's. */
	call(TDH_MEM_PAGE_AUG, next, td.tdr, fake_alloc_pages(1), 0);
	((u64 *)fake_pointer(td.sept[0]))[1] |= SEPT_LOCK;
	is_status(tdcall(TDG_MEM_PAGE_ACCEPT, next, 0, 0), TDX_OPERAND_BUSY | OPERAND_RCX);
	((u64 *)fake_pointer(td.sept[0]))[1] &= ~SEPT_LOCK;
	tap_is(fake.contended[FAKE_TDCALLS + TDG_MEM_PAGE_ACCEPT], 1, "now it did");
	tap_is(fake.contended[TDH_VP_ENTER], 0, "which is not its entry");
}

static u64 status_inside[3];

static void run_and_look(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	fake.vmrun = NULL;
	status_inside[0] = call_on(1, TDH_VP_FLUSH, td.vcpu[0].tdvpr, 0, 0, 0);
	status_inside[1] = call_on(1, TDH_MNG_VPFLUSHDONE, td.tdr, 0, 0, 0);
	status_inside[2] = call_on(1, TDH_VP_RD, td.vcpu[0].tdvpr, 11 | 32UL << 56, 0, 0);
	exit_at_once(vmcb_pa, gprs, extended);
}

/* A TD may run for long: nobody waits for its end. */
static void test_running(void)
{
	start();
	td_build(&td, TD_KEYID);
	fake.platform.hardware_locks = false;
	fake.vmrun = run_and_look;
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), 0);
	is_status(status_inside[0], TDX_OPERAND_BUSY | OPERAND_RCX);
	is_status(status_inside[1], TDX_OPERAND_BUSY | OPERAND_RCX);
	is_status(status_inside[2], TDX_VCPU_ASSOCIATED);
}

void test_locks(void)
{
	test_waiting();
	test_running();
	test_held_build();
	test_held();
	test_module_locks();
	test_key_lock();
	test_td_locks();
	test_entry_lock();
	test_run_and_remove();
	test_tdcalls();
}
