// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs in a TD: tells its measurement, counts and hashes for ever, takes memory, or does what
 * its VMM orders.
 */
#include "td_program.h"

typedef unsigned int u32;
typedef unsigned long u64;

#define TDG_VP_VMCALL	    0
#define TDG_MR_REPORT	    4
#define TDG_MEM_PAGE_ACCEPT 6
#define TDVMCALL_IO	    30 /* number of the VMX exit reason */
#define TDVMCALL_HLT	    12
#define TDVMCALL_REGISTERS  0xfc00 /* R10 to R15 */

/* High halves of what TDG.MEM.PAGE.ACCEPT returns. */
#define OPERAND_BUSY	      0x80000200
#define BUSY_HOST_PRIORITY    0x80000204
#define PAGE_ALREADY_ACCEPTED 0x00000b0a
#define PAGE_SIZE_MISMATCH    0xc0000b0b

#define WORDS (TD_PAGE_SIZE / sizeof(u64))

#define X2APIC_SELF_IPI 0x83f
#define VECTOR		0x40
/* Many of them, so that a vCPU is as often about to halt as it runs. */
#define HALTS		16

#define TDREPORT_SIZE 1024
#define TDREPORT_MRTD (512 + 16)
#define MRTD_WORDS    12

#define TDCALL ".byte 0x66, 0x0f, 0x01, 0xcc"

void td_main(u64 argument, u32 vcpu);

static struct {
	unsigned char report[TDREPORT_SIZE];
	unsigned char data[64];
} buffer __attribute__((aligned(1024), section(".report")));

static u64 tdvmcall(u64 function, u64 a, u64 b, u64 c, u64 d)
{
	register u64 r10 asm("r10") = 0;
	register u64 r11 asm("r11") = function;
	register u64 r12 asm("r12") = a;
	register u64 r13 asm("r13") = b;
	register u64 r14 asm("r14") = c;
	register u64 r15 asm("r15") = d;
	u64 leaf = TDG_VP_VMCALL, mask = TDVMCALL_REGISTERS;

	asm volatile(TDCALL
		     : "+a"(leaf), "+c"(mask), "+r"(r10), "+r"(r11), "+r"(r12), "+r"(r13),
		       "+r"(r14), "+r"(r15)
		     :
		     : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "memory", "cc");
	return r10;
}

static void out(u32 port, u32 value)
{
	tdvmcall(TDVMCALL_IO, sizeof(value), 1, port, value);
}

static u32 in(u32 port)
{
	register u64 r10 asm("r10") = 0;
	register u64 r11 asm("r11") = TDVMCALL_IO;
	register u64 r12 asm("r12") = sizeof(u32);
	register u64 r13 asm("r13") = 0;
	register u64 r14 asm("r14") = port;
	register u64 r15 asm("r15") = 0;
	u64 leaf = TDG_VP_VMCALL, mask = TDVMCALL_REGISTERS;

	asm volatile(TDCALL
		     : "+a"(leaf), "+c"(mask), "+r"(r10), "+r"(r11), "+r"(r12), "+r"(r13),
		       "+r"(r14), "+r"(r15)
		     :
		     : "rbx", "rdx", "rsi", "rdi", "r8", "r9", "memory", "cc");
	return r11;
}

static u64 mr_report(void *report, void *data)
{
	u64 status = TDG_MR_REPORT;
	register u64 type asm("r8") = 0;

	asm volatile(TDCALL : "+a"(status) : "c"(report), "d"(data), "r"(type) : "memory", "cc");
	return status;
}

static u64 mem_page_accept(u64 gpa)
{
	u64 status = TDG_MEM_PAGE_ACCEPT;

	asm volatile(TDCALL : "+a"(status) : "c"(gpa) : "memory", "cc");
	return status;
}

/* As Linux as a TD does, but that it is told to try again: the host or another vCPU is at the page. */
static u32 accept_page(u64 gpa, u64 level)
{
	u32 status;

	do {
		status = mem_page_accept(gpa | level) >> 32;
	} while (status == OPERAND_BUSY || status == BUSY_HOST_PRIORITY);
	return status == PAGE_ALREADY_ACCEPTED ? 0 : status;
}

