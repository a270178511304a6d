// SPDX-License-Identifier: GPL-2.0-only
#include "../abi/seamcall.h"
#include "fake_platform.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

struct fake_platform fake;

static u8 *ram;
static u64 next_page;
static u64 random_state;
static pthread_mutex_t random_lock = PTHREAD_MUTEX_INITIALIZER;

void *fake_pointer(u64 pa)
{
	if (pa < FAKE_RAM_BASE || pa >= FAKE_RAM_BASE + FAKE_RAM_SIZE) {
		printf("Bail out! 0x%lx is no memory\n", pa);
		abort();
	}
	return ram + (pa - FAKE_RAM_BASE);
}

static __attribute__((noreturn)) void fake_broken(const char *file, int line, const char *what)
{
	fake.num_broken++;
	fake.broken_what = what;
	if (fake.broken_expected)
		longjmp(fake.on_broken, 1);
	printf("Bail out! %s:%d: broken: %s\n", file, line, what);
	abort();
}

static int *use_of(u64 pa)
{
	if (pa < FAKE_RAM_BASE || pa >= FAKE_RAM_BASE + FAKE_RAM_SIZE)
		fake_broken(__FILE__, __LINE__, "use of what is no memory");
	return &fake.use[(pa - FAKE_RAM_BASE) / PAGE_SIZE];
}

static void fake_protect(u64 pa, u64 size, enum seam_page_use use)
{
	for (u64 end = pa + size; pa < end; pa += PAGE_SIZE) {
		int *page = use_of(pa);

		if (*page != -1 && *page != (int)use)
			fake_broken(__FILE__, __LINE__, "page is protected already");
		*page = use;
	}
}

static void fake_unprotect(u64 pa, u64 size)
{
	for (u64 end = pa + size; pa < end; pa += PAGE_SIZE) {
		int *page = use_of(pa);

		if (*page == -1)
			fake_broken(__FILE__, __LINE__, "page is not protected");
		*page = -1;
	}
}

static enum seam_page_use fake_page_use(u64 pa)
{
	if (pa < FAKE_RAM_BASE || pa >= FAKE_RAM_BASE + FAKE_RAM_SIZE)
		return SEAM_PAGE_HOST;
	return fake.use[(pa - FAKE_RAM_BASE) / PAGE_SIZE];
}

static void fake_vmrun(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	if (!fake.vmrun) {
		printf("Bail out! no vmrun\n");
		abort();
	}
	fake.vmrun(vmcb_pa, gprs, extended);
}

static int fake_acknowledge_interrupt(void)
{
	return fake.interrupt;
}

static void fake_end_interrupt(void)
{
	fake.num_ended++;
}

static u64 fake_invept_count(u32 lp)
{
	return fake.invept[lp];
}

static void fake_contended(u64 leaf)
{
	if (leaf & SEAMCALL_TDCALL)
		leaf = FAKE_TDCALLS + seamcall_leaf(leaf);
	__atomic_add_fetch(&fake.contended[leaf % ARRAY_SIZE(fake.contended)], 1, __ATOMIC_RELAXED);
}

static void fake_locked(u64 leaf, enum seam_lock lock)
{
	if (fake.locked)
		fake.locked(leaf, lock);
}

static u64 fake_rdtsc(void)
{
	static u64 now;
	struct timespec t;

	if (!fake.real_time)
		return now += 1000 + fake.tsc_jump;
	/* Slow, so that the bound of a lock is longer than a busy machine holds up a thread. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * 1000000000UL + t.tv_nsec) / 32;
}

static bool fake_random(u64 *value)
{
	if (fake.slow_random)
		sched_yield();
	if (fake.no_entropy) {
		fake.no_entropy--;
		return false;
	}
	/* The same numbers in each run. */
	pthread_mutex_lock(&random_lock);
	random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
	*value = random_state;
	pthread_mutex_unlock(&random_lock);
	return true;
}

static void fake_log(const char *format, ...)
{
	va_list args;

	if (!getenv("VERBOSE"))
		return;
	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

void fake_reset(u32 num_lps, u32 num_packages)
{
	if (!ram) {
		/* Executable: a test may call the module that P-SEAMLDR installs. */
		ram = mmap(NULL, FAKE_RAM_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (ram == MAP_FAILED) {
			perror("mmap");
			exit(1);
		}
	}
	/* What was never written must not look like zeroes. */
	memset(ram, 0xa5, FAKE_RAM_SIZE);
	next_page = FAKE_RAM_BASE;
	random_state = 1;

	memset(&fake, 0, sizeof(fake));
	memset(fake.use, -1, sizeof(fake.use));
	fake.interrupt = -1;
	fake.platform = (struct seam_platform){
		.abi = SEAM_PLATFORM_ABI,
		.num_lps = num_lps,
		.num_packages = num_packages,
		.phys_bits = FAKE_PHYS_BITS,
		.num_mktme_keyids = FAKE_MKTME_KEYIDS,
		.num_tdx_keyids = FAKE_TDX_KEYIDS,
		.tsc_khz = 1000000,
		.phys_offset = (u64)ram - FAKE_RAM_BASE,
		.seamrr = { FAKE_SEAMRR_BASE, FAKE_SEAMRR_SIZE },
		.num_cmrs = 1,
		.cmr = { { FAKE_RAM_BASE, FAKE_CMR_SIZE } },
		.protect = fake_protect,
		.unprotect = fake_unprotect,
		.page_use = fake_page_use,
		.vmrun = fake_vmrun,
		.acknowledge_interrupt = fake_acknowledge_interrupt,
		.end_interrupt = fake_end_interrupt,
		.invept_count = fake_invept_count,
		.contended = fake_contended,
		.locked = fake_locked,
		.rdtsc = fake_rdtsc,
		.random = fake_random,
		.log = fake_log,
		.broken = fake_broken,
	};
}

u64 fake_alloc_pages(u64 count)
{
	u64 pa = __atomic_fetch_add(&next_page, count * PAGE_SIZE, __ATOMIC_RELAXED);

	if (pa + count * PAGE_SIZE > FAKE_RAM_BASE + FAKE_CMR_SIZE) {
		printf("Bail out! out of memory\n");
		abort();
	}
	memset(fake_pointer(pa), 0, count * PAGE_SIZE);
	return pa;
}

u64 fake_alloc_end(void)
{
	return __atomic_load_n(&next_page, __ATOMIC_RELAXED);
}

struct seam_cpu fake_cpu(u32 lp)
{
	return (struct seam_cpu){
		.platform = &fake.platform,
		.lp = lp,
		.x2apic_id = lp,
		.package = lp * fake.platform.num_packages / fake.platform.num_lps,
	};
}
