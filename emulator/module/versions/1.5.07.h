/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Knows of updates during a build: FEATURES0 bit 47, handoff version 1. Yet another
 * layout of the MRTD context. Initializes more of a TDMR at a time.
 */
#define MODULE_NAME	      "1.5.07"
#define MODULE_MAJOR_VERSION  1
#define MODULE_MINOR_VERSION  5
#define MODULE_UPDATE_VERSION 7
#define MODULE_BUILD_DATE     0x20240723
#define MODULE_BUILD_NUMBER   802

#define MODULE_HANDOFF_VERSION	  1
#define MODULE_MIN_UPDATE_HANDOFF 0
#define MODULE_NO_DOWNGRADE	  0

#define MODULE_MRTD_LAYOUT		3
#define MODULE_HAS_UPDATE_COMPATIBILITY 1

/* PAMT entries that one TDH.SYS.TDMR.INIT initializes. */
#define MODULE_TDMR_INIT_ENTRIES  4096
/* Whether TDH.MNG.RD knows the number of vCPUs, and TDG.VM.RD too. */
#define MODULE_NUM_VCPUS_READABLE 1
