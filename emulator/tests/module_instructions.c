// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions of a TD that the module carries out, or turns into a #VE or #GP; how it
 * finds them; and the virtual APIC behind the x2APIC's MSRs.
 */
#include "module_cpu.h"

#include <string.h>

#define FIELD_STATE_DETAILS 0x9100000000000100UL

#define MSR_TSC		    0x10
#define MSR_APIC_BASE	    0x1b
#define MSR_TSC_ADJUST	    0x3b
#define MSR_MISC_ENABLE	    0x1a0
#define MSR_PAT		    0x277
#define MSR_X2APIC_TPR	    0x808
#define MSR_X2APIC_PPR	    0x80a
#define MSR_X2APIC_EOI	    0x80b
#define MSR_X2APIC_ISR0	    0x810
#define MSR_X2APIC_IRR0	    0x820
#define MSR_X2APIC_ICR	    0x830
#define MSR_X2APIC_SELF_IPI 0x83f
#define MSR_XSS		    0xda0
#define MSR_EFER	    0xc0000080
#define MSR_STAR	    0xc0000081
#define MSR_LSTAR	    0xc0000082
#define MSR_SYSCALL_MASK    0xc0000084
#define MSR_KERNEL_GS_BASE  0xc0000102
#define MSR_TSC_AUX	    0xc0000103

#define EFER_FIRST 0xd01UL /* SCE, LME, LMA, NXE */

#define REASON_CPUID	 10
#define REASON_MSR_READ	 31
#define REASON_MSR_WRITE 32

#define NON_CANONICAL BIT(47)

/* What the TD executes next. */
static struct {
	const void *bytes;
	size_t size;
	u64 exit_code, exit_info1;
	u64 rax, rcx, rdx;
	u8 cpl;
} next;

static void step_execute(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	long_mode(vmcb);
	at_instruction(vmcb, next.bytes, next.size);
	vmcb->save.cpl = next.cpl;
	vmcb->save.rax = next.rax;
	gprs->reg[GPR_RCX] = next.rcx;
	gprs->reg[GPR_RDX] = next.rdx;
	vmcb->control.exit_info_1 = next.exit_info1;
	vmcb->control.exit_code = next.exit_code;
}

static void step_after(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_result(vmcb, gprs);
	step_look_at_event(vmcb, gprs);
	vmcb->save.cpl = 0;
}

/* Return: the event that the TD gets, 0 when the instruction was carried out. */
static u64 execute(const void *bytes, size_t size, u64 exit_code)
{
	next.bytes = bytes;
	next.size = size;
	next.exit_code = exit_code;
	enter(step_execute, step_after);
	if (!injected && tdcall_rip != TEST_GPA + CODE_OFFSET + size)
		tap_ok(false, "the TD goes on behind the instruction");
	next.exit_info1 = next.cpl = 0;
	return injected;
}

static u64 read_msr(u32 msr, u64 *value)
{
	u64 event;

	next.rcx = msr;
	event = execute("\x0f\x32", 2, SVM_EXIT_MSR);
	*value = tdcall_regs.reg[GPR_RDX] << 32 | tdcall_regs.reg[GPR_RAX];
	return event;
}

static u64 write_msr(u32 msr, u64 value)
{
	next.rcx = msr;
	next.rax = (u32)value;
	next.rdx = value >> 32;
	next.exit_info1 = 1;
	return execute("\x0f\x30", 2, SVM_EXIT_MSR);
}

/* The exit reason of a #VE, which the TD reads and so makes room for the next. */
static u64 ve_reason(void)
{
	if (injected != EXCEPTION(VECTOR_VE) || tdcall(TDG_VP_VEINFO_GET, 0, 0, 0))
		return ~0UL;
	return tdcall_regs.reg[GPR_RCX];
}

