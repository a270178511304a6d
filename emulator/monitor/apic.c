// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x2APIC's interrupt command register (ICR), and NMIs.
 *
 * A real INIT or startup IPI would take a CPU away from the monitor, so writes to
 * the ICR are intercepted and these two, and NMIs, become requests to the target,
 * which an NMI makes it look at. All other interrupts go straight to the APIC.
 */
#include "cpu.h"
#include "lib.h"

#define ICR_VECTOR	    GENMASK(7, 0)
#define ICR_DELIVERY_MODE   GENMASK(10, 8)
#define ICR_NMI		    (4UL << 8)
#define ICR_INIT	    (5UL << 8)
#define ICR_STARTUP	    (6UL << 8)
#define ICR_LOGICAL	    BIT(11)
#define ICR_ASSERT	    BIT(14)
#define ICR_SHORTHAND_SHIFT 18
#define ICR_BROADCAST	    0xffffffffU

#define MSR_X2APIC_TPR	     0x808
#define MSR_X2APIC_SVR	     0x80f
#define MSR_X2APIC_ISR_FIRST 0x810
#define MSR_X2APIC_ISR_LAST  0x817
#define MSR_X2APIC_LVT_FIRST 0x832
#define MSR_X2APIC_LINT0     0x835
#define MSR_X2APIC_LINT1     0x836
#define MSR_X2APIC_LVT_LAST  0x837

#define APIC_LVT_MASKED BIT(16)
#define APIC_LVT_LEVEL	BIT(15)
#define APIC_LVT_NMI	(4UL << 8)
#define APIC_LVT_EXTINT (7UL << 8)
#define APIC_SVR_ENABLE BIT(8)
#define APIC_SVR_RESET	0xff

enum icr_shorthand {
	ICR_NO_SHORTHAND,
	ICR_SELF,
	ICR_ALL,
	ICR_ALL_BUT_SELF,
};

