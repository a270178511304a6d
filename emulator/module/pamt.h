/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical address metadata table: who owns a page, for all pages of all TDMRs.
 *
 * It lives in memory of the host's that TDH.SYS.CONFIG took. Pages are tracked by
 * 4 KiB; the tables for 2 MiB and 1 GiB are taken and initialized, and not used.
 */
#ifndef EMULATOR_MODULE_PAMT_H
#define EMULATOR_MODULE_PAMT_H

#include "lock.h"
#include "module.h"

enum page_type {
	PAGE_NDA = 0,  /* not assigned: the host's */
	PAGE_RSVD = 1, /* in a reserved area of the TDMR */
	PAGE_REG = 3,  /* a TD's memory */
	PAGE_TDR = 4,
	PAGE_TDCX = 5, /* TD or vCPU control structure */
	PAGE_TDVPR = 6,
	PAGE_EPT = 8, /* secure EPT */
};

/* By the page's lock, but @type may be read without it and @bepoch is the secure EPT's. */
struct pamt_entry {
	module_lock lock;
	u8 type;      /* enum page_type; atomic */
	u8 owner_low; /* page number of the owner's TDR, 40 bits */
	u32 owner_high;
	u64 bepoch; /* TD epoch when the page was blocked; atomic */
};

_Static_assert(sizeof(struct pamt_entry) == 16, "PAMT entry");

#define PAMT_ENTRY_SIZE sizeof(struct pamt_entry)

static inline u64 pamt_owner(const struct pamt_entry *entry)
{
	return ((u64)entry->owner_high << 8 | entry->owner_low) << PAGE_SHIFT;
}

/* A page of a TDMR. */
struct page {
	u64 pa;
	struct pamt_entry *pamt;
};

/* Entry of @pa, NULL outside of TDMRs, in reserved areas, or not initialized yet. */
struct pamt_entry *pamt_lookup(const struct call *call, u64 pa);

/*
 * Checks of a page operand @pa, in register @operand: aligned, no KeyID, in a TDMR,
 * lock, type. With LOCK_EXCLUSIVE for a page that is to be given to a TD.
 */
u64 page_get(struct call *call, u64 pa, enum tdx_operand operand, enum page_type type,
	     enum lock_mode mode, struct page *page);

/* The same, of any type. */
u64 page_get_any(struct call *call, u64 pa, enum tdx_operand operand, enum lock_mode mode,
		 struct page *page);

/* What the host loses a page of @type to. */
enum seam_page_use page_type_use(enum page_type type);

/*
 * Give a free page to the TD of @tdr_pa: the host loses it. Take it back: all of
 * what was in it is gone.
 */
void page_assign(struct call *call, struct page *page, enum page_type type, u64 tdr_pa);
void page_free(struct call *call, struct page *page);

/*
 * An operand that is a shared buffer of the host: aligned to its size, of a KeyID
 * that is not private, and not owned by the module or a TD.
 */
u64 host_buffer_get(const struct call *call, u64 pa, u64 alignment, enum tdx_operand operand,
		    void **buffer);

#endif
