// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host may call while the TDX module is replaced, and that nobody is inside then.
 *
 * Two rules. The loose one holds for every kernel: no TD's leaf between TDH.SYS.SHUTDOWN and
 * TDH.SYS.UPDATE, unless a step has failed; from there on the host has a dead module, and may
 * find that out by calling it. The strict one, "gate on", is for a kernel that keeps SEAMCALLs
 * back by itself: nothing but the update's own calls, whether or not they reach a module. It
 * begins with the first SEAMLDR.INSTALL, too, and does not end with a failure.
 */
#include "cpu.h"
#include "lib.h"
#include "seam.h"

/* Breaking a rule of the hardware or of the emulator ends the run. */
bool strict = true;
bool gate_expected;

/* From a successful TDH.SYS.SHUTDOWN to a TDH.SYS.UPDATE, or to the first step that fails. */
static bool in_transition;

/* The same to a successful TDH.SYS.UPDATE; or from a SEAMLDR.INSTALL that replaced the module. */
static bool gate_closed;

static bool is_td_scope(u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_KEY_CONFIG:
	case TDH_SYS_INIT:
	case TDH_SYS_RD:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_TDMR_INIT:
	case TDH_SYS_CONFIG:
	case TDH_SYS_SHUTDOWN:
	case TDH_SYS_UPDATE:
	case TDH_SYS_DISABLE:
		return false;
	}
	return true;
}

/* The update's steps, and what machine check handlers and a dying kernel have to call. */
static bool passes_gate(u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_SHUTDOWN:
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_UPDATE:
	case TDH_SYS_DISABLE:
	case TDH_PHYMEM_PAGE_RDMD:
		return true;
	}
	return false;
}

static void violation(const char *what, u64 leaf, const struct cpu *cpu)
{
	__atomic_add_fetch(&seamcall_stats.in_transition, 1, __ATOMIC_RELAXED);
	if (strict)
		broken("SEAMCALL %s %s: cpu%u rip=%lx", seamcall_name(leaf) ?: "without a name",
		       what, cpu->index, cpu->vmcb->save.rip);
}

/* Before a call to the module, whether or not there is one. */
void transition_check(const struct cpu *cpu, u64 leaf)
{
	if (READ_ONCE(in_transition) && is_td_scope(leaf))
		violation("while the TDX module is updated", leaf, cpu);
	else if (READ_ONCE(gate_expected) && !passes_gate(leaf) &&
		 (READ_ONCE(gate_closed) || seamldr_install_pending(&seamldr)))
		violation("past the gate", leaf, cpu);
}

/* When SEAMLDR.INSTALL has opened its session. */
void transition_check_quiet(void)
{
	unsigned int i;

	if (!READ_ONCE(gate_expected))
		return;
	for (i = 0; i < num_cpus; i++) {
		u64 leaf = READ_ONCE(cpus[i].module_leaf);

		if (READ_ONCE(cpus[i].in_module) && !passes_gate(leaf))
			violation("still inside when SEAMLDR.INSTALL begins", leaf, &cpus[i]);
	}
}

/* When an installation ends, nobody may be running the code that it replaced. */
void transition_check_nobody_inside(void)
{
	unsigned int i;

	for (i = 0; i < num_cpus; i++) {
		if (READ_ONCE(cpus[i].in_module))
			broken("the TDX module was replaced while cpu%u was inside", i);
	}
}

/* SEAMLDR.INSTALL is about to replace the module. */
void transition_replacing(void)
{
	WRITE_ONCE(gate_closed, true);
}

/* After each call. */
void transition_follow(u64 leaf, bool success)
{
	switch (leaf) {
	case TDH_SYS_SHUTDOWN:
		if (success) {
			WRITE_ONCE(in_transition, true);
			WRITE_ONCE(gate_closed, true);
		}
		break;
	case TDH_SYS_UPDATE:
		WRITE_ONCE(in_transition, false);
		if (success)
			WRITE_ONCE(gate_closed, false);
		break;
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case SEAMLDR_INSTALL:
		if (!success)
			WRITE_ONCE(in_transition, false);
		break;
	}
}
