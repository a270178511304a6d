// SPDX-License-Identifier: GPL-2.0-only
/* System-wide metadata: TDH.SYS.RD and TDG.SYS.RD. */
#include "cpuid.h"
#include "metadata.h"

/* Fields that are functions of an index: first id, and how many. */
#define FIELD_CMR_BASE	   0x9000000300000080UL
#define FIELD_CMR_SIZE	   0x9000000300000100UL
#define FIELD_CPUID_LEAVES 0x9900000300000400UL
#define FIELD_CPUID_VALUES 0x9900000300000500UL

enum computed {
	CONSTANT,
	NUM_CMRS,
	XFAM_FIXED0,
};

struct sys_field {
	u64 id;
	u64 value;
	enum computed computed;
};

static const struct sys_field fields[] = {
	{ 0x0800000000000000UL, 0x8086, CONSTANT }, /* VENDOR_ID */
	{ 0x8800000200000001UL, MODULE_BUILD_DATE, CONSTANT },
	{ 0x8800000100000002UL, MODULE_BUILD_NUMBER, CONSTANT },
	{ 0x0800000100000003UL, MODULE_MINOR_VERSION, CONSTANT },
	{ 0x0800000100000004UL, MODULE_MAJOR_VERSION, CONSTANT },
	{ 0x0800000100000005UL, MODULE_UPDATE_VERSION, CONSTANT },
	{ 0x0a00000300000008UL, MODULE_FEATURES0, CONSTANT },
	{ 0x8900000100000000UL, MODULE_HANDOFF_VERSION, CONSTANT },
	{ 0x8900000100000001UL, MODULE_MIN_UPDATE_HANDOFF, CONSTANT },
	{ 0x8900000000000002UL, MODULE_NO_DOWNGRADE, CONSTANT },
	{ 0x8900000100000003UL, MODULE_HANDOFF_PAGES, CONSTANT },
	{ 0x9000000100000000UL, 0, NUM_CMRS },
	{ 0x9100000100000008UL, MAX_TDMRS, CONSTANT },
	{ 0x9100000100000009UL, MAX_RESERVED_AREAS, CONSTANT },
	{ 0x9100000100000010UL, PAMT_ENTRY_SIZE, CONSTANT },
	{ 0x9100000100000011UL, PAMT_ENTRY_SIZE, CONSTANT },
	{ 0x9100000100000012UL, PAMT_ENTRY_SIZE, CONSTANT },
	{ 0x9800000100000000UL, PAGE_SIZE, CONSTANT }, /* TDR_BASE_SIZE */
	{ 0x9800000100000100UL, TDCS_PAGES *PAGE_SIZE, CONSTANT },
	{ 0x9800000100000200UL, TDVPS_PAGES *PAGE_SIZE, CONSTANT },
	{ 0x1900000300000000UL, TD_ATTRIBUTES_SEPT_VE_DISABLE, CONSTANT },
	{ 0x1900000300000001UL, 0, CONSTANT }, /* ATTRIBUTES_FIXED1 */
	{ 0x1900000300000002UL, 0, XFAM_FIXED0 },
	{ 0x1900000300000003UL, XFAM_FIXED1, CONSTANT },
	{ 0x9900000100000004UL, NUM_CPUID_CONFIGS, CONSTANT },
	{ 0x9900000100000008UL, MAX_VCPUS_PER_TD, CONSTANT },
};

static u64 compute(const struct call *call, const struct sys_field *field)
{
	switch (field->computed) {
	case NUM_CMRS:
		return call->platform->num_cmrs;
	case XFAM_FIXED0:
		return xfam_fixed0();
	default:
		return field->value;
	}
}

struct array {
	u64 first_id;
	u32 count;
};

/* Arrays follow the single fields, in this order. */
static bool array_get(const struct call *call, u32 i, struct array *array)
{
	switch (i) {
	case 0:
		*array = (struct array){ FIELD_CMR_BASE, call->platform->num_cmrs };
		return true;
	case 1:
		*array = (struct array){ FIELD_CMR_SIZE, call->platform->num_cmrs };
		return true;
	case 2:
		*array = (struct array){ FIELD_CPUID_LEAVES, NUM_CPUID_CONFIGS };
		return true;
	case 3:
		*array = (struct array){ FIELD_CPUID_VALUES, 2 * NUM_CPUID_CONFIGS };
		return true;
	default:
		return false;
	}
}

static u64 array_value(const struct call *call, u64 first_id, u32 i)
{
	struct cpuid_config config;

	switch (first_id) {
	case FIELD_CMR_BASE:
		return call->platform->cmr[i].base;
	case FIELD_CMR_SIZE:
		return call->platform->cmr[i].size;
	case FIELD_CPUID_LEAVES:
		cpuid_config_get(i, &config);
		return (u64)config.subleaf << 32 | config.leaf;
	default:
		cpuid_config_get(i / 2, &config);
		if (i % 2)
			return (u64)config.mask.edx << 32 | config.mask.ecx;
		return (u64)config.mask.ebx << 32 | config.mask.eax;
	}
}

static u64 array_first_id(const struct call *call, u32 i)
{
	struct array array;

	return array_get(call, i, &array) ? array.first_id : FIELD_ID_NONE;
}

static u64 array_read(const struct call *call, u64 id, u64 *value, u64 *next)
{
	struct array array;

	for (u32 i = 0; array_get(call, i, &array); i++) {
		u64 code = FIELD_CODE(id) - FIELD_CODE(array.first_id);

		if (FIELD_CLASS(id) != FIELD_CLASS(array.first_id) || code >= array.count)
			continue;
		*value = array_value(call, array.first_id, code);
		*next = code + 1 < array.count ? array.first_id + code + 1 :
						 array_first_id(call, i + 1);
		return TDX_SUCCESS;
	}
	return TDX_METADATA_FIELD_ID_INCORRECT;
}

u64 sys_field_read(const struct call *call, u64 id, u64 *value, u64 *next)
{
	*value = 0;
	*next = FIELD_ID_NONE;
	if (id == FIELD_ID_NONE) {
		*next = fields[0].id;
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if (!field_id_valid(id))
		return TDX_METADATA_FIELD_ID_INCORRECT;

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!field_id_match(id, fields[i].id))
			continue;
		*value = compute(call, &fields[i]);
		*next = i + 1 < ARRAY_SIZE(fields) ? fields[i + 1].id : array_first_id(call, 0);
		return TDX_SUCCESS;
	}
	return array_read(call, id, value, next);
}

u64 leaf_TDH_SYS_RD(struct call *call)
{
	u64 *reg = call->reg;

	return sys_field_read(call, reg[GPR_RDX], &reg[GPR_R8], &reg[GPR_RDX]);
}
