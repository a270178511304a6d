// SPDX-License-Identifier: GPL-2.0-only
#include "module_cpu.h"

#include <string.h>

#define MAX_STEPS 8

struct test_td running_td;

static cpu_step steps[MAX_STEPS];
u32 next_step;
struct seam_extended_state entered_with;
void (*change_extended)(struct seam_extended_state *extended);

static void play(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended)
{
	struct vmcb *vmcb = fake_pointer(vmcb_pa);

	entered_with = *extended;
	if (change_extended)
		change_extended(extended);
	if (next_step < MAX_STEPS && steps[next_step]) {
		steps[next_step++](vmcb, gprs);
		return;
	}
	fake.interrupt = 0x20;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

u64 enter(cpu_step first, cpu_step second)
{
	fake.vmrun = play;
	next_step = 0;
	memset(steps, 0, sizeof(steps));
	steps[0] = first;
	steps[1] = second;
	return call(TDH_VP_ENTER, running_td.vcpu[0].tdvpr, 0, 0, 0);
}

u8 *private_page(const struct test_td *of, u64 gpa)
{
	const u64 *table = fake_pointer(of->sept[0]);

	return fake_pointer(table[gpa >> PAGE_SHIFT & 511] & GENMASK(51, 12));
}

void long_mode(struct vmcb *vmcb)
{
	vmcb->save.efer |= EFER_LMA;
	vmcb->save.cs.attributes |= SVM_SEGMENT_LONG;
}

void at_instruction(struct vmcb *vmcb, const void *bytes, size_t size)
{
	memcpy(private_page(&running_td, TEST_GPA) + CODE_OFFSET, bytes, size);
	vmcb->save.rip = TEST_GPA + CODE_OFFSET;
}

static const u8 tdcall_bytes[] = { 0x66, 0x0f, 0x01, 0xcc };

struct seam_gprs tdcall_regs;
u64 tdcall_rip;

void step_tdcall(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	long_mode(vmcb);
	at_instruction(vmcb, tdcall_bytes, sizeof(tdcall_bytes));
	memcpy(gprs, &tdcall_regs, sizeof(*gprs));
	vmcb->save.rax = tdcall_regs.reg[GPR_RAX];
	vmcb->save.rflags |= X86_RFLAGS_ARITHMETIC;
	vmcb->control.exit_code = SVM_EXIT_EXCEPTION(VECTOR_UD);
}

void step_result(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	memcpy(&tdcall_regs, gprs, sizeof(tdcall_regs));
	tdcall_regs.reg[GPR_RAX] = vmcb->save.rax;
	tdcall_rip = vmcb->save.rip;
	fake.interrupt = 0x20;
	vmcb->control.exit_code = SVM_EXIT_INTR;
}

void test_note_td_status(u64 status);

u64 tdcall(u64 leaf, u64 rcx, u64 rdx, u64 r8)
{
	memset(&tdcall_regs, 0, sizeof(tdcall_regs));
	tdcall_regs.reg[GPR_RAX] = leaf;
	tdcall_regs.reg[GPR_RCX] = rcx;
	tdcall_regs.reg[GPR_RDX] = rdx;
	tdcall_regs.reg[GPR_R8] = r8;
	enter(step_tdcall, step_result);
	test_note_td_status(tdcall_regs.reg[GPR_RAX]);
	return tdcall_regs.reg[GPR_RAX];
}

void run_start(enum module_version version)
{
	host_ready(version);
	td_build(&running_td, TD_KEYID);
}

u64 injected;

void step_look_at_event(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	injected = vmcb->control.event_inject;
	vmcb->control.exit_code = SVM_EXIT_NMI;
}

void step_nmi(struct vmcb *vmcb, struct seam_gprs *gprs)
{
	(void)gprs;
	vmcb->control.exit_code = SVM_EXIT_NMI;
}
