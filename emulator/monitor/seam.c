// SPDX-License-Identifier: GPL-2.0-only
/* The platform that software in SEAM root mode runs on; see abi/platform.h. */
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "seam.h"

struct seamldr seamldr;
struct seam_platform seam_platform;

static u64 invept_count(u32 lp)
{
	return __atomic_load_n(&cpus[lp].invept_count, __ATOMIC_ACQUIRE);
}

u64 seam_contention[NUM_TDH_LEAVES], td_contention[NUM_TDH_LEAVES];

static u64 *contention(u64 leaf)
{
	u64 *counts = leaf & SEAMCALL_TDCALL ? td_contention : seam_contention;
	u16 number = seamcall_leaf(leaf);

	return number < NUM_TDH_LEAVES ? &counts[number] : NULL;
}

static void contended(u64 leaf)
{
	u64 *count = contention(leaf);

	if (count)
		__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

u64 contentions(u64 leaf)
{
	const u64 *count = contention(leaf);

	return count ? __atomic_load_n(count, __ATOMIC_RELAXED) : 0;
}

static u64 platform_rdtsc(void)
{
	return rdtsc();
}

static bool random(u64 *value)
{
	unsigned int attempt;
	bool done = false;

	for (attempt = 0; attempt < 10 && !done; attempt++)
		asm volatile("rdrand %0" : "=r"(*value), "=@ccc"(done));
	return done;
}

static void __attribute__((noreturn)) platform_broken(const char *file, int line, const char *what)
{
	broken("%s:%d: %s (cpu%u)", file, line, what, current_cpu()->index);
}

/* RAM that Linux gets is the memory that can be converted. */
static void add_cmrs(void)
{
	unsigned int i;

	for (i = 0; i < num_e820; i++) {
		u64 base = ALIGN_UP(e820[i].base, PAGE_SIZE);
		u64 end = (e820[i].base + e820[i].size) & PAGE_MASK;

		if (e820[i].type != E820_RAM || base >= end)
			continue;
		if (seam_platform.num_cmrs == SEAM_MAX_CMRS)
			fatal("more than %u ranges of RAM", SEAM_MAX_CMRS);
		seam_platform.cmr[seam_platform.num_cmrs++] = (struct seam_memory_range){
			base, end - base
		};
	}
}

static u32 count_packages(void)
{
	u32 count = 0;
	unsigned int i, j;

	for (i = 0; i < num_cpus; i++) {
		for (j = 0; j < i && cpus[j].package != cpus[i].package; j++)
			;
		count += j == i;
	}
	return count;
}

void seam_init(void)
{
	seam_platform = (struct seam_platform){
		.abi = SEAM_PLATFORM_ABI,
		.num_lps = num_cpus,
		.num_packages = count_packages(),
		.phys_bits = HOST_PHYSICAL_BITS,
		.num_mktme_keyids = NUM_MKTME_KEYIDS,
		.num_tdx_keyids = NUM_TDX_KEYIDS,
		.acm_x2apic_id = cpus[0].x2apic_id,
		.tsc_khz = tsc_khz,
		.seamrr = { SEAM_RANGE_BASE, SEAM_RANGE_SIZE },
		.iopm_pa = (u64)full_iopm,
		.msrpm_pa = (u64)full_msrpm,
		.protect = npt_protect,
		.unprotect = npt_unprotect,
		.page_use = npt_use,
		/* Boot options that were read before. */
		.deep_invariants = seam_platform.deep_invariants,
		.hardware_locks = seam_platform.hardware_locks,
		.exact_tsc = seam_platform.exact_tsc,
		.vmrun = td_vmrun,
		.acknowledge_interrupt = td_acknowledge_interrupt,
		.end_interrupt = td_end_interrupt,
		.invept_count = invept_count,
		.contended = contended,
		.locked = lock_hold_wait,
		.rdtsc = platform_rdtsc,
		.random = random,
		.log = log_line,
		.broken = platform_broken,
	};
	add_cmrs();
	seamldr_init(&seamldr, &seam_platform);
	seamldr.cpuid_1_eax = cpuid(1, 0).eax;
	if (npt_use(SEAM_RANGE_BASE) == SEAM_PAGE_HOST)
		npt_protect(SEAM_RANGE_BASE, SEAM_RANGE_SIZE, SEAM_PAGE_SEAMRR);
}

/* By the host: costs and invariants are none of the firmware's. */
static void replacing(void)
{
	transition_replacing();
	cost_spend(COST_REPLACING, current_cpu()->index);
}

/* What the firmware does: install the module that the machine comes with. */
void seam_boot_load(void)
{
	u64 status;

	if (!seam_module.size) {
		log_line("no TDX module: SEAMCALLs to it are VMfailInvalid");
	} else {
		status = seamldr_boot_load(&seamldr, seam_module.base, seam_module.size);
		if (status)
			log_line("the TDX module was not loaded: status %016lx", status);
	}
	seamldr.replacing = replacing;
}

/* Whose code it is, for reports. */
const char *seam_where(u64 rip)
{
	if (rip >= (u64)__monitor_start && rip < (u64)__monitor_end)
		return "monitor or P-SEAMLDR";
	if (rip - SEAM_RANGE_BASE < SEAM_RANGE_SIZE)
		return "TDX module";
	return "outside of the emulator";
}