static void accept(u32 vcpu, u64 pages)
{
	u64 gpa = TD_LATE_GPA + vcpu * pages * TD_PAGE_SIZE;
	u32 accepted = 0;

	while (accepted < pages && !accept_page(gpa + accepted * TD_PAGE_SIZE, 0))
		accepted++;
	out(TD_PORT_DONE, accepted);
}

/* How many words of the page are not @first and the following ones, or all 0. */
static u32 count_wrong(const volatile u64 *word, u64 first)
{
	u32 wrong = 0;

	for (u64 i = 0; i < WORDS; i++)
		wrong += word[i] != (first ? first + i : 0);
	return wrong;
}

static u32 carry_out(u32 order)
{
	u64 page = order & TD_ORDER_PAGE, gpa = TD_LATE_GPA + page * TD_PAGE_SIZE;
	u64 first = page * WORDS + 1;
	volatile u64 *word = (u64 *)gpa;
	u32 status;

	switch (order >> TD_ORDER_SHIFT) {
	case TD_ORDER_ACCEPT_2M:
		status = accept_page(gpa, 1);
		if (status != PAGE_SIZE_MISMATCH)
			return status;
		/* fall through */
	case TD_ORDER_ACCEPT:
		return accept_page(gpa, 0);
	case TD_ORDER_FILL:
		for (u64 i = 0; i < WORDS; i++)
			word[i] = first + i;
		return 0;
	case TD_ORDER_CHECK:
		return count_wrong(word, first);
	case TD_ORDER_ZERO:
		return count_wrong(word, 0);
	case TD_ORDER_TOUCH:
		(void)*word;
		return 0;
	default:
		return -1;
	}
}

static void __attribute__((noreturn)) obey(void)
{
	for (;;)
		out(TD_PORT_DONE, carry_out(in(TD_PORT_ORDER)));
}

static void probe(void)
{
	u64 status = mr_report(buffer.report, buffer.data);
	u32 *mrtd = (u32 *)(buffer.report + TDREPORT_MRTD);

	if (status) {
		out(TD_PORT_FAILED, status >> 32);
		return;
	}
	for (int i = 0; i < MRTD_WORDS; i++)
		out(TD_PORT_MRTD, mrtd[i]);
	out(TD_PORT_DONE, 0);
}

static void wrmsr(u32 msr, u32 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0));
}

/* The interrupt stays pending, as the program never takes one: each halt ends at once. */
static void halt(u64 times)
{
	while (times--)
		tdvmcall(TDVMCALL_HLT, 0, 0, 0, 0);
}

static void __attribute__((noreturn)) chain(u32 vcpu, u64 steps, u64 halts)
{
	u64 hash = td_chain_seed(vcpu);
	u64 count = 0;

	if (halts)
		wrmsr(X2APIC_SELF_IPI, VECTOR);
	for (;;) {
		halt(halts);
		for (u64 end = count + steps; count < end; count++)
			hash = td_chain_step(hash, count);
		out(TD_PORT_COUNT_LOW, count);
		out(TD_PORT_COUNT_HIGH, count >> 32);
		out(TD_PORT_HASH_LOW, hash);
		out(TD_PORT_HASH_HIGH, hash >> 32);
	}
}

void td_main(u64 argument, u32 vcpu)
{
	if ((argument & TD_MODE_MASK) == TD_MODE_CHAIN)
		chain(vcpu, argument >> TD_STEPS_SHIFT, 0);
	if ((argument & TD_MODE_MASK) == TD_MODE_HALT)
		chain(vcpu, argument >> TD_STEPS_SHIFT, HALTS);
	if ((argument & TD_MODE_MASK) == TD_MODE_OBEY)
		obey();
	if ((argument & TD_MODE_MASK) == TD_MODE_ACCEPT)
		accept(vcpu, argument >> TD_STEPS_SHIFT);
	else
		probe();
	for (;;)
		tdvmcall(TDVMCALL_HLT, 0, 0, 0, 0);
}
