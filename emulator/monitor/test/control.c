// SPDX-License-Identifier: GPL-2.0-only
/* The control port: commands, answers, and that a fault comes when it was asked for. */
#include "../../abi/control.h"
#include "../../abi/seamldr.h"
#include "test.h"

#define INJECTED 0x8000000000030001UL

#define PIC_MASTER_MASK	       0x21
#define PIC_SLAVE_MASK	       0xa1
#define MSR_X2APIC_LVT_TIMER   0x832
#define MSR_X2APIC_TIMER_COUNT 0x838
#define TIMER_VECTOR	       31
#define TIMER_COUNT	       10000000

static char answer[CONTROL_ANSWER_SIZE];
static u8 region[4096] __attribute__((aligned(4096)));
static struct seamldr_info info __attribute__((aligned(256)));
static u64 vmxon_operand;

static void command(const char *text)
{
	char *p = answer;

	for (; *text; text++)
		outb(CONTROL_PORT, *text);
	outb(CONTROL_PORT, '\n');
	do {
		*p = inb(CONTROL_PORT);
	} while (*p++);
}

static bool answer_begins(const char *text)
{
	const char *p = answer;

	while (*text && *p == *text) {
		p++;
		text++;
	}
	return !*text;
}

static bool answer_contains(const char *text)
{
	const char *p;

	for (p = answer; *p; p++) {
		unsigned int i;

		for (i = 0; text[i] && p[i] == text[i]; i++)
			;
		if (!text[i])
			return true;
	}
	return false;
}

/* SEAMLDR.INFO: RAX, or all ones for VMfailInvalid. */
static u64 call_info(u64 *rdx)
{
	u64 rax = SEAMLDR_INFO;
	bool carry;

	*rdx = 0;
	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcf"
		     : "+a"(rax), "+d"(*rdx), "=@ccc"(carry)
		     : "c"(&info)
		     : "r8", "r9", "r10", "r11", "memory");
	return carry ? ~0UL : rax;
}

static void test_faults(void)
{
	u64 rdx;

	command("fault leaf=SEAMLDR.INFO,nth=2,status=0x8000000000030001,rdx=7");
	ok(answer_begins("ok"), "a fault is accepted");
	is(call_info(&rdx), 0, "the first call is not the second");
	is(call_info(&rdx), INJECTED, "the second fails as asked");
	is(rdx, 7, "with RDX as asked");
	is(call_info(&rdx), 0, "the third does not");

	command("fault leaf=INFO,cpu=1,status=0x8000000000030001");
	is(call_info(&rdx), 0, "another CPU's fault is not ours");
	command("fault leaf=0x8000000000000000,cpu=0,status=vmfail,repeat=2");
	is(call_info(&rdx), ~0UL, "VMfailInvalid by number");
	is(call_info(&rdx), ~0UL, "and once more");
	is(call_info(&rdx), 0, "and no more");

	command("fault leaf=INFO,status=0x8000000000030001,repeat=0");
	is(call_info(&rdx), INJECTED, "a fault for ever");
	command("clear");
	is(call_info(&rdx), 0, "until it is cleared");
}

static void test_errors(void)
{
	command("fault leaf=NO.SUCH,status=1");
	ok(answer_begins("error: "), "an unknown leaf is an error");
	command("fault leaf=INFO");
	ok(answer_begins("error: "), "a fault without status is an error");
	command("fault leaf=INFO,status=1,nth=0");
	ok(answer_begins("error: "), "the 0th call is an error");
	command("fault leaf=INFO,cpu=63,status=1");
	ok(answer_begins("error: "), "a CPU that is not there is an error");
	command("bogus");
	ok(answer_begins("error: "), "an unknown command is an error");
	command("cost INFO=-1");
	ok(answer_begins("error: "), "a negative cost is an error");
	command("cost INFO.LAST=1");
	ok(answer_begins("error: "), "only INSTALL has a last call");
	command("hold NO.SUCH");
	ok(answer_begins("error: "), "a hold of an unknown leaf is an error");
	command("hold INFO,cpu=63");
	ok(answer_begins("error: "), "and one of a CPU that is not there");
	command("hold INFO=1");
	ok(answer_begins("error: "), "a hold has no time");
	command("inside of");
	ok(answer_begins("error: "), "inside knows clear only");
}

