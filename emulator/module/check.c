// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deep invariants, for runs that ask for them: every page has one owner that knows
 * of it and is protected as such, counts agree, KeyIDs and TDs agree, nobody holds a lock.
 *
 * They look at everything, so no other LP may be inside meanwhile. An LP counts
 * itself and then looks for a check; the checker announces itself and then looks at
 * the count: one of the two sees the other and gives way. The checker waits for LPs that
 * run TDs until an interrupt makes them leave; without one it does not check.
 */
#include "check.h"
#include "lock.h"
#include "pamt.h"
#include "sept.h"
#include "td.h"
#include "vcpu.h"

#define ALONE_WAIT_MS 100

void check_wait(struct call *call)
{
	struct module *module = call->module;

	for (;;) {
		__atomic_fetch_add(&module->lps_inside, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&module->checking, __ATOMIC_SEQ_CST))
			return;
		__atomic_fetch_sub(&module->lps_inside, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&module->checking, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
	}
}

/* S-EPT pages and private pages: how many, and the sum of their addresses. */
struct tally {
	u32 pages;
	u64 sum;
};

/* What was found of a TD, by the PAMT. */
struct census {
	u64 tdr_pa;
	u32 children;
	u32 tdcx;
	struct tally memory;
	/* By its vCPUs' TDVPRs. */
	u32 vcpus;
	u32 vcpus_associated;
	u32 vcpu_tdcx;
};

/* More TDs, most of them torn down and not reclaimed, are not checked. */
#define MAX_TDS 128

static struct census *find_td(struct census *tds, u32 num_tds, u64 tdr_pa)
{
	for (u32 i = 0; i < num_tds; i++)
		if (tds[i].tdr_pa == tdr_pa)
			return &tds[i];
	return NULL;
}

typedef void (*visit_page)(struct call *call, struct pamt_entry *entry, u64 pa, struct census *tds,
			   u32 *num_tds);

static void for_each_owned_page(struct call *call, visit_page visit, struct census *tds,
				u32 *num_tds)
{
	const struct module *module = call->module;

	for (u32 i = 0; i < module->num_tdmrs; i++) {
		const struct tdmr *tdmr = &module->tdmr[i];
		struct pamt_entry *entry = pointer(call, tdmr->pamt[0].base);

		for (u64 offset = 0; offset < tdmr->initialized; offset += PAGE_SIZE, entry++)
			if (entry->type != PAGE_NDA && entry->type != PAGE_RSVD)
				visit(call, entry, tdmr->base + offset, tds, num_tds);
	}
}

static void note_td(struct call *call, struct pamt_entry *entry, u64 pa, struct census *tds,
		    u32 *num_tds)
{
	if (entry->type != PAGE_TDR)
		return;
	invariant(call, pamt_owner(entry) == pa);
	if (*num_tds < MAX_TDS)
		tds[*num_tds] = (struct census){ .tdr_pa = pa };
	(*num_tds)++;
}

static void tally_page(struct tally *tally, u64 pa)
{
	tally->pages++;
	tally->sum += pa;
}

static void note_vcpu(struct census *td, const struct tdvps *tdvps)
{
	td->vcpu_tdcx += tdvps->num_tdcx;
	td->vcpus += tdvps->state != VCPU_UNINITIALIZED;
	td->vcpus_associated += tdvps->associated_lp != LP_NONE;
}

static void note_child(struct call *call, struct pamt_entry *entry, u64 pa, struct census *tds,
		       u32 *num_tds)
{
	struct census *td;

	invariant(call, entry->lock == 0);
	invariant(call, call->platform->page_use(pa) == page_type_use(entry->type));
	if (entry->type == PAGE_TDR)
		return;
	td = find_td(tds, *num_tds, pamt_owner(entry));
	invariant(call, td != NULL);
	td->children++;
	switch (entry->type) {
	case PAGE_REG:
	case PAGE_EPT:
		tally_page(&td->memory, pa);
		break;
	case PAGE_TDCX:
		td->tdcx++;
		break;
	case PAGE_TDVPR:
		note_vcpu(td, pointer(call, pa));
		break;
	default:
		invariant(call, !"a page of a type that there is not");
	}
}

/* All that the secure EPT maps is the TD's, and of the type that its place asks for. */
static void check_sept_table(struct call *call, u64 tdr_pa, const u64 *table, u32 level,
			     struct tally *tally)
{
	for (u32 i = 0; i < SEPT_ENTRIES; i++) {
		enum sept_state state = sept_entry_state(table[i]);
		u64 pa = table[i] & NPT_ADDRESS;
		const struct pamt_entry *entry;

		invariant(call, !(table[i] & SEPT_LOCK));
		if (state == SEPT_FREE)
			continue;
		entry = pamt_lookup(call, pa);
		invariant(call, entry && pamt_owner(entry) == tdr_pa);
		tally_page(tally, pa);
		if (state == SEPT_NL_MAPPED || state == SEPT_NL_BLOCKED) {
			invariant(call, level && entry->type == PAGE_EPT);
			check_sept_table(call, tdr_pa, pointer(call, pa), level - 1, tally);
		} else {
			invariant(call, !level && entry->type == PAGE_REG);
			invariant(call, !(table[i] & NPT_PRESENT) == (state != SEPT_PRESENT));
		}
	}
}

