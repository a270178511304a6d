/* SPDX-License-Identifier: GPL-2.0-only */
/* Harness of the monitor's test kernel: TAP on the serial port, expected exceptions. */
#ifndef MONITOR_TEST_H
#define MONITOR_TEST_H

#include "../x86.h"

#define NO_EXCEPTION 0xff

extern u64 fixup_rip, fixup_rsp, exception_vector, exception_error;
extern u32 nmi_count;
extern u64 user_stack_top[];

void ok(bool passed, const char *name);
void is(u64 got, u64 expected, const char *name);
void print(const char *text);
void print_hex(u64 number);

/*
 * Run instructions that may fault. Evaluates to the vector, or NO_EXCEPTION. Like all
 * exceptions here it comes back with RFLAGS and registers that say nothing.
 */
/* clang-format off */
#define TRY(instructions, operands...) ({				\
	exception_vector = NO_EXCEPTION;				\
	asm volatile("mov %%rsp, fixup_rsp\n\t"				\
		     "movq $9f, fixup_rip\n\t"				\
		     instructions "\n"					\
		     "9: movq $0, fixup_rip"				\
		     operands);						\
	exception_vector; })
/* clang-format on */

/* Around an instruction: all arithmetic flags set before, and what they are after it. */
#define SET_FLAGS "pushfq; orq $0x8d5, (%%rsp); popfq; "
#define GET_FLAGS "; pushfq; popq flags_after"

extern u64 flags_after;

u64 run_user(void (*code)(void));

/* Where the first gigabyte is mapped again, and the entry that does it. */
#define ALIAS_BASE (5UL << 30)
extern u64 *const alias_entry;

/* Tests, one file a subject. */
void test_enumeration(void);
void test_vmx(void);
void test_seamcall(void);
void test_control_port(void);
void test_processors(void);
void unpaged_read(u32 address);
void print_stats(void);
void control_command(const char *text);
const char *control_answer(void);

/* Boots that are for one thing alone: tests of the gate, see gate.c. */
void gate_rehearsal(void);
void gate_update(void);
void gate_open(void);
void inside_report(void);

#endif
