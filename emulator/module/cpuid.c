// SPDX-License-Identifier: GPL-2.0-only
#include "cpuid.h"

/* XSAVE components that fit the one page of a vCPU that keeps them. */
#define XFAM_SUPPORTED		0x2e7UL

#define CPUID_LEAF_TSC		0x15
#define CPUID_LEAF_TDX		0x21

#define CRYSTAL_HZ		25000000

static struct cpuid_value native_cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_value v;

	if (subleaf == CPUID_NO_SUBLEAF)
		subleaf = 0;
	__asm__ volatile("cpuid"
			 : "=a"(v.eax), "=b"(v.ebx), "=c"(v.ecx), "=d"(v.edx)
			 : "a"(leaf), "c"(subleaf));
	return v;
}

/* @direct: the host chooses freely; @allow: it may hide what the CPU has. */
struct config_row {
	u32 leaf;
	u32 subleaf;
	struct cpuid_value direct;
	struct cpuid_value allow;
};

#define CACHE_LEAF(i, edx_bits) \
	{ 0x4, i, { 0xffffc3ff, 0xfffff000, 0xffffffff, edx_bits }, { 0, 0, 0, 0 } }
#define TOPOLOGY_LEAF(i) \
	{ 0x1f, i, { 0x1f, 0xffff, 0xffff, 0 }, { 0, 0, 0, 0 } }

