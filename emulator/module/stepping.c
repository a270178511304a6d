// SPDX-License-Identifier: GPL-2.0-only
#include "sept.h"
#include "stepping.h"

/* Faults at one instruction that are nothing unusual. */
#define STEPPING_THRESHOLD 6

static void forget(struct tdvps *tdvps)
{
	tdvps->num_faults = 0;
	tdvps->num_fault_gpas = 0;
}

/* Whether an access would be a fault for the host, and not for the TD. */
static bool fault_expected(const struct call *call, const struct td *td, u64 gpa)
{
	struct sept_walk walk;

	if (!sept_walk(call, td, gpa, 0, &walk))
		return true;
	switch (sept_entry_state(walk.value)) {
	case SEPT_PRESENT:
		return false;
	case SEPT_PENDING:
		return td->tdcs->attributes & TD_ATTRIBUTES_SEPT_VE_DISABLE;
	default:
		return true;
	}
}

static u64 missing_page(const struct call *call, const struct vcpu *vcpu, struct td_exit *exit)
{
	const struct tdvps *tdvps = vcpu->tdvps;

	for (u32 i = 0; i < tdvps->num_fault_gpas; i++) {
		if (!fault_expected(call, &vcpu->td, tdvps->fault_gpa[i]))
			continue;
		*exit = (struct td_exit){
			.status = EXIT_REASON_EPT_VIOLATION,
			.qualification = EPT_VIOLATION_WRITE,
			.gpa = tdvps->fault_gpa[i] & PAGE_MASK,
		};
		return exit->status;
	}
	return TDX_SUCCESS;
}

/* A TD that asked for it hears of it, if it can take a #VE now. */
static void notify(struct vcpu *vcpu)
{
	const struct ve_info info = {
		.exit_reason = EXIT_REASON_EPT_VIOLATION,
		.gpa = vcpu->tdvps->fault_gpa[vcpu->tdvps->num_fault_gpas - 1],
	};

	if ((vcpu->td.tdcs->notify_enables & TD_NOTIFY_EPT_FAULTS) && !vcpu->tdvps->ve.valid &&
	    !(vcpu->vmcb->control.event_inject & SVM_EVENT_VALID))
		td_inject_ve(vcpu, &info);
}

u64 stepping_filter(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	struct tdcs *tdcs = vcpu->td.tdcs;
	u64 status;

	vcpu->tdvps->entry_rip = vcpu->vmcb->save.rip;
	if (!vcpu->tdvps->num_fault_gpas)
		return TDX_SUCCESS;
	status = sept_tree_lock(call, tdcs, LOCK_EXCLUSIVE);
	if (status)
		return status;
	status = missing_page(call, vcpu, exit);
	lock_release(call, &tdcs->sept_lock);
	if (!status)
		notify(vcpu);
	return status;
}

void stepping_note_exit(struct vcpu *vcpu)
{
	if (vcpu->vmcb->save.rip != vcpu->tdvps->entry_rip)
		forget(vcpu->tdvps);
}

void stepping_note_fault(struct vcpu *vcpu, u64 gpa)
{
	struct tdvps *tdvps = vcpu->tdvps;
	u32 i;

	stepping_note_exit(vcpu);
	if (tdvps->num_faults < STEPPING_THRESHOLD) {
		tdvps->num_faults++;
		return;
	}
	for (i = 0; i < tdvps->num_fault_gpas && tdvps->fault_gpa[i] != gpa; i++)
		;
	if (i == tdvps->num_fault_gpas && i < MAX_FAULT_GPAS)
		tdvps->fault_gpa[tdvps->num_fault_gpas++] = gpa;
}
