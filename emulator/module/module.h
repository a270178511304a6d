/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDX module: what all its files share.
 *
 * The image is read-only and position independent: it has no writable data and no
 * relocations. All that the module remembers is in three places:
 *
 *  - struct module, in the data region of the SEAM range. Wiped by each update.
 *  - the handoff area in front of it (handoff.h): what one version of the module
 *    tells the next.
 *  - pages that the host gave away: PAMT, TDR, TDCX, TDVPR, secure EPT. They stay
 *    untouched by an update, and so does every TD.
 *
 * lock.h has the order of locks, and when one is waited for.
 */
#ifndef EMULATOR_MODULE_H
#define EMULATOR_MODULE_H

#include "../abi/platform.h"
#include "../abi/seamcall.h"
#include "../abi/status.h"
#include "../abi/types.h"
#include "config.h"

#define MAX_TDMRS	   64
#define MAX_RESERVED_AREAS 16
#define MAX_KEYIDS	   2048
#define MAX_PACKAGES	   8
#define MAX_VCPUS_PER_TD   576
#define MAX_HELD_LOCKS	   12

#define TDMR_GRANULARITY BIT(30)

#define READ_ONCE(x)	     __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)

/* What the module as a whole is ready for; numbered as the ABI does. */
enum sys_state {
	SYS_STATE_INIT_PENDING, /* TDH.SYS.INIT comes next */
	SYS_STATE_INIT_DONE,	/* every LP runs TDH.SYS.LP.INIT, then CONFIG or UPDATE */
	SYS_STATE_CONFIG_DONE,	/* TDH.SYS.KEY.CONFIG on every package */
	SYS_STATE_READY,	/* TDs can be made and run */
	SYS_STATE_SHUTDOWN,	/* the next module takes over */
	SYS_STATE_DISABLED,	/* TDH.SYS.DISABLE, or a fatal error of the module */
};

/* A lock for many readers or one writer; see lock.h. */
typedef u16 module_lock;

struct reserved_area {
	u32 first_page; /* from the base of the TDMR */
	u32 num_pages;
};

/* A TD memory region. Its layout is that of the handoff data's table. */
struct tdmr {
	u64 base;
	u64 size;
	u64 initialized; /* bytes whose PAMT entries are initialized */
	struct {
		u64 base;
		u64 size;
	} pamt[3]; /* for pages of 4 KiB, 2 MiB, 1 GiB */
	u32 num_reserved;
	module_lock lock; /* of @initialized */
	u16 padding;
	struct reserved_area reserved[MAX_RESERVED_AREAS];
	u64 unused[14];
};

_Static_assert(sizeof(struct tdmr) == 320, "TDMR table entry");

enum key_state {
	KEY_FREE,
	KEY_ASSIGNED,
	KEY_FLUSHED,  /* no vCPU uses it; caches still may */
	KEY_RESERVED, /* the module's own */
};

/* KeyID ownership table: one entry a KeyID. */
struct key {
	u8 state;
	u8 padding[3];
	u32 flush_pending; /* packages that TDH.PHYMEM.CACHE.WB has still to visit */
};

_Static_assert(sizeof(struct key) == 8, "KOT entry");

/* A package's progress of TDH.PHYMEM.CACHE.WB. */
struct cache_writeback {
	u64 interrupted;
	u64 next_keyid;
	u8 keyid_pending[MAX_KEYIDS]; /* snapshot that an interrupted call resumes */
};

_Static_assert(sizeof(struct cache_writeback) == 2064, "WBT entry");

/* Which vCPU an LP runs, 0 for none; read by others. */
struct running_vcpu {
	u64 tdr_pa;
	u64 tdvpr_pa;
};

/* How an LP caches translations of the host's shared EPT; see shared_ept.c. */
struct shared_cache {
	u64 tdvpr_pa; /* whose translations they are, 0 for nobody's */
	u64 ept_pointer;
	u64 invept_count;
	u32 pages_used;
};

/**
 * struct module - everything an update wipes
 *
 * @global_lock: protects @state, @lp_initialized, @tdmr, @num_tdmrs and
 *		 @packages_configured; taken by TDH.SYS leaves only. Others read
 *		 what is fixed once @state is SYS_STATE_READY.
 * @key_lock: protects @key, of which TDH.PHYMEM.CACHE.WB changes @flush_pending under a
 *	      shared lock.
 * @writeback_lock: protects a package's @writeback.
 */
struct module {
	u32 state;	/* enum sys_state; read without the lock */
	u32 lps_inside; /* atomic: LPs in a SEAMCALL now */
	bool checking;	/* atomic: an LP checks invariants; see check.c */
	bool checked;	/* the log tells of the first check; by the checker */
	module_lock global_lock;
	module_lock key_lock;
	module_lock writeback_lock[MAX_PACKAGES];

	u32 num_lps_initialized;
	u8 lp_initialized[SEAM_MAX_LPS];
	struct running_vcpu running[SEAM_MAX_LPS];
	struct shared_cache shared_cache[SEAM_MAX_LPS];
	u32 shared_cache_pages; /* for each LP */
	u64 shared_cache_pa;

	bool update_compatibility; /* the host asked for FEATURES0 bit 47 */
	u32 td_build_count;	   /* atomic: TDs between MNG.INIT and MR.FINALIZE */

	u16 global_keyid;
	u32 packages_configured; /* bitmap */
	u32 num_tdmrs;
	struct tdmr tdmr[MAX_TDMRS];
	struct key key[MAX_KEYIDS];
	struct cache_writeback writeback[MAX_PACKAGES];
};

struct held_lock {
	module_lock *lock;
	bool exclusive;
};

/* One SEAMCALL. */
struct call {
	struct seam_cpu *cpu;
	const struct seam_platform *platform;
	struct module *module;
	u64 *reg;	 /* the host's registers, by enum seam_gpr */
	u64 leaf;	 /* with SEAMCALL_TDCALL while a TD's call is handled */
	bool never_wait; /* it has locks against their order */
	u32 num_held;
	struct held_lock held[MAX_HELD_LOCKS];
};

static inline void *pointer(const struct call *call, u64 pa)
{
	return seam_pointer(call->platform, pa);
}

/* An invariant that is worth ending the run for when it does not hold. */
#define invariant(call, condition)                                                \
	do {                                                                      \
		if (!(condition))                                                 \
			(call)->platform->broken(__FILE__, __LINE__, #condition); \
	} while (0)

#define log_line(call, ...) (call)->platform->log("module " MODULE_NAME ": " __VA_ARGS__)

static inline u32 sys_state(const struct call *call)
{
	return __atomic_load_n(&call->module->state, __ATOMIC_SEQ_CST);
}

static inline void set_sys_state(struct call *call, enum sys_state state)
{
	__atomic_store_n(&call->module->state, state, __ATOMIC_SEQ_CST);
}

/* The leaves. Each returns the status and leaves RAX alone. */
#define DECLARE_LEAF(number, id, name) u64 leaf_##id(struct call *call);
TDH_LEAVES(DECLARE_LEAF)
#undef DECLARE_LEAF

#endif
