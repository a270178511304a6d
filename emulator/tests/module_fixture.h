/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host for tests of the TDX module: SEAMCALLs on the fake platform, and TDs made
 * with them.
 */
#ifndef EMULATOR_TESTS_MODULE_FIXTURE_H
#define EMULATOR_TESTS_MODULE_FIXTURE_H

#include "../abi/seamcall.h"
#include "../abi/status.h"
#include "../x86/registers.h"
#include "../x86/svm.h"
#include "fake_platform.h"
#include "tap.h"

enum module_version {
	MODULE_1_5_05,
	MODULE_1_5_06,
	MODULE_1_5_07,
	MODULE_1_5_08,
	MODULE_BROKEN_SYS_INIT,
	MODULE_BROKEN_LP_INIT,
	MODULE_BROKEN_SYS_UPDATE,
	NUM_MODULE_VERSIONS,
};

#define NUM_LPS	     4
#define NUM_PACKAGES 2
#define FIRST_KEYID  (FAKE_MKTME_KEYIDS + 1UL)
#define GLOBAL_KEYID FIRST_KEYID
#define TD_KEYID     (FIRST_KEYID + 1)

#define TD_TDCX_PAGES	6
#define VCPU_TDCX_PAGES 5

/* CPUID.1.EAX of a TD, in the bits that a host chooses. */
#define TD_FAMILY_MODEL	  0x000806f8
#define FAMILY_MODEL_MASK 0x0fff3fff

/* Registers after this thread's last call. */
extern __thread struct seam_gprs out;

/* What P-SEAMLDR tells the module; tests may change it. */
extern struct seam_sysinfo sysinfo;

/* Put a version in place: all but the handoff area is wiped. Load: that too. */
void module_load(enum module_version version);
void module_install(enum module_version version);

/* Start anew: a fresh platform with @version, not initialized. */
void host_reset(enum module_version version);

/* The LP that call() and the fixture's steps are on: 0, unless the thread says else. */
extern __thread u32 this_lp;

/* A SEAMCALL on @lp. */
u64 call_on(u32 lp, u64 rax, u64 rcx, u64 rdx, u64 r8, u64 r9);

static inline u64 call(u64 rax, u64 rcx, u64 rdx, u64 r8, u64 r9)
{
	return call_on(this_lp, rax, rcx, rdx, r8, r9);
}

#define VERSION_1 (1UL << SEAMCALL_VERSION_SHIFT)

/* TDH.SYS.INIT, and TDH.SYS.LP.INIT on all LPs. */
void init_all_lps(u64 init_version, u64 enabling_flags);

/* TDMR_INFO in fake memory, as one would write it down. */
struct tdmr_info {
	u64 base;
	u64 size;
	u64 pamt_1g_base, pamt_1g_size;
	u64 pamt_2m_base, pamt_2m_size;
	u64 pamt_4k_base, pamt_4k_size;
	struct {
		u64 offset;
		u64 size;
	} reserved[16];
};

/* One TDMR for all memory, with what is no memory reserved. */
struct tdmr_info good_tdmr(void);
/* TDH.SYS.CONFIG with such. */
u64 sys_config(const struct tdmr_info *tdmr, u64 count, u64 keyid);

/* All of it until TDs can be made. */
void host_ready(enum module_version version);
/* Shut down and go on with @version, whose SYS.UPDATE has @flags in version 1. */
u64 host_update(u64 handoff_version, enum module_version version, bool v1, u64 flags);

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
	u8 mrconfigid[48];
	u8 mrowner[48];
	u8 mrownerconfig[48];
	u64 arch_capabilities;
	u8 reserved2[24];
	u32 cpuid[48][4];
};

struct test_vcpu {
	u64 tdvpr;
	u64 tdcx[VCPU_TDCX_PAGES];
};

struct test_td {
	u64 keyid;
	u64 tdr;
	u64 tdcx[TD_TDCX_PAGES];
	u64 sept[3];
	struct test_vcpu vcpu[2];
};

struct td_params good_params(void);
u64 params_page(const struct td_params *params);

/* The steps of a TD's life, each of which must succeed. */
void td_create(struct test_td *td, u64 keyid);
void td_init(struct test_td *td);
void td_add_vcpu(struct test_td *td, u32 i);
/* S-EPT pages for the 2 MiB at @gpa. */
void td_add_sept(struct test_td *td, u64 gpa);
/* A page with @fill in each byte, measured. Return: its physical address. */
u64 td_add_page(struct test_td *td, u64 gpa, u8 fill);
void td_finalize(struct test_td *td);
/* All of the above: one vCPU, a page at TEST_GPA. */
void td_build(struct test_td *td, u64 keyid);
/* Until its pages are the host's again, the TDR included. */
void td_destroy(struct test_td *td);

#define TEST_GPA 0x200000UL

/* What MRTD has to be for one page with @fill at TEST_GPA. */
void expected_mrtd(u8 fill, u8 mrtd[48]);

/* The MRTD that TDG.MR.REPORT tells, by way of vCPU 0 and the page at TEST_GPA. */
void td_report_mrtd(struct test_td *td, u8 mrtd[48]);

/* A status expectation with all in its name. */
#define is_status(got, expected) tap_is(got, expected, "%s is " #expected, #got)

/* The parts of the test. */
void test_sys(void);
void test_tdmr(void);
void test_td(void);
void test_memory(void);
void test_vcpu(void);
void test_run(void);
void test_instructions(void);
void test_guest(void);
void test_abi(void);
void test_update(void);
void test_operands(void);
void test_locks(void);
void test_smp(void);
/* Each status was seen, or it is told why it cannot be. */
void test_coverage(void);

#endif
