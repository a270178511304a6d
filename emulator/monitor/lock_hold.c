// SPDX-License-Identifier: GPL-2.0-only
/* Calls that are held while they have a lock of the TDX module; see abi/control.h. */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

#define MAX_LOCK_HOLDS 8
#define ANY_CPU	       (~0UL)

struct lock_hold {
	u64 leaf;
	u64 cpu;
	enum seam_lock lock;
	bool has_until;
	u64 until; /* the leaf of who is to meet the lock */
};

static struct spinlock lock_hold_lock;
static struct lock_hold lock_holds[MAX_LOCK_HOLDS];
/* Calls cost nothing when there is none. @clears counts how often all of them ended. */
static u32 num_lock_holds, clears;
u32 cpus_in_lock;

static const char *const lock_names[] = {
	[SEAM_LOCK_TDR] = "TDR",
	[SEAM_LOCK_TD_EPOCH] = "TD_EPOCH",
	[SEAM_LOCK_SEPT_TREE] = "SEPT_TREE",
	[SEAM_LOCK_SEPT_ENTRY] = "SEPT_ENTRY",
};

static bool skip_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length))
		return false;
	*text += length;
	return true;
}

static bool parse_call(const char **text, u64 *leaf)
{
	if (skip_word(text, "TDG.MEM.PAGE.ACCEPT")) {
		*leaf = SEAMCALL_TDCALL | TDG_MEM_PAGE_ACCEPT;
		return true;
	}
	return parse_leaf(text, leaf);
}

const char *lock_hold_add(const char *text)
{
	struct lock_hold hold = { .cpu = ANY_CPU };
	unsigned int lock;
	bool full;

	if (!parse_call(&text, &hold.leaf))
		return "no such leaf";
	if (skip_word(&text, ",cpu=") && (!parse_number(&text, &hold.cpu) || hold.cpu >= num_cpus))
		return "no such cpu";
	if (!skip_word(&text, ",lock="))
		return "expected LEAF[,cpu=N],lock=LOCK[,until=LEAF]";
	for (lock = 0; lock < ARRAY_SIZE(lock_names) && !skip_word(&text, lock_names[lock]); lock++)
		;
	if (lock == ARRAY_SIZE(lock_names))
		return "lock is TDR, TD_EPOCH, SEPT_TREE or SEPT_ENTRY";
	hold.lock = lock;
	hold.has_until = skip_word(&text, ",until=");
	if (hold.has_until && !parse_call(&text, &hold.until))
		return "until: no such leaf";
	if (*text)
		return "expected LEAF[,cpu=N],lock=LOCK[,until=LEAF]";

	spin_lock(&lock_hold_lock);
	full = num_lock_holds == MAX_LOCK_HOLDS;
	if (!full) {
		lock_holds[num_lock_holds] = hold;
		__atomic_store_n(&num_lock_holds, num_lock_holds + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&lock_hold_lock);
	return full ? "too many calls are held" : NULL;
}

void lock_hold_clear(void)
{
	spin_lock(&lock_hold_lock);
	__atomic_store_n(&num_lock_holds, 0, __ATOMIC_RELEASE);
	__atomic_add_fetch(&clears, 1, __ATOMIC_RELEASE);
	spin_unlock(&lock_hold_lock);
}

static bool is_asked_for(u64 leaf, enum seam_lock lock, struct lock_hold *hold)
{
	u32 i, cpu = current_cpu()->index;
	bool found = false;

	spin_lock(&lock_hold_lock);
	for (i = 0; i < num_lock_holds && !found; i++) {
		found = lock_holds[i].leaf == leaf && lock_holds[i].lock == lock &&
			(lock_holds[i].cpu == ANY_CPU || lock_holds[i].cpu == cpu);
		*hold = lock_holds[i];
	}
	spin_unlock(&lock_hold_lock);
	return found;
}

void lock_hold_wait(u64 leaf, enum seam_lock lock)
{
	u32 before = __atomic_load_n(&clears, __ATOMIC_ACQUIRE);
	struct lock_hold hold;
	u64 met;

	if (!__atomic_load_n(&num_lock_holds, __ATOMIC_ACQUIRE) || !is_asked_for(leaf, lock, &hold))
		return;
	met = hold.has_until ? contentions(hold.until) : 0;
	__atomic_add_fetch(&cpus_in_lock, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&clears, __ATOMIC_ACQUIRE) == before &&
	       !(hold.has_until && contentions(hold.until) != met))
		cpu_relax();
	__atomic_sub_fetch(&cpus_in_lock, 1, __ATOMIC_RELAXED);
}
