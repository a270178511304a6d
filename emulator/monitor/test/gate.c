// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that a host with a gate makes or keeps back while the TDX module is replaced. There is a
 * module in these boots. Its own leaves answer by injected faults.
 */
#include "../../abi/seamcall.h"
#include "../../abi/seamldr.h"
#include "test.h"

static u8 region[4096] __attribute__((aligned(4096)));
static struct seamldr_params params; /* not what P-SEAMLDR accepts */
static u64 vmxon_operand;

static void vmxon(void)
{
	write_cr4(read_cr4() | X86_CR4_VMXE);
	*(u32 *)region = rdmsr(MSR_VMX_BASIC);
	vmxon_operand = (u64)region;
	asm volatile("vmxon %0" : : "m"(vmxon_operand) : "memory", "cc");
}

static void call(u64 leaf)
{
	u64 rax = leaf;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcf"
		     : "+a"(rax)
		     : "c"(&params)
		     : "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void succeed(const char *fault)
{
	control_command(fault);
	print(control_answer());
}

/* A boot with two processors, of which one calls: the session stays open. */
void gate_rehearsal(void)
{
	vmxon();
	call(TDH_SYS_RD);
	call(SEAMLDR_INSTALL);
	call(TDH_PHYMEM_PAGE_RDMD);
	print("# to come: a call past the gate\n");
	call(TDH_SYS_RD);
}

void gate_update(void)
{
	succeed("fault leaf=SYS.SHUTDOWN,status=0");
	vmxon();
	call(TDH_SYS_SHUTDOWN);
	call(TDH_SYS_INIT);
	call(TDH_SYS_LP_INIT);
	call(TDH_SYS_DISABLE);
	print("# to come: a call past the gate\n");
	call(TDH_SYS_RD);
}

/* With one processor each INSTALL is the last one, and ends the session. */
void gate_open(void)
{
	succeed("fault leaf=SYS.SHUTDOWN,status=0");
	succeed("fault leaf=SYS.UPDATE,status=0");
	vmxon();
	call(SEAMLDR_INSTALL);
	call(TDH_SYS_RD);
	call(TDH_SYS_SHUTDOWN);
	call(TDH_SYS_UPDATE);
	call(TDH_SYS_RD);
}

/* One processor, three calls of which the longest is known. */
void inside_report(void)
{
	vmxon();
	control_command("cost SYS.RD=20ms");
	control_command("inside clear");
	call(TDH_SYS_RD);
	call(SEAMLDR_INSTALL);
	call(SEAMLDR_INSTALL);
	control_command("inside");
	print(control_answer());
}
