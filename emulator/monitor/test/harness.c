// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the tests, or the one thing that the command line asks for: an access to protected
 * memory (read=ADDRESS, write=ADDRESS, or unpaged=ADDRESS by a processor without paging), or
 * calls while the module is replaced (gate-...).
 */
#include "test.h"

#define SERIAL_PORT	   0x3f8
#define SERIAL_LINE_STATUS 5
#define SERIAL_EMPTY	   0x20
#define EXIT_PORT	   0x501
#define EXIT_PASSED	   0x10
#define EXIT_FAILED	   0x11

#define CMD_LINE_PTR 0x228
#define TSS_SELECTOR 0x38
#define KEYID_1	     BIT(46)

struct gate {
	u16 low, selector, type, middle;
	u32 high, reserved;
};

extern const u8 exception_stubs[];

u64 fixup_rip, fixup_rsp, exception_vector, exception_error;
u64 flags_after;
u32 nmi_count;

static struct gate idt[32] __attribute__((aligned(16)));
static u64 gdt[9] __attribute__((aligned(16)));
static u32 tss[26] __attribute__((aligned(16)));
static u8 exception_stack[4096] __attribute__((aligned(16)));
static u64 page_tables[3][512] __attribute__((aligned(4096)));
static unsigned int num_tests, num_failed;

u64 *const alias_entry = &page_tables[1][ALIAS_BASE >> 30];

void print(const char *text)
{
	for (; *text; text++) {
		while (!(inb(SERIAL_PORT + SERIAL_LINE_STATUS) & SERIAL_EMPTY))
			;
		outb(SERIAL_PORT, *text);
	}
}

static void print_number(u64 number, unsigned int base)
{
	char digits[24], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	print(p);
}

void print_hex(u64 number)
{
	print("0x");
	print_number(number, 16);
}

void ok(bool passed, const char *name)
{
	num_failed += !passed;
	print(passed ? "ok " : "not ok ");
	print_number(++num_tests, 10);
	print(" - ");
	print(name);
	print("\n");
}

void is(u64 got, u64 expected, const char *name)
{
	ok(got == expected, name);
	if (got == expected)
		return;
	print("# got ");
	print_hex(got);
	print(", expected ");
	print_hex(expected);
	print("\n");
}

static void finish(void) __attribute__((noreturn));
static void finish(void)
{
	print("1..");
	print_number(num_tests, 10);
	print("\n");
	outb(EXIT_PORT, num_failed ? EXIT_FAILED : EXIT_PASSED);
	for (;;)
		halt();
}

void test_unexpected(u64 rip);
void test_unexpected(u64 rip)
{
	print("# exception ");
	print_number(exception_vector, 10);
	print(" at ");
	print_hex(rip);
	print("\n");
	ok(false, "no unexpected exception");
	finish();
}

static void load_descriptors(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer;
	u64 stack = (u64)exception_stack + sizeof(exception_stack), base = (u64)tss;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		u64 stub = (u64)exception_stubs + 16 * i;

		idt[i] = (struct gate){ stub, 0x10, 0x8e00, stub >> 16, 0, 0 };
	}
	gdt[2] = 0x00af9b000000ffff; /* 0x10 kernel code */
	gdt[3] = 0x00cf93000000ffff; /* 0x18 kernel data */
	gdt[5] = 0x00cff3000000ffff; /* 0x28 user data */
	gdt[6] = 0x00affb000000ffff; /* 0x30 user code */
	gdt[7] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24) << 56;
	tss[1] = stack;
	tss[2] = stack >> 32;

	pointer.limit = sizeof(gdt) - 1;
	pointer.base = (u64)gdt;
	asm volatile("lgdt %0" : : "m"(pointer));
	pointer.limit = sizeof(idt) - 1;
	pointer.base = (u64)idt;
	asm volatile("lidt %0" : : "m"(pointer));
	asm volatile("ltr %w0" : : "r"(TSS_SELECTOR));
}

/*
 * Identity mapping of 4 GiB that user mode may use, too. The gigabyte behind is the
 * first one of memory again, with KeyID 1; and the next is once more the first one.
 */
static void load_page_tables(void)
{
	unsigned int i;

	page_tables[0][0] = (u64)page_tables[1] | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
	for (i = 0; i < 4; i++)
		page_tables[1][i] = (u64)i << 30 | PTE_PRESENT | PTE_WRITABLE | PTE_USER |
				    PTE_LARGE;
	page_tables[1][4] = KEYID_1 | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
	*alias_entry = PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
	asm volatile("mov %0, %%cr3" : : "r"(page_tables[0]) : "memory");
}

static u64 parse_hex(const char *text)
{
	u64 number = 0;

	for (text += 2; *text && *text != ' '; text++)
		number = number << 4 | (*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return number;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start && *text == *start) {
		text++;
		start++;
	}
	return !*start;
}

/* Of a boot that is for one thing alone. */
static void run_command_line(const char *command_line)
{
	for (; *command_line; command_line++) {
		if (starts_with(command_line, "read=0x"))
			*(volatile u32 *)parse_hex(command_line + 5);
		else if (starts_with(command_line, "write=0x"))
			*(volatile u32 *)parse_hex(command_line + 6) = 0;
		else if (starts_with(command_line, "movdir64b=0x"))
			asm volatile("movdir64b (%0), %1"
				     :
				     : "r"(gdt), "r"(parse_hex(command_line + 10))
				     : "memory");
		else if (starts_with(command_line, "stats"))
			print_stats();
		else if (starts_with(command_line, "gate-rehearsal"))
			gate_rehearsal();
		else if (starts_with(command_line, "gate-update"))
			gate_update();
		else if (starts_with(command_line, "gate-open"))
			gate_open();
		else if (starts_with(command_line, "inside"))
			inside_report();
		else if (starts_with(command_line, "unpaged=0x"))
			unpaged_read(parse_hex(command_line + 8));
		else
			continue;
		print("# it went through\n");
		finish();
	}
}

void test_main(const u8 *boot_params);
void test_main(const u8 *boot_params)
{
	u32 command_line = *(const u32 *)(boot_params + CMD_LINE_PTR);

	load_descriptors();
	load_page_tables();
	run_command_line((const char *)(u64)command_line);
	test_enumeration();
	test_seamcall();
	test_vmx();
	test_control_port();
	test_processors();
	finish();
}
