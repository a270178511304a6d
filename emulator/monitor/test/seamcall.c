// SPDX-License-Identifier: GPL-2.0-only
/* The SEAMCALL instruction: order of its checks, and who answers. */
#include "../../abi/seamldr.h"
#include "test.h"

#define SEAMCALL ".byte 0x66, 0x0f, 0x01, 0xcf"

#define TDH_SYS_INIT 33UL

static u64 rax_after;
static u8 region[4096] __attribute__((aligned(4096)));
static struct seamldr_info info __attribute__((aligned(256)));
static u64 vmxon_operand;

/* The vector; RAX and flags behind it in rax_after and flags_after. */
static u64 try_seamcall(u64 rax, u64 rcx)
{
	rax_after = 0;
	return TRY(SET_FLAGS SEAMCALL GET_FLAGS "; mov %%rax, %0",
		   : "=m"(rax_after) : "a"(rax), "c"(rcx)
		   : "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void flags_are(u64 expected, const char *name)
{
	is(flags_after & X86_RFLAGS_ARITHMETIC, expected, name);
}

static void user_seamcall(void)
{
	asm volatile(SEAMCALL : : "a"(SEAMLDR_INFO), "c"(0) : "memory");
}

static void vmxon(void)
{
	write_cr4(read_cr4() | X86_CR4_VMXE);
	*(u32 *)region = rdmsr(MSR_VMX_BASIC);
	vmxon_operand = (u64)region;
	asm volatile("vmxon %0" : : "m"(vmxon_operand) : "memory", "cc");
}

static void vmxoff(void)
{
	asm volatile("vmxoff" : : : "memory", "cc");
	write_cr4(read_cr4() & ~(u64)X86_CR4_VMXE);
}

static void test_seamldr(void)
{
	is(try_seamcall(SEAMLDR_INFO, (u64)&info), NO_EXCEPTION, "SEAMLDR.INFO:");
	flags_are(0, "VMsucceed");
	is(rax_after, 0, "status 0");
	is(info.vendor, SEAMLDR_VENDOR_INTEL, "it writes its vendor");
	is(info.seam_ready, 0, "and that no TDX module is loaded");
	is(try_seamcall(SEAMLDR_INFO, (u64)&info + 8), NO_EXCEPTION,
	   "SEAMLDR.INFO to an unaligned buffer:");
	flags_are(0, "VMsucceed");
	is(rax_after, SEAMLDR_EBADPARAM, "status EBADPARAM");
}

static void test_no_module(void)
{
	is(try_seamcall(TDH_SYS_INIT, 0x1234), NO_EXCEPTION, "SEAMCALL with no TDX module:");
	flags_are(X86_RFLAGS_CF, "VMfailInvalid");
	is(rax_after, TDH_SYS_INIT, "RAX is unchanged");
}

void test_seamcall(void)
{
	is(try_seamcall(SEAMLDR_INFO, (u64)&info), VECTOR_UD,
	   "SEAMCALL outside VMX operation is #UD");
	run_user(user_seamcall);
	is(exception_vector, VECTOR_UD, "in user mode, too");
	vmxon();
	is(TRY(".byte 0xf0;" SEAMCALL, : : "a"(SEAMLDR_INFO), "c"(&info) : "memory"), VECTOR_UD,
					   "SEAMCALL with LOCK is #UD");
	run_user(user_seamcall);
	is(exception_vector, VECTOR_GP, "SEAMCALL in user mode is #GP");
	test_seamldr();
	test_no_module();
	vmxoff();
}
