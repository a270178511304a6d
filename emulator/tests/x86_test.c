// SPDX-License-Identifier: GPL-2.0-only
/* Instruction decoder and page table walker, on bytes and tables that are written out here. */
#include "../x86/instruction.h"
#include "../x86/paging.h"
#include "../x86/registers.h"

#include <string.h>

#include "tap.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* A register's number is in its value, so that the address tells which were used. */
static const struct address_registers registers = {
	.gpr = { 0x100000, 0x110000, 0x120000, 0x130000, 0x140000, 0x150000, 0x160000, 0x170000,
		 0x180000, 0x190000, 0x1a0000, 0x1b0000, 0x1c0000, 0x1d0000, 0x1e0000, 0x1f0000 },
	.rip = 0x400000,
	.segment_base = { [SEGMENT_DS] = 0x1000000,
			  [SEGMENT_SS] = 0x2000000,
			  [SEGMENT_FS] = 0x3000000,
			  [SEGMENT_GS] = 0x4000000 },
};

static const struct {
	const char *bytes;
	u8 length;
	bool mode_32;
	u64 address; /* 0: none */
	const char *name;
} instructions[] = {
	{ "\xf4", 1, false, 0, "hlt" },
	{ "\x0f\xa2", 2, false, 0, "cpuid" },
	{ "\x0f\x30", 2, false, 0, "wrmsr" },
	{ "\x66\x0f\x01\xcc", 4, false, 0, "tdcall" },
	{ "\x0f\x01\xd1", 3, false, 0, "xsetbv" },
	{ "\x44\x0f\x22\xc0", 4, false, 0, "mov %rax,%cr8" },
	{ "\x44\x0f\x22\x00", 4, false, 0, "the same, its mod field ignored" },
	{ "\x8b\x00", 2, false, 0x100000, "mov (%rax),%eax" },
	{ "\x41\x8b\x47\x10", 4, false, 0x1f0010, "mov 0x10(%r15),%eax" },
	{ "\x89\x83\x00\xf0\xff\xff", 6, false, 0x12f000, "mov %eax,-0x1000(%rbx)" },
	{ "\x89\x04\x24", 3, false, 0x140000, "mov %eax,(%rsp)" },
	{ "\x42\x89\x44\xa3\x08", 5, false, 0x130000 + 4 * 0x1c0000 + 8,
	  "mov %eax,8(%rbx,%r12,4)" },
	{ "\x89\x04\x25\x00\x10\x00\x80", 7, false, 0xffffffff80001000, "mov %eax,-0x7ffff000" },
	{ "\x89\x04\xcd\x00\x10\x00\x00", 7, false, 0x1000 + 8 * 0x110000,
	  "mov %eax,0x1000(,%rcx,8)" },
	{ "\x89\x05\x00\x01\x00\x00", 6, false, 0x400106, "mov %eax,0x100(%rip)" },
	{ "\xc7\x05\x00\x01\x00\x00\x78\x56\x34\x12", 10, false, 0x40010a, "movl $,0x100(%rip)" },
	{ "\x66\xc7\x05\x00\x01\x00\x00\x34\x12", 9, false, 0x400109, "movw $,0x100(%rip)" },
	{ "\xc6\x05\x00\x01\x00\x00\x12", 7, false, 0x400107, "movb $,0x100(%rip)" },
	{ "\x80\x3d\x00\x01\x00\x00\x12", 7, false, 0x400107, "cmpb $,0x100(%rip)" },
	{ "\xf7\x05\x00\x01\x00\x00\x01\x02\x03\x04", 10, false, 0x40010a, "testl $,0x100(%rip)" },
	{ "\xf7\x15\x00\x01\x00\x00", 6, false, 0x400106, "notl 0x100(%rip)" },
	{ "\xf6\x05\x00\x01\x00\x00\x01", 7, false, 0x400107, "testb $,0x100(%rip)" },
	{ "\x65\x8b\x00", 3, false, 0x4100000, "mov %gs:(%rax),%eax" },
	{ "\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, false, 0x3000028, "mov %fs:0x28,%rax" },
	{ "\x2e\x8b\x00", 3, false, 0x100000, "mov %cs:(%rax),%eax: no segment in 64-bit mode" },
	{ "\x67\x8b\x43\xff", 4, false, 0x12ffff, "mov -1(%ebx),%eax" },
	{ "\x48\xa1\x88\x77\x66\x55\x44\x33\x22\x11", 10, false, 0x1122334455667788,
	  "movabs ,%rax" },
	{ "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", 10, false, 0, "movabs $,%rax" },
	{ "\xb8\x44\x33\x22\x11", 5, false, 0, "mov $,%eax" },
	{ "\x0f\xb6\x06", 3, false, 0x160000, "movzbl (%rsi),%eax" },
	{ "\x0f\xba\x2e\x07", 4, false, 0x160000, "btsl $7,(%rsi)" },
	{ "\x0f\x84\x00\x01\x00\x00", 6, false, 0, "je" },
	{ "\x66\x0f\x38\xf8\x01", 5, false, 0x110000, "movdir64b (%rcx),%rax" },
	{ "\x66\x0f\x3a\x0f\x01\x08", 6, false, 0x110000, "palignr $8,(%rcx),%xmm0" },
	{ "\xf3\x48\xab", 3, false, 0, "rep stos: its operand is not in the bytes" },
	{ "\xc8\x00\x01\x00", 4, false, 0, "enter" },
	{ "\x48\x40\x8b\x00", 4, false, 0x100000, "a REX prefix before another is none" },
	{ "\x48\x66\x8b\x00", 4, false, 0x100000, "nor is one before another prefix" },
	{ "\x8b\x00", 2, true, 0x1100000, "32-bit: mov (%eax),%eax" },
	{ "\x8b\x45\x08", 3, true, 0x2150008, "32-bit: mov 8(%ebp),%eax, in the stack's segment" },
	{ "\x8b\x05\x00\x10\x00\x00", 6, true, 0x1001000, "32-bit: mov 0x1000,%eax" },
	{ "\xa1\x00\x10\x00\x00", 5, true, 0x1001000, "32-bit: mov 0x1000,%eax, the short form" },
	{ "\x40", 1, true, 0, "32-bit: inc %eax" },
};

static void test_decode(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++) {
		const u8 *bytes = (const u8 *)instructions[i].bytes;
		u8 length = instructions[i].length;
		bool long_mode = !instructions[i].mode_32;
		struct instruction insn;
		u64 address = 0;

		tap_ok(instruction_decode(bytes, length, long_mode, &insn) == DECODE_DONE &&
			       insn.length == length,
		       "%s has its length", instructions[i].name);
		if (instructions[i].address)
			address = instruction_address(&insn, &registers);
		tap_is(address, instructions[i].address, "and its address");
		tap_is(instruction_decode(bytes, length - 1, long_mode, &insn), DECODE_TRUNCATED,
		       "and cannot lack a byte");
	}
}

