// SPDX-License-Identifier: GPL-2.0-only
#include "sept.h"
#include "shared_ept.h"

/* A path through the shadow below its root. */
#define MIN_CACHE_PAGES 3

/* VMX EPT entry. */
#define EPT_READ	BIT(0)
#define EPT_WRITE	BIT(1)
#define EPT_PERMISSIONS GENMASK(2, 0)
#define EPT_LARGE	BIT(7)
#define EPT_SUPPRESS_VE BIT(63)

bool shared_cache_init(struct call *call)
{
	const struct seam_sysinfo *sysinfo = call->cpu->sysinfo;
	struct module *module = call->module;
	u64 start = ALIGN_UP(sysinfo->data_base + sysinfo->handoff_size + sizeof(*module),
			     PAGE_SIZE);
	u64 end = sysinfo->data_base + sysinfo->data_size, pages;

	if (end < start)
		return false;
	pages = (end - start) / PAGE_SIZE / call->platform->num_lps;
	if (pages < MIN_CACHE_PAGES)
		return false;
	module->shared_cache_pages = pages;
	module->shared_cache_pa = start;
	return true;
}

static struct shared_cache *this_cache(const struct call *call)
{
	return &call->module->shared_cache[call->cpu->lp];
}

static u64 *shared_half(const struct call *call, const struct vcpu *vcpu)
{
	u64 *root = tdvps_page(call, vcpu, TDVPS_NPT_ROOT);

	return root + SEPT_ENTRIES / 2;
}

static void cache_empty(struct call *call, struct vcpu *vcpu)
{
	__builtin_memset(shared_half(call, vcpu), 0, PAGE_SIZE / 2);
	this_cache(call)->pages_used = 0;
}

void shared_cache_use(struct call *call, struct vcpu *vcpu)
{
	struct shared_cache *cache = this_cache(call);
	u64 ept_pointer = vcpu->tdvps->shared_ept_pointer;
	u64 invept_count = call->platform->invept_count(call->cpu->lp);

	if (cache->tdvpr_pa == vcpu->tdvpr_pa && cache->ept_pointer == ept_pointer &&
	    cache->invept_count == invept_count)
		return;
	cache_empty(call, vcpu);
	cache->tdvpr_pa = vcpu->tdvpr_pa;
	cache->ept_pointer = ept_pointer;
	cache->invept_count = invept_count;
}

void shared_cache_drop(struct call *call, struct vcpu *vcpu)
{
	struct shared_cache *cache = this_cache(call);

	if (cache->tdvpr_pa == vcpu->tdvpr_pa)
		cache->tdvpr_pa = 0;
	if (vcpu->vmcb)
		__builtin_memset(shared_half(call, vcpu), 0, PAGE_SIZE / 2);
}

static u64 cache_new_page(struct call *call)
{
	struct module *module = call->module;
	struct shared_cache *cache = this_cache(call);
	u64 pa;

	if (cache->pages_used == module->shared_cache_pages)
		return 0;
	pa = module->shared_cache_pa +
	     ((u64)call->cpu->lp * module->shared_cache_pages + cache->pages_used++) * PAGE_SIZE;
	__builtin_memset(pointer(call, pa), 0, PAGE_SIZE);
	return pa;
}

static u32 index_at(u64 gpa, u32 level)
{
	return (gpa >> (PAGE_SHIFT + 9 * level)) & (SEPT_ENTRIES - 1);
}

/* Return: false when the cache is full. */
static bool cache_map(struct call *call, struct vcpu *vcpu, u64 gpa, u64 entry)
{
	u64 *table = tdvps_page(call, vcpu, TDVPS_NPT_ROOT);

	for (u32 level = SEPT_ROOT_LEVEL; level; level--) {
		u64 *next = &table[index_at(gpa, level)];

		if (!(*next & NPT_PRESENT)) {
			u64 pa = cache_new_page(call);

			if (!pa)
				return false;
			*next = pa | NPT_ALL;
		}
		table = pointer(call, *next & NPT_ADDRESS);
	}
	table[index_at(gpa, 0)] = entry;
	return true;
}

/*
 * Where the host's EPT takes @gpa. Return: an entry for the 4 KiB there, with the
 * permissions of the whole walk; or the entry that ended the walk, which has none.
 */
static u64 host_ept_walk(struct call *call, const struct vcpu *vcpu, u64 gpa)
{
	u64 pa = vcpu->tdvps->shared_ept_pointer & NPT_ADDRESS;
	u64 permissions = EPT_PERMISSIONS, entry, size;
	u32 level = SEPT_ROOT_LEVEL;
	void *table;

	for (;; level--) {
		/* What is not the host's memory is no table of the host's. */
		if (host_buffer_get(call, pa, PAGE_SIZE, OPERAND_PAGE, &table))
			return EPT_SUPPRESS_VE;
		entry = READ_ONCE(((u64 *)table)[index_at(gpa, level)]);
		if (!(entry & EPT_PERMISSIONS))
			return entry;
		permissions &= entry;
		pa = entry & NPT_ADDRESS;
		if (!level || (entry & EPT_LARGE))
			break;
	}

	size = PAGE_SIZE << (9 * level);
	return (pa & ~(size - 1)) | (gpa & (size - 1) & PAGE_MASK) | permissions;
}

/* The host must not lend a TD what it gave away, or never had. */
static void check_lent_page(struct call *call, const struct vcpu *vcpu, u64 gpa, u64 pa)
{
	const struct pamt_entry *entry = pamt_lookup(call, pa);
	enum seam_page_use use = call->platform->page_use(pa);

	if (use == SEAM_PAGE_HOST)
		return;
	log_line(call,
		 "the shared EPT %lx of TD %lx maps %lx to protected page %lx: use %d, owner %lx",
		 vcpu->tdvps->shared_ept_pointer, vcpu->td.tdr_pa, gpa, pa, use,
		 entry ? pamt_owner(entry) : 0UL);
	invariant(call, use == SEAM_PAGE_HOST);
}

enum shared_fault shared_fault(struct call *call, struct vcpu *vcpu, u64 gpa, bool write,
			       u64 *permissions)
{
	u64 entry = host_ept_walk(call, vcpu, gpa), shadow;

	*permissions = entry & EPT_PERMISSIONS;
	if (!*permissions)
		return entry & EPT_SUPPRESS_VE ? SHARED_FAULT_HOST : SHARED_FAULT_TD;
	if (!(entry & EPT_READ) || (write && !(entry & EPT_WRITE)))
		return SHARED_FAULT_HOST;

	check_lent_page(call, vcpu, gpa, entry & NPT_ADDRESS);
	shadow = (entry & NPT_ADDRESS) | NPT_ALL;
	if (!(entry & EPT_WRITE))
		shadow &= ~NPT_WRITE;
	if (!cache_map(call, vcpu, gpa, shadow)) {
		cache_empty(call, vcpu);
		invariant(call, cache_map(call, vcpu, gpa, shadow));
	}
	return SHARED_FAULT_MAPPED;
}
