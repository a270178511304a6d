/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keep runtime updates of the TDX module away from operations that an update
 * would corrupt.
 */
#ifndef _LINUX_TDX_UPDATE_H
#define _LINUX_TDX_UPDATE_H

#ifdef CONFIG_INTEL_TDX_MODULE_UPDATE

#include <linux/list.h>
#include <linux/types.h>

struct mm_struct;

/**
 * struct tdx_update_block - an operation that a TDX module update must not meet
 * @node:	position among the operations in flight, or among those held back
 * @by_mm:	to find the operations of a process
 * @mm:		address space of the task that began the operation; only compared
 * @opening:	which opening of the gate the operation waits for
 * @since_ns:	when the operation was admitted, ktime_get_ns()
 * @tgid:	process that began the operation, for the operator
 * @start_ns:	when that process started: it tells whether @tgid still means it
 * @held:	the operation is in flight and holds updates off
 *
 * The caller embeds it in the object whose lifetime bounds the operation, zero
 * initialized, and does not look inside.  All fields are protected by a lock of
 * the update core.
 */
struct tdx_update_block {
	struct list_head	node;
	struct hlist_node	by_mm;
	struct mm_struct	*mm;
	unsigned long		opening;
	u64			since_ns;
	u64			start_ns;
	pid_t			tgid;
	bool			held;
};

int tdx_update_block_begin(struct tdx_update_block *block);
void tdx_update_block_end(struct tdx_update_block *block);

int tdx_update_read_lock(void);
void tdx_update_read_unlock(void);

#else

struct tdx_update_block { };

static inline int tdx_update_block_begin(struct tdx_update_block *block)
{
	return 0;
}

static inline void tdx_update_block_end(struct tdx_update_block *block) { }

static inline int tdx_update_read_lock(void)
{
	return 0;
}

static inline void tdx_update_read_unlock(void) { }

#endif /* CONFIG_INTEL_TDX_MODULE_UPDATE */

#endif /* _LINUX_TDX_UPDATE_H */
