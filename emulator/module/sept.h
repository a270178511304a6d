/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Secure EPT: a TD's private memory.
 *
 * Its pages are used by the CPU as they are, as SVM nested page tables. The state
 * of an entry is in bits that the CPU ignores; only entries in states that a TD can
 * use have the present bit.
 */
#ifndef EMULATOR_MODULE_SEPT_H
#define EMULATOR_MODULE_SEPT_H

#include "td.h"

/* SVM nested page table entry. */
#define NPT_PRESENT  BIT(0)
#define NPT_WRITE    BIT(1)
#define NPT_USER     BIT(2)
#define NPT_ACCESSED BIT(5)
#define NPT_DIRTY    BIT(6)
#define NPT_LARGE    BIT(7)
#define NPT_ADDRESS  GENMASK(51, 12)
/* Accessed and dirty from the start, so that the CPU never writes an entry. */
#define NPT_ALL	     (NPT_PRESENT | NPT_WRITE | NPT_USER | NPT_ACCESSED | NPT_DIRTY)

#define SEPT_STATE_SHIFT   52
#define SEPT_STATE_MASK	   GENMASK(55, 52)
/* The entry is being changed; atomic. */
#define SEPT_LOCK	   BIT(56)
/* The host found it locked: the TD leaves it alone until the host had it; atomic. */
#define SEPT_HOST_PRIORITY BIT(57)

#define SEPT_ENTRIES	512U
#define SEPT_ROOT_LEVEL 3
#define SEPT_MAX_LEVEL	3

enum sept_state {
	SEPT_FREE,
	SEPT_BLOCKED,
	SEPT_PENDING, /* the TD has yet to accept the page */
	SEPT_PENDING_BLOCKED,
	SEPT_PRESENT,
	SEPT_NL_MAPPED, /* a secure EPT page */
	SEPT_NL_BLOCKED,
};

static inline enum sept_state sept_entry_state(u64 entry)
{
	return (entry & SEPT_STATE_MASK) >> SEPT_STATE_SHIFT;
}

static inline u64 sept_make_entry(u64 pa, enum sept_state state)
{
	u64 entry = (pa & NPT_ADDRESS) | (u64)state << SEPT_STATE_SHIFT;

	return state == SEPT_PRESENT || state == SEPT_NL_MAPPED ? entry | NPT_ALL : entry;
}

/* GPA operand of a leaf, taken apart. */
struct gpa_operand {
	u64 gpa;
	u32 level; /* of the entry: 0 maps 4 KiB, 1 2 MiB, … */
};

/* @max_level: highest that the leaf has a use for. */
u64 gpa_operand_get(const struct td *td, u64 value, u32 min_level, u32 max_level,
		    struct gpa_operand *operand);

/* TDX_SUCCESS or TDX_OPERAND_BUSY, of the tree. */
u64 sept_tree_lock(struct call *call, struct tdcs *tdcs, enum lock_mode mode);

/* Where a walk ended: at the level that was asked for, or at the first that stops it. */
struct sept_walk {
	u64 *entry;
	u64 value; /* of the entry, when it was reached */
	u32 level;
};

/* Return: whether the walk got to @level. Needs no lock: no S-EPT page ever goes. */
bool sept_walk(const struct call *call, const struct td *td, u64 gpa, u32 level,
	       struct sept_walk *walk);

/*
 * Lock an entry that a walk found, for the host or for the TD, and read it again. Return:
 * TDX_SUCCESS, TDX_OPERAND_BUSY or TDX_OPERAND_BUSY_HOST_PRIORITY, of RCX.
 */
u64 sept_entry_lock(struct call *call, struct sept_walk *walk, bool by_host);
/* Set it and unlock it. */
void sept_entry_set(struct sept_walk *walk, u64 value);
void sept_entry_unlock(struct sept_walk *walk);

/* Level and state as the ABI tells them: of an entry that a leaf failed for. */
u64 sept_level_state(const struct sept_walk *walk);

/* Put the entry into RCX and RDX, where leaves report it, or clear both. */
void sept_report_entry(struct call *call, const struct sept_walk *walk);
void sept_report_none(struct call *call);

/* The page of private memory that a TD sees at @gpa, NULL when it sees none. */
void *sept_private_page(const struct call *call, const struct td *td, u64 gpa);

#endif
