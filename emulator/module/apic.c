// SPDX-License-Identifier: GPL-2.0-only
/*
 * What APIC virtualization and posted interrupts do on hardware: the host posts
 * vectors in a descriptor; the virtual APIC's requests, in service and task
 * priority decide which is taken, and when.
 */
#include "apic.h"

/* Posted-interrupt descriptor: requests, then the outstanding-notification bit. */
struct posted_descriptor {
	u64 requests[4];
	u64 control;
};

#define POSTED_OUTSTANDING    BIT(0)
#define PIN_POSTED_INTERRUPTS BIT(7)

#define MSR_X2APIC_TPR	    0x808
#define MSR_X2APIC_PPR	    0x80a
#define MSR_X2APIC_EOI	    0x80b
#define MSR_X2APIC_ISR0	    0x810
#define MSR_X2APIC_IRR0	    0x820
#define MSR_X2APIC_SELF_IPI 0x83f
#define APIC_REGISTER_WORDS 8

static int highest(const u64 *bitmap)
{
	for (int i = 3; i >= 0; i--)
		if (bitmap[i])
			return i * 64 + 63 - __builtin_clzl(bitmap[i]);
	return -1;
}

static u32 processor_priority(const struct tdvps *tdvps)
{
	int in_service = highest(tdvps->isr);
	u32 isr_class = in_service < 0 ? 0 : (u32)in_service & 0xf0;

	return (tdvps->tpr & 0xf0) >= isr_class ? tdvps->tpr : isr_class;
}

static struct posted_descriptor *descriptor(const struct call *call, const struct vcpu *vcpu)
{
	void *buffer;

	if (!(vcpu->tdvps->pin_controls & PIN_POSTED_INTERRUPTS) ||
	    host_buffer_get(call, vcpu->tdvps->posted_interrupt_descriptor, 64, OPERAND_PAGE,
			    &buffer))
		return NULL;
	return buffer;
}

/* Vector of the interrupt that the TD would take, or -1. */
static int deliverable(const struct tdvps *tdvps)
{
	int vector = highest(tdvps->irr);

	return vector >= 0 && ((u32)vector & 0xf0) > (processor_priority(tdvps) & 0xf0) ? vector :
											  -1;
}

bool apic_interrupt_pending(const struct vcpu *vcpu)
{
	return deliverable(vcpu->tdvps) >= 0;
}

bool apic_is_notification(const struct vcpu *vcpu, u32 vector)
{
	return (vcpu->tdvps->pin_controls & PIN_POSTED_INTERRUPTS) &&
	       vector == vcpu->tdvps->posted_interrupt_vector;
}

static void take_posted(struct call *call, struct vcpu *vcpu)
{
	struct posted_descriptor *posted = descriptor(call, vcpu);

	if (!posted)
		return;
	__atomic_fetch_and(&posted->control, ~POSTED_OUTSTANDING, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 4; i++)
		vcpu->tdvps->irr[i] |= __atomic_exchange_n(&posted->requests[i], 0,
							   __ATOMIC_SEQ_CST);
}

static bool interruptible(const struct vmcb *vmcb)
{
	return (vmcb->save.rflags & X86_RFLAGS_IF) &&
	       !(vmcb->control.int_state & SVM_INTERRUPT_SHADOW);
}

/*
 * Have the CPU tell when the TD becomes interruptible. The TD reads its task priority as
 * CR8 from the same word.
 */
static void open_window(const struct tdvps *tdvps, struct vmcb *vmcb, bool open)
{
	vmcb->control.int_control = SVM_V_INTR_MASKING | tdvps->tpr >> 4;
	vmcb->control.intercept &= ~INTERCEPT_VINTR;
	if (open) {
		vmcb->control.int_control |= SVM_V_IRQ | SVM_V_IGNORE_TPR;
		vmcb->control.intercept |= INTERCEPT_VINTR;
	}
}

void apic_prepare_entry(struct call *call, struct vcpu *vcpu)
{
	struct tdvps *tdvps = vcpu->tdvps;
	struct vmcb *vmcb = vcpu->vmcb;
	int vector;

	take_posted(call, vcpu);
	vector = deliverable(tdvps);
	open_window(tdvps, vmcb, false);
	if (vmcb->control.event_inject & SVM_EVENT_VALID) {
		/* One event at a time. */
		open_window(tdvps, vmcb, vector >= 0);
		return;
	}

	/* The TD could not tell what a #VE was about if the NMI's handler had one, too. */
	if (tdvps->pending_nmi && !tdvps->ve.valid) {
		vmcb->control.event_inject = SVM_EVENT_VALID | SVM_EVENT_NMI | 2;
		tdvps->pending_nmi = false;
		open_window(tdvps, vmcb, vector >= 0);
	} else if (vector >= 0 && interruptible(vmcb)) {
		vmcb->control.event_inject = SVM_EVENT_VALID | SVM_EVENT_INTR | vector;
		tdvps->irr[vector / 64] &= ~BIT(vector % 64);
		tdvps->isr[vector / 64] |= BIT(vector % 64);
	} else {
		open_window(tdvps, vmcb, vector >= 0);
	}
}

void apic_write_cr8(struct vcpu *vcpu, u64 value)
{
	vcpu->tdvps->tpr = value << 4;
}

static u64 register_word(const u64 *bitmap, u32 i)
{
	return (u32)(bitmap[i / 2] >> (32 * (i % 2)));
}

bool apic_msr_read(const struct vcpu *vcpu, u32 msr, u64 *value)
{
	const struct tdvps *tdvps = vcpu->tdvps;

	if (msr == MSR_X2APIC_TPR)
		*value = tdvps->tpr;
	else if (msr == MSR_X2APIC_PPR)
		*value = processor_priority(tdvps);
	else if (msr - MSR_X2APIC_ISR0 < APIC_REGISTER_WORDS)
		*value = register_word(tdvps->isr, msr - MSR_X2APIC_ISR0);
	else if (msr - MSR_X2APIC_IRR0 < APIC_REGISTER_WORDS)
		*value = register_word(tdvps->irr, msr - MSR_X2APIC_IRR0);
	else
		return false;
	return true;
}

bool apic_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	struct tdvps *tdvps = vcpu->tdvps;
	int vector;

	switch (msr) {
	case MSR_X2APIC_TPR:
		tdvps->tpr = value & 0xff;
		return true;
	case MSR_X2APIC_EOI:
		vector = highest(tdvps->isr);
		if (vector >= 0)
			tdvps->isr[vector / 64] &= ~BIT(vector % 64);
		return true;
	case MSR_X2APIC_SELF_IPI:
		vector = value & 0xff;
		tdvps->irr[vector / 64] |= BIT(vector % 64);
		return true;
	default:
		return false;
	}
}
