/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of the module.
 *
 * A real module never waits for a lock: contention is a BUSY status, and the host
 * may try again. With platform->hardware_locks this one does the same.
 *
 * Otherwise it waits. KVM knows that it cannot have contention on some SEAMCALLs, and
 * takes BUSY there for a bug. Its reasoning holds where a lock is held for a few hundred
 * instructions; here, the machine that runs the emulator can stop a virtual CPU in the
 * middle of them for long. No time is too long then, since each holder goes on in the
 * end, unless it runs a TD: for that nobody waits.
 *
 * The locks of a call are released by the dispatcher when the leaf returns.
 *
 * Order: global_lock; TDVPR; TDR; op_state; secure EPT tree; secure EPT entry; a page that
 * has no owner yet, or that is the TD's memory; vCPU list or epoch; key_lock; writeback_lock.
 * TDH.PHYMEM.PAGE.RECLAIM has a page that is owned, and then its owner's TDR, against
 * the order: so it does not wait.
 */
#ifndef EMULATOR_MODULE_LOCK_H
#define EMULATOR_MODULE_LOCK_H

#include "module.h"

enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

/* Return: whether the call has the lock now. */
bool lock_acquire(struct call *call, module_lock *lock, enum lock_mode mode);

/* The lock of page @pa: its holder may run a TD. */
bool lock_acquire_page(struct call *call, module_lock *lock, enum lock_mode mode, u64 pa);

/* Never waits. */
bool lock_try(struct call *call, module_lock *lock, enum lock_mode mode);

/* Release before the end of the call: a lock that it took last. */
void lock_release(struct call *call, module_lock *lock);

void lock_release_all(struct call *call);

/*
 * For who waits for another kind of lock: false with hardware_locks, or when it hangs.
 * @start: when the waiting began, 0 at first.
 */
bool lock_wait(struct call *call, u64 *start);

#endif
