/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the emulated platform and the software that runs in
 * SEAM root mode.
 *
 * The platform is the monitor; in host-side tests it is a fake. The software is
 * P-SEAMLDR, which is linked with the monitor, and the TDX module, a binary of
 * its own that P-SEAMLDR copies into the SEAM range and that the monitor calls
 * there. Neither of the two includes a header of the monitor, and the monitor
 * knows nothing of TDs: what a page belongs to and what a TD may do is the
 * module's business, as on hardware.
 *
 * All of it runs on the monitor's stack of the calling logical processor (LP),
 * with the global interrupt flag clear, and possibly on all LPs at once.
 */
#ifndef EMULATOR_ABI_PLATFORM_H
#define EMULATOR_ABI_PLATFORM_H

#include "types.h"

#define SEAM_PLATFORM_ABI 5
#define SEAM_MAX_LPS	  64
#define SEAM_MAX_CMRS	  32

/* Index of a register in struct seam_gprs: the instruction set's encoding. */
/* clang-format off */
enum seam_gpr {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	GPR_COUNT
};
/* clang-format on */

/* General-purpose registers. The RSP slot is unused: a VMCB holds RSP. */
struct seam_gprs {
	u64 reg[GPR_COUNT];
};

/* Why the host lost its mapping of a page; for reports and invariants only. */
enum seam_page_use {
	SEAM_PAGE_HOST = -1, /* it has the mapping */
	SEAM_PAGE_SEAMRR,    /* code and data of P-SEAMLDR and the TDX module */
	SEAM_PAGE_PAMT,
	SEAM_PAGE_TD_CONTROL, /* TDR, TDCX, TDVPR */
	SEAM_PAGE_SEPT,	      /* secure EPT */
	SEAM_PAGE_TD_PRIVATE,
	SEAM_PAGE_PLATFORM, /* the platform's own */
};

/**
 * struct seam_extended_state - what of a TD's vCPU is in no VMCB
 * @xsave_pa: extended state in standard XSAVE format, a page of 4 KiB.
 * @xfam: XCR0 while the vCPU runs.
 * @tsc_aux: IA32_TSC_AUX; in only.
 * @dr: DR0 to DR3.
 */
struct seam_extended_state {
	u64 xsave_pa;
	u64 xfam;
	u64 tsc_aux;
	u64 dr[4];
};

/* Locks of the TDX module in which the platform may hold a call: see @locked. */
enum seam_lock {
	SEAM_LOCK_TDR,
	SEAM_LOCK_TD_EPOCH,
	SEAM_LOCK_SEPT_TREE,
	SEAM_LOCK_SEPT_ENTRY,
};

struct seam_memory_range {
	u64 base;
	u64 size;
};

/**
 * struct seam_platform - what the platform offers to software in SEAM root mode
 * @abi: SEAM_PLATFORM_ABI; a module built for another value refuses SYS.INIT.
 * @num_lps: LPs that the firmware enumerated, online or not.
 * @num_packages: physical packages.
 * @acm_x2apic_id: of the LP on which the firmware started P-SEAMLDR.
 * @phys_bits: bits of a physical address without the KeyID bits, which follow.
 * @num_mktme_keyids: shared KeyIDs; private ones are the next @num_tdx_keyids.
 * @num_tdx_keyids: number of private KeyIDs (IA32_MKTME_KEYID_PARTITIONING).
 * @tsc_khz: rate of the time-stamp counter.
 * @phys_offset: add it to a physical address to get a pointer (0 on the
 *		 emulated host, where SEAM software runs identity mapped).
 * @seamrr: the SEAM range.
 * @num_cmrs: valid entries of @cmr.
 * @cmr: convertible memory, in ascending order.
 * @iopm_pa: an SVM I/O permission map that intercepts every port.
 * @msrpm_pa: an SVM MSR permission map that intercepts every MSR.
 * @deep_invariants: check on each SEAMCALL what takes long to check, too. May change
 *		     at any time.
 * @hardware_locks: a lock that another LP holds is BUSY at once, as on hardware, and not
 *		    waited for. May change at any time.
 * @exact_tsc: a TD's time-stamp counter runs at the platform's rate, not at the multiple
 *	       of 25 MHz that its host asked for.
 *
 * The callbacks may be called on any LP, and with locks held.
 */
struct seam_platform {
	u32 abi;
	u32 num_lps;
	u32 num_packages;
	u32 acm_x2apic_id;
	u32 phys_bits;
	u32 num_mktme_keyids;
	u32 num_tdx_keyids;
	u64 tsc_khz;
	u64 phys_offset;
	struct seam_memory_range seamrr;
	u32 num_cmrs;
	struct seam_memory_range cmr[SEAM_MAX_CMRS];
	u64 iopm_pa;
	u64 msrpm_pa;
	bool deep_invariants;
	bool hardware_locks;
	bool exact_tsc;

