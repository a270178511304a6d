/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for Intel TDX guests (TDs): the guest's side.
 */
#ifndef SELFTEST_KVM_TDX_GUEST_H
#define SELFTEST_KVM_TDX_GUEST_H

#include "kvm_util.h"
#include "tdx/tdx_mrtd.h"

/* Width of guest physical addresses; the highest bit says "shared". */
#define TDX_GPAW		48
#define TDX_SHARED_BIT		BIT_ULL(TDX_GPAW - 1)

/* Leaves of TDCALL. */
#define TDG_VP_VMCALL		0
#define TDG_VP_INFO		1
#define TDG_MR_REPORT		4

/* Sub-functions of TDG.VP.VMCALL. */
#define TDVMCALL_HLT		12
#define TDVMCALL_IO		30
#define TDVMCALL_MMIO		48

#define TDX_REPORTDATA_SIZE	64
#define TDX_REPORT_ALIGN	1024

/* What TDG.MR.REPORT writes. */
struct tdx_report {
	struct {
		u8 type[4];
		u8 reserved_4[12];
		u8 cpu_svn[16];
		u8 tee_tcb_info_hash[SHA384_DIGEST_SIZE];
		u8 tee_info_hash[SHA384_DIGEST_SIZE];
		u8 report_data[TDX_REPORTDATA_SIZE];
		u8 reserved_192[32];
		u8 mac[32];
	} mac_struct;
	u8 tee_tcb_info[239];
	u8 reserved_495[17];
	struct {
		u64 attributes;
		u64 xfam;
		u8 mrtd[SHA384_DIGEST_SIZE];
		u8 mr_config_id[SHA384_DIGEST_SIZE];
		u8 mr_owner[SHA384_DIGEST_SIZE];
		u8 mr_owner_config[SHA384_DIGEST_SIZE];
		u8 rtmr[4][SHA384_DIGEST_SIZE];
		u8 servtd_hash[SHA384_DIGEST_SIZE];
		u8 reserved_448[64];
	} td_info;
} __packed;

kvm_static_assert(sizeof(struct tdx_report) == 1024);

#define TDX_REPORT_TYPE		0x81

/* Set in guests that are TDs. */
extern bool guest_is_td;

struct tdcall_args {
	u64 rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* Execute TDCALL.  Registers not in @args are preserved. */
u64 tdcall(u64 leaf, struct tdcall_args *args);

/* Exit to the host.  Returns its status (R10), with a result in @r11. */
u64 tdvmcall(u64 function, u64 r12, u64 r13, u64 r14, u64 r15, u64 *r11);

u64 tdvmcall_io_write(u16 port, u32 value, u8 size);
u64 tdvmcall_io_read(u16 port, u8 size, u32 *value);
u64 tdvmcall_mmio_write(gpa_t gpa, u64 value, u8 size);

/* Both are guest physical addresses; the report is aligned to 1024 bytes. */
u64 tdx_mr_report(gpa_t report, gpa_t report_data);

/* The backend of ucalls. */
void tdx_do_ucall(gva_t uc);
void *tdx_get_ucall(struct kvm_vcpu *vcpu);

#endif /* SELFTEST_KVM_TDX_GUEST_H */
