// SPDX-License-Identifier: GPL-2.0-only
#include "cpuid.h"

/* XSAVE components that fit the one page of a vCPU that keeps them. */
#define XFAM_SUPPORTED 0x2e7UL

static struct cpuid_result native_cpuid(u32 leaf, u32 subleaf)
{
	return cpuid(leaf, subleaf == CPUID_NO_SUBLEAF ? 0 : subleaf);
}

/* @direct: the host chooses freely; @allow: it may hide what the CPU has. */
struct config_row {
	u32 leaf;
	u32 subleaf;
	struct cpuid_result direct;
	struct cpuid_result allow;
};

#define CACHE_LEAF(i, edx_bits) \
	{ 0x4, i, { 0xffffc3ff, 0xfffff000, 0xffffffff, edx_bits }, { 0, 0, 0, 0 } }
#define TOPOLOGY_LEAF(i) { 0x1f, i, { 0x1f, 0xffff, 0xffff, 0 }, { 0, 0, 0, 0 } }

/* clang-format off */
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
/* clang-format on */

_Static_assert(ARRAY_SIZE(config_rows) == NUM_CPUID_CONFIGS, "NUM_CPUID_CONFIGS");

void cpuid_config_get(u32 i, struct cpuid_config *config)
{
	const struct config_row *row = &config_rows[i];
	struct cpuid_result native = native_cpuid(row->leaf, row->subleaf);

	config->leaf = row->leaf;
	config->subleaf = row->subleaf;
	config->mask.eax = row->direct.eax | (row->allow.eax & native.eax);
	config->mask.ebx = row->direct.ebx | (row->allow.ebx & native.ebx);
	config->mask.ecx = row->direct.ecx | (row->allow.ecx & native.ecx);
	config->mask.edx = row->direct.edx | (row->allow.edx & native.edx);
}

u64 xfam_fixed0(void)
{
	struct cpuid_result xcr0 = native_cpuid(0xd, 0);

	return ((u64)xcr0.edx << 32 | xcr0.eax | XFAM_FIXED1) & XFAM_SUPPORTED;
}

static void cpuid_add(struct td_cpuid *cpuid, u32 leaf, u32 subleaf, struct cpuid_result value)
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
static struct cpuid_result default_value(u32 leaf, u32 subleaf)
{
	struct cpuid_result v = native_cpuid(leaf, subleaf);

	switch (leaf) {
	case 0x1:
		/* OSXSAVE follows CR4. */
		v.ecx &= ~(CPUID_1_ECX_VMX | CPUID_1_ECX_SMX | CPUID_1_ECX_OSXSAVE);
		v.ecx |= CPUID_1_ECX_X2APIC | CPUID_1_ECX_HYPERVISOR;
		v.ebx &= 0x0000ffff;
		break;
	case 0x7:
		/* OSPKE follows CR4. */
		if (subleaf == 0) {
			v.ebx &= ~(CPUID_7_EBX_SGX | CPUID_7_EBX_HLE | CPUID_7_EBX_RTM);
			v.ecx &= ~(CPUID_7_ECX_OSPKE | CPUID_7_ECX_WAITPKG |
				   CPUID_7_ECX_KEY_LOCKER | CPUID_7_ECX_SGX_LC);
		}
		break;
	/* The CPU is AMD's, with SVM, by which this host emulates a TD. */
	case 0x80000001:
		v.ebx = 0;
		v.ecx &= CPUID_80000001_ECX_INTEL;
		v.edx &= CPUID_80000001_EDX_INTEL;
		break;
	case 0x80000007:
		v = (struct cpuid_result){ .edx = CPUID_80000007_EDX_INVARIANT_TSC };
		break;
	case 0x80000008:
		v.ebx &= CPUID_80000008_EBX_WBNOINVD;
		v.ecx = v.edx = 0;
		break;
	default:
		break;
	}
	return v;
}

static bool apply_configs(struct td_cpuid *cpuid, const struct cpuid_result *values,
			  struct cpuid_config *bad)
{
	for (u32 i = 0; i < NUM_CPUID_CONFIGS; i++) {
		struct cpuid_config config;
		struct cpuid_result v;

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
	struct cpuid_result v = { .eax = xfam, .edx = xfam >> 32, .ecx = 576 };

	for (u32 i = 2; i < 63; i++) {
		struct cpuid_result component;

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

bool cpuid_init(struct td_cpuid *cpuid, u64 xfam, struct cpuid_result tsc,
		const struct cpuid_result *values, struct cpuid_config *bad)
{
	static const u32 plain_leaves[] = { 0x80000000, 0x80000001, 0x80000002,
					    0x80000003, 0x80000004, 0x80000007 };

	__builtin_memset(cpuid, 0, sizeof(*cpuid));
	/* "GenuineIntel", and "IntelTDX    ", by which a TD knows what it is. */
	cpuid_add(cpuid, 0, CPUID_NO_SUBLEAF,
		  (struct cpuid_result){ 0x23, 0x756e6547, 0x6c65746e, 0x49656e69 });
	cpuid_add(cpuid, CPUID_LEAF_TDX, 0,
		  (struct cpuid_result){ 0, 0x65746e49, 0x20202020, 0x5844546c });
	for (u32 i = 0; i < ARRAY_SIZE(plain_leaves); i++)
		cpuid_add(cpuid, plain_leaves[i], CPUID_NO_SUBLEAF,
			  default_value(plain_leaves[i], 0));
	add_xsave_leaves(cpuid, xfam);
	cpuid_add(cpuid, CPUID_LEAF_TSC, CPUID_NO_SUBLEAF, tsc);
	return apply_configs(cpuid, values, bad);
}

bool cpuid_lookup(const struct td_cpuid *cpuid, u32 leaf, u32 subleaf, struct cpuid_result *value)
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
