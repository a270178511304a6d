/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TD's virtual CPU: TDVPS, made of the TDVPR page and TDCX pages.
 *
 * As with the TD's pages, all versions of the module share these layouts.
 */
#ifndef EMULATOR_MODULE_VCPU_H
#define EMULATOR_MODULE_VCPU_H

#include "../x86/registers.h"
#include "../x86/svm.h"
#include "td.h"

#define MAX_FAULT_GPAS 32

enum vcpu_state {
	VCPU_UNINITIALIZED,
	VCPU_READY,
	VCPU_DISABLED, /* it shut down, and never runs again */
};

/* What each TDCX page holds. */
enum tdvps_page {
	TDVPS_VMCB,
	TDVPS_XSAVE,
	TDVPS_NPT_ROOT, /* private half: the secure EPT's; shared half: shadow */
	TDVPS_SPARE1,
	TDVPS_SPARE2,
	TDVPS_NUM_TDCX,
};

_Static_assert(TDVPS_NUM_TDCX + 1 == TDVPS_PAGES, "TDVPS");

/* Why a #VE was injected; TDG.VP.VEINFO.GET tells the TD. */
struct ve_info {
	bool valid;
	u32 exit_reason;
	u64 exit_qualification;
	u64 gla;
	u64 gpa;
	u32 instruction_length;
	u32 instruction_info;
};

struct tdvps {
	u32 state; /* enum vcpu_state */
	u32 num_tdcx;
	u64 tdcx_pa[TDVPS_NUM_TDCX];
	u32 index; /* in the TD */
	u32 x2apic_id;
	u32 associated_lp; /* LP_NONE or the index of the LP; atomic */

	struct seam_gprs gprs;
	bool in_vmcall; /* the last exit was by TDG.VP.VMCALL */
	u64 vmcall_mask;
	struct ve_info ve;
	u32 spurious_faults; /* in a row */

	/* Against zero-stepping, see stepping.c. */
	u64 entry_rip;
	u32 num_faults; /* for the host, of one instruction */
	u32 num_fault_gpas;
	u64 fault_gpa[MAX_FAULT_GPAS];

	u64 last_exit_tsc;
	u64 epoch; /* that the vCPU entered the TD in */

	/* MSRs that are not in the VMCB. */
	u64 tsc_aux;
	u64 misc_enable;
	u64 xss;
	u64 tsc_adjust;
	/* Nor are these, of the debug registers. */
	u64 dr[4];

	/* Written by the host with TDH.VP.WR. */
	u64 shared_ept_pointer;
	u64 posted_interrupt_descriptor;
	u16 posted_interrupt_vector;
	u32 pin_controls;
	u32 secondary_controls;
	u32 notify_window;
	bool pending_nmi;

	/* The virtual APIC, as far as interrupts go. */
	u64 irr[4];
	u64 isr[4];
	u32 tpr;
};

_Static_assert(sizeof(struct tdvps) <= PAGE_SIZE, "TDVPS");

#define LP_NONE 0xffffffffU

/* A vCPU that a call works on, and its TD. */
struct vcpu {
	u64 tdvpr_pa;
	struct tdvps *tdvps;
	struct vmcb *vmcb; /* NULL before all pages are there */
	struct td td;
};

static inline void *tdvps_page(const struct call *call, const struct vcpu *vcpu, enum tdvps_page i)
{
	return pointer(call, vcpu->tdvps->tdcx_pa[i]);
}

/*
 * TDVPR operand in register @operand, locked in @mode; then the checks of its TD, of which the
 * TDR is locked in @tdr_mode.
 */
u64 vcpu_get_locked(struct call *call, u64 tdvpr_pa, enum tdx_operand operand, enum lock_mode mode,
		    enum lock_mode tdr_mode, u32 op_states, struct vcpu *vcpu);

/* The usual: the TDR is shared. */
static inline u64 vcpu_get(struct call *call, u64 tdvpr_pa, enum tdx_operand operand,
			   enum lock_mode mode, u32 op_states, struct vcpu *vcpu)
{
	return vcpu_get_locked(call, tdvpr_pa, operand, mode, LOCK_SHARED, op_states, vcpu);
}

/* Make this LP the vCPU's, if it is no other's. */
u64 vcpu_associate(struct call *call, struct vcpu *vcpu);

/* The registers as TDH.VP.INIT leaves them. */
void vcpu_init_state(struct call *call, struct vcpu *vcpu, u64 rcx);

/* Registers by number, RAX and RSP included. */
u64 vcpu_gpr_get(const struct vcpu *vcpu, u32 i);
void vcpu_gpr_set(struct vcpu *vcpu, u32 i, u64 value);

#endif
