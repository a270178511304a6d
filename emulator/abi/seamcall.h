/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SEAMCALL and TDCALL leaves: numbers, names and the layout of RAX.
 *
 * The lists are X-macros so that a dispatch table, a trace and a parser of fault
 * specifications are made from the same line: X(number, IDENTIFIER, "NAME").
 */
#ifndef EMULATOR_ABI_SEAMCALL_H
#define EMULATOR_ABI_SEAMCALL_H

#include "types.h"

/* RAX on entry; bits 62:24 are reserved and must be zero. */
#define SEAMCALL_LEAF_MASK     GENMASK(15, 0)
#define SEAMCALL_VERSION_SHIFT 16
#define SEAMCALL_VERSION_MASK  GENMASK(23, 16)
#define SEAMCALL_RESERVED_MASK GENMASK(62, 24)
#define SEAMCALL_P_SEAMLDR     BIT(63)
/* Not of RAX: where calls of both kinds are told apart, this one is a TDCALL. */
#define SEAMCALL_TDCALL	       BIT(62)

static inline u16 seamcall_leaf(u64 rax)
{
	return rax & SEAMCALL_LEAF_MASK;
}

static inline u8 seamcall_version(u64 rax)
{
	return (rax & SEAMCALL_VERSION_MASK) >> SEAMCALL_VERSION_SHIFT;
}

/* clang-format off */
/* SEAMCALL leaves of the TDX module. */
#define TDH_LEAVES(X)							\
	X(0,  TDH_VP_ENTER,		"TDH.VP.ENTER")			\
	X(1,  TDH_MNG_ADDCX,		"TDH.MNG.ADDCX")		\
	X(2,  TDH_MEM_PAGE_ADD,		"TDH.MEM.PAGE.ADD")		\
	X(3,  TDH_MEM_SEPT_ADD,		"TDH.MEM.SEPT.ADD")		\
	X(4,  TDH_VP_ADDCX,		"TDH.VP.ADDCX")			\
	X(6,  TDH_MEM_PAGE_AUG,		"TDH.MEM.PAGE.AUG")		\
	X(7,  TDH_MEM_RANGE_BLOCK,	"TDH.MEM.RANGE.BLOCK")		\
	X(8,  TDH_MNG_KEY_CONFIG,	"TDH.MNG.KEY.CONFIG")		\
	X(9,  TDH_MNG_CREATE,		"TDH.MNG.CREATE")		\
	X(10, TDH_VP_CREATE,		"TDH.VP.CREATE")		\
	X(11, TDH_MNG_RD,		"TDH.MNG.RD")			\
	X(16, TDH_MR_EXTEND,		"TDH.MR.EXTEND")		\
	X(17, TDH_MR_FINALIZE,		"TDH.MR.FINALIZE")		\
	X(18, TDH_VP_FLUSH,		"TDH.VP.FLUSH")			\
	X(19, TDH_MNG_VPFLUSHDONE,	"TDH.MNG.VPFLUSHDONE")		\
	X(20, TDH_MNG_KEY_FREEID,	"TDH.MNG.KEY.FREEID")		\
	X(21, TDH_MNG_INIT,		"TDH.MNG.INIT")			\
	X(22, TDH_VP_INIT,		"TDH.VP.INIT")			\
	X(24, TDH_PHYMEM_PAGE_RDMD,	"TDH.PHYMEM.PAGE.RDMD")		\
	X(26, TDH_VP_RD,		"TDH.VP.RD")			\
	X(28, TDH_PHYMEM_PAGE_RECLAIM,	"TDH.PHYMEM.PAGE.RECLAIM")	\
	X(29, TDH_MEM_PAGE_REMOVE,	"TDH.MEM.PAGE.REMOVE")		\
	X(31, TDH_SYS_KEY_CONFIG,	"TDH.SYS.KEY.CONFIG")		\
	X(33, TDH_SYS_INIT,		"TDH.SYS.INIT")			\
	X(34, TDH_SYS_RD,		"TDH.SYS.RD")			\
	X(35, TDH_SYS_LP_INIT,		"TDH.SYS.LP.INIT")		\
	X(36, TDH_SYS_TDMR_INIT,	"TDH.SYS.TDMR.INIT")		\
	X(38, TDH_MEM_TRACK,		"TDH.MEM.TRACK")		\
	X(40, TDH_PHYMEM_CACHE_WB,	"TDH.PHYMEM.CACHE.WB")		\
	X(41, TDH_PHYMEM_PAGE_WBINVD,	"TDH.PHYMEM.PAGE.WBINVD")	\
	X(43, TDH_VP_WR,		"TDH.VP.WR")			\
	X(45, TDH_SYS_CONFIG,		"TDH.SYS.CONFIG")		\
	X(52, TDH_SYS_SHUTDOWN,		"TDH.SYS.SHUTDOWN")		\
	X(53, TDH_SYS_UPDATE,		"TDH.SYS.UPDATE")		\
	X(69, TDH_SYS_DISABLE,		"TDH.SYS.DISABLE")