	/**
	 * @protect: take pages from the host: its nested page table loses them
	 * before the call returns on this LP; other LPs drop stale
	 * translations at their next exit at the latest. A page that is
	 * protected already is a broken invariant, unless of the same use.
	 */
	void (*protect)(u64 pa, u64 size, enum seam_page_use use);

	/** @unprotect: give pages back to the host. */
	void (*unprotect)(u64 pa, u64 size);

	/** @page_use: what the host lost a page to. Memory or not: SEAM_PAGE_HOST. */
	enum seam_page_use (*page_use)(u64 pa);

	/**
	 * @vmrun: run a TD's virtual CPU until its next #VMEXIT.
	 *
	 * Loads the extended state, does VMLOAD, VMRUN and VMSAVE with the VMCB at
	 * @vmcb_pa and the registers in @gprs (RAX and RSP are in the VMCB), stores the
	 * extended state again and leaves a clean one to the host, as TDH.VP.ENTER does.
	 * Afterwards the exit is described by the VMCB alone.
	 */
	void (*vmrun)(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended);

	/**
	 * @acknowledge_interrupt: acknowledge the pending external interrupt of
	 * this LP without ending it in the local APIC (VMX exit control
	 * "acknowledge interrupt on exit").
	 *
	 * Return: its vector, or -1 when none is pending any more.
	 */
	int (*acknowledge_interrupt)(void);

	/** @end_interrupt: end the interrupt that was acknowledged last (EOI). */
	void (*end_interrupt)(void);

	/**
	 * @invept_count: how many INVEPTs this LP has executed. Whoever caches
	 * translations of the host's shared EPT drops them when it moved.
	 */
	u64 (*invept_count)(u32 lp);

	/**
	 * @contended: another LP holds a lock that a call of @leaf needs, which is a
	 * TDCALL's with SEAMCALL_TDCALL.
	 */
	void (*contended)(u64 leaf);

	/** @locked: a call of @leaf has that lock now, and has changed nothing under it yet. */
	void (*locked)(u64 leaf, enum seam_lock lock);

	/** @rdtsc: the time-stamp counter of this LP. */
	u64 (*rdtsc)(void);

	/** @random: RDRAND. Return: false when there is no entropy. */
	bool (*random)(u64 *value);

	/** @log: one line to the emulator's log; printf's %s %c %d %u %x %lx %lu %p. */
	void (*log)(const char *format, ...) __attribute__((format(printf, 1, 2)));

	/**
	 * @broken: an invariant of the emulator itself does not hold. Reports
	 * where and what, and ends the run: tdxhost exits with status 126.
	 */
	void (*broken)(const char *file, int line, const char *what) __attribute__((noreturn));
};

/**
 * struct seam_sysinfo - what P-SEAMLDR tells the module that it installed
 * @platform: the platform's callbacks.
 * @module_base: where the image was copied to; @module_size bytes.
 * @data_base: the data region, which starts with the handoff area. All of it but
 *	       the handoff area was wiped by the installation.
 * @data_size: its size in bytes, the handoff area included.
 * @handoff_size: size of the handoff area in bytes.
 * @module_hv: highest handoff version, from the SEAM_SIGSTRUCT.
 * @min_update_hv: lowest handoff version, from the SEAM_SIGSTRUCT.
 * @no_downgrade: from the SEAM_SIGSTRUCT.
 * @seam_svn: from the SEAM_SIGSTRUCT.
 * @mrseam: SHA-384 of the module's image (SEAMHASH).
 */
struct seam_sysinfo {
	const struct seam_platform *platform;
	u64 module_base;
	u64 module_size;
	u64 data_base;
	u64 data_size;
	u64 handoff_size;
	u16 module_hv;
	u16 min_update_hv;
	u16 no_downgrade;
	u16 seam_svn;
	u8 mrseam[48];
};

/**
 * struct seam_cpu - a call into SEAM root mode on one LP
 * @platform: the platform's callbacks.
 * @sysinfo: of the module that is running; unused by P-SEAMLDR.
 * @lp: index of the LP, 0 … num_lps - 1.
 * @x2apic_id: x2APIC ID of the LP.
 * @package: physical package of the LP.
 * @host: the host's registers, in and out. RAX is the leaf, then the status.
 */
struct seam_cpu {
	const struct seam_platform *platform;
	struct seam_sysinfo *sysinfo;
	u32 lp;
	u32 x2apic_id;
	u32 package;
	struct seam_gprs host;
};

/*
 * The module's entry point, at SEAM_SIGSTRUCT.rip_offset of its image. Called
 * for each SEAMCALL with RAX bit 63 clear while SEAM_READY is set. The module
 * writes its outputs, the status in RAX included, into @cpu->host; the monitor
 * then clears the arithmetic flags and skips the instruction.
 */
typedef void (*seam_module_entry_t)(struct seam_cpu *cpu);

static inline void *seam_pointer(const struct seam_platform *platform, u64 pa)
{
	return (void *)(pa + platform->phys_offset);
}

#endif