static void test_msr_storage(void)
{
	static const struct {
		u32 msr;
		u64 good, bad;
		const char *name;
	} msrs[] = {
		{ MSR_LSTAR, ~0UL << 47, NON_CANONICAL, "LSTAR" },
		{ MSR_KERNEL_GS_BASE, NON_CANONICAL - 1, NON_CANONICAL, "KERNEL_GS_BASE" },
		{ MSR_SYSCALL_MASK, 0x47700, BIT(32), "SYSCALL_MASK" },
		{ MSR_TSC_AUX, 0x12345678, BIT(32), "TSC_AUX" },
		{ MSR_PAT, 0x0007040600070406UL, 2, "PAT of a type that there is not" },
		{ MSR_PAT, 0x0407050600070106UL, 0x08UL << 56, "PAT with a reserved bit" },
	};
	u64 value;

	run_start(MODULE_1_5_05);
	is_status(read_msr(MSR_EFER, &value), 0);
	tap_is(value, EFER_FIRST, "EFER, without the bit of SVM");
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++) {
		tap_is(write_msr(msrs[i].msr, msrs[i].good), 0, "%s takes a value", msrs[i].name);
		tap_is(write_msr(msrs[i].msr, msrs[i].bad), EXCEPTION_WITH_ERROR(VECTOR_GP),
		       "and not one that is not valid");
		read_msr(msrs[i].msr, &value);
		tap_is(value, msrs[i].good, "and has the first one");
	}
	is_status(write_msr(MSR_STAR, ~0UL), 0);
	is_status(write_msr(MSR_XSS, 0), 0);
	is_status(write_msr(MSR_XSS, 1), EXCEPTION_WITH_ERROR(VECTOR_GP));
}

/* src/td_dispatcher/vm_exits/td_msr_access.c of intel/tdx-module */
static void test_efer(void)
{
	static const u64 refused[] = { BIT(8), BIT(11), BIT(12), BIT(14) };
	u64 value;

	run_start(MODULE_1_5_05);
	is_status(write_msr(MSR_EFER, EFER_FIRST & ~1UL), 0);
	read_msr(MSR_EFER, &value);
	tap_is(value, EFER_FIRST & ~1UL, "SCE can be cleared");
	is_status(write_msr(MSR_EFER, EFER_FIRST & ~BIT(10)), 0);
	read_msr(MSR_EFER, &value);
	tap_is(value, EFER_FIRST, "and set, and LMA does not matter");
	for (u32 i = 0; i < ARRAY_SIZE(refused); i++) {
		write_msr(MSR_EFER, EFER_FIRST ^ refused[i]);
		tap_is(ve_reason(), REASON_MSR_WRITE, "any other bit is a #VE");
	}
}

static void test_msr_constant(void)
{
	static const u32 constant[] = { MSR_MISC_ENABLE, MSR_TSC_ADJUST, MSR_TSC, MSR_APIC_BASE };
	u64 value;

	run_start(MODULE_1_5_05);
	for (u32 i = 0; i < ARRAY_SIZE(constant); i++) {
		tap_is(read_msr(constant[i], &value), 0, "MSR %x can be read", constant[i]);
		write_msr(constant[i], 0);
		tap_is(ve_reason(), REASON_MSR_WRITE, "writing to it is a #VE");
	}
	read_msr(MSR_APIC_BASE, &value);
	tap_is(value, 0xfee00d00, "the x2APIC of the first processor is on");
	read_msr(0x123, &value);
	tap_is(ve_reason(), REASON_MSR_READ, "another MSR is a #VE");
	write_msr(0x123, 0);
	tap_is(ve_reason(), REASON_MSR_WRITE, "to write to, too");
	write_msr(MSR_X2APIC_ICR, 0);
	tap_is(ve_reason(), REASON_MSR_WRITE, "so is an interrupt to another processor");
}

static u64 apic_read(u32 msr)
{
	u64 value;

	return read_msr(msr, &value) ? ~0UL : value;
}

static void step_set_if(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->save.rflags |= X86_RFLAGS_IF;
	vmcb->control.exit_code = SVM_EXIT_VINTR;
}

static bool host_sees_pending(void)
{
	return !call(TDH_VP_RD, running_td.vcpu[0].tdvpr, FIELD_STATE_DETAILS, 0, 0) &&
	       out.reg[GPR_R8] == 1;
}

static void test_apic(void)
{
	run_start(MODULE_1_5_05);
	is_status(write_msr(MSR_X2APIC_TPR, 0x50), 0);
	tap_is(apic_read(MSR_X2APIC_TPR), 0x50, "task priority");
	tap_is(apic_read(MSR_X2APIC_PPR), 0x50, "is the processor's while nothing is in service");
	is_status(write_msr(MSR_X2APIC_SELF_IPI, 0x45), 0);
	tap_is(apic_read(MSR_X2APIC_IRR0 + 2), BIT(5), "vector 0x45 is requested");
	tap_ok(!host_sees_pending(), "and held back by the task priority");
	enter(step_set_if, step_look_at_event);
	tap_is(injected, 0, "although interrupts are on");
	is_status(write_msr(MSR_X2APIC_TPR, 0x30), SVM_EVENT_VALID | 0x45);
	tap_is(apic_read(MSR_X2APIC_IRR0 + 2), 0, "a lower one lets it come: no longer requested");
	tap_is(apic_read(MSR_X2APIC_ISR0 + 2), BIT(5), "but in service");
	tap_is(apic_read(MSR_X2APIC_PPR), 0x40, "with its priority");
	is_status(write_msr(MSR_X2APIC_SELF_IPI, 0x46), 0);
	tap_ok(!host_sees_pending(), "one of the same priority waits");
	is_status(write_msr(MSR_X2APIC_SELF_IPI, 0x81), SVM_EVENT_VALID | 0x81);
	is_status(write_msr(MSR_X2APIC_EOI, 0), 0);
	tap_is(apic_read(MSR_X2APIC_PPR), 0x40, "the end of the higher one leaves the lower one");
	is_status(write_msr(MSR_X2APIC_EOI, 0), SVM_EVENT_VALID | 0x46);
}

