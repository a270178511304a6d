// SPDX-License-Identifier: GPL-2.0-only
/* VMXON, VMXOFF, INVEPT and MOVDIR64B, with the faults of the manual. */
#include "test.h"

#define ARITHMETIC X86_RFLAGS_ARITHMETIC
#define CF	   X86_RFLAGS_CF

static u8 region[8192] __attribute__((aligned(4096)));
u64 vmxon_operand;

static u64 try_vmxon(u64 pa)
{
	vmxon_operand = pa;
	return TRY(SET_FLAGS "vmxon vmxon_operand" GET_FLAGS, : : : "memory", "cc");
}

static u64 try_invept(u64 type, const u64 *descriptor)
{
	return TRY(SET_FLAGS "invept %0, %1" GET_FLAGS,
		   : : "m"(*descriptor), "r"(type) : "memory", "cc");
}

static void arithmetic_flags_are(u64 expected, const char *name)
{
	is(flags_after & ARITHMETIC, expected, name);
}

static void user_vmxon(void)
{
	asm volatile("vmxon vmxon_operand" : : : "memory");
}

static void user_vmxoff(void)
{
	asm volatile("vmxoff" : : : "memory");
}

static void user_cpuid(void)
{
	cpuid(0, 0);
	asm volatile("ud2");
}