static const struct config_row config_rows[] = {
	{ 0x1, CPUID_NO_SUBLEAF, { 0x0fff3fff, 0x00ff0000, 0, 0 },
	  { 0, 0, 0x31044d88, 0xb8440000 } },
	CACHE_LEAF(0, 0xfffffffb),
	CACHE_LEAF(1, 0xfffffffb),
	CACHE_LEAF(2, 0xfffffffb),
	CACHE_LEAF(3, 0x7),
	{ 0x7, 0, { 0, 0, 0, 0 }, { 0, 0xdc2b9b18, 0x02417f65, 0x0005411c } },
	{ 0x7, 1, { 0, 0, 0, 0 }, { 0x04881db0, 0, 0, 0x00020430 } },
	{ 0xa, CPUID_NO_SUBLEAF, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
	{ 0x1c, CPUID_NO_SUBLEAF, { 0, 0, 0, 0 }, { 0xff, 0, 0, 0 } },
	{ 0x80000008, CPUID_NO_SUBLEAF, { 0xff, 0, 0, 0 }, { 0, 0x200, 0, 0 } },
	{ 0x7, 2, { 0, 0, 0, 0 }, { 0, 0, 0, 0x28 } },
	{ 0x23, 0, { 0, 0, 0, 0 }, { 0xf, 0, 0, 0 } },
	TOPOLOGY_LEAF(0),
	TOPOLOGY_LEAF(1),
	TOPOLOGY_LEAF(2),
	TOPOLOGY_LEAF(3),
	TOPOLOGY_LEAF(4),
	TOPOLOGY_LEAF(5),
#if MODULE_EXTRA_CPUID_CONFIGS
	{ 0x19, CPUID_NO_SUBLEAF, { 0, 0, 0, 0 }, { 0x7, 0, 0, 0 } },
#endif
};

_Static_assert(ARRAY_SIZE(config_rows) == NUM_CPUID_CONFIGS, "NUM_CPUID_CONFIGS");

void cpuid_config_get(u32 i, struct cpuid_config *config)
{
	const struct config_row *row = &config_rows[i];
	struct cpuid_value native = native_cpuid(row->leaf, row->subleaf);

	config->leaf = row->leaf;
	config->subleaf = row->subleaf;
	config->mask.eax = row->direct.eax | (row->allow.eax & native.eax);
	config->mask.ebx = row->direct.ebx | (row->allow.ebx & native.ebx);
	config->mask.ecx = row->direct.ecx | (row->allow.ecx & native.ecx);
	config->mask.edx = row->direct.edx | (row->allow.edx & native.edx);
}

u64 xfam_fixed0(void)
{
	struct cpuid_value xcr0 = native_cpuid(0xd, 0);

	return ((u64)xcr0.edx << 32 | xcr0.eax | XFAM_FIXED1) & XFAM_SUPPORTED;
}

static void cpuid_add(struct td_cpuid *cpuid, u32 leaf, u32 subleaf, struct cpuid_value value)
{
	u32 i = cpuid->num_values++;

	cpuid->entry[i].leaf = leaf;
	cpuid->entry[i].subleaf = subleaf;
	cpuid->entry[i].value = value;
}

static bool exceeds(u32 value, u32 mask)
{
	return value & ~mask;
}

/* What of a leaf the host does not choose. */
static struct cpuid_value default_value(u32 leaf, u32 subleaf)
{
	struct cpuid_value v = native_cpuid(leaf, subleaf);

	switch (leaf) {
	case 0x1:
		/* No VMX, SMX or LBR; x2APIC, and a hypervisor. OSXSAVE follows CR4. */
		v.ecx &= ~(BIT(5) | BIT(6) | BIT(27));
		v.ecx |= BIT(21) | BIT(31);
		v.ebx &= 0x0000ffff;
		break;
	case 0x7:
		/* No SGX, TSX, WAITPKG or key locker. */
		if (subleaf == 0) {
			v.ebx &= ~(BIT(2) | BIT(4) | BIT(11));
			v.ecx &= ~(BIT(5) | BIT(23) | BIT(30));
		}
		break;
	case 0x80000001:
		/* SVM is how this host emulates a TD, and none of the TD's business. */
		v.ecx &= ~(u32)BIT(2);
		break;
	default:
		break;
	}
	return v;
}

static bool apply_configs(struct td_cpuid *cpuid, const struct cpuid_value *values,
			  struct cpuid_config *bad)
{
	for (u32 i = 0; i < NUM_CPUID_CONFIGS; i++) {
		struct cpuid_config config;
		struct cpuid_value v;

		cpuid_config_get(i, &config);
		if (exceeds(values[i].eax, config.mask.eax) ||
		    exceeds(values[i].ebx, config.mask.ebx) ||
		    exceeds(values[i].ecx, config.mask.ecx) ||
		    exceeds(values[i].edx, config.mask.edx)) {
			*bad = config;
			return false;
		}
		v = default_value(config.leaf, config.subleaf);
		v.eax = (v.eax & ~config.mask.eax) | values[i].eax;
		v.ebx = (v.ebx & ~config.mask.ebx) | values[i].ebx;
		v.ecx = (v.ecx & ~config.mask.ecx) | values[i].ecx;
		v.edx = (v.edx & ~config.mask.edx) | values[i].edx;
		cpuid_add(cpuid, config.leaf, config.subleaf, v);
	}
	return true;
}

/* Leaf 0xD: only the components of XFAM. */
static void add_xsave_leaves(struct td_cpuid *cpuid, u64 xfam)
{
	struct cpuid_value v = { .eax = xfam, .edx = xfam >> 32, .ecx = 576 };

	for (u32 i = 2; i < 63; i++) {
		struct cpuid_value component;

		if (!(xfam & BIT(i)))
			continue;
		component = native_cpuid(0xd, i);
		if (component.eax + component.ebx > v.ecx)
			v.ecx = component.eax + component.ebx;
		cpuid_add(cpuid, 0xd, i, component);
	}
	v.ebx = v.ecx;
	cpuid_add(cpuid, 0xd, 0, v);

	v = native_cpuid(0xd, 1);
	v.ebx = v.ecx = v.edx = 0;
	cpuid_add(cpuid, 0xd, 1, v);
}

/* Leaf 0x15: the time-stamp counter's rate, as a ratio to the crystal's. */
static void add_tsc_leaf(struct td_cpuid *cpuid, u16 tsc_frequency)
{
	cpuid_add(cpuid, CPUID_LEAF_TSC, CPUID_NO_SUBLEAF,
		  (struct cpuid_value) { .eax = 1, .ebx = tsc_frequency, .ecx = CRYSTAL_HZ });
}

bool cpuid_init(struct td_cpuid *cpuid, u64 xfam, u16 tsc_frequency,
		const struct cpuid_value *values, struct cpuid_config *bad)
{
	static const u32 plain_leaves[] = { 0x80000000, 0x80000001, 0x80000002, 0x80000003,
					    0x80000004, 0x80000007 };

	__builtin_memset(cpuid, 0, sizeof(*cpuid));
	/* "GenuineIntel", and "IntelTDX    ", by which a TD knows what it is. */
	cpuid_add(cpuid, 0, CPUID_NO_SUBLEAF,
		  (struct cpuid_value) { 0x23, 0x756e6547, 0x6c65746e, 0x49656e69 });
	cpuid_add(cpuid, CPUID_LEAF_TDX, 0,
		  (struct cpuid_value) { 0, 0x65746e49, 0x20202020, 0x5844546c });
	for (u32 i = 0; i < ARRAY_SIZE(plain_leaves); i++)
		cpuid_add(cpuid, plain_leaves[i], CPUID_NO_SUBLEAF,
			  default_value(plain_leaves[i], 0));
	add_xsave_leaves(cpuid, xfam);
	add_tsc_leaf(cpuid, tsc_frequency);
	return apply_configs(cpuid, values, bad);
}

bool cpuid_lookup(const struct td_cpuid *cpuid, u32 leaf, u32 subleaf, struct cpuid_value *value)
{
	for (u32 i = 0; i < cpuid->num_values; i++) {
		if (cpuid->entry[i].leaf != leaf)
			continue;
		if (cpuid->entry[i].subleaf != CPUID_NO_SUBLEAF &&
		    cpuid->entry[i].subleaf != subleaf)
			continue;
		*value = cpuid->entry[i].value;
		return true;
	}
	return false;
}
