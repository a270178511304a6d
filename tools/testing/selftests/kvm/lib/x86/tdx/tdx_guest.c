// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for Intel TDX guests (TDs): the guest's side.
 */
#include "kvm_util.h"
#include "tdx/tdx_guest.h"

/* No memslot is there. */
#define TDX_UCALL_MMIO_GPA	0xd0000000ull

#define TDVMCALL_WRITE		1

/* R10 to R15 are passed to the host and back. */
#define TDVMCALL_MASK		GENMASK(15, 10)

bool guest_is_td;

u64 tdcall(u64 leaf, struct tdcall_args *args)
{
	register u64 r8 asm("r8") = args->r8;
	register u64 r9 asm("r9") = args->r9;
	register u64 r10 asm("r10") = args->r10;
	register u64 r11 asm("r11") = args->r11;
	register u64 r12 asm("r12") = args->r12;
	register u64 r13 asm("r13") = args->r13;
	register u64 r14 asm("r14") = args->r14;
	register u64 r15 asm("r15") = args->r15;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a" (leaf), "+c" (args->rcx), "+d" (args->rdx),
		       "+r" (r8), "+r" (r9), "+r" (r10), "+r" (r11),
		       "+r" (r12), "+r" (r13), "+r" (r14), "+r" (r15)
		     : : "memory", "cc");

	args->r8 = r8;
	args->r9 = r9;
	args->r10 = r10;
	args->r11 = r11;
	args->r12 = r12;
	args->r13 = r13;
	args->r14 = r14;
	args->r15 = r15;
	return leaf;
}

u64 tdvmcall(u64 function, u64 r12, u64 r13, u64 r14, u64 r15, u64 *r11)
{
	struct tdcall_args args = {
		.rcx = TDVMCALL_MASK,
		.r11 = function,
		.r12 = r12,
		.r13 = r13,
		.r14 = r14,
		.r15 = r15,
	};
	u64 r = tdcall(TDG_VP_VMCALL, &args);

	if (r11)
		*r11 = args.r11;
	return r ?: args.r10;
}

u64 tdvmcall_io_write(u16 port, u32 value, u8 size)
{
	return tdvmcall(TDVMCALL_IO, size, TDVMCALL_WRITE, port, value, NULL);
}

u64 tdvmcall_io_read(u16 port, u8 size, u32 *value)
{
	u64 r11;
	u64 r = tdvmcall(TDVMCALL_IO, size, 0, port, 0, &r11);

	*value = r11;
	return r;
}

u64 tdvmcall_mmio_write(gpa_t gpa, u64 value, u8 size)
{
	return tdvmcall(TDVMCALL_MMIO, size, TDVMCALL_WRITE, gpa | TDX_SHARED_BIT, value, NULL);
}

u64 tdx_mr_report(gpa_t report, gpa_t report_data)
{
	struct tdcall_args args = {
		.rcx = report,
		.rdx = report_data,
	};

	return tdcall(TDG_MR_REPORT, &args);
}

void tdx_do_ucall(gva_t uc)
{
	tdvmcall_mmio_write(TDX_UCALL_MMIO_GPA, uc, sizeof(uc));
}

void *tdx_get_ucall(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	    run->mmio.len == sizeof(u64) && run->mmio.phys_addr == TDX_UCALL_MMIO_GPA)
		return *(void **)run->mmio.data;

	return NULL;
}
