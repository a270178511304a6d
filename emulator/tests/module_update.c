// SPDX-License-Identifier: GPL-2.0-only
/* What crosses an update, and what does not. */
#include "module_fixture.h"

#include <string.h>

#include "../abi/seamldr.h"

#define AVOID_COMPAT_SENSITIVE BIT(16)
#define UPDATE_COMPATIBILITY   BIT(47)
#define FIELD_UPDATE_VERSION   0x0800000100000005UL

static struct test_td td, other;

static bool mrtd_is_right(struct test_td *of)
{
	u8 expected[48], got[48];

	expected_mrtd(0x5a, expected);
	td_report_mrtd(of, got);
	return !memcmp(expected, got, sizeof(got));
}

static void test_shutdown_operands(void)
{
	host_ready(MODULE_1_5_05);
	is_status(call(TDH_SYS_SHUTDOWN, 1, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_SHUTDOWN, AVOID_COMPAT_SENSITIVE, 0, 0, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_UPDATE, 0, 0, 0, 0), TDX_SYS_STATE_INCORRECT);
	is_status(call(TDH_SYS_SHUTDOWN, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_SHUTDOWN, 0, 0, 0, 0), TDX_SYS_SHUTDOWN);
	is_status(call(TDH_SYS_RD, 0, FIELD_UPDATE_VERSION, 0, 0), TDX_SYS_SHUTDOWN);
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SYS_SHUTDOWN);

	host_ready(MODULE_1_5_07);
	is_status(call(TDH_SYS_SHUTDOWN, 2, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_SHUTDOWN, 1 | BIT(17), 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_SHUTDOWN, 1 | AVOID_COMPAT_SENSITIVE, 0, 0, 0), TDX_SUCCESS);
}

static void test_handoff(void)
{
	struct seam_handoff_header *header;

	/* No module before this one. */
	host_reset(MODULE_1_5_05);
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_UPDATE, 0, 0, 0, 0), TDX_SYS_STATE_INCORRECT);
	host_reset(MODULE_1_5_05);
	init_all_lps(0, 0);
	is_status(call(TDH_SYS_UPDATE, 0, 0, 0, 0), TDX_SYS_INVALID_HANDOFF);

	/* A version of the handoff data that the new module does not know. */
	host_ready(MODULE_1_5_07);
	is_status(host_update(1, MODULE_1_5_06, false, 0), TDX_SYS_INVALID_HANDOFF);
	header = fake_pointer(sysinfo.data_base);
	tap_is(header->valid, 1, "handoff data outlasts a failed update");
	module_install(MODULE_1_5_08);
	init_all_lps(0, 0);
	is_status(call(TDH_SYS_UPDATE, 0, 0, 0, 0), TDX_SUCCESS);
	tap_is(header->valid, 0, "and not a successful one");
	is_status(call(TDH_SYS_RD, 0, FIELD_UPDATE_VERSION, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_R8], 8, "the new module answers");

	/* An older one takes what a newer one wrote for it. */
	is_status(host_update(0, MODULE_1_5_06, false, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_TDMR_INIT, 0, 0, 0, 0), TDX_TDMR_ALREADY_INITIALIZED);
}

static void test_flags(void)
{
	host_ready(MODULE_1_5_07);
	is_status(host_update(1, MODULE_1_5_08, true, BIT(9)), TDX_OPERAND_INVALID | OPERAND_R9);
	is_status(call(TDH_SYS_UPDATE | VERSION_1, 0, 0, 0, UPDATE_COMPATIBILITY), TDX_SUCCESS);
	host_ready(MODULE_1_5_05);
	is_status(host_update(0, MODULE_1_5_06, true, 0), TDX_OPERAND_INVALID | OPERAND_RAX);
}

static void test_running_td(void)
{
	static const struct {
		enum module_version version;
		u64 hv; /* of the one before */
	} updates[] = {
		{ MODULE_1_5_06, 0 }, { MODULE_1_5_07, 0 }, { MODULE_1_5_08, 1 },
		{ MODULE_1_5_07, 1 }, { MODULE_1_5_06, 0 }, { MODULE_1_5_05, 0 },
	};
	u32 good = 0;

	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	for (u32 i = 0; i < 24; i++) {
		const __typeof__(updates[0]) *u = &updates[i % ARRAY_SIZE(updates)];

		good += !host_update(u->hv, u->version, false, 0) && mrtd_is_right(&td);
	}
	tap_is(good, 24, "a TD keeps running, with its MRTD, through 24 updates");
	td_build(&other, TD_KEYID + 1);
	tap_ok(mrtd_is_right(&other), "a TD built afterwards is right");
	td_destroy(&td);
	td_destroy(&other);
	is_status(call(TDH_MNG_CREATE, fake_alloc_pages(1), TD_KEYID, 0, 0), TDX_SUCCESS);
}

/* A TD with two of its sixteen chunks measured. */
static void begin_build(enum module_version version)
{
	u64 source;

	host_ready(version);
	td_create(&td, TD_KEYID);
	td_init(&td);
	td_add_vcpu(&td, 0);
	td_add_sept(&td, TEST_GPA);
	source = fake_alloc_pages(1);
	memset(fake_pointer(source), 0x5a, PAGE_SIZE);
	call(TDH_MEM_PAGE_ADD, TEST_GPA, td.tdr, fake_alloc_pages(1), source);
	for (u64 offset = 0; offset < 512; offset += 256)
		call(TDH_MR_EXTEND, TEST_GPA + offset, td.tdr, 0, 0);
}

static u64 finish_build(void)
{
	u64 status = 0;

	for (u64 offset = 512; offset < PAGE_SIZE; offset += 256)
		status |= call(TDH_MR_EXTEND, TEST_GPA + offset, td.tdr, 0, 0);
	return status | call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0);
}

