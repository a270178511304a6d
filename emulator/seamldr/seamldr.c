// SPDX-License-Identifier: GPL-2.0-only
/* Entry to P-SEAMLDR, and the leaves that only report. */
#include "internal.h"

/*
 * Hardware would read poison or ciphertext of a page that is the module's or a TD's. Here it
 * is what any access of the host to such a page is: the end of the run.
 */
static void check_is_hosts(const struct seam_platform *platform, u64 pa)
{
	enum seam_page_use use = platform->page_use(pa);

	if (use == SEAM_PAGE_HOST)
		return;
	platform->log("P-SEAMLDR: the host passes protected page %lx: use %d", pa, use);
	platform->broken(__FILE__, __LINE__, "the host passes P-SEAMLDR a page that it gave away");
}

bool seamldr_is_shared_pa(const struct seamldr *ldr, u64 pa, u64 size)
{
	const struct seam_platform *platform = ldr->platform;
	const struct seam_memory_range *range = &platform->seamrr;
	u64 keyid = pa >> platform->phys_bits;

	if (!IS_ALIGNED(pa, size))
		return false;

	/* KeyID 0 is not counted. Above the last KeyID is above MAXPHYADDR too. */
	if (keyid > platform->num_mktme_keyids)
		return false;

	pa &= BIT(platform->phys_bits) - 1;
	if (pa + size > range->base && pa < range->base + range->size)
		return false;

	/*
	 * Hardware would go on and touch whatever answers at that address. On
	 * the emulated host that could only be a device or nothing.
	 */
	for (u32 i = 0; i < platform->num_cmrs; i++) {
		range = &platform->cmr[i];
		if (pa >= range->base && pa - range->base + size <= range->size) {
			check_is_hosts(platform, pa);
			return true;
		}
	}
	return false;
}

static void *shared_pointer(const struct seamldr *ldr, u64 pa)
{
	return seam_pointer(ldr->platform, pa & (BIT(ldr->platform->phys_bits) - 1));
}

static u64 seamldr_info(const struct seamldr *ldr, u64 pa)
{
	const struct seamldr_info info = {
		.vendor = SEAMLDR_VENDOR_INTEL,
		.build_date = SEAMLDR_BUILD_DATE,
		.build_number = SEAMLDR_BUILD_NUMBER,
		.major = SEAMLDR_MAJOR,
		.minor = SEAMLDR_MINOR,
		.update = SEAMLDR_UPDATE,
		.acm_x2apic_id = ldr->platform->acm_x2apic_id,
		.num_remaining_updates = ldr->num_remaining_updates,
		.seam_extend = ldr->extend,
		.seam_ready = seamldr_module_ready(ldr),
		.p_seamldr_ready = true,
		.features0 = SEAMLDR_FEATURE_CLEANUP,
	};

	if (!seamldr_is_shared_pa(ldr, pa, sizeof(info)))
		return SEAMLDR_EBADPARAM;

	__builtin_memcpy(shared_pointer(ldr, pa), &info, sizeof(info));
	return SEAMLDR_SUCCESS;
}

static u64 seamldr_seaminfo(const struct seamldr *ldr, u64 pa)
{
	const struct seam_platform *platform = ldr->platform;
	struct p_sysinfo_table *table;

	if (!seamldr_is_shared_pa(ldr, pa, sizeof(*table)))
		return SEAMLDR_EBADPARAM;

	table = shared_pointer(ldr, pa);
	__builtin_memset(table, 0, sizeof(*table));
	table->tot_num_lps = platform->num_lps;
	table->tot_num_sockets = platform->num_packages;
	for (u32 i = 0; i < platform->num_packages && i < P_SYSINFO_MAX_SOCKETS; i++)
		table->socket_cpuid[i] = ldr->cpuid_1_eax;
	table->p_seamldr_range_base = platform->seamrr.base + platform->seamrr.size -
				      SEAMLDR_OWN_RANGE_SIZE;
	table->p_seamldr_range_size = SEAMLDR_OWN_RANGE_SIZE;
	for (u32 i = 0; i < platform->num_cmrs; i++) {
		table->cmr[i].base = platform->cmr[i].base;
		table->cmr[i].size = platform->cmr[i].size;
	}
	return SEAMLDR_SUCCESS;
}

static u64 dispatch(struct seamldr *ldr, struct seam_cpu *cpu)
{
	const u64 *reg = cpu->host.reg;

	switch (reg[GPR_RAX]) {
	case SEAMLDR_INFO:
		return seamldr_info(ldr, reg[GPR_RCX]);
	case SEAMLDR_INSTALL:
		return seamldr_install(ldr, cpu);
	case SEAMLDR_SHUTDOWN:
		return seamldr_shutdown(ldr, cpu);
	case SEAMLDR_SEAMINFO:
		return seamldr_seaminfo(ldr, reg[GPR_RCX]);
	case SEAMLDR_CLEANUP:
		return seamldr_cleanup(ldr, cpu);
	default:
		return SEAMLDR_EBADPARAM;
	}
}

bool seamldr_call(struct seamldr *ldr, struct seam_cpu *cpu)
{
	/* The processor lets one LP in at a time. Pairs with the store below. */
	if (__atomic_exchange_n(&ldr->busy, true, __ATOMIC_ACQUIRE))
		return false;

	if (ldr->shut_down) {
		__atomic_store_n(&ldr->busy, false, __ATOMIC_RELEASE);
		return false;
	}

	cpu->host.reg[GPR_RAX] = dispatch(ldr, cpu);

	__atomic_store_n(&ldr->busy, false, __ATOMIC_RELEASE);
	return true;
}

void seamldr_init(struct seamldr *ldr, const struct seam_platform *platform)
{
	__builtin_memset(ldr, 0, sizeof(*ldr));
	ldr->platform = platform;
	ldr->update_capacity = SEAMLDR_UPDATE_CAPACITY;
	ldr->cpuid_1_eax = SEAMLDR_CPUID_1_EAX;
	platform->protect(platform->seamrr.base, platform->seamrr.size, SEAM_PAGE_SEAMRR);
}

/* Pairs with seamldr_module_ready(): who sees it set sees the installed image. */
void seamldr_set_ready(struct seamldr *ldr, bool ready)
{
	__atomic_store_n(&ldr->seam_ready, ready, __ATOMIC_RELEASE);
}

bool seamldr_module_ready(const struct seamldr *ldr)
{
	return __atomic_load_n(&ldr->seam_ready, __ATOMIC_ACQUIRE);
}

bool seamldr_install_pending(const struct seamldr *ldr)
{
	return __atomic_load_n(&ldr->flow, __ATOMIC_ACQUIRE) == SEAMLDR_FLOW_INSTALL;
}

seam_module_entry_t seamldr_module_entry(const struct seamldr *ldr)
{
	return (seam_module_entry_t)seam_pointer(ldr->platform, ldr->entry);
}

struct seam_sysinfo *seamldr_module_sysinfo(struct seamldr *ldr)
{
	return seam_pointer(ldr->platform, ldr->platform->seamrr.base);
}
