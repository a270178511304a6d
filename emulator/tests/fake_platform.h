/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A platform for tests of P-SEAMLDR and the TDX module as ordinary programs: some
 * memory that pretends to be physical, and a record of what was asked for.
 */
#ifndef EMULATOR_TESTS_FAKE_PLATFORM_H
#define EMULATOR_TESTS_FAKE_PLATFORM_H

#include <setjmp.h>

#include "../abi/platform.h"

/*
 * Physical memory: [FAKE_RAM_BASE, FAKE_RAM_BASE + FAKE_RAM_SIZE), with the SEAM
 * range at its end, which is not convertible memory.
 */
#define FAKE_RAM_BASE	  0x10000000UL
#define FAKE_RAM_SIZE	  0x04000000UL
#define FAKE_SEAMRR_SIZE  0x00800000UL
#define FAKE_SEAMRR_BASE  (FAKE_RAM_BASE + FAKE_RAM_SIZE - FAKE_SEAMRR_SIZE)
#define FAKE_CMR_SIZE	  (FAKE_RAM_SIZE - FAKE_SEAMRR_SIZE)
#define FAKE_NUM_PAGES	  (FAKE_RAM_SIZE / PAGE_SIZE)
#define FAKE_PHYS_BITS	  46
#define FAKE_MKTME_KEYIDS 15
#define FAKE_TDX_KEYIDS	  48
#define FAKE_TDCALLS	  128

/**
 * struct fake_platform - the one and only
 * @platform: what the software under test sees.
 * @use: what the host lost each page to; -1 = it has it.
 * @no_entropy: the next so many calls of random() fail.
 * @num_broken: how often broken() was called.
 * @broken_what: its last text.
 * @on_broken: broken() jumps here; see fake_catches_broken().
 * @vmrun: what stands for running a TD; NULL aborts the test.
 * @invept: what invept_count() returns, for each LP.
 * @interrupt: what acknowledge_interrupt() returns.
 * @num_ended: how often end_interrupt() was called.
 * @slow_random: random() lets other threads run, whatever locks are held.
 * @contended: how often a call of each leaf met a lock of another LP's.
 *	       TDCALLs begin at FAKE_TDCALLS.
 * @locked: called with each lock that locked() tells of; may make calls on other LPs.
 * @tsc_jump: how much further rdtsc() moves, at each call.
 * @real_time: rdtsc() counts time instead of its calls; for several threads.
 */
struct fake_platform {
	struct seam_platform platform;
	int use[FAKE_NUM_PAGES];
	unsigned int no_entropy;
	unsigned int num_broken;
	const char *broken_what;
	jmp_buf on_broken;
	bool broken_expected;
	void (*vmrun)(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended);
	u64 invept[SEAM_MAX_LPS];
	int interrupt;
	u32 num_ended;
	bool slow_random;
	u32 contended[2 * FAKE_TDCALLS];
	void (*locked)(u64 leaf, enum seam_lock lock);
	s64 tsc_jump;
	bool real_time;
};

extern struct fake_platform fake;

/* Start anew with so many LPs and packages; the memory is filled with a pattern. */
void fake_reset(u32 num_lps, u32 num_packages);

/* Pages of convertible memory, zeroed; freed by fake_reset() only. */
u64 fake_alloc_pages(u64 count);
/* End of what was allocated. */
u64 fake_alloc_end(void);

void *fake_pointer(u64 pa);

/* Registers of an LP, ready for a call. */
struct seam_cpu fake_cpu(u32 lp);

/* Whether @statement calls broken(). */
#define fake_catches_broken(statement)         \
	({                                     \
		volatile bool caught_ = true;  \
                                               \
		fake.broken_expected = true;   \
		if (!setjmp(fake.on_broken)) { \
			statement;             \
			caught_ = false;       \
		}                              \
		fake.broken_expected = false;  \
		caught_;                       \
	})

#endif
