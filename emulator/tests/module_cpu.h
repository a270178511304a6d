/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU that runs a TD, played by the test: steps set what the TD would have in its
 * registers, and say why it exits.
 */
#ifndef EMULATOR_TESTS_MODULE_CPU_H
#define EMULATOR_TESTS_MODULE_CPU_H

#include "module_fixture.h"

/* The TD whose vCPU 0 is entered, and how far the steps of the last entry came. */
extern struct test_td running_td;
extern u32 next_step;

/* The extended state at the last VMRUN, and what the TD makes of it (NULL: nothing). */
extern struct seam_extended_state entered_with;
extern void (*change_extended)(struct seam_extended_state *extended);

/* What the CPU does at each VMRUN of an entry; behind the last, an interrupt. */
typedef void (*cpu_step)(struct vmcb *vmcb, struct seam_gprs *gprs);

/* Build @running_td on a fresh module. */
void run_start(enum module_version version);
/* TDH.VP.ENTER. */
u64 enter(cpu_step first, cpu_step second);

/* The private page at @gpa, by its S-EPT entry. */
u8 *private_page(const struct test_td *of, u64 gpa);
void long_mode(struct vmcb *vmcb);
/* The TD executes the instruction with these bytes. */
void at_instruction(struct vmcb *vmcb, const void *bytes, size_t size);

/* Where at_instruction() puts them, from TEST_GPA. */
#define CODE_OFFSET 0xf00

/* Steps: the event that is injected, and an exit by an NMI. */
extern u64 injected;
void step_look_at_event(struct vmcb *vmcb, struct seam_gprs *gprs);
void step_nmi(struct vmcb *vmcb, struct seam_gprs *gprs);

/* A TDCALL with these registers, and the registers of the TD as a step finds them. */
extern struct seam_gprs tdcall_regs;
extern u64 tdcall_rip;
void step_tdcall(struct vmcb *vmcb, struct seam_gprs *gprs);
void step_result(struct vmcb *vmcb, struct seam_gprs *gprs);
u64 tdcall(u64 leaf, u64 rcx, u64 rdx, u64 r8);

#define EXCEPTION(vector)	     (SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | (vector))
#define EXCEPTION_WITH_ERROR(vector) (EXCEPTION(vector) | SVM_EVENT_ERROR_CODE)

#endif
