// SPDX-License-Identifier: GPL-2.0-only
/* TDH.MNG.INIT: the host says what the TD will be. */
#include "cpuid.h"
#include "mrtd.h"

/* TD_PARAMS, 1024 bytes. */
struct td_params {
	u64 attributes;
	u64 xfam;
	u16 max_vcpus;
	u8 num_l2_vms;
	u8 msr_config_ctls;
	u8 reserved0[4];
	u64 eptp_controls;
	u64 config_flags;
	u16 tsc_frequency;
	u8 reserved1[38];
	u8 mrconfigid[SHA384_DIGEST_SIZE];
	u8 mrowner[SHA384_DIGEST_SIZE];
	u8 mrownerconfig[SHA384_DIGEST_SIZE];
	u64 arch_capabilities;
	u8 reserved2[24];
	struct cpuid_result cpuid[MAX_CPUID_VALUES];
};

_Static_assert(sizeof(struct td_params) == 1024, "TD_PARAMS");
_Static_assert(offsetof(struct td_params, mrconfigid) == 80, "TD_PARAMS");
_Static_assert(offsetof(struct td_params, cpuid) == 256, "TD_PARAMS");

#define TD_PARAMS_ALIGNMENT 1024UL

/* Write-back, four levels, no accessed and dirty bits: the only one there is. */
#define EPTP_CONTROLS_4_LEVEL 0x1eUL
#define GPA_WIDTH_4_LEVEL     48

#define TSC_UNIT_KHZ	  25000UL
#define MIN_TSC_FREQUENCY 4
#define MAX_TSC_FREQUENCY 400

static bool all_zero(const void *data, size_t size)
{
	const u8 *byte = data;

	while (size--)
		if (*byte++)
			return false;
	return true;
}

static u64 check_params(const struct td *td, const struct td_params *params)
{
	if (params->attributes & ~TD_ATTRIBUTES_SEPT_VE_DISABLE)
		return TDX_OPERAND_INVALID | OPERAND_ATTRIBUTES;
	if ((params->xfam & ~xfam_fixed0()) || (~params->xfam & XFAM_FIXED1))
		return TDX_OPERAND_INVALID | OPERAND_XFAM;
	if (params->max_vcpus < 1 || params->max_vcpus > MAX_VCPUS_PER_TD)
		return TDX_OPERAND_INVALID | OPERAND_MAX_VCPUS;
	/* Each L2 VM would take a TDCX page more; the model has no partitioning. */
	if (params->num_l2_vms)
		return TDX_OPERAND_INVALID | OPERAND_NUM_L2_VMS;
	if (td->tdr->num_tdcx < TDCS_PAGES)
		return TDX_TDCS_NOT_ALLOCATED;
	if (params->msr_config_ctls || !all_zero(params->reserved0, sizeof(params->reserved0)))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (params->config_flags & ~TD_CONFIG_NO_RBP_MOD)
		return TDX_OPERAND_INVALID | OPERAND_EXEC_CONTROLS;
	if (params->eptp_controls != EPTP_CONTROLS_4_LEVEL)
		return TDX_OPERAND_INVALID | OPERAND_EPTP_CONTROLS;
	if (params->tsc_frequency < MIN_TSC_FREQUENCY || params->tsc_frequency > MAX_TSC_FREQUENCY)
		return TDX_OPERAND_INVALID | OPERAND_TSC_FREQUENCY;
	if (params->arch_capabilities)
		return TDX_OPERAND_INVALID | OPERAND_ARCH_CAP;
	if (!all_zero(params->reserved1, sizeof(params->reserved1)) ||
	    !all_zero(params->reserved2, sizeof(params->reserved2)) ||
	    !all_zero(&params->cpuid[NUM_CPUID_CONFIGS],
		      sizeof(params->cpuid) - NUM_CPUID_CONFIGS * sizeof(params->cpuid[0])))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	return TDX_SUCCESS;
}

/* (@numerator << 48) / @denominator, for both below 2^40. */
static u64 ratio_16_48(u64 numerator, u64 denominator)
{
	u64 quotient = numerator / denominator, rest = numerator % denominator;

	for (int i = 0; i < 2; i++) {
		rest <<= 24;
		quotient = quotient << 24 | rest / denominator;
		rest %= denominator;
	}
	return quotient;
}

