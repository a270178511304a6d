// SPDX-License-Identifier: GPL-2.0-only
/* TDH.SYS.CONFIG and TDH.SYS.TDMR.INIT. */
#include "module_fixture.h"

static struct tdmr_info tdmr;

static u64 config(void)
{
	return sys_config(&tdmr, 1, GLOBAL_KEYID);
}

/* A module that waits for TDH.SYS.CONFIG, and a TDMR for it to spoil. */
static void start(void)
{
	host_reset(MODULE_1_5_05);
	init_all_lps(0, 0);
	tdmr = good_tdmr();
}

/* Each with one thing wrong; nothing has to be started anew in between. */
#define CONFIG_WITH(change, expected)                          \
	do {                                                   \
		struct tdmr_info good = tdmr;                  \
		u64 got;                                       \
                                                               \
		change;                                        \
		got = config();                                \
		tap_is(got, expected, #change ": " #expected); \
		tdmr = good;                                   \
	} while (0)

static void test_config_operands(void)
{
	u64 list;

	host_reset(MODULE_1_5_05);
	is_status(call(TDH_SYS_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_LP_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	is_status(call(TDH_SYS_CONFIG, 0, 0, 0, 0), TDX_SYS_CONFIG_NOT_PENDING);

	start();
	list = fake_alloc_pages(1);
	is_status(call(TDH_SYS_CONFIG, list, 0, GLOBAL_KEYID, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(call(TDH_SYS_CONFIG, list, 65, GLOBAL_KEYID, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	is_status(call(TDH_SYS_CONFIG, list + 8, 1, GLOBAL_KEYID, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_CONFIG, FAKE_SEAMRR_BASE, 1, GLOBAL_KEYID, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	is_status(call(TDH_SYS_CONFIG, list, 1, FAKE_MKTME_KEYIDS, 0),
		  TDX_OPERAND_INVALID | OPERAND_R8);
	is_status(call(TDH_SYS_CONFIG, list, 1, FIRST_KEYID + FAKE_TDX_KEYIDS, 0),
		  TDX_OPERAND_INVALID | OPERAND_R8);
	/* The list is all zeros, and address 0 is the first MiB: a TDMR_INFO of zeros. */
	*(u64 *)fake_pointer(list) = list + 256;
	is_status(call(TDH_SYS_CONFIG, list, 1, GLOBAL_KEYID, 0),
		  TDX_OPERAND_INVALID | OPERAND_TDMR_INFO_PA);
}

static void test_config_tdmrs(void)
{
	struct tdmr_info two[2];

	start();
	CONFIG_WITH(tdmr.base = PAGE_SIZE, TDX_INVALID_TDMR);
	CONFIG_WITH(tdmr.size = 0, TDX_INVALID_TDMR);
	CONFIG_WITH(tdmr.base = BIT(FAKE_PHYS_BITS), TDX_INVALID_TDMR);
	CONFIG_WITH(tdmr.pamt_4k_base += 8, TDX_INVALID_PAMT);
	CONFIG_WITH(tdmr.pamt_4k_size -= PAGE_SIZE, TDX_INVALID_PAMT);
	CONFIG_WITH(tdmr.pamt_1g_base = FAKE_SEAMRR_BASE, TDX_PAMT_OUTSIDE_CMRS);
	CONFIG_WITH(tdmr.reserved[1].size -= PAGE_SIZE, TDX_PAMT_OVERLAP);
	CONFIG_WITH(tdmr.pamt_2m_base = tdmr.pamt_4k_base, TDX_PAMT_OVERLAP);
	CONFIG_WITH(tdmr.reserved[1].size += 8, TDX_INVALID_RESERVED_IN_TDMR);
	CONFIG_WITH(tdmr.reserved[2].size += PAGE_SIZE, TDX_INVALID_RESERVED_IN_TDMR);
	CONFIG_WITH(tdmr.reserved[0].size = 0, TDX_INVALID_RESERVED_IN_TDMR);
	CONFIG_WITH(tdmr.reserved[1].offset -= PAGE_SIZE, TDX_NON_ORDERED_RESERVED_IN_TDMR);
	CONFIG_WITH(tdmr.reserved[2].size -= PAGE_SIZE;
		    tdmr.reserved[2].offset += PAGE_SIZE, TDX_TDMR_OUTSIDE_CMRS);

	two[0] = two[1] = tdmr;
	is_status(sys_config(two, 2, GLOBAL_KEYID), TDX_NON_ORDERED_TDMR | 1);

	is_status(config(), TDX_SUCCESS);
	tap_is(fake.use[(tdmr.pamt_4k_base - FAKE_RAM_BASE) / PAGE_SIZE], SEAM_PAGE_PAMT,
	       "the host loses the PAMT");
	is_status(config(), TDX_SYS_CONFIG_NOT_PENDING);
}

static u64 tdmr_init_calls(enum module_version version)
{
	u64 calls = 0, status;

	host_ready(version);
	/* host_ready() did it all; do it again on a fresh one. */
	host_reset(version);
	init_all_lps(0, 0);
	tdmr = good_tdmr();
	config();
	call_on(0, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	call_on(NUM_LPS - 1, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	do {
		status = call(TDH_SYS_TDMR_INIT, 0, 0, 0, 0);
		calls++;
	} while (!status && out.reg[GPR_RDX] < BIT(30) && calls < 10000);
	return calls;
}

static void test_tdmr_init(void)
{
	u64 page;

	tap_is(tdmr_init_calls(MODULE_1_5_05), 256, "1.5.05 initializes 4 MiB at a time");
	tap_is(tdmr_init_calls(MODULE_1_5_07), 64, "1.5.07 initializes 16 MiB at a time");
	tap_is(tdmr_init_calls(MODULE_1_5_08), 32, "1.5.08 initializes 32 MiB at a time");
	is_status(call(TDH_SYS_TDMR_INIT, 0, 0, 0, 0), TDX_TDMR_ALREADY_INITIALIZED);
	is_status(call(TDH_SYS_TDMR_INIT, PAGE_SIZE, 0, 0, 0), TDX_OPERAND_INVALID | OPERAND_RCX);

	/* A page before its PAMT entry is initialized. */
	start();
	config();
	call_on(0, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	call_on(NUM_LPS - 1, TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	page = fake_alloc_pages(1);
	is_status(call(TDH_SYS_TDMR_INIT, 0, 0, 0, 0), TDX_SUCCESS);
	tap_is(out.reg[GPR_RDX], 0, "the next address is rounded down to a GiB");
	is_status(call(TDH_PHYMEM_PAGE_RDMD, page, 0, 0, 0),
		  TDX_OPERAND_ADDR_RANGE_ERROR | OPERAND_RCX);
}

void test_tdmr(void)
{
	test_config_operands();
	test_config_tdmrs();
	test_tdmr_init();
}