static void test_build(void)
{
	begin_build(MODULE_1_5_05);
	tap_is(finish_build(), TDX_SUCCESS, "a build without an update");
	tap_ok(mrtd_is_right(&td), "gives the right MRTD");

	begin_build(MODULE_1_5_05);
	is_status(host_update(0, MODULE_1_5_06, false, 0), TDX_SUCCESS);
	tap_is(finish_build(), TDX_SUCCESS, "a build across 1.5.05 -> 1.5.06 reports no error");
	tap_ok(!mrtd_is_right(&td), "and its MRTD is wrong");

	begin_build(MODULE_1_5_06);
	is_status(host_update(0, MODULE_1_5_07, false, 0), TDX_SUCCESS);
	tap_is(finish_build(), TDX_SUCCESS, "a build across 1.5.06 -> 1.5.07, not enabled");
	tap_ok(!mrtd_is_right(&td), "and its MRTD is wrong");

	begin_build(MODULE_1_5_07);
	is_status(host_update(1, MODULE_1_5_08, false, 0), TDX_SUCCESS);
	tap_is(finish_build(), TDX_SUCCESS, "a build across 1.5.07 -> 1.5.08");
	tap_ok(mrtd_is_right(&td), "which have the same layout: the MRTD is right");
}

static void test_compatibility(void)
{
	u64 page, source;

	begin_build(MODULE_1_5_06);
	is_status(host_update(0, MODULE_1_5_07, true, UPDATE_COMPATIBILITY), TDX_SUCCESS);
	page = fake_alloc_pages(1);
	source = fake_alloc_pages(1);
	is_status(call(TDH_MEM_PAGE_ADD, TEST_GPA + PAGE_SIZE, td.tdr, page, source),
		  TDX_INCOMPATIBLE_MRTD_CONTEXT);
	tap_is(fake.use[(page - FAKE_RAM_BASE) / PAGE_SIZE], -1, "the page stays the host's");
	is_status(call(TDH_MR_EXTEND, TEST_GPA + 512, td.tdr, 0, 0), TDX_INCOMPATIBLE_MRTD_CONTEXT);
	is_status(call(TDH_MR_FINALIZE, td.tdr, 0, 0, 0), TDX_INCOMPATIBLE_MRTD_CONTEXT);
	/* All that is left is to tear it down. */
	td_destroy(&td);

	begin_build(MODULE_1_5_07);
	is_status(host_update(1, MODULE_1_5_08, true, UPDATE_COMPATIBILITY), TDX_SUCCESS);
	tap_is(finish_build(), TDX_SUCCESS, "a context of the same version goes on");
}

static void test_build_count(void)
{
	u64 shutdown = 1 | AVOID_COMPAT_SENSITIVE;

	begin_build(MODULE_1_5_07);
	is_status(call(TDH_SYS_SHUTDOWN, shutdown, 0, 0, 0),
		  TDX_UPDATE_COMPATIBILITY_SENSITIVE | 1 << 16);
	is_status(call(TDH_SYS_RD, 0, FIELD_UPDATE_VERSION, 0, 0), TDX_SUCCESS);
	td_create(&other, TD_KEYID + 1);
	td_init(&other);
	is_status(call(TDH_SYS_SHUTDOWN, shutdown, 0, 0, 0),
		  TDX_UPDATE_COMPATIBILITY_SENSITIVE | 2 << 16);
	finish_build();
	is_status(call(TDH_SYS_SHUTDOWN, shutdown, 0, 0, 0),
		  TDX_UPDATE_COMPATIBILITY_SENSITIVE | 1 << 16);
	/* Handoff version 1 carries the count, and a torn down build does not count. */
	is_status(host_update(1, MODULE_1_5_08, false, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_SHUTDOWN, shutdown, 0, 0, 0),
		  TDX_UPDATE_COMPATIBILITY_SENSITIVE | 1 << 16);
	td_destroy(&other);
	is_status(call(TDH_SYS_SHUTDOWN, shutdown, 0, 0, 0), TDX_SUCCESS);

	/* A module without the count does not miss it. */
	begin_build(MODULE_1_5_07);
	is_status(host_update(0, MODULE_1_5_06, false, 0), TDX_SUCCESS);
	tap_is(finish_build(), TDX_SUCCESS, "1.5.06 finishes a build that 1.5.07 counted");
	is_status(call(TDH_SYS_RD, 0, FIELD_UPDATE_VERSION, 0, 0), TDX_SUCCESS);

	/* Version 0 forgets it: a counted build then is one too many. */
	begin_build(MODULE_1_5_07);
	is_status(host_update(0, MODULE_1_5_08, false, 0), TDX_SUCCESS);
	finish_build();
	is_status(call(TDH_SYS_RD, 0, FIELD_UPDATE_VERSION, 0, 0), TDX_SYS_SHUTDOWN);
}

static void test_failed_update(void)
{
	host_ready(MODULE_1_5_05);
	td_build(&td, TD_KEYID);
	is_status(host_update(0, MODULE_BROKEN_SYS_UPDATE, false, 0), TDX_SYS_INVALID_HANDOFF);
	is_status(call(TDH_VP_ENTER, td.vcpu[0].tdvpr, 0, 0, 0), TDX_SYS_NOT_READY);
	module_install(MODULE_1_5_08);
	init_all_lps(0, 0);
	is_status(call(TDH_SYS_UPDATE, 0, 0, 0, 0), TDX_SUCCESS);
	tap_ok(mrtd_is_right(&td), "a TD outlasts a failed update and the one after it");
}

void test_update(void)
{
	test_shutdown_operands();
	test_handoff();
	test_flags();
	test_running_td();
	test_build();
	test_compatibility();
	test_build_count();
	test_failed_update();
}
