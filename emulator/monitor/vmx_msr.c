// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX capability MSRs, 0x480 to 0x491: a consistent set of a server processor
 * with EPT, APIC virtualization and posted interrupts. In a control MSR the low half
 * tells which bits must be 1, the high half which may be 1.
 */
#include "cpu.h"

#define CONTROLS(must, may) ((u64)(may) << 32 | (must))

#define VMCS_REVISION		 0x11UL
#define BASIC_VMCS_SIZE		 (PAGE_SIZE << 32)
#define BASIC_WRITE_BACK	 (6UL << 50)
#define BASIC_INS_OUTS		 BIT(54)
#define BASIC_TRUE_CONTROLS	 BIT(55)
#define BASIC_NO_ERROR_CODE	 BIT(56) /* an exception with or without one */
#define BASIC_SEAMRET_KEEPS_VMCS BIT(60) /* without it Linux offers no updates */

static const u64 vmx_msrs[] = {
	[0x00] = VMCS_REVISION | BASIC_VMCS_SIZE | BASIC_WRITE_BACK | BASIC_INS_OUTS |
		 BASIC_TRUE_CONTROLS | BASIC_NO_ERROR_CODE | BASIC_SEAMRET_KEEPS_VMCS,
	[0x01] = CONTROLS(0x00000016, 0x000000ff), /* pin based */
	[0x02] = CONTROLS(0x0401e172, 0xfff9fffe), /* processor based */
	[0x03] = CONTROLS(0x00036dff, 0x01ffffff), /* exit */
	[0x04] = CONTROLS(0x000011ff, 0x0003ffff), /* entry */
	[0x05] = 0x000000007004c1e7,		   /* miscellaneous */
	[0x06] = 0x0000000080000021,		   /* CR0 fixed to 1: PE, NE, PG */
	[0x07] = 0x00000000ffffffff,		   /* CR0 that may be 1 */
	[0x08] = 0x0000000000002000,		   /* CR4 fixed to 1: VMXE */
	[0x09] = 0x0000000003ff7fff,		   /* CR4 that may be 1 */
	[0x0a] = 0x000000000000002e,		   /* highest VMCS field */
	[0x0b] = CONTROLS(0x00000000, 0x075d7fff), /* processor based, secondary */
	[0x0c] = 0x00000f0106f34141,		   /* EPT and VPID */
	[0x0d] = CONTROLS(0x00000016, 0x000000ff), /* the true ones, as above */
	[0x0e] = CONTROLS(0x04006172, 0xfff9fffe),
	[0x0f] = CONTROLS(0x00036dfb, 0x01ffffff),
	[0x10] = CONTROLS(0x000011fb, 0x0003ffff),
	[0x11] = 0x0000000000000001, /* VM functions: EPTP switching */
};

bool vmx_msr_read(u32 msr, u64 *value)
{
	u32 index = msr - MSR_VMX_BASIC;

	if (index >= ARRAY_SIZE(vmx_msrs))
		return false;
	*value = vmx_msrs[index];
	return true;
}

u32 vmcs_revision(void)
{
	return VMCS_REVISION;
}