/*
 * SEAMCALL leaves of P-SEAMLDR, without SEAMCALL_P_SEAMLDR. seamldr.h has the
 * constants; this list is for their names.
 */
#define SEAMLDR_LEAVES(X)						\
	X(0, INFO,			"SEAMLDR.INFO")			\
	X(1, INSTALL,		"SEAMLDR.INSTALL")		\
	X(2, SHUTDOWN,		"SEAMLDR.SHUTDOWN")		\
	X(3, SEAMINFO,		"SEAMLDR.SEAMINFO")		\
	X(4, CLEANUP,		"SEAMLDR.CLEANUP")

/* TDCALL leaves, which a TD calls. */
#define TDG_LEAVES(X)							\
	X(0,  TDG_VP_VMCALL,		"TDG.VP.VMCALL")		\
	X(1,  TDG_VP_INFO,		"TDG.VP.INFO")			\
	X(2,  TDG_MR_RTMR_EXTEND,	"TDG.MR.RTMR.EXTEND")		\
	X(3,  TDG_VP_VEINFO_GET,	"TDG.VP.VEINFO.GET")		\
	X(4,  TDG_MR_REPORT,		"TDG.MR.REPORT")		\
	X(6,  TDG_MEM_PAGE_ACCEPT,	"TDG.MEM.PAGE.ACCEPT")		\
	X(7,  TDG_VM_RD,		"TDG.VM.RD")			\
	X(8,  TDG_VM_WR,		"TDG.VM.WR")			\
	X(9,  TDG_VP_RD,		"TDG.VP.RD")			\
	X(10, TDG_VP_WR,		"TDG.VP.WR")			\
	X(11, TDG_SYS_RD,		"TDG.SYS.RD")
/* clang-format on */

#define SEAMCALL_ENUM(number, id, name) id = number,
enum tdh_leaf { TDH_LEAVES(SEAMCALL_ENUM) };
enum tdg_leaf { TDG_LEAVES(SEAMCALL_ENUM) };
#undef SEAMCALL_ENUM

/* Name of the leaf in @rax, bits 63 and 62 included; NULL when there is no such leaf. */
static inline const char *seamcall_name(u64 rax)
{
#define SEAMCALL_CASE(number, id, name) \
	case number:                    \
		return name;
	if (rax & SEAMCALL_P_SEAMLDR) {
		switch (seamcall_leaf(rax)) {
			SEAMLDR_LEAVES(SEAMCALL_CASE)
		}
	} else if (rax & SEAMCALL_TDCALL) {
		switch (seamcall_leaf(rax)) {
			TDG_LEAVES(SEAMCALL_CASE)
		}
	} else {
		switch (seamcall_leaf(rax)) {
			TDH_LEAVES(SEAMCALL_CASE)
		}
	}
#undef SEAMCALL_CASE
	return NULL;
}

#endif
