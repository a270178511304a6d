// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks of the module: a count of readers, or the writer's bit.
 *
 * They live in pages that outlast the module that took them, but no lock does: no
 * SEAMCALL is under way when TDH.SYS.SHUTDOWN succeeds.
 */
#include "lock.h"

#define LOCK_WRITER ((module_lock)BIT(15))

/* Longer than any machine stops a virtual CPU: only a bug of the module lasts so long. */
#define LOCK_HANG_S 120

static bool lock_try_once(module_lock *lock, enum lock_mode mode)
{
	module_lock old = __atomic_load_n(lock, __ATOMIC_RELAXED), new;

	do {
		if ((old & LOCK_WRITER) || (mode == LOCK_EXCLUSIVE && old))
			return false;
		new = mode == LOCK_EXCLUSIVE ? LOCK_WRITER : old + 1;
	} while (!__atomic_compare_exchange_n(lock, &old, new, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
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
	call->held[call->num_held++] = (struct held_lock){
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
	if (lock_try_once(lock, mode))
		return lock_remember(call, lock, mode);
	call->platform->contended(call->leaf);
	return false;
}

bool lock_wait(struct call *call, u64 *start)
{
	u64 now = call->platform->rdtsc();

	if (call->platform->hardware_locks || call->never_wait)
		return false;
	if (!*start)
		*start = now;
	__builtin_ia32_pause();
	return now - *start < LOCK_HANG_S * 1000 * call->platform->tsc_khz;
}

/* Whether an LP runs the TD whose TDR this page is, or the vCPU whose TDVPR it is. */
static bool page_is_running(const struct call *call, u64 pa)
{
	for (u32 lp = 0; lp < call->platform->num_lps; lp++) {
		const struct running_vcpu *running = &call->module->running[lp];

		if (READ_ONCE(running->tdr_pa) == pa || READ_ONCE(running->tdvpr_pa) == pa)
			return true;
	}
	return false;
}

static bool acquire(struct call *call, module_lock *lock, enum lock_mode mode, u64 page_pa)
{
	u64 start = 0;

	if (lock_try(call, lock, mode))
		return true;
	if (lock_held(call, lock))
		return false;
	while (!(page_pa && page_is_running(call, page_pa)) && lock_wait(call, &start))
		if (lock_try_once(lock, mode))
			return lock_remember(call, lock, mode);
	return false;
}

bool lock_acquire(struct call *call, module_lock *lock, enum lock_mode mode)
{
	return acquire(call, lock, mode, 0);
}

bool lock_acquire_page(struct call *call, module_lock *lock, enum lock_mode mode, u64 pa)
{
	return acquire(call, lock, mode, pa);
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
