/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts for a TD: posted by the host, taken when the TD can. */
#ifndef EMULATOR_MODULE_APIC_H
#define EMULATOR_MODULE_APIC_H

#include "vcpu.h"

/* Whether an interrupt waits whose priority the TD would take. */
bool apic_interrupt_pending(const struct vcpu *vcpu);

/* Before each VMRUN: take what was posted, inject what can be. */
void apic_prepare_entry(struct call *call, struct vcpu *vcpu);

/* Task priority by MOV to CR8; @value is below 16. */
void apic_write_cr8(struct vcpu *vcpu, u64 value);

/* x2APIC registers as MSRs. Return: false when the TD has to ask its host. */
bool apic_msr_read(const struct vcpu *vcpu, u32 msr, u64 *value);
bool apic_msr_write(struct vcpu *vcpu, u32 msr, u64 value);

#endif