static void test_decode_details(void)
{
	static const u8 prefixes[16] =
		"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90";
	struct instruction insn;

	instruction_decode((const u8 *)"\x44\x0f\x22\xc3", 4, true, &insn);
	tap_ok(insn.reg == 8 && insn.rm == RBX && insn.opcode_end == 3, "mov %%rbx,%%cr8");
	instruction_decode((const u8 *)"\xf0\x0f\x22\xc0", 4, true, &insn);
	tap_ok(insn.lock && insn.reg == 0, "LOCK is told");
	instruction_decode((const u8 *)"\x66\xf3\x0f\xc7\xf0", 5, true, &insn);
	tap_ok(insn.prefix == PREFIX_F3 && insn.map == OPCODE_0F, "REP wins over the operand size");
	tap_is(instruction_decode(prefixes, 15, true, &insn), DECODE_DONE, "15 bytes are allowed");
	memset((u8 *)&insn, 0, sizeof(insn));
	tap_is(instruction_decode(
		       (const u8 *)"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66",
		       15, true, &insn),
	       DECODE_TOO_LONG, "and no more");
	instruction_decode((const u8 *)"\x66", 1, true, &insn);
	tap_is(insn.opcode_end, 0, "no opcode was seen");
	instruction_decode((const u8 *)"\x0f\xb9", 2, true, &insn);
	tap_is(insn.opcode_end, 2, "an opcode was seen, its operand was not");
}

static u64 tables[8][512] __attribute__((aligned(4096)));

/* Table i is at physical address i * 4096. */
static void *entry_at(void *context, u64 pa)
{
	(void)context;
	return pa < sizeof(tables) ? (u8 *)tables + pa : NULL;
}

static const struct table_reader reader = { .entry = entry_at };

