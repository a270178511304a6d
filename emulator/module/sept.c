// SPDX-License-Identifier: GPL-2.0-only
#include "sept.h"

static u32 sept_index(u64 gpa, u32 level)
{
	return (gpa >> (PAGE_SHIFT + 9 * level)) & (SEPT_ENTRIES - 1);
}

u64 gpa_operand_get(const struct td *td, u64 value, u32 min_level, u32 max_level,
		    struct gpa_operand *operand)
{
	u32 level = value & GENMASK(2, 0);
	u64 gpa = value & ~GENMASK(2, 0);

	if (level < min_level || level > max_level || gpa >= td_shared_bit(td) ||
	    !IS_ALIGNED(gpa, PAGE_SIZE << (9 * level)))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	operand->gpa = gpa;
	operand->level = level;
	return TDX_SUCCESS;
}

bool sept_walk(const struct call *call, const struct td *td, u64 gpa, u32 level,
	       struct sept_walk *walk)
{
	u64 *table = tdcs_page(call, td, TDCS_SEPT_ROOT);

	for (u32 l = SEPT_ROOT_LEVEL;; l--) {
		walk->level = l;
		walk->entry = &table[sept_index(gpa, l)];
		walk->value = __atomic_load_n(walk->entry, __ATOMIC_ACQUIRE) &
			      ~(SEPT_LOCK | SEPT_HOST_PRIORITY);
		if (l == level)
			return true;
		if (sept_entry_state(walk->value) != SEPT_NL_MAPPED)
			return false;
		table = pointer(call, walk->value & NPT_ADDRESS);
	}
}

u64 sept_tree_lock(struct call *call, struct tdcs *tdcs, enum lock_mode mode)
{
	if (!lock_acquire(call, &tdcs->sept_lock, mode))
		return TDX_OPERAND_BUSY | OPERAND_SEPT_TREE;
	call->platform->locked(call->leaf, SEAM_LOCK_SEPT_TREE);
	return TDX_SUCCESS;
}

/* Return: whether the entry is locked now. */
static bool try_entry_lock(struct sept_walk *walk)
{
	walk->value = __atomic_fetch_or(walk->entry, SEPT_LOCK, __ATOMIC_ACQUIRE);
	return !(walk->value & SEPT_LOCK);
}

u64 sept_entry_lock(struct call *call, struct sept_walk *walk, bool by_host)
{
	u64 start = 0;

	if (!try_entry_lock(walk)) {
		call->platform->contended(call->leaf);
		do {
			if (!lock_wait(call, &start)) {
				if (by_host)
					__atomic_fetch_or(walk->entry, SEPT_HOST_PRIORITY,
							  __ATOMIC_RELAXED);
				return TDX_OPERAND_BUSY | OPERAND_RCX;
			}
		} while (!try_entry_lock(walk));
	}
	if (!by_host && (walk->value & SEPT_HOST_PRIORITY)) {
		__atomic_fetch_and(walk->entry, ~SEPT_LOCK, __ATOMIC_RELEASE);
		return TDX_OPERAND_BUSY_HOST_PRIORITY | OPERAND_RCX;
	}
	if (by_host)
		__atomic_fetch_and(walk->entry, ~SEPT_HOST_PRIORITY, __ATOMIC_RELAXED);
	walk->value &= ~SEPT_HOST_PRIORITY;
	call->platform->locked(call->leaf, SEAM_LOCK_SEPT_ENTRY);
	return TDX_SUCCESS;
}

void sept_entry_set(struct sept_walk *walk, u64 value)
{
	walk->value = value;
	__atomic_store_n(walk->entry, value, __ATOMIC_RELEASE);
}

void sept_entry_unlock(struct sept_walk *walk)
{
	__atomic_fetch_and(walk->entry, ~SEPT_LOCK, __ATOMIC_RELEASE);
}

u64 sept_level_state(const struct sept_walk *walk)
{
	/* clang-format off */
	static const u8 abi_state[] = {
		[SEPT_FREE] = 0,
		[SEPT_BLOCKED] = 1,
		[SEPT_PENDING] = 2,
		[SEPT_PENDING_BLOCKED] = 3,
		[SEPT_PRESENT] = 4,
		[SEPT_NL_MAPPED] = 132,
		[SEPT_NL_BLOCKED] = 129,
	};
	/* clang-format on */
	u32 state = sept_entry_state(walk->value);

	return walk->level | (state < ARRAY_SIZE(abi_state) ? (u64)abi_state[state] << 8 : 0);
}

/* An EPT entry as VMX has it: the address, and RWX when it can be used. */
static u64 abi_entry(u64 value)
{
	return (value & NPT_ADDRESS) | (value & NPT_PRESENT ? 7 : 0);
}

void sept_report_entry(struct call *call, const struct sept_walk *walk)
{
	call->reg[GPR_RCX] = abi_entry(walk->value);
	call->reg[GPR_RDX] = sept_level_state(walk);
}

void sept_report_none(struct call *call)
{
	call->reg[GPR_RCX] = 0;
	call->reg[GPR_RDX] = 0;
}

void *sept_private_page(const struct call *call, const struct td *td, u64 gpa)
{
	struct sept_walk walk;

	if (gpa >= td_shared_bit(td) || !sept_walk(call, td, gpa, 0, &walk) ||
	    sept_entry_state(walk.value) != SEPT_PRESENT)
		return NULL;
	return pointer(call, walk.value & NPT_ADDRESS);
}
