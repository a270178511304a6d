/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the monitor has of the x86 architecture besides ../x86/: its own selectors and
 * stacks, MSRs, and the instructions that C cannot say.
 */
#ifndef MONITOR_X86_H
#define MONITOR_X86_H

#include "../x86/registers.h"

/* Segment selectors of the monitor's own GDT, see boot.S. */
#define SELECTOR_CODE64 0x08
#define SELECTOR_DATA	0x10
#define SELECTOR_CODE32 0x18

/* Each CPU has a stack of this size and alignment. */
#define STACK_SIZE 0x10000

/* Where an application processor starts in real mode; below 1 MiB. */
#define TRAMPOLINE_PA 0x8000

/* The monitor's own: PG, WP, NE, ET, PE. */
#define CR0_MONITOR 0x80010031

#define MSR_APIC_BASE	       0x1b
#define MSR_FEAT_CTL	       0x3a
#define MSR_TSC_ADJUST	       0x3b
#define MSR_KEYID_PARTITIONING 0x87
#define MSR_ARCH_CAPABILITIES  0x10a
#define MSR_VMX_BASIC	       0x480
#define MSR_VMX_VMFUNC	       0x491
#define MSR_VMX_EXIT_CTLS2     0x493
#define MSR_X2APIC_ID	       0x802
#define MSR_X2APIC_EOI	       0x80b
#define MSR_X2APIC_ICR	       0x830
#define MSR_TME_CAPABILITY     0x981
#define MSR_TME_ACTIVATE       0x982
#define MSR_EFER	       0xc0000080
#define MSR_VM_CR	       0xc0010114
#define MSR_VM_HSAVE_PA	       0xc0010117

#ifndef __ASSEMBLER__

#include "../abi/types.h"
#include "../x86/cpuid.h"
#include "../x86/paging.h"

#define FEAT_CTL_LOCKED		 BIT(0)
#define FEAT_CTL_VMX_OUTSIDE_SMX BIT(2)

#define APIC_BASE_BSP	 BIT(8)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outsb(u16 port, const char *text, u64 length)
{
	asm volatile("rep outsb" : "+S"(text), "+c"(length) : "d"(port) : "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void halt(void)
{
	asm volatile("hlt" : : : "memory");
}

static inline u64 read_cr2(void)
{
	u64 value;

	asm volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline u64 read_cr4(void)
{
	u64 value;

	asm volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void write_cr4(u64 value)
{
	asm volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline u64 xgetbv(u32 index)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return (u64)high << 32 | low;
}

static inline void xsetbv(u32 index, u64 value)
{
	asm volatile("xsetbv" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline void xsave(void *area, u64 mask)
{
	asm volatile("xsave64 (%0)"
		     :
		     : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
		     : "memory");
}

static inline void xrstor(const void *area, u64 mask)
{
	asm volatile("xrstor64 (%0)"
		     :
		     : "r"(area), "a"((u32)mask), "d"((u32)(mask >> 32))
		     : "memory");
}

static inline void stgi(void)
{
	asm volatile("stgi" : : : "memory");
}

static inline void clgi(void)
{
	asm volatile("clgi" : : : "memory");
}

static inline void vmsave(u64 vmcb_pa)
{
	asm volatile("vmsave %0" : : "a"(vmcb_pa) : "memory");
}

static inline void vmload(u64 vmcb_pa)
{
	asm volatile("vmload %0" : : "a"(vmcb_pa) : "memory");
}

#endif /* __ASSEMBLER__ */
#endif
