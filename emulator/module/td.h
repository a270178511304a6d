/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TD: its root page (TDR) and its control structure (TDCS), made of TDCX pages.
 *
 * These layouts are shared by all versions of the module, but for the MRTD context
 * (mrtd.c): a TD outlives the version that built it.
 */
#ifndef EMULATOR_MODULE_TD_H
#define EMULATOR_MODULE_TD_H

#include "../crypto/sha384.h"
#include "../x86/cpuid.h"
#include "pamt.h"

#define MAX_TDCX_PAGES 9

enum td_lifecycle {
	TD_HKID_ASSIGNED,
	TD_KEYS_CONFIGURED,
	TD_BLOCKED,  /* no vCPU will run again */
	TD_TEARDOWN, /* pages can be reclaimed */
};

enum td_op_state {
	TD_UNINITIALIZED,
	TD_INITIALIZED, /* between MNG.INIT and MR.FINALIZE */
	TD_RUNNABLE,
};

/* TDR page. @num_children: pages that the TD owns, this one aside; atomic. */
struct tdr {
	u32 lifecycle; /* enum td_lifecycle */
	u32 op_state;  /* enum td_op_state; @op_state_lock */
	module_lock op_state_lock;
	u16 keyid;
	u32 packages_configured;
	u32 num_children;
	u32 num_tdcx;
	bool fatal;
	u64 tdcx_pa[MAX_TDCX_PAGES];
	/* The module that the TD was launched on, for its reports. */
	u16 launch_seam_svn;
	u16 launch_handoff_version;
	u8 launch_mrseam[SHA384_DIGEST_SIZE];
};

/* What each TDCX page holds. */
enum tdcs_page {
	TDCS_CONTROL, /* struct tdcs */
	TDCS_SEPT_ROOT,
	TDCS_MEASUREMENT, /* struct td_measurement */
	TDCS_CPUID,	  /* struct td_cpuid */
	TDCS_VCPUS,	  /* struct td_vcpus */
	TDCS_SPARE,
	TDCS_NUM_PAGES,
};

struct tdcs {
	module_lock sept_lock;	      /* the secure EPT's shape and states */
	module_lock epoch_lock;	      /* @epoch, @epoch_vcpus */
	module_lock vcpu_lock;	      /* @num_vcpus, struct td_vcpus */
	module_lock measurement_lock; /* RTMRs; MRTD is by the TDR's exclusive lock */

	u64 attributes;
	u64 xfam;
	u32 max_vcpus;
	u32 num_vcpus;
	u32 num_associated_vcpus; /* atomic */
	u32 gpa_width;
	u64 eptp_controls;
	u64 config_flags;
	u64 td_ctls;	       /* by the TD; atomic */
	bool topology_unknown; /* a vCPU was initialized without an x2APIC ID */
	u64 notify_enables;    /* by the TD; atomic */
	u16 tsc_frequency;     /* in units of 25 MHz */
	u64 tsc_offset;
	u64 tsc_multiplier; /* 16.48 fixed point */

	/* vCPUs in the TD entered it in epoch @epoch or the one before, never earlier. */
	u64 epoch;
	u32 epoch_vcpus[2]; /* by the epoch's parity */
};

#define MRTD_CONTEXT_SIZE 256
#define NUM_RTMRS	  4

struct td_measurement {
	u8 mrtd_context_version;	    /* 0: of a module that did not tell */
	u8 mrtd_context[MRTD_CONTEXT_SIZE]; /* layout: of the module that wrote it */
	u8 mrtd[SHA384_DIGEST_SIZE];
	u8 mrconfigid[SHA384_DIGEST_SIZE];
	u8 mrowner[SHA384_DIGEST_SIZE];
	u8 mrownerconfig[SHA384_DIGEST_SIZE];
	u8 rtmr[NUM_RTMRS][SHA384_DIGEST_SIZE];
};

#define MAX_CPUID_VALUES 48