static void test_lock_holds(void)
{
	command("hold_lock MEM.PAGE.AUG");
	ok(answer_begins("error: "), "a call is held in a lock that is named");
	command("hold_lock MEM.PAGE.AUG,lock=KOT");
	ok(answer_begins("error: "), "and that is one of four");
	command("hold_lock MEM.PAGE.AUG,lock=TDRS");
	ok(answer_begins("error: "), "spelled right");
	command("hold_lock MR.FINALIZE,lock=TDR,until=VP.FLUSHES");
	ok(answer_begins("error: "), "until a call that there is meets it");
	command("hold_lock MR.FINALIZE,cpu=0,lock=TDR,until=VP.FLUSH");
	ok(answer_begins("ok"), "such a one");
	command("hold_lock MEM.PAGE.AUG,cpu=63,lock=SEPT_TREE");
	ok(answer_begins("error: "), "on a CPU that is there");
	command("hold_lock MEM.PAGE.AUG,cpu=0,lock=SEPT_ENTRY");
	ok(answer_begins("ok"), "a call of the host is");
	command("hold_lock TDG.MEM.PAGE.ACCEPT,lock=SEPT_ENTRY");
	ok(answer_begins("ok"), "a TD's is, too");
	command("clear");
	command("stats");
	ok(answer_contains("\ncpus_in_lock 0\n"), "nobody is held");
}

/* The quickest of several calls, in cycles: the others may have been held up. */
static u64 shortest_call(void)
{
	u64 shortest = ~0UL, rdx;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		u64 begin = rdtsc(), duration;

		call_info(&rdx);
		duration = rdtsc() - begin;
		if (duration < shortest)
			shortest = duration;
	}
	return shortest;
}

static void test_cost(void)
{
	/* CPUID 0x15 has the TSC's rate as a ratio to a crystal of 1 GHz. */
	struct cpuid_result ratio = cpuid(0x15, 0);
	u64 ms = 1000000UL * ratio.ebx / ratio.eax;

	ok(shortest_call() < 19 * ms, "without a cost a call is short");
	command("cost INFO=20ms");
	ok(shortest_call() >= 19 * ms, "with a cost of 20 ms it is not");
	command("clear");
}

/* The timer's interrupt has the number of an exception, so that it ends what is tried. */
static void test_hold(void)
{
	u64 rax = SEAMLDR_INFO, rdx;

	command("hold INFO,cpu=1");
	is(call_info(&rdx), 0, "another CPU's hold is not ours");
	command("clear");

	command("hold INFO");
	outb(PIC_MASTER_MASK, 0xff);
	outb(PIC_SLAVE_MASK, 0xff);
	wrmsr(MSR_X2APIC_LVT_TIMER, TIMER_VECTOR);
	wrmsr(MSR_X2APIC_TIMER_COUNT, TIMER_COUNT);
	is(TRY("sti; nop; .byte 0x66, 0x0f, 0x01, 0xcf; cli",
	       : "+a"(rax) : "c"(&info) : "rdx", "r8", "r9", "r10", "r11", "memory", "cc"),
	       TIMER_VECTOR, "a CPU that is held takes its interrupts");
	wrmsr(MSR_X2APIC_EOI, 0);
	command("stats");
	ok(answer_contains("\ncpus_held 1\n") && answer_contains("\ncpus_held_masked 0\n"),
	   "and is known to be held");
	command("release");
	is(call_info(&rdx), 0, "after release it is not");
	command("stats");
	ok(answer_contains("\ncpus_held 0\n"), "nor known to be");
}

void print_stats(void)
{
	command("stats");
	print(answer);
}

void control_command(const char *text)
{
	command(text);
}

const char *control_answer(void)
{
	return answer;
}

void test_control_port(void)
{
	write_cr4(read_cr4() | X86_CR4_VMXE);
	*(u32 *)region = rdmsr(MSR_VMX_BASIC);
	vmxon_operand = (u64)region;
	asm volatile("vmxon %0" : : "m"(vmxon_operand) : "memory", "cc");
	test_faults();
	test_errors();
	test_lock_holds();
	test_cost();
	test_hold();
	command("stats");
	ok(answer_begins("ok\n") && answer_contains("\nseamcalls ") &&
		   answer_contains("\nprotected_pages "),
	   "stats has lines");
	asm volatile("vmxoff" : : : "memory", "cc");
	write_cr4(read_cr4() & ~(u64)X86_CR4_VMXE);
}