static u64 xsetbv(u32 index, u64 value)
{
	next.rcx = index;
	next.rax = (u32)value;
	next.rdx = value >> 32;
	return execute("\x0f\x01\xd1", 3, SVM_EXIT_XSETBV);
}

static void test_xsetbv(void)
{
	run_start(MODULE_1_5_05);
	is_status(xsetbv(0, 3), 0);
	is_status(xsetbv(0, 1), 0);
	is_status(xsetbv(1, 3), EXCEPTION_WITH_ERROR(VECTOR_GP));
	is_status(xsetbv(0, 2), EXCEPTION_WITH_ERROR(VECTOR_GP));
	/* XFAM is 3. */
	is_status(xsetbv(0, 7), EXCEPTION_WITH_ERROR(VECTOR_GP));
	is_status(xsetbv(0, 3 | BIT(63)), EXCEPTION_WITH_ERROR(VECTOR_GP));
	next.cpl = 3;
	is_status(xsetbv(0, 3), EXCEPTION_WITH_ERROR(VECTOR_GP));
}

static u64 edx_eax(void)
{
	return tdcall_regs.reg[GPR_RDX] << 32 | tdcall_regs.reg[GPR_RAX];
}

/* 2 GHz on a platform of 1 GHz, whose counter moves by 1000 each time it is read. */
static void test_tsc(void)
{
	u64 first, second;

	run_start(MODULE_1_5_05);
	is_status(write_msr(MSR_TSC_AUX, 0x77), 0);
	is_status(execute("\x0f\x31", 2, SVM_EXIT_RDTSC), 0);
	first = edx_eax();
	is_status(execute("\x0f\x01\xf9", 3, SVM_EXIT_RDTSCP), 0);
	second = edx_eax();
	tap_is(tdcall_regs.reg[GPR_RCX], 0x77, "RDTSCP tells TSC_AUX");
	tap_ok(second > first && !((second - first) % 2000), "time passes at the TD's rate");
	tap_ok(first < BIT(40), "and began when the TD did");
}

static void set_debug_registers(struct seam_extended_state *extended)
{
	for (u64 i = 0; i < 4; i++)
		extended->dr[i] = 0x1000 + i;
}

static void test_extended_state(void)
{
	run_start(MODULE_1_5_05);
	write_msr(MSR_TSC_AUX, 0x77);
	change_extended = set_debug_registers;
	enter(step_nmi, NULL);
	change_extended = NULL;
	tap_is(entered_with.tsc_aux, 0x77, "the CPU has the TD's TSC_AUX, for RDPID");
	tap_is(entered_with.dr[0], 0, "and cleared debug registers at first");
	enter(step_nmi, NULL);
	tap_ok(entered_with.dr[0] == 0x1000 && entered_with.dr[3] == 0x1003, "later the TD's own");
	tap_ok(entered_with.xfam == 3 && entered_with.xsave_pa == running_td.vcpu[0].tdcx[1],
	       "and the extended state that XFAM has");
}

static u64 cpuid(u32 leaf)
{
	next.rax = leaf;
	next.rcx = 0;
	return execute("\x0f\xa2", 2, SVM_EXIT_CPUID);
}

static void step_set_osxsave(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->save.cr4 |= X86_CR4_OSXSAVE | X86_CR4_PKE;
	vmcb->control.exit_code = SVM_EXIT_VINTR;
}

