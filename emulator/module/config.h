/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a version of the module is.
 *
 * The versions are built from one source. Their headers in versions/ say in what
 * they differ, and each difference has a name here.
 */
#ifndef EMULATOR_MODULE_CONFIG_H
#define EMULATOR_MODULE_CONFIG_H

#include MODULE_CONFIG

/* Bits of FEATURES0; only what the model really has is set. */
#define FEATURES0_TD_PRESERVING		   BIT(1)
#define FEATURES0_TDG_VP_RD_WR		   BIT(3)
#define FEATURES0_PENDING_EPT_VIOLATION_V2 BIT(16)
#define FEATURES0_NO_RBP_MOD		   BIT(18)
#define FEATURES0_TOPOLOGY_ENUM		   BIT(20)
#define FEATURES0_UPDATE_COMPATIBILITY	   BIT(47)

#define MODULE_FEATURES0                                                                         \
	(FEATURES0_TD_PRESERVING | FEATURES0_TDG_VP_RD_WR | FEATURES0_PENDING_EPT_VIOLATION_V2 | \
	 FEATURES0_NO_RBP_MOD | FEATURES0_TOPOLOGY_ENUM |                                        \
	 (MODULE_HAS_UPDATE_COMPATIBILITY ? FEATURES0_UPDATE_COMPATIBILITY : 0))

/* Faults that a broken image has built in; none by default. */
#ifndef MODULE_FAULT_SYS_INIT
#define MODULE_FAULT_SYS_INIT 0
#endif
#ifndef MODULE_FAULT_LP_INIT
#define MODULE_FAULT_LP_INIT 0
#endif
#ifndef MODULE_FAULT_SYS_UPDATE
#define MODULE_FAULT_SYS_UPDATE 0
#endif

/* Pages of a TD's control structure, and of a vCPU's, TDVPR included. */
#ifndef TDCS_PAGES
#define TDCS_PAGES 6
#endif
#define TDVPS_PAGES 6

/* CPUID leaves more than the usual that TDH.MNG.INIT configures. */
#ifndef MODULE_EXTRA_CPUID_CONFIGS
#define MODULE_EXTRA_CPUID_CONFIGS 0
#endif

/* What the image's SEAM_SIGSTRUCT has to say; the number of pages, minus one. */
#define MODULE_HANDOFF_PAGES	 13
#define MODULE_GLOBAL_DATA_PAGES 31
#define MODULE_LP_DATA_PAGES	 63

#endif
