/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * P-SEAMLDR of the emulated host: installs and updates the TDX module.
 *
 * The SEAM range, from its base: a page with the module's struct seam_sysinfo, a
 * page for each LP (SEAM VMCSs on hardware, empty here), the data region with the
 * handoff area first, room for stacks; at its end the code region of 2 MiB and the
 * range of P-SEAMLDR itself.
 *
 * Linked with the monitor; needs memcpy(), memmove(), memset() and memcmp() of it.
 */
#ifndef EMULATOR_SEAMLDR_H
#define EMULATOR_SEAMLDR_H

#include "../abi/image.h"
#include "../abi/platform.h"
#include "../abi/seamldr.h"

/* Default of seamldr.cpuid_1_eax: Sapphire Rapids. */
#define SEAMLDR_CPUID_1_EAX 0x000806f8

/* Default of seamldr.update_capacity. */
#define SEAMLDR_UPDATE_CAPACITY 64

/* Which leaf's session over all LPs is open. */
enum seamldr_flow {
	SEAMLDR_FLOW_READY,
	SEAMLDR_FLOW_INSTALL,
	SEAMLDR_FLOW_SHUTDOWN,
	SEAMLDR_FLOW_CLEANUP,
};

/**
 * struct seamldr - state of P-SEAMLDR
 * @platform: set by seamldr_init().
 * @update_capacity: entries of the update log (SEAMDB).
 * @cpuid_1_eax: CPUID.1.EAX of all LPs.
 * @replacing: if set, called when SEAMLDR.INSTALL begins to replace the module: all
 *	       its checks have passed, and what takes long on hardware comes now.
 *
 * The monitor may set these between seamldr_init() and seamldr_boot_load(). All the other fields are P-SEAMLDR's own.
 */
struct seamldr {
	const struct seam_platform *platform;
	u32 update_capacity;
	u32 cpuid_1_eax;
	void (*replacing)(void);

	bool busy;	 /* an LP is inside; atomic */
	bool seam_ready; /* the module can be called; atomic */

	/* The open session, which ends when all LPs have called the leaf. */
	enum seamldr_flow flow;
	u32 num_called;
	bool called[SEAM_MAX_LPS];
	bool ready_before; /* @seam_ready when an INSTALL session began */

	/* What is installed. */
	struct seam_extend extend;
	bool range_initialized; /* there was an INSTALL before */
	bool dirty;		/* keys and caches may hold secrets of TDs */
	bool shut_down;		/* P-SEAMLDR is gone until reboot */
	u32 num_remaining_updates;
	u64 handoff_size; /* of the installed module's handoff area */
	u64 data_end;	  /* physical address behind its data region */
	u64 entry;	  /* physical address of its entry point */

	/* Copies of the operands, so that the host cannot change what was checked. */
	struct seamldr_params params;
	struct seam_sigstruct sigstruct;
};

/* Once, before any LP runs the host's software. Takes the SEAM range from the host. */
void seamldr_init(struct seamldr *ldr, const struct seam_platform *platform);

/**
 * seamldr_boot_load - install the first module, as the firmware does
 * @ldr: P-SEAMLDR.
 * @image_pa: physical address of a TDX-BLOB.
 * @size: its size in bytes.
 *
 * Return: a status of SEAMLDR.INSTALL; SEAMLDR_EBADPARAM for a file that is no
 * TDX-BLOB.
 */
u64 seamldr_boot_load(struct seamldr *ldr, u64 image_pa, u64 size);

/**
 * seamldr_call - SEAMCALL with bit 63 of RAX set
 * @ldr: P-SEAMLDR.
 * @cpu: the calling LP; status and outputs go to its registers.
 *
 * Return: false for VMfailInvalid: another LP is inside.
 */
bool seamldr_call(struct seamldr *ldr, struct seam_cpu *cpu);

/* Whether SEAMCALLs reach the module. Without it they are VMfailInvalid. */
bool seamldr_module_ready(const struct seamldr *ldr);

/*
 * Whether some LPs, but not all, have called SEAMLDR.INSTALL. Such a session began
 * with a module that was ready unless an earlier one had replaced it.
 */
bool seamldr_install_pending(const struct seamldr *ldr);

/* Both only while seamldr_module_ready(). */
seam_module_entry_t seamldr_module_entry(const struct seamldr *ldr);
struct seam_sysinfo *seamldr_module_sysinfo(struct seamldr *ldr);

#endif
