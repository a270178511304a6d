/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Against zero-stepping: a host that removes the pages of one instruction again and again
 * could watch the TD. After some faults for the host at one instruction, the vCPU enters
 * the TD only when all those pages are there; and to see that, it locks the secure EPT.
 */
#ifndef EMULATOR_MODULE_STEPPING_H
#define EMULATOR_MODULE_STEPPING_H

#include "td_entry.h"

/*
 * Before the vCPU enters the TD. Return: TDX_SUCCESS; OPERAND_BUSY of the secure EPT; or
 * an EPT violation, with @exit filled in, in place of entering.
 */
u64 stepping_filter(struct call *call, struct vcpu *vcpu, struct td_exit *exit);

/* The TD exits because of private memory at @gpa; or for any reason. */
void stepping_note_fault(struct vcpu *vcpu, u64 gpa);
void stepping_note_exit(struct vcpu *vcpu);

#endif
