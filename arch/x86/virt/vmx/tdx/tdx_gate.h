/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate between the kernel and the TDX module, see tdx_gate.c. */
#ifndef _X86_VIRT_TDX_GATE_H
#define _X86_VIRT_TDX_GATE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/tdx.h>

#ifdef CONFIG_INTEL_TDX_MODULE_UPDATE

/* Only for tdx_gate_status(). */
extern u64 __tdx_gate_status;

/**
 * tdx_gate_status() - what a SEAMCALL finds at the gate
 *
 * Context: Interrupts off, from this look at the gate until the SEAMCALL returns;
 *	    noinstr.
 * Return: 0: make the call. Anything else: do not, and take this for its status.
 */
static __always_inline u64 tdx_gate_status(void)
{
	return READ_ONCE(__tdx_gate_status);
}

void tdx_gate_close(void);
void tdx_gate_open(bool usable);
void tdx_gate_wake(void);
unsigned int tdx_gate_set_repair_wait_ms(unsigned int wait_ms);

#else

static __always_inline u64 tdx_gate_status(void) { return 0; }

#endif /* CONFIG_INTEL_TDX_MODULE_UPDATE */

#endif /* _X86_VIRT_TDX_GATE_H */
