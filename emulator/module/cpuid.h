/* SPDX-License-Identifier: GPL-2.0-only */
/* What a TD sees of the CPU: CPUID and the features that XFAM selects. */
#ifndef EMULATOR_MODULE_CPUID_H
#define EMULATOR_MODULE_CPUID_H

#include "td.h"

/* Leaves with bits that the host configures; their number, and a field for each. */
#define NUM_CPUID_CONFIGS (18 + MODULE_EXTRA_CPUID_CONFIGS)

struct cpuid_config {
	u32 leaf;
	u32 subleaf;		  /* CPUID_NO_SUBLEAF for none */
	struct cpuid_result mask; /* bits that the host chooses */
};

void cpuid_config_get(u32 i, struct cpuid_config *config);

/* Extended features that XFAM may, and must, have. */
u64 xfam_fixed0(void);
#define XFAM_FIXED1 0x3UL

/*
 * All that the TD will see, from the CPU and from the values that the host chose.
 * @tsc: leaf 0x15.
 * Return: false when the host chose what it cannot, and @bad says where.
 */
bool cpuid_init(struct td_cpuid *cpuid, u64 xfam, struct cpuid_result tsc,
		const struct cpuid_result *values, struct cpuid_config *bad);

/* Return: false for a leaf that the TD has to ask its host about. */
bool cpuid_lookup(const struct td_cpuid *cpuid, u32 leaf, u32 subleaf, struct cpuid_result *value);

#endif