void apic_enable_x2apic(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

void apic_mask_all(void)
{
	u32 msr;

	for (msr = MSR_X2APIC_LVT_FIRST; msr <= MSR_X2APIC_LVT_LAST; msr++)
		wrmsr(msr, APIC_LVT_MASKED);
}

/* As firmware leaves that of the processor which boots an operating system: virtual wire. */
void apic_reset_as_firmware(void)
{
	wrmsr(MSR_X2APIC_SVR, APIC_SVR_ENABLE | APIC_SVR_RESET);
	wrmsr(MSR_X2APIC_LINT0, APIC_LVT_LEVEL | APIC_LVT_EXTINT);
	wrmsr(MSR_X2APIC_LINT1, APIC_LVT_LEVEL | APIC_LVT_NMI);
}

static bool acknowledge(struct cpu *cpu)
{
	cpu->acknowledged_vector = -1;
	interrupt_window();
	return cpu->acknowledged_vector >= 0;
}

/*
 * INIT resets the local APIC. That of this machine can only be reset with its CPU, so
 * what is pending is taken, and what is in service is ended. It collects interrupts
 * even while it is disabled, so this must come last before the CPU starts again.
 */
void apic_reset(struct cpu *cpu)
{
	u32 msr;

	apic_mask_all();
	wrmsr(MSR_X2APIC_TPR, 0);
	wrmsr(MSR_X2APIC_SVR, APIC_SVR_ENABLE | APIC_SVR_RESET);
	for (msr = MSR_X2APIC_ISR_FIRST; msr <= MSR_X2APIC_ISR_LAST; msr++) {
		while (rdmsr(msr))
			wrmsr(MSR_X2APIC_EOI, 0);
	}
	while (acknowledge(cpu))
		wrmsr(MSR_X2APIC_EOI, 0);
	wrmsr(MSR_X2APIC_SVR, APIC_SVR_RESET);
}

void apic_send(u32 x2apic_id, u32 command)
{
	wrmsr(MSR_X2APIC_ICR, (u64)x2apic_id << 32 | command);
}

static bool is_target(const struct cpu *self, const struct cpu *cpu, u64 icr)
{
	u32 destination = icr >> 32;

	switch ((enum icr_shorthand)(icr >> ICR_SHORTHAND_SHIFT & 3)) {
	case ICR_SELF:
		return cpu == self;
	case ICR_ALL:
		return true;
	case ICR_ALL_BUT_SELF:
		return cpu != self;
	case ICR_NO_SHORTHAND:
		break;
	}
	if (destination == ICR_BROADCAST)
		return true;
	if (icr & ICR_LOGICAL)
		return cpu->x2apic_id >> 4 == destination >> 16 &&
		       (destination >> (cpu->x2apic_id & 15) & 1);
	return cpu->x2apic_id == destination;
}

static void request_nmi(struct cpu *cpu)
{
	__atomic_store_n(&cpu->nmi_request, 1, __ATOMIC_RELEASE);
	cpu_kick(cpu);
}

static void request_init(struct cpu *cpu)
{
	if (READ_ONCE(cpu->waiting_for_sipi))
		return;
	__atomic_store_n(&cpu->sipi, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->init_request, 1, __ATOMIC_RELEASE);
	cpu_kick(cpu);
}

/* Heard only by a CPU that INIT has stopped, or is about to: not while INIT is blocked. */
static void request_startup(struct cpu *cpu, u8 vector)
{
	if (!READ_ONCE(cpu->waiting_for_sipi) &&
	    (!READ_ONCE(cpu->init_request) || READ_ONCE(cpu->vmx_root)))
		return;
	__atomic_store_n(&cpu->sipi, SIPI_RECEIVED | vector, __ATOMIC_RELEASE);
	cpu_kick(cpu);
}

void apic_write_icr(struct cpu *self, u64 icr)
{
	u64 mode = icr & ICR_DELIVERY_MODE;
	unsigned int i;

	if (mode != ICR_NMI && mode != ICR_INIT && mode != ICR_STARTUP) {
		wrmsr(MSR_X2APIC_ICR, icr);
		return;
	}
	/* INIT level de-assert does nothing on anything newer than a Pentium. */
	if (mode == ICR_INIT && !(icr & ICR_ASSERT))
		return;
	for (i = 0; i < num_cpus; i++) {
		if (!is_target(self, &cpus[i], icr))
			continue;
		if (mode == ICR_NMI)
			request_nmi(&cpus[i]);
		else if (mode == ICR_INIT)
			request_init(&cpus[i]);
		else
			request_startup(&cpus[i], icr & ICR_VECTOR);
	}
}

static void deliver_nmi(struct cpu *cpu)
{
	if (cpu->nmi_blocked) {
		cpu->nmi_pending = true;
		return;
	}
	inject_nmi(cpu);
	cpu->nmi_blocked = true;
	cpu->vmcb->control.intercept |= INTERCEPT_IRET;
}

/*
 * Do what other CPUs asked of this one. INIT is blocked in VMX operation, as on
 * hardware: it waits for VMXOFF.
 */
void requests_process(struct cpu *cpu)
{
	if (READ_ONCE(cpu->init_request) && !cpu->vmx_root) {
		cpu_wait_for_sipi(cpu);
		return;
	}
	if (!READ_ONCE(cpu->nmi_request))
		return;
	if (cpu->vmcb->control.event_inject & SVM_EVENT_VALID) {
		/* One event a time: come back as soon as that one is delivered. */
		cpu_kick(cpu);
		return;
	}
	WRITE_ONCE(cpu->nmi_request, 0);
	deliver_nmi(cpu);
}

/*
 * The NMI itself says nothing: one may stand for several requests, or for one that
 * was seen already. NMIs of devices do not exist on this machine.
 */
void nmi_exit(struct cpu *cpu)
{
	(void)cpu;
	nmi_window();
}

/*
 * The host returns from its NMI handler. A second NMI comes before the IRET has
 * run, one instruction early; the handler of a kernel must bear that anyway, since
 * an IRET from a fault inside it unblocks NMIs too.
 */
void iret_exit(struct cpu *cpu)
{
	cpu->vmcb->control.intercept &= ~INTERCEPT_IRET;
	cpu->nmi_blocked = false;
	if (cpu->nmi_pending) {
		cpu->nmi_pending = false;
		deliver_nmi(cpu);
	}
}