/* The host asks for its own rate, as far as a multiple of 25 MHz can say it. */
static bool runs_exactly(const struct call *call, u16 frequency)
{
	u64 asked = frequency * TSC_UNIT_KHZ, own = call->platform->tsc_khz;

	return call->platform->exact_tsc && asked < own + TSC_UNIT_KHZ &&
	       own < asked + TSC_UNIT_KHZ;
}

/* CPUID 0x15: the rate as a ratio to a crystal of 25 MHz. */
#define TSC_RATIO_UNIT 1000
#define TSC_RATIO_KHZ  (TSC_UNIT_KHZ / TSC_RATIO_UNIT)

static struct cpuid_result tsc_leaf(const struct call *call, u16 frequency)
{
	struct cpuid_result v = { .eax = 1, .ebx = frequency, .ecx = TSC_UNIT_KHZ * 1000 };

	/* Linux multiplies EBX by the crystal's kHz in 32 bits: keep the ratio small. */
	if (runs_exactly(call, frequency)) {
		v.eax = TSC_RATIO_UNIT;
		v.ebx = (call->platform->tsc_khz + TSC_RATIO_KHZ / 2) / TSC_RATIO_KHZ;
	}
	return v;
}

/* The TD's time-stamp counter starts at 0 now, at its own rate. */
static void init_tsc(const struct call *call, struct tdcs *tdcs, u16 frequency)
{
	tdcs->tsc_frequency = frequency;
	tdcs->tsc_multiplier = runs_exactly(call, frequency) ? BIT(48) :
							       ratio_16_48(frequency * TSC_UNIT_KHZ,
									   call->platform->tsc_khz);
	tdcs->tsc_offset = -(
		u64)(((unsigned __int128)call->platform->rdtsc() * tdcs->tsc_multiplier) >> 48);
}

static void init_tdcs(struct call *call, struct td *td, const struct td_params *params)
{
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	struct tdcs *tdcs = td->tdcs;

	tdcs->attributes = params->attributes;
	tdcs->xfam = params->xfam;
	tdcs->max_vcpus = params->max_vcpus;
	tdcs->gpa_width = GPA_WIDTH_4_LEVEL;
	tdcs->eptp_controls = params->eptp_controls;
	tdcs->config_flags = params->config_flags;
	tdcs->epoch = 1;
	init_tsc(call, tdcs, params->tsc_frequency);

	__builtin_memcpy(measurement->mrconfigid, params->mrconfigid, SHA384_DIGEST_SIZE);
	__builtin_memcpy(measurement->mrowner, params->mrowner, SHA384_DIGEST_SIZE);
	__builtin_memcpy(measurement->mrownerconfig, params->mrownerconfig, SHA384_DIGEST_SIZE);
	mrtd_start(call, td);
}

u64 leaf_TDH_MNG_INIT(struct call *call)
{
	u64 *reg = call->reg, rcx = reg[GPR_RCX], status;
	struct cpuid_config bad;
	struct td_params params;
	void *buffer;
	struct td td;

	reg[GPR_RCX] = 0;
	status = td_get_locked(call, rcx, OPERAND_RCX, LOCK_EXCLUSIVE, LOCK_EXCLUSIVE,
			       OP_UNINITIALIZED, &td);
	if (status)
		return status;
	if (td.tdr->num_tdcx < TDCS_NUM_PAGES)
		return TDX_TDCS_NOT_ALLOCATED;
	status = host_buffer_get(call, reg[GPR_RDX], TD_PARAMS_ALIGNMENT, OPERAND_RDX, &buffer);
	if (status)
		return status;

	__builtin_memcpy(&params, buffer, sizeof(params));
	status = check_params(&td, &params);
	if (status)
		return status;
	if (!cpuid_init(tdcs_page(call, &td, TDCS_CPUID), params.xfam,
			tsc_leaf(call, params.tsc_frequency), params.cpuid, &bad)) {
		reg[GPR_RCX] = (u64)bad.subleaf << 32 | bad.leaf;
		return TDX_OPERAND_INVALID | OPERAND_CPUID_CONFIG;
	}

	init_tdcs(call, &td, &params);
	td.tdr->op_state = TD_INITIALIZED;
	return TDX_SUCCESS;
}