/* All leaves that the TD sees; CPUID of any other is a #VE. */
struct td_cpuid {
	u32 num_values;
	struct {
		u32 leaf;
		u32 subleaf; /* CPUID_NO_SUBLEAF: does not matter */
		struct cpuid_result value;
	} entry[MAX_CPUID_VALUES];
};

#define CPUID_NO_SUBLEAF 0xffffffffU

struct td_vcpus {
	u32 x2apic_id[MAX_VCPUS_PER_TD];
};

_Static_assert(sizeof(struct tdr) <= PAGE_SIZE, "TDR");
_Static_assert(sizeof(struct tdcs) <= PAGE_SIZE, "TDCS");
_Static_assert(sizeof(struct td_measurement) <= PAGE_SIZE, "TDCS");
_Static_assert(sizeof(struct td_cpuid) <= PAGE_SIZE, "TDCS");
_Static_assert(sizeof(struct td_vcpus) <= PAGE_SIZE, "TDCS");
_Static_assert(TDCS_NUM_PAGES <= TDCS_PAGES && TDCS_PAGES <= MAX_TDCX_PAGES, "TDCS");

#define TD_ATTRIBUTES_SEPT_VE_DISABLE BIT(28)
#define TD_CTLS_ENUM_TOPOLOGY	      BIT(1)
#define TD_NOTIFY_EPT_FAULTS	      BIT(0)
#define TD_CONFIG_MAX_GPAW	      BIT(0)
#define TD_CONFIG_NO_RBP_MOD	      BIT(2)

/* A TD that a call works on. */
struct td {
	u64 tdr_pa;
	struct tdr *tdr;
	struct tdcs *tdcs; /* NULL before MNG.INIT's pages are there */
};

static inline void *tdcs_page(const struct call *call, const struct td *td, enum tdcs_page i)
{
	return pointer(call, td->tdr->tdcx_pa[i]);
}

/* GPA bit that selects shared memory. */
static inline u64 td_shared_bit(const struct td *td)
{
	return BIT(td->tdcs->gpa_width - 1);
}

/* Sets of enum td_op_state. */
#define OP_UNINITIALIZED BIT(TD_UNINITIALIZED)
#define OP_INITIALIZED	 BIT(TD_INITIALIZED)
#define OP_RUNNABLE	 BIT(TD_RUNNABLE)
#define OP_BUILT	 (OP_INITIALIZED | OP_RUNNABLE)
#define OP_ANY		 (OP_UNINITIALIZED | OP_BUILT)

/* Lock the TDR page @tdr_pa; only that it is one, and of no fatal TD. */
u64 tdr_get(struct call *call, u64 tdr_pa, enum tdx_operand operand, enum lock_mode mode,
	    struct td *td);

/*
 * The checks of a TD that is to be worked on, in the order of the ABI: TDR, fatal,
 * keys, TDCX pages, state of operation. @op_states without OP_UNINITIALIZED need
 * the TDCX pages. The state of operation stays locked, in @op_state_mode.
 */
u64 td_get_locked(struct call *call, u64 tdr_pa, enum tdx_operand operand, enum lock_mode mode,
		  enum lock_mode op_state_mode, u32 op_states, struct td *td);

/* The usual: a shared lock on both. */
static inline u64 td_get(struct call *call, u64 tdr_pa, enum tdx_operand operand, u32 op_states,
			 struct td *td)
{
	return td_get_locked(call, tdr_pa, operand, LOCK_SHARED, LOCK_SHARED, op_states, td);
}

/* Lock the TD's epoch: TDX_SUCCESS or TDX_OPERAND_BUSY. */
u64 td_epoch_lock(struct call *call, struct tdcs *tdcs, enum lock_mode mode);

/* The TD takes a free page, or gives one back. */
void td_page_add(struct call *call, struct td *td, struct page *page, enum page_type type);
void td_page_remove(struct call *call, struct td *td, struct page *page);

/* The TD is no longer being built: MRTD is done, or never will be. */
void td_build_end(struct call *call, struct td *td);

#endif