static void check_tdcs(struct call *call, const struct td *td, const struct census *census)
{
	const struct tdcs *tdcs = td->tdcs;
	struct tally tally = { 0 };

	invariant(call, !tdcs->sept_lock && !tdcs->epoch_lock && !tdcs->vcpu_lock &&
				!tdcs->measurement_lock);
	invariant(call, tdcs->num_vcpus <= tdcs->max_vcpus || !td->tdr->op_state);
	invariant(call, tdcs->num_vcpus == census->vcpus);
	invariant(call, tdcs->num_associated_vcpus == census->vcpus_associated);
	/* Nobody is inside. */
	invariant(call, !tdcs->epoch_vcpus[0] && !tdcs->epoch_vcpus[1]);
	check_sept_table(call, td->tdr_pa, tdcs_page(call, td, TDCS_SEPT_ROOT), SEPT_ROOT_LEVEL,
			 &tally);
	invariant(call, census->memory.pages == tally.pages && census->memory.sum == tally.sum);
}

static bool build_is_counted(const struct call *call, const struct td *td)
{
	const struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);

	return td->tdr->op_state == TD_INITIALIZED && measurement->mrtd_context_version;
}

static void check_td(struct call *call, const struct census *census, u32 *builds)
{
	struct td td = { .tdr_pa = census->tdr_pa, .tdr = pointer(call, census->tdr_pa) };
	const struct key *key = &call->module->key[td.tdr->keyid];

	invariant(call, !td.tdr->op_state_lock);
	invariant(call, td.tdr->num_children == census->children);
	switch (td.tdr->lifecycle) {
	case TD_HKID_ASSIGNED:
	case TD_KEYS_CONFIGURED:
		invariant(call, key->state == KEY_ASSIGNED);
		break;
	case TD_BLOCKED:
		invariant(call, key->state == KEY_FLUSHED);
		break;
	default:
		/* Pages are reclaimed in any order: nothing else is to be relied on. */
		return;
	}

	invariant(call, census->tdcx == td.tdr->num_tdcx + census->vcpu_tdcx);
	if (td.tdr->num_tdcx < TDCS_NUM_PAGES)
		return;
	td.tdcs = tdcs_page(call, &td, TDCS_CONTROL);
	check_tdcs(call, &td, census);
	*builds += td.tdr->lifecycle == TD_KEYS_CONFIGURED && build_is_counted(call, &td);
}

static void check_all(struct call *call)
{
	const struct module *module = call->module;
	struct census tds[MAX_TDS];
	u32 num_tds = 0, assigned = 0, alive = 0, builds = 0;

	for_each_owned_page(call, note_td, tds, &num_tds);
	if (num_tds > MAX_TDS)
		return;
	invariant(call, !module->global_lock && !module->key_lock);
	for_each_owned_page(call, note_child, tds, &num_tds);
	for (u32 i = 0; i < num_tds; i++) {
		const struct tdr *tdr = pointer(call, tds[i].tdr_pa);

		check_td(call, &tds[i], &builds);
		alive += tdr->lifecycle != TD_TEARDOWN;
	}

	/* As many KeyIDs are in use as there are TDs that have one. */
	for (u32 keyid = 0; keyid < MAX_KEYIDS; keyid++)
		assigned += module->key[keyid].state == KEY_ASSIGNED ||
			    module->key[keyid].state == KEY_FLUSHED;
	invariant(call, assigned == alive);
	/* Handoff version 0 forgets builds that were counted. */
	invariant(call, module->td_build_count <= builds);
}

static bool changes_owners(u16 leaf)
{
	switch (leaf) {
	case TDH_MNG_CREATE:
	case TDH_MNG_KEY_FREEID:
	case TDH_MNG_VPFLUSHDONE:
	case TDH_MNG_ADDCX:
	case TDH_VP_CREATE:
	case TDH_VP_ADDCX:
	case TDH_VP_INIT:
	case TDH_VP_FLUSH:
	case TDH_MNG_INIT:
	case TDH_MR_FINALIZE:
	case TDH_MEM_SEPT_ADD:
	case TDH_MEM_PAGE_ADD:
	case TDH_MEM_PAGE_AUG:
	case TDH_MEM_PAGE_REMOVE:
	case TDH_MEM_RANGE_BLOCK:
	case TDH_PHYMEM_PAGE_RECLAIM:
	case TDH_SYS_UPDATE:
		return true;
	default:
		return false;
	}
}

static bool wait_until_alone(struct call *call)
{
	const struct seam_platform *platform = call->platform;
	u64 start = platform->rdtsc();

	while (__atomic_load_n(&call->module->lps_inside, __ATOMIC_SEQ_CST) != 1) {
		if (platform->rdtsc() - start > ALONE_WAIT_MS * platform->tsc_khz)
			return false;
		__builtin_ia32_pause();
	}
	return true;
}

void check_invariants(struct call *call, u16 leaf)
{
	struct module *module = call->module;

	if (!changes_owners(leaf) || sys_state(call) != SYS_STATE_READY)
		return;
	if (__atomic_exchange_n(&module->checking, true, __ATOMIC_SEQ_CST))
		return;
	if (wait_until_alone(call)) {
		if (!module->checked)
			log_line(call, "deep invariants are checked");
		module->checked = true;
		check_all(call);
	}
	__atomic_store_n(&module->checking, false, __ATOMIC_SEQ_CST);
}
