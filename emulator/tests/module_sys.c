// SPDX-License-Identifier: GPL-2.0-only
/* TDH.SYS.*: the module's own state machine, and what it tells about itself. */
#include "module_fixture.h"

#include <string.h>

#define FIELD_UPDATE_VERSION   0x0800000100000005UL
#define FIELD_FEATURES0	       0x0a00000300000008UL
#define FIELD_MODULE_HV	       0x8900000100000000UL
#define FIELD_NUM_CPUID_CONFIG 0x9900000100000004UL
#define FIELD_BUILD_NUMBER     0x8800000100000002UL
#define FEATURE_TD_PRESERVING  BIT(1)
#define FEATURE_NO_RBP_MOD     BIT(18)
#define FEATURE_TOPOLOGY_ENUM  BIT(20)
#define FEATURE_UPDATE_COMPAT  BIT(47)

static void test_entry(void)
{
	host_reset(MODULE_1_5_07);
	is_status(call(TDH_VP_ENTER, 0, 0, 0, 0), TDX_SYS_LP_INIT_NOT_DONE);
	is_status(call(BIT(24) | TDH_SYS_RD, 0, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(call(VERSION_1 | TDH_SYS_RD, 0, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(call(2 * VERSION_1 | TDH_SYS_INIT, 0, 0, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RAX);

	init_all_lps(0, 0);
	is_status(call(TDH_VP_ENTER, 0, 0, 0, 0), TDX_SYS_NOT_READY);
	is_status(call(1234, 0, 0, 0, 0), TDX_SYS_NOT_READY);

	host_ready(MODULE_1_5_07);
	is_status(call(1234, 0, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(call(5, 0, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
}

static void test_init(void)
{
	host_reset(MODULE_1_5_05);
	is_status(call(TDH_SYS_INIT, 1, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_INIT | VERSION_1, 0, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
	is_status(call(TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SYS_LP_INIT_NOT_PENDING);
	is_status(call(TDH_SYS_INIT, 0, 7, 7, 7), TDX_SUCCESS);
	tap_ok(!out.reg[GPR_RDX] && !out.reg[GPR_R8] && !out.reg[GPR_R9],
	       "TDH.SYS.INIT zeroes its output registers");
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SYS_INIT_NOT_PENDING);
	is_status(call(TDH_SYS_RD, 0, FIELD_FEATURES0, 0, 0), TDX_SYS_LP_INIT_NOT_DONE);
	is_status(call(TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SYS_LP_INIT_DONE);
	is_status(call(TDH_SYS_RD, 0, FIELD_FEATURES0, 0, 0), TDX_SUCCESS);

	host_reset(MODULE_1_5_07);
	is_status(call(TDH_SYS_INIT | VERSION_1, 0, 0, 0, BIT(5)),
		  TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_SYS_INIT | VERSION_1, 0, 0, 0, FEATURE_UPDATE_COMPAT), TDX_SUCCESS);
}

static void test_init_checks(void)
{
	host_reset(MODULE_1_5_05);
	fake.platform.abi++;
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_INCOMPATIBLE_SEAM_CAPABILITIES);

	host_reset(MODULE_1_5_05);
	fake.platform.cmr[1] = (struct seam_memory_range){ FAKE_RAM_BASE, PAGE_SIZE };
	fake.platform.num_cmrs = 2;
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_CMR_LIST_INVALID);

	host_reset(MODULE_1_5_05);
	sysinfo.module_hv = 1;
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SYS_INCOMPATIBLE_SIGSTRUCT);

	host_reset(MODULE_1_5_05);
	sysinfo.data_size = sysinfo.handoff_size + PAGE_SIZE;
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SYS_INCOMPATIBLE_SIGSTRUCT);

	host_reset(MODULE_BROKEN_SYS_INIT);
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_CRYPTO_SELF_TEST_FAILED);

	host_reset(MODULE_BROKEN_LP_INIT);
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call_on(0, TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call_on(NUM_LPS - 1, TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_INCONSISTENT_CPUID_FIELD);
}

static u64 read_field(u64 id)
{
	return call(TDH_SYS_RD, 0, id, 0, 0) ? ~0UL : out.reg[GPR_R8];
}

static void test_rd(void)
{
	static const struct {
		enum module_version version;
		u64 update, hv, build;
		bool compat;
	} v[] = {
		{ MODULE_1_5_05, 5, 0, 744, false },
		{ MODULE_1_5_06, 6, 0, 784, false },
		{ MODULE_1_5_07, 7, 1, 802, true },
		{ MODULE_1_5_08, 8, 1, 838, true },
	};
	u64 needed = FEATURE_TD_PRESERVING | FEATURE_NO_RBP_MOD | FEATURE_TOPOLOGY_ENUM;
	u64 fields = 0, id = ~0UL;

	for (u32 i = 0; i < ARRAY_SIZE(v); i++) {
		host_reset(v[i].version);
		init_all_lps(0, 0);
		tap_is(read_field(FIELD_UPDATE_VERSION), v[i].update, "version of 1.5.%02lu",
		       v[i].update);
		tap_is(read_field(FIELD_BUILD_NUMBER), v[i].build, "build number");
		tap_is(read_field(FIELD_MODULE_HV), v[i].hv, "MODULE_HV");
		tap_is(read_field(FIELD_FEATURES0) & needed, needed, "features that Linux needs");
		tap_is(!!(read_field(FIELD_FEATURES0) & FEATURE_UPDATE_COMPAT), v[i].compat,
		       "FEATURES0 bit 47");
	}

	is_status(call(TDH_SYS_RD, 0, 0x0a00000300000999UL, 0, 0), TDX_METADATA_FIELD_ID_INCORRECT);
	tap_ok(!out.reg[GPR_R8] && out.reg[GPR_RDX] == ~0UL, "outputs of a failed TDH.SYS.RD");
	is_status(call(TDH_SYS_RD, 0, FIELD_FEATURES0 | BIT(55), 0, 0),
		  TDX_METADATA_FIELD_ID_INCORRECT);
	is_status(call(TDH_SYS_RD, 0, FIELD_FEATURES0 ^ BIT(32), 0, 0), TDX_SUCCESS);

	is_status(call(TDH_SYS_RD, 0, id, 0, 0), TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	for (id = out.reg[GPR_RDX]; id != ~0UL && fields < 1000; id = out.reg[GPR_RDX], fields++)
		if (call(TDH_SYS_RD, 0, id, 0, 0))
			break;
	tap_ok(id == ~0UL && fields > 26 + 3 * read_field(FIELD_NUM_CPUID_CONFIG) - 1,
	       "the chain of fields leads through all %lu", fields);
}

static void test_key_config(void)
{
	struct tdmr_info tdmr;

	host_reset(MODULE_1_5_05);
	init_all_lps(0, 0);
	is_status(call(TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_SYS_KEY_CONFIG_NOT_PENDING);
	tdmr = good_tdmr();
	is_status(sys_config(&tdmr, 1, GLOBAL_KEYID), TDX_SUCCESS);
	fake.no_entropy = 1;
	is_status(call(TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_KEY_GENERATION_FAILED);
	is_status(call(TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_KEY_CONFIGURED);
	is_status(call(TDH_MNG_CREATE, 0, 0, 0, 0), TDX_SYS_NOT_READY);
	is_status(call_on(NUM_LPS - 1, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_KEY_CONFIG, 0, 0, 0, 0), TDX_SYS_KEY_CONFIG_NOT_PENDING);
}

static void test_disable(void)
{
	host_ready(MODULE_1_5_05);
	is_status(call(TDH_SYS_DISABLE, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_RD, 0, FIELD_FEATURES0, 0, 0), TDX_SYS_SHUTDOWN);
	is_status(call(TDH_SYS_DISABLE, 0, 0, 0, 0), TDX_SUCCESS);
}

void test_sys(void)
{
	test_entry();
	test_init();
	test_init_checks();
	test_rd();
	test_key_config();
	test_disable();
}
