// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processors: which there are, how the monitor gets hold of them, and how they
 * wait until Linux starts them.
 *
 * Linux does not get the first one. In QEMU's TCG every FXRSTOR and XRSTOR, whatever
 * processor runs it, clears a flag of the first processor (IGNNE; cpu_clear_ignne() in
 * QEMU's target/i386/tcg/system/fpu_helper.c) without a lock, in the word that also says
 * whether nested paging is on. A world switch there, at the same moment, loses its change to
 * that word, and then the monitor runs with Linux's nested paging or a TD without its own.
 * So the first processor starts the others and sleeps; Linux's is the next one.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "seam.h"

/* How long to wait in silence for a processor to start. */
#define AP_PATIENCE_US (10 * 1000 * 1000UL)

#define ICR_NMI	    0x4400
#define ICR_INIT    0x4500
#define ICR_STARTUP 0x4600

struct cpu cpus[MAX_CPUS];
struct cpu_stack cpu_stacks[MAX_CPUS], first_stack;
u32 num_cpus;

/* Of the first processor. */
static struct cpu first_cpu = { .index = MAX_CPUS };

static struct vmcb vmcbs[MAX_CPUS] __attribute__((aligned(PAGE_SIZE)));
static u8 host_save_areas[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u32 num_started;

extern u64 start_stack; /* boot.S */
extern const u8 trampoline[], trampoline_end[];

/* Bits of an x2APIC ID below the package's number. */
static unsigned int package_shift(void)
{
	unsigned int subleaf, shift = 0;

	for (subleaf = 0;; subleaf++) {
		struct cpuid_result r = cpuid(0xb, subleaf);

		if (!(r.ecx >> 8 & 0xff))
			return shift;
		shift = r.eax & 0x1f;
	}
}

void smp_enumerate(void)
{
	unsigned int i, shift = package_shift();
	u32 ids[MAX_CPUS];

	num_cpus = acpi_find_cpus(ids, MAX_CPUS, rdmsr(MSR_X2APIC_ID));
	if (!num_cpus)
		fatal("one processor: QEMU wants -smp with one more than Linux is to have");
	for (i = 0; i < num_cpus; i++) {
		struct cpu *cpu = &cpus[i];

		cpu->index = i;
		cpu->x2apic_id = ids[i];
		cpu->package = ids[i] >> shift;
		cpu->vmcb = &vmcbs[i];
		cpu_stacks[i].cpu = cpu;
	}
}

/* On each of Linux's processors, with its stack. */
static void cpu_init(struct cpu *cpu)
{
	interrupts_load();
	clgi();
	apic_enable_x2apic();
	wrmsr(MSR_VM_HSAVE_PA, (u64)host_save_areas[cpu->index]);
	/*
	 * Beside OSXSAVE what Linux sets, too, as host and as TD: TCG flushes all that it knows of
	 * a processor once more for a world switch that changes one of these.
	 */
	write_cr4(read_cr4() | X86_CR4_OSXSAVE | X86_CR4_PSE | X86_CR4_PGE | X86_CR4_SMEP |
		  X86_CR4_SMAP);
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
	if (cpu == &cpus[0]) {
		WRITE_ONCE(cpu->waiting_for_sipi, 0);
		apic_reset_as_firmware();
		start_host(cpu);
	}
	cpu_wait_for_sipi(cpu);
	exits_run(cpu);
}

void smp_first_init(void)
{
	first_stack.cpu = &first_cpu;
	interrupts_load();
	apic_enable_x2apic();
}

/* For good: no interrupt of any kind ends this. */
void smp_first_sleep(void)
{
	apic_mask_all();
	clgi();
	for (;;)
		halt();
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

/*
 * There is no time limit: a busy machine may hold a processor up for as long as it likes,
 * and whoever runs this sees in the log what it waits for.
 *
 * One after the other: they share the trampoline and start_stack. The last one is Linux's
 * first, which finds the others waiting.
 */
void smp_boot(void)
{
	unsigned int i;

	memcpy((void *)TRAMPOLINE_PA, trampoline, trampoline_end - trampoline);
	for (i = num_cpus; i-- > 0;) {
		u64 patience = microseconds() + AP_PATIENCE_US;

		start_stack = (u64)&cpu_stacks[i + 1];
		apic_send(cpus[i].x2apic_id, ICR_INIT);
		apic_send(cpus[i].x2apic_id, ICR_STARTUP | TRAMPOLINE_PA >> PAGE_SHIFT);
		while (__atomic_load_n(&num_started, __ATOMIC_ACQUIRE) != num_cpus - i) {
			if (microseconds() > patience) {
				log_line("processor %u has not started yet", i);
				patience += AP_PATIENCE_US;
			}
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
