/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TD's shared memory, as the host maps it.
 *
 * The host's shared EPT has VMX's format, and its own owner. What a TD uses is a
 * shadow: nested page tables that are filled at faults. The shadow is a cache of
 * the LP's, as a TLB is, and it goes when a TLB's contents would: on INVEPT, for
 * another vCPU, for another EPT pointer. It is in the module's data region, since
 * nothing is lost with it.
 */
#ifndef EMULATOR_MODULE_SHARED_EPT_H
#define EMULATOR_MODULE_SHARED_EPT_H

#include "vcpu.h"

/* Find room for all LPs. Return: false when the data region is too small. */
bool shared_cache_init(struct call *call);

/* Before each VMRUN: the vCPU uses this LP's cache, emptied if it is stale. */
void shared_cache_use(struct call *call, struct vcpu *vcpu);

/* The vCPU leaves this LP. */
void shared_cache_drop(struct call *call, struct vcpu *vcpu);

enum shared_fault {
	SHARED_FAULT_MAPPED, /* now it is there */
	SHARED_FAULT_HOST,   /* an EPT violation, for the host */
	SHARED_FAULT_TD,     /* #VE: an entry without the suppress-#VE bit */
};

/* @permissions: of the entry, as bits 2:0 of it. */
enum shared_fault shared_fault(struct call *call, struct vcpu *vcpu, u64 gpa, bool write,
			       u64 *permissions);

#endif