static void test_long_mode_walk(void)
{
	struct paging paging = {
		.cr0 = X86_CR0_PG,
		.cr4 = X86_CR4_PAE,
		.cr3 = 0x1000,
		.efer = EFER_LMA,
	};
	u64 address = 1UL << 39 | 2UL << 30 | 3UL << 21 | 4UL << 12 | 0x123;
	struct translation t;

	memset(tables, 0, sizeof(tables));
	tables[1][1] = 0x2000 | 7;
	tables[2][2] = 0x3000 | 7;
	tables[3][3] = 0x4000 | 7;
	tables[4][4] = 0x123456789000 | BIT(63) | 5;
	tap_is(paging_walk(&paging, &reader, address, &t), WALK_MAPPED, "four levels");
	tap_is(t.pa, 0x123456789123, "and the address behind them");
	tap_ok(t.top == 3 && t.bottom == 0 && t.size == PAGE_SIZE, "a page of 4 KiB");
	tap_is(t.permissions, PTE_USER, "what one entry does not allow, all do not");
	tap_ok(t.entry[2] == &tables[2][2] && t.value[2] == tables[2][2], "each entry is told");

	tables[4][4] = 0;
	tap_is(paging_walk(&paging, &reader, address, &t), WALK_NOT_PRESENT,
	       "an entry not present");
	tap_is(t.bottom, 0, "on the last level");
	tables[3][3] = 0x40000000 | PTE_LARGE | 7;
	paging_walk(&paging, &reader, address, &t);
	tap_ok(t.pa == 0x40004123 && t.size == BIT(21), "a page of 2 MiB");
	tables[2][2] = 0x80000000 | PTE_LARGE | 7;
	paging_walk(&paging, &reader, address, &t);
	tap_ok(t.pa == 0x80604123 && t.size == BIT(30), "a page of 1 GiB");
	tables[1][1] = 0x2000 | PTE_LARGE | 7;
	paging_walk(&paging, &reader, address, &t);
	tap_is(t.size, BIT(30), "there is no larger one");
	tables[1][1] = 0x100000 | 7;
	tap_is(paging_walk(&paging, &reader, address, &t), WALK_NO_TABLE,
	       "a table that is no memory");

	memset(tables, 0, sizeof(tables));
	paging.cr4 |= X86_CR4_LA57;
	tables[1][5] = 0x2000 | 7;
	tables[2][1] = 0x3000 | 7;
	tables[3][2] = 0x40000000 | PTE_LARGE | 3;
	tap_ok(paging_walk(&paging, &reader, address | 5UL << 48, &t) == WALK_MAPPED && t.top == 4,
	       "five levels");
}

static void test_other_walks(void)
{
	struct paging paging = { .cr3 = 0x1020, .cr4 = X86_CR4_PAE };
	u32 *narrow = (u32 *)tables[1];
	struct translation t;

	tap_ok(paging_walk(&paging, &reader, 0x12345, &t) == WALK_MAPPED && t.pa == 0x12345 &&
		       t.bottom > t.top,
	       "no paging");

	paging.cr0 = X86_CR0_PG;
	memset(tables, 0, sizeof(tables));
	tables[1][4 + 1] = 0x2000 | 1;
	tables[2][3] = 0x3000 | 7;
	tables[3][4] = 0x5000 | 7;
	paging_walk(&paging, &reader, 1UL << 30 | 3UL << 21 | 4UL << 12 | 5, &t);
	tap_is(t.pa, 0x5005, "PAE, whose first table is anywhere");
	tap_is(t.permissions, PTE_WRITABLE | PTE_USER, "and has no permissions");
	tables[2][3] = 0x40000000 | PTE_LARGE | 7;
	paging_walk(&paging, &reader, 1UL << 30 | 3UL << 21 | 4UL << 12 | 5, &t);
	tap_ok(t.pa == 0x40004005 && t.size == BIT(21), "with a page of 2 MiB");

	paging.cr4 = 0;
	paging.cr3 = 0x1000;
	memset(tables, 0, sizeof(tables));
	narrow[3] = 0x2000 | 7;
	((u32 *)tables[2])[5] = 0x6000 | 3;
	paging_walk(&paging, &reader, 3UL << 22 | 5UL << 12 | 7, &t);
	tap_ok(t.pa == 0x6007 && t.permissions == PTE_WRITABLE, "32-bit paging");
	narrow[3] = 0x00800000 | PTE_LARGE | 7;
	paging_walk(&paging, &reader, 3UL << 22 | 7, &t);
	tap_is(t.size, PAGE_SIZE, "knows large pages");
	paging.cr4 = X86_CR4_PSE;
	paging_walk(&paging, &reader, 3UL << 22 | 5UL << 12 | 7, &t);
	tap_ok(t.pa == 0x805007 && t.size == BIT(22), "with CR4.PSE only");
}

int main(void)
{
	test_decode();
	test_decode_details();
	test_long_mode_walk();
	test_other_walks();
	return tap_finish();
}
