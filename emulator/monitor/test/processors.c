// SPDX-License-Identifier: GPL-2.0-only
/* Starting and restarting a processor, and NMIs. */
#include "test.h"

#define AP_CODE	  0x9000
#define AP_ID	  2UL /* the monitor keeps 0, this is 1 */
#define ROUNDS	  200
#define FPU_EXITS 400000

#define ICR_NMI	    0x4400
#define ICR_INIT    0x4500
#define ICR_STARTUP 0x4600
#define ICR_SELF    0x40000

extern const u8 ap_code[], ap_code_end[], ap_starts_offset[];
extern const u8 fpu_code[], fpu_code_end[], fpu_rounds_offset[];
extern const u8 unpaged_code[], unpaged_code_end[];
extern u32 unpaged_address;
extern volatile u32 unpaged_done;

static void send(u64 id, u32 command)
{
	wrmsr(MSR_X2APIC_ICR, id << 32 | command);
}

static volatile u32 *ap_starts(void)
{
	return (volatile u32 *)(AP_CODE + (u64)ap_starts_offset);
}

/* For as long as it takes: whoever runs the tests ends those that hang. */
static void wait_for_starts(u32 count)
{
	while (*ap_starts() != count)
		cpu_relax();
}

static void copy_code(const u8 *from, const u8 *end)
{
	u8 *to = (u8 *)AP_CODE;

	while (from < end)
		*to++ = *from++;
}

/* Comes back only if the access went through. */
void unpaged_read(u32 address)
{
	copy_code(unpaged_code, unpaged_code_end);
	unpaged_address = address;
	send(AP_ID, ICR_INIT);
	send(AP_ID, ICR_STARTUP | AP_CODE >> PAGE_SHIFT);
	while (!unpaged_done)
		cpu_relax();
}

/* As Linux does: INIT and two startup IPIs, of which one counts. */
static void test_restart(void)
{
	unsigned int round;

	copy_code(ap_code, ap_code_end);
	for (round = 1; round <= ROUNDS; round++) {
		send(AP_ID, ICR_INIT);
		send(AP_ID, ICR_STARTUP | AP_CODE >> PAGE_SHIFT);
		send(AP_ID, ICR_STARTUP | AP_CODE >> PAGE_SHIFT);
		wait_for_starts(round);
	}
	is(*ap_starts(), ROUNDS, "a processor starts again and again");
	send(AP_ID, ICR_STARTUP | AP_CODE >> PAGE_SHIFT);
	is(*ap_starts(), ROUNDS, "without INIT it does not");
}

static void test_nmi(void)
{
	u32 before = nmi_count;

	wrmsr(MSR_X2APIC_ICR, ICR_NMI | ICR_SELF);
	while (nmi_count == before)
		cpu_relax();
	is(nmi_count, before + 1, "an NMI to oneself comes, once");
}

/*
 * QEMU lets each processor that restores its x87 state write a word of the first
 * processor's state, and world switches write that word, too. The monitor keeps Linux off
 * the first processor, see smp.c; else this ends in the wrong address space sooner or later.
 */
static void test_fpu_and_exits(void)
{
	volatile u32 *rounds = (volatile u32 *)(AP_CODE + (u64)fpu_rounds_offset);
	unsigned int i;

	copy_code(fpu_code, fpu_code_end);
	send(AP_ID, ICR_INIT);
	send(AP_ID, ICR_STARTUP | AP_CODE >> PAGE_SHIFT);
	for (i = 0; i < FPU_EXITS; i++)
		cpuid(0, 0);
	ok(*rounds > FPU_EXITS, "world switches beside a processor that restores its FPU");
	send(AP_ID, ICR_INIT);
}

void test_processors(void)
{
	ok(rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC, "the x2APIC is on");
	test_restart();
	test_nmi();
	test_fpu_and_exits();
}
