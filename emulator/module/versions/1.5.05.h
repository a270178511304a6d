/* SPDX-License-Identifier: GPL-2.0-only */
/* The module that the BIOS loads. */
#define MODULE_NAME	      "1.5.05"
#define MODULE_MAJOR_VERSION  1
#define MODULE_MINOR_VERSION  5
#define MODULE_UPDATE_VERSION 5
#define MODULE_BUILD_DATE     0x20240129
#define MODULE_BUILD_NUMBER   744

#define MODULE_HANDOFF_VERSION	  0
#define MODULE_MIN_UPDATE_HANDOFF 0
#define MODULE_NO_DOWNGRADE	  0

#define MODULE_MRTD_LAYOUT		1
#define MODULE_HAS_UPDATE_COMPATIBILITY 0

/* PAMT entries that one TDH.SYS.TDMR.INIT initializes. */
#define MODULE_TDMR_INIT_ENTRIES  1024
/* Whether TDH.MNG.RD knows the number of vCPUs, and TDG.VM.RD too. */
#define MODULE_NUM_VCPUS_READABLE 0
