// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of the module: a count of readers, or the writer's bit.
 *
 * They live in pages that outlast the module that took them, but no lock does: no
 * SEAMCALL is under way when TDH.SYS.SHUTDOWN succeeds.
 */
#include "lock.h"

#define LOCK_WRITER	((module_lock)BIT(15))
#define LOCK_WAIT_MS	100

static bool lock_try_once(module_lock *lock, enum lock_mode mode)
{
	module_lock old = __atomic_load_n(lock, __ATOMIC_RELAXED), new;

	do {
		if ((old & LOCK_WRITER) || (mode == LOCK_EXCLUSIVE && old))
			return false;
		new = mode == LOCK_EXCLUSIVE ? LOCK_WRITER : old + 1;
	} while (!__atomic_compare_exchange_n(lock, &old, new, true,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

static void lock_drop(struct call *call, struct held_lock *held)
{
	module_lock old;

	if (held->exclusive) {
		old = __atomic_exchange_n(held->lock, 0, __ATOMIC_RELEASE);
		invariant(call, old == LOCK_WRITER);
	} else {
		old = __atomic_fetch_sub(held->lock, 1, __ATOMIC_RELEASE);
		invariant(call, old && !(old & LOCK_WRITER));
	}
}

static bool lock_remember(struct call *call, module_lock *lock, enum lock_mode mode)
{
	invariant(call, call->num_held < MAX_HELD_LOCKS);
	call->held[call->num_held++] = (struct held_lock) {
		.lock = lock,
		.exclusive = mode == LOCK_EXCLUSIVE,
	};
	return true;
}

/* The host named one page twice: waiting for ourselves would only take time. */
static bool lock_held(const struct call *call, const module_lock *lock)
{
	for (u32 i = 0; i < call->num_held; i++)
		if (call->held[i].lock == lock)
			return true;
	return false;
}

bool lock_try(struct call *call, module_lock *lock, enum lock_mode mode)
{
	return lock_try_once(lock, mode) && lock_remember(call, lock, mode);
}

bool lock_acquire(struct call *call, module_lock *lock, enum lock_mode mode)
{
	u64 start;

	if (lock_try_once(lock, mode))
		return lock_remember(call, lock, mode);
	if (lock_held(call, lock))
		return false;

	start = call->platform->rdtsc();
	do {
		__builtin_ia32_pause();
		if (lock_try_once(lock, mode))
			return lock_remember(call, lock, mode);
	} while (call->platform->rdtsc() - start < LOCK_WAIT_MS * call->platform->tsc_khz);
	return false;
}

void lock_release(struct call *call, module_lock *lock)
{
	u32 last = call->num_held - 1;

	invariant(call, call->num_held && call->held[last].lock == lock);
	lock_drop(call, &call->held[last]);
	call->num_held--;
}

void lock_release_all(struct call *call)
{
	while (call->num_held)
		lock_drop(call, &call->held[--call->num_held]);
}