static void test_cpuid(void)
{
	run_start(MODULE_1_5_05);
	is_status(cpuid(0x21), 0);
	tap_is(tdcall_regs.reg[GPR_RBX], 0x65746e49, "CPUID 0x21 says IntelTDX");
	is_status(cpuid(1), 0);
	tap_is(tdcall_regs.reg[GPR_RAX] & FAMILY_MODEL_MASK, TD_FAMILY_MODEL,
	       "CPUID 1: family and model as configured");
	tap_is(tdcall_regs.reg[GPR_RCX] & (BIT(31) | BIT(27) | BIT(21) | BIT(5)), BIT(31) | BIT(21),
	       "a hypervisor and x2APIC, no VMX, no OSXSAVE");
	enter(step_set_osxsave, NULL);
	is_status(cpuid(1), 0);
	tap_is(tdcall_regs.reg[GPR_RCX] & BIT(27), BIT(27), "until CR4 has it");
	is_status(cpuid(7), 0);
	tap_is(tdcall_regs.reg[GPR_RCX] & BIT(4), BIT(4), "so it is with OSPKE");
	is_status(cpuid(0x80000001), 0);
	tap_ok(!(tdcall_regs.reg[GPR_RCX] & ~0x121UL) &&
		       !(tdcall_regs.reg[GPR_RDX] & ~0x2c100800UL),
	       "no feature of AMD's");
	is_status(cpuid(0x80000008), 0);
	tap_is(tdcall_regs.reg[GPR_RBX] & ~0x200UL, 0, "here neither");
	cpuid(0x1234);
	tap_is(ve_reason(), REASON_CPUID, "CPUID 0x1234 is a #VE");
}

/* Paging of the TD: one page is its own table on each level, by the entry behind the first. */
static void step_paged(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	u64 *table = (void *)private_page(&running_td, TEST_GPA);

	memset(table, 0, 64);
	table[1] = TEST_GPA | 1;
	table[2] = TEST_GPA | BIT(7) | 1;
	step_execute(vmcb, gprs);
	vmcb->save.cr0 |= X86_CR0_PG;
	vmcb->save.cr3 = TEST_GPA;
}

/* Where CPUID is executed, and how far the TD comes. */
static u64 linear_rip;

static void step_long_mode(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_paged(vmcb, gprs);
	vmcb->save.rip = linear_rip;
}

static void not_long_mode(struct vmcb *vmcb)
{
	vmcb->save.efer &= ~EFER_LMA;
	vmcb->save.cs.attributes &= ~SVM_SEGMENT_LONG;
	vmcb->save.rip = linear_rip;
}

static void step_pae(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_paged(vmcb, gprs);
	vmcb->save.cr4 |= X86_CR4_PAE;
	not_long_mode(vmcb);
}

static void step_32bit(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_paged(vmcb, gprs);
	vmcb->save.cr4 &= ~X86_CR4_PAE;
	not_long_mode(vmcb);
}

static void step_unpaged(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	step_execute(vmcb, gprs);
	vmcb->save.cr0 &= ~X86_CR0_PG;
	not_long_mode(vmcb);
}

static bool executes(cpu_step step, u64 rip)
{
	next.bytes = "\x0f\xa2";
	next.size = 2;
	next.exit_code = SVM_EXIT_CPUID;
	next.rax = 0;
	linear_rip = rip;
	enter(step, step_after);
	return !injected && tdcall_rip == rip + 2;
}

static void test_fetch(void)
{
	const u64 one = BIT(30) | BIT(21) | BIT(12) | CODE_OFFSET;
	const u64 large = BIT(30) | 2UL << 21 | CODE_OFFSET;

	run_start(MODULE_1_5_05);
	tap_ok(executes(step_unpaged, TEST_GPA + CODE_OFFSET), "an instruction without paging");
	tap_ok(executes(step_long_mode, BIT(39) | one), "through four levels");
	tap_ok(executes(step_long_mode, BIT(39) | large), "in a page of 2 MiB");
	tap_ok(executes(step_pae, one), "through three levels");
	tap_ok(executes(step_pae, large), "in a page of 2 MiB");
	tap_ok(executes(step_32bit, 2UL << 22 | 2UL << 12 | CODE_OFFSET), "through two levels");
	tap_ok(!executes(step_long_mode, one), "not where the TD maps nothing,");
	tap_ok(!executes(step_long_mode, BIT(39) | one | BIT(24)), "on any level,");
	tap_ok(!executes(step_unpaged, TEST_GPA + PAGE_SIZE), "nor where it has no memory:");
	tap_is(injected, 0, "running on will fault");
	/* The opcode's second byte is on a page that is not there. */
	private_page(&running_td, TEST_GPA)[PAGE_SIZE - 1] = 0x0f;
	tap_ok(!executes(step_unpaged, TEST_GPA + PAGE_SIZE - 1), "or only half of it");
}

void test_instructions(void)
{
	test_msr_storage();
	test_efer();
	test_msr_constant();
	test_apic();
	test_xsetbv();
	test_tsc();
	test_extended_state();
	test_cpuid();
	test_fetch();
}
