// SPDX-License-Identifier: GPL-2.0-only
/* The way from the loader to Linux: on the first processor, then on the one that Linux boots on. */
#include "cpu.h"
#include "lib.h"
#include "memory.h"
#include "seam.h"

static void check_machine(void)
{
	if (!(cpuid(0x80000001, 0).ecx & CPUID_80000001_ECX_SVM) ||
	    !(cpuid(0x8000000a, 0).edx & CPUID_8000000A_EDX_NPT))
		fatal("no SVM with nested paging: QEMU wants -cpu max,+svm");
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC))
		fatal("no x2APIC: QEMU wants -cpu max,+x2apic");
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		fatal("no XSAVE: QEMU wants -cpu max");
	if ((cpuid(0x80000008, 0).eax & 0xff) != PHYSICAL_BITS)
		fatal("not %u physical address bits: QEMU wants -cpu max,phys-bits=%u",
		      PHYSICAL_BITS, PHYSICAL_BITS);
}

void main(void) __attribute__((noreturn));
void main(void)
{
	interrupts_init();
	check_machine(); /* what comes next takes an x2APIC for granted */
	smp_first_init();
	tsc_calibrate();
	multiboot_parse();
	smp_enumerate();
	control_options(monitor_options);
	memory_init();
	vmcb_init();
	smp_boot();
	smp_first_sleep();
}

void start_host(struct cpu *cpu)
{
	seam_init();
	seam_boot_load();
	log_line("%u CPUs, memory up to %lu MiB, TSC %lu kHz; Linux starts after %lu us", num_cpus,
		 ram_end >> 20, tsc_khz, microseconds());
	linux_start(cpu);
}
