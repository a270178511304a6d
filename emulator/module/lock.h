/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of the module.
 *
 * A real module never waits for a lock: contention is a BUSY status, and the host
 * may try again. KVM knows that it cannot have contention on some SEAMCALLs, and
 * takes BUSY there for a bug. Its reasoning holds where a lock is held for a few
 * hundred instructions; here, the host that runs the emulator can stop a virtual
 * CPU in the middle of them for many milliseconds. So a lock is waited for, with
 * a bound that is longer than such a stop, unless its holder may be running a TD.
 *
 * The locks of a call are released by the dispatcher when the leaf returns.
 *
 * Order: global_lock; TDVPR; TDR; op_state; secure EPT tree; a page that has no owner yet, or
 * that is the TD's memory; vCPU list, measurement or epoch; key_lock. Only
 * TDH.PHYMEM.PAGE.RECLAIM has a page that is owned, and then its owner's TDR: the
 * TD is in teardown then, and whoever gives it a page waits with a bound.
 */
#ifndef EMULATOR_MODULE_LOCK_H
#define EMULATOR_MODULE_LOCK_H

#include "module.h"

enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

/* Waits, with a bound. Return: whether the call has the lock now. */
bool lock_acquire(struct call *call, module_lock *lock, enum lock_mode mode);

/* Does not wait: for a lock that is held while a TD runs. */
bool lock_try(struct call *call, module_lock *lock, enum lock_mode mode);

/* Release before the end of the call: a lock that it took last. */
void lock_release(struct call *call, module_lock *lock);

void lock_release_all(struct call *call);

#endif
