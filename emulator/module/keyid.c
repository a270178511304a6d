// SPDX-License-Identifier: GPL-2.0-only
#include "keyid.h"
#include "lock.h"
#include "pamt.h"

/*
 * KeyIDs that one TDH.PHYMEM.CACHE.WB handles. On hardware the call is interrupted
 * after some time; here after some work, so that hosts meet the case.
 */
#define CACHE_WB_BATCH 8

bool keyid_private(const struct call *call, u64 keyid)
{
	u64 first = (u64)call->platform->num_mktme_keyids + 1;

	return keyid >= first && keyid - first < call->platform->num_tdx_keyids;
}

/* A key for the module's own pages: on each package once. */
u64 leaf_TDH_SYS_KEY_CONFIG(struct call *call)
{
	struct module *module = call->module;
	u32 package = BIT(call->cpu->package);
	u64 entropy;

	if (!lock_acquire(call, &module->global_lock, LOCK_EXCLUSIVE))
		return TDX_SYS_BUSY;
	if (sys_state(call) != SYS_STATE_CONFIG_DONE)
		return TDX_SYS_KEY_CONFIG_NOT_PENDING;
	if (module->packages_configured & package)
		return TDX_KEY_CONFIGURED;
	if (!call->platform->random(&entropy))
		return TDX_KEY_GENERATION_FAILED;

	module->packages_configured |= package;
	if (module->packages_configured == all_packages(call))
		set_sys_state(call, SYS_STATE_READY);
	return TDX_SUCCESS;
}

/* Note which KeyIDs this package has to be rid of. Return: their number. */
static u32 writeback_start(struct module *module, u32 package)
{
	struct cache_writeback *writeback = &module->writeback[package];
	u32 count = 0;

	for (u32 keyid = 0; keyid < MAX_KEYIDS; keyid++) {
		const struct key *key = &module->key[keyid];
		bool pending = key->state == KEY_FLUSHED &&
			       (READ_ONCE(key->flush_pending) & BIT(package));

		writeback->keyid_pending[keyid] = pending;
		count += pending;
	}
	writeback->next_keyid = 0;
	return count;
}

u64 leaf_TDH_PHYMEM_CACHE_WB(struct call *call)
{
	struct module *module = call->module;
	u32 package = call->cpu->package, done = 0;
	struct cache_writeback *writeback = &module->writeback[package];
	u64 rcx = call->reg[GPR_RCX];

	if (rcx > 1)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (!lock_acquire(call, &module->key_lock, LOCK_SHARED))
		return TDX_OPERAND_BUSY | OPERAND_KOT;
	if (!lock_acquire(call, &module->writeback_lock[package], LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_WBCACHE;

	if (rcx == 0) {
		writeback->interrupted = false;
		if (!writeback_start(module, package))
			return TDX_NO_HKID_READY_TO_WBCACHE;
	} else if (!writeback->interrupted) {
		return TDX_WBCACHE_RESUME_ERROR;
	}

	for (; writeback->next_keyid < MAX_KEYIDS; writeback->next_keyid++) {
		if (!writeback->keyid_pending[writeback->next_keyid])
			continue;
		if (done++ == CACHE_WB_BATCH) {
			writeback->interrupted = true;
			return TDX_INTERRUPTED_RESUMABLE;
		}
		/* Other packages' bits are cleared at the same time. */
		__atomic_fetch_and(&module->key[writeback->next_keyid].flush_pending,
				   ~(u32)BIT(package), __ATOMIC_RELAXED);
	}
	writeback->interrupted = false;
	return TDX_SUCCESS;
}

/* Rid the caches of a page's lines. There are none, but the page must be free. */
u64 leaf_TDH_PHYMEM_PAGE_WBINVD(struct call *call)
{
	u32 phys_bits = call->platform->phys_bits;
	u64 rcx = call->reg[GPR_RCX], keyid = rcx >> phys_bits;
	struct page page;

	if (keyid > (u64)call->platform->num_mktme_keyids + call->platform->num_tdx_keyids)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	return page_get(call, rcx & GENMASK(phys_bits - 1, 0), OPERAND_RCX, PAGE_NDA, LOCK_SHARED,
			&page);
}
