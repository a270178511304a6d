// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processors: which there are, how the monitor gets hold of them, and how they
 * wait until Linux starts them.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "seam.h"

#define AP_TIMEOUT_US	(2 * 1000 * 1000UL)

#define ICR_NMI		0x4400
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600

struct cpu cpus[MAX_CPUS];
struct cpu_stack cpu_stacks[MAX_CPUS];
u32 num_cpus;

static struct vmcb vmcbs[MAX_CPUS] __attribute__((aligned(PAGE_SIZE)));
static u8 host_save_areas[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u32 num_started;

extern u64 start_stack;			/* boot.S */
extern const u8 trampoline[], trampoline_end[];

/* Bits of an x2APIC ID below the package's number. */
static unsigned int package_shift(void)
{
	unsigned int subleaf, shift = 0;

	for (subleaf = 0; ; subleaf++) {
		struct cpuid_result r = cpuid(0xb, subleaf);

		if (!(r.ecx >> 8 & 0xff))
			return shift;
		shift = r.eax & 0x1f;
	}
}

void smp_enumerate(void)
{
	unsigned int i, shift = package_shift();
	u32 ids[MAX_CPUS], bsp = rdmsr(MSR_X2APIC_ID);

	num_cpus = acpi_find_cpus(ids, MAX_CPUS);
	for (i = 0; i < num_cpus; i++) {
		struct cpu *cpu = &cpus[i];

		cpu->index = i;
		cpu->x2apic_id = ids[i];
		cpu->package = ids[i] >> shift;
		cpu->vmcb = &vmcbs[i];
		cpu_stacks[i].cpu = cpu;
	}
	if (cpus[0].x2apic_id != bsp)
		fatal("the bootstrap processor %u is not the first in the ACPI MADT", bsp);
}

/* On each processor, with its stack. */
void cpu_init(struct cpu *cpu)
{
	interrupts_load();
	clgi();
	apic_enable_x2apic();
	wrmsr(MSR_VM_HSAVE_PA, (u64)host_save_areas[cpu->index]);
	write_cr4(read_cr4() | X86_CR4_OSXSAVE);
	cpu->feat_ctl = FEAT_CTL_LOCKED | FEAT_CTL_VMX_OUTSIDE_SMX;
}

/* Interrupt a processor, wherever it is: it looks at what is asked of it. */
void cpu_kick(struct cpu *cpu)
{
	apic_send(cpu->x2apic_id, ICR_NMI);
}

void smp_start(void) __attribute__((noreturn));
void smp_start(void)
{
	struct cpu *cpu = current_cpu();

	cpu_init(cpu);
	WRITE_ONCE(cpu->waiting_for_sipi, 1);
	__atomic_store_n(&num_started, num_started + 1, __ATOMIC_RELEASE);
	cpu_wait_for_sipi(cpu);
	exits_run(cpu);
}

/* Wait as hardware does after INIT; then the host is ready to start in real mode. */
void cpu_wait_for_sipi(struct cpu *cpu)
{
	WRITE_ONCE(cpu->waiting_for_sipi, 1);
	__atomic_store_n(&cpu->init_request, 0, __ATOMIC_RELEASE);
	apic_reset(cpu);
	wait_for_nmi(&cpu->sipi);
	apic_reset(cpu);
	WRITE_ONCE(cpu->waiting_for_sipi, 0);
	WRITE_ONCE(cpu->nmi_request, 0);
	cpu->nmi_blocked = cpu->nmi_pending = false;
	vmcb_enter_sipi(cpu, __atomic_exchange_n(&cpu->sipi, 0, __ATOMIC_ACQ_REL) & SIPI_VECTOR);
}

/* One after the other: they share the trampoline and start_stack. */
void smp_boot(void)
{
	unsigned int i;

	memcpy((void *)TRAMPOLINE_PA, trampoline, trampoline_end - trampoline);
	for (i = 1; i < num_cpus; i++) {
		u64 deadline = microseconds() + AP_TIMEOUT_US;

		start_stack = (u64)&cpu_stacks[i + 1];
		apic_send(cpus[i].x2apic_id, ICR_INIT);
		apic_send(cpus[i].x2apic_id, ICR_STARTUP | TRAMPOLINE_PA >> PAGE_SHIFT);
		while (__atomic_load_n(&num_started, __ATOMIC_ACQUIRE) != i) {
			if (microseconds() > deadline)
				fatal("processor %u does not start", i);
			cpu_relax();
		}
	}
}

/* For the end of a run: the others stop at their next exit, which the NMI is. */
void smp_stop_others(void)
{
	struct cpu *self = current_cpu();
	unsigned int i;

	for (i = 0; i < num_cpus; i++) {
		if (&cpus[i] != self && cpus[i].vmcb)
			apic_send(cpus[i].x2apic_id, ICR_INIT);
	}
}
