// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deep invariants, for runs that ask for them: every page has one owner that knows
 * of it, counts agree, KeyIDs and TDs agree.
 *
 * They look at everything, so no other LP may be inside meanwhile. An LP counts
 * itself and then looks for a check; the checker announces itself and then looks at
 * the count: one of the two sees the other and gives way.
 */
#include "check.h"
#include "pamt.h"
#include "sept.h"
#include "td.h"

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

/* What was found of a TD. */
struct census {
	u64 tdr_pa;
	u32 children;
	u32 mapped;			/* S-EPT pages and private pages, by the PAMT */
};

#define MAX_TDS		64

static struct census *find_td(struct census *tds, u32 num_tds, u64 tdr_pa)
{
	for (u32 i = 0; i < num_tds; i++)
		if (tds[i].tdr_pa == tdr_pa)
			return &tds[i];
	return NULL;
}

typedef void (*visit_page)(struct call *call, struct pamt_entry *entry, u64 pa,
			   struct census *tds, u32 *num_tds);

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
	invariant(call, *num_tds < MAX_TDS);
	tds[(*num_tds)++] = (struct census) { .tdr_pa = pa };
}

static void note_child(struct call *call, struct pamt_entry *entry, u64 pa, struct census *tds,
		       u32 *num_tds)
{
	struct census *td;

	(void)pa;
	invariant(call, entry->lock == 0);
	switch (entry->type) {
	case PAGE_TDR:
		return;
	case PAGE_REG:
	case PAGE_TDCX:
	case PAGE_TDVPR:
	case PAGE_EPT:
		break;
	default:
		invariant(call, !"a page of a type that there is not");
	}
	td = find_td(tds, *num_tds, pamt_owner(entry));
	invariant(call, td != NULL);
	td->children++;
	td->mapped += entry->type == PAGE_REG || entry->type == PAGE_EPT;
}

/* All that the secure EPT maps is the TD's, and of the type that its place asks for. */
static u32 check_sept_table(struct call *call, u64 tdr_pa, const u64 *table, u32 level)
{
	u32 count = 0;

	for (u32 i = 0; i < SEPT_ENTRIES; i++) {
		enum sept_state state = sept_entry_state(table[i]);
		u64 pa = table[i] & NPT_ADDRESS;
		const struct pamt_entry *entry;

		invariant(call, !(table[i] & SEPT_LOCK));
		if (state == SEPT_FREE)
			continue;
		entry = pamt_lookup(call, pa);
		invariant(call, entry && pamt_owner(entry) == tdr_pa);
		count++;
		if (state == SEPT_NL_MAPPED || state == SEPT_NL_BLOCKED) {
			invariant(call, level && entry->type == PAGE_EPT);
			count += check_sept_table(call, tdr_pa, pointer(call, pa), level - 1);
		} else {
			invariant(call, !level && entry->type == PAGE_REG);
			invariant(call, !(table[i] & NPT_PRESENT) == (state != SEPT_PRESENT));
		}
	}
	return count;
}

static void check_td(struct call *call, const struct census *census)
{
	struct td td = { .tdr_pa = census->tdr_pa, .tdr = pointer(call, census->tdr_pa) };
	const struct key *key = &call->module->key[td.tdr->keyid];

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

	if (td.tdr->num_tdcx < TDCS_NUM_PAGES)
		return;
	td.tdcs = tdcs_page(call, &td, TDCS_CONTROL);
	invariant(call, td.tdcs->num_vcpus <= td.tdcs->max_vcpus || !td.tdr->op_state);
	invariant(call, td.tdcs->num_associated_vcpus <= td.tdcs->num_vcpus);
	/* Nobody is inside. */
	invariant(call, !td.tdcs->epoch_vcpus[0] && !td.tdcs->epoch_vcpus[1]);
	invariant(call, census->mapped == check_sept_table(call, td.tdr_pa,
							   tdcs_page(call, &td, TDCS_SEPT_ROOT),
							   SEPT_ROOT_LEVEL));
}

static void check_all(struct call *call)
{
	struct census tds[MAX_TDS];
	u32 num_tds = 0, assigned = 0, alive = 0;

	for_each_owned_page(call, note_td, tds, &num_tds);
	for_each_owned_page(call, note_child, tds, &num_tds);
	for (u32 i = 0; i < num_tds; i++) {
		const struct tdr *tdr = pointer(call, tds[i].tdr_pa);

		check_td(call, &tds[i]);
		alive += tdr->lifecycle != TD_TEARDOWN;
	}

	/* As many KeyIDs are in use as there are TDs that have one. */
	for (u32 keyid = 0; keyid < MAX_KEYIDS; keyid++)
		assigned += call->module->key[keyid].state == KEY_ASSIGNED ||
			    call->module->key[keyid].state == KEY_FLUSHED;
	invariant(call, assigned == alive);
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

void check_invariants(struct call *call, u16 leaf)
{
	struct module *module = call->module;

	if (!changes_owners(leaf) || sys_state(call) != SYS_STATE_READY)
		return;
	if (__atomic_exchange_n(&module->checking, true, __ATOMIC_SEQ_CST))
		return;
	if (__atomic_load_n(&module->lps_inside, __ATOMIC_SEQ_CST) == 1)
		check_all(call);
	__atomic_store_n(&module->checking, false, __ATOMIC_SEQ_CST);
}