static void test_vmxon(void)
{
	u64 cr4 = read_cr4();

	/* What is wrong with a region is one thing at a time. */
	*(u32 *)region = rdmsr(MSR_VMX_BASIC);
	*(u32 *)(region + 64) = rdmsr(MSR_VMX_BASIC);
	*(u32 *)(region + 4096) = rdmsr(MSR_VMX_BASIC) ^ 1;

	is(try_vmxon((u64)region), VECTOR_UD, "VMXON without CR4.VMXE is #UD");
	is(TRY("vmxoff", : : : "memory"), VECTOR_UD, "VMXOFF outside VMX operation is #UD");
	write_cr4(cr4 | X86_CR4_VMXE);
	run_user(user_vmxon);
	is(exception_vector, VECTOR_GP, "VMXON in user mode is #GP");
	run_user(user_cpuid);
	is(exception_vector, VECTOR_UD, "CPUID in user mode works");

	is(try_vmxon((u64)region + 64), NO_EXCEPTION, "VMXON of an unaligned region:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(try_vmxon((u64)region + 4096), NO_EXCEPTION, "VMXON with a wrong revision:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(try_vmxon(1UL << 50), NO_EXCEPTION, "VMXON of an address with a KeyID:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(try_vmxon(1UL << 40), NO_EXCEPTION, "VMXON of an address where no memory is:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(try_vmxon((u64)region), NO_EXCEPTION, "VMXON of a good region:");
	arithmetic_flags_are(0, "VMsucceed");
	is(try_vmxon((u64)region), NO_EXCEPTION, "VMXON in VMX operation:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	run_user(user_vmxoff);
	is(exception_vector, VECTOR_GP, "VMXOFF in user mode is #GP");
	is(TRY("mov %0, %%cr4", : : "r"(cr4) : "memory"), VECTOR_GP,
	       "clearing CR4.VMXE in VMX operation is #GP");
}

static void test_invept(void)
{
	u64 descriptor[2] = { 0x1e, 0 };
	u64 *unmapped = (u64 *)(8UL << 30);

	is(try_invept(2, descriptor), NO_EXCEPTION, "INVEPT of all contexts:");
	arithmetic_flags_are(0, "VMsucceed");
	is(try_invept(1, descriptor), NO_EXCEPTION, "INVEPT of one context:");
	arithmetic_flags_are(0, "VMsucceed");
	is(try_invept(0, descriptor), NO_EXCEPTION, "INVEPT of a type that is not:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(try_invept(2, unmapped), VECTOR_PF, "INVEPT of an unmapped descriptor is #PF");
	is(exception_error, 0, "of a read");
	is(try_invept(2, (u64 *)(1UL << 47)), VECTOR_GP,
	   "INVEPT of a descriptor at no canonical address is #GP");
}

static void test_others(void)
{
	u64 value = 0;

	is(TRY(SET_FLAGS "vmread %1, %0" GET_FLAGS, : "+r"(value) : "r"(0UL) : "memory", "cc"), NO_EXCEPTION,
	       "VMREAD:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(TRY(SET_FLAGS "vmlaunch" GET_FLAGS, : : : "memory", "cc"), NO_EXCEPTION, "VMLAUNCH:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	vmxon_operand = (u64)region;
	is(TRY(SET_FLAGS "vmptrld vmxon_operand" GET_FLAGS, : : : "memory", "cc"), NO_EXCEPTION,
	       "VMPTRLD:");
	arithmetic_flags_are(CF, "VMfailInvalid");
	is(TRY(".byte 0x66, 0x0f, 0x01, 0xcc", : : : "memory", "rax"), VECTOR_UD,
	       "TDCALL outside of a TD is #UD");
	is(TRY(".byte 0x66, 0x0f, 0x01, 0xcd", : : : "memory"), VECTOR_UD, "SEAMRET is #UD");
}

static void test_movdir64b(void)
{
	static u8 from[80], to[128] __attribute__((aligned(64)));
	bool same = true;
	unsigned int i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = i;
	is(TRY("movdir64b (%0), %1", : : "r"(from + 3), "r"(to) : "memory"), NO_EXCEPTION,
					  "MOVDIR64B from an unaligned source");
	for (i = 0; i < 64; i++)
		same &= to[i] == from[i + 3];
	ok(same, "copies 64 bytes");
	is(to[64], 0, "and no more");
	is(TRY("movdir64b 8(%0,%2,4), %1", : : "r"(from), "r"(to + 64), "r"(2UL) : "memory"), NO_EXCEPTION,
							  "MOVDIR64B with index and displacement");
	is(to[64], 16, "reads where they say");
	is(TRY("movdir64b (%0), %1", : : "r"(from), "r"(to + 8) : "memory"), VECTOR_GP,
					  "MOVDIR64B to an unaligned address is #GP");
	is(TRY("movdir64b (%0), %1", : : "r"(from), "r"(1UL << 47) : "memory"), VECTOR_GP,
					  "MOVDIR64B to no canonical address is #GP");
	is(TRY("movdir64b (%k0), %k1", : : "r"((u64)from | 1UL << 40), "r"((u64)to | 1UL << 40)
	       : "memory"),
					    NO_EXCEPTION, "MOVDIR64B with addresses of 32 bits");
	is(TRY(".byte 0xf0; movdir64b (%0), %1", : : "r"(from), "r"(to) : "memory"), VECTOR_UD,
						      "MOVDIR64B with LOCK is #UD");
}

/* The second mapping of the first gigabyte, which nothing else uses. */
static void test_page_table_bits(void)
{
	static u8 from[64], to[64] __attribute__((aligned(64)));
	u64 alias = ALIAS_BASE + (u64)to;

	is(*alias_entry & (PTE_ACCESSED | PTE_DIRTY), 0, "a page that was never used:");
	is(TRY("invept (%0), %1", : : "r"(alias), "r"(2UL) : "memory"), NO_EXCEPTION, "a read of it");
	is(*alias_entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED, "is noted in its entry");
	is(TRY("movdir64b (%0), %1", : : "r"(from), "r"(alias) : "memory"), NO_EXCEPTION,
					  "a write to it");
	is(*alias_entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY, "is, too");
}

/* A debugger steps over an instruction that is emulated, and stops right behind it. */
static void test_single_step(void)
{
	u64 stepped = 0, behind = 0;

	is(TRY("pushfq; orq $0x100, (%%rsp); popfq; vmptrst vmxon_operand; movq $1, %0",
	       : "+m"(behind) : : "memory", "cc"),
	       VECTOR_DB, "single-stepping VMPTRST is #DB");
	is(behind, 0, "before the next instruction");
	asm volatile("mov %%dr6, %0" : "=r"(stepped));
	ok(stepped & BIT(14), "and DR6 tells why");
	asm volatile("mov %0, %%dr6" : : "r"(0xffff0ff0UL));
}

void test_vmx(void)
{
	test_vmxon();
	test_invept();
	test_others();
	test_movdir64b();
	test_page_table_bits();
	test_single_step();
	is(TRY(SET_FLAGS "vmxoff" GET_FLAGS, : : : "memory", "cc"), NO_EXCEPTION, "VMXOFF:");
	arithmetic_flags_are(0, "VMsucceed");
	write_cr4(read_cr4() & ~(u64)X86_CR4_VMXE);
}
