// SPDX-License-Identifier: GPL-2.0-only
/* TDREPORT, by which a TD proves what it is; and the registers that it extends. */
#include "td_entry.h"

struct tee_tcb_info {
	u64 valid;
	u8 tee_tcb_svn[16];
	u8 mrseam[SHA384_DIGEST_SIZE];
	u8 mrsigner_seam[SHA384_DIGEST_SIZE];
	u64 attributes;
	u8 tee_tcb_svn2[16];
	u8 reserved[95];
} __attribute__((packed));

struct td_info {
	u64 attributes;
	u64 xfam;
	u8 mrtd[SHA384_DIGEST_SIZE];
	u8 mrconfigid[SHA384_DIGEST_SIZE];
	u8 mrowner[SHA384_DIGEST_SIZE];
	u8 mrownerconfig[SHA384_DIGEST_SIZE];
	u8 rtmr[NUM_RTMRS][SHA384_DIGEST_SIZE];
	u8 service_td_hash[SHA384_DIGEST_SIZE];
	u8 reserved[64];
} __attribute__((packed));

struct report_mac {
	u8 type[4];
	u8 reserved1[12];
	u8 cpu_svn[16];
	u8 tee_tcb_info_hash[SHA384_DIGEST_SIZE];
	u8 tee_info_hash[SHA384_DIGEST_SIZE];
	u8 report_data[64];
	u8 reserved2[32];
	u8 mac[32];
} __attribute__((packed));

struct td_report {
	struct report_mac mac;
	struct tee_tcb_info tcb;
	u8 reserved[17];
	struct td_info info;
} __attribute__((packed));

_Static_assert(sizeof(struct report_mac) == 256, "REPORTMACSTRUCT");
_Static_assert(sizeof(struct tee_tcb_info) == 239, "TEE_TCB_INFO");
_Static_assert(sizeof(struct td_info) == 512, "TDINFO");
_Static_assert(sizeof(struct td_report) == 1024, "TDREPORT");

#define REPORT_TYPE_TDX	   0x81
#define TEE_TCB_INFO_VALID 0x1ffUL

static void fill_svn(u8 svn[16], u16 seam_svn)
{
	svn[0] = seam_svn & 0xff;
	svn[1] = seam_svn >> 8;
}

/* Of the module that the TD was launched on, and of the one that runs now. */
static void fill_tcb(const struct call *call, const struct vcpu *vcpu, struct tee_tcb_info *tcb)
{
	const struct tdr *tdr = vcpu->td.tdr;

	tcb->valid = TEE_TCB_INFO_VALID;
	fill_svn(tcb->tee_tcb_svn, tdr->launch_seam_svn);
	fill_svn(tcb->tee_tcb_svn2, call->cpu->sysinfo->seam_svn);
	__builtin_memcpy(tcb->mrseam, tdr->launch_mrseam, SHA384_DIGEST_SIZE);
}

static void fill_info(struct call *call, const struct vcpu *vcpu, struct td_info *info)
{
	const struct td_measurement *m = tdcs_page(call, &vcpu->td, TDCS_MEASUREMENT);

	info->attributes = vcpu->td.tdcs->attributes;
	info->xfam = vcpu->td.tdcs->xfam;
	__builtin_memcpy(info->mrtd, m->mrtd, SHA384_DIGEST_SIZE);
	__builtin_memcpy(info->mrconfigid, m->mrconfigid, SHA384_DIGEST_SIZE);
	__builtin_memcpy(info->mrowner, m->mrowner, SHA384_DIGEST_SIZE);
	__builtin_memcpy(info->mrownerconfig, m->mrownerconfig, SHA384_DIGEST_SIZE);
	__builtin_memcpy(info->rtmr, m->rtmr, sizeof(info->rtmr));
}

/* The MAC stays zero: there is no key that a quoting enclave could check it with. */
void td_report(struct call *call, struct vcpu *vcpu, const void *report_data, void *to)
{
	struct td_report report = { .mac.type = { REPORT_TYPE_TDX } };

	__builtin_memcpy(report.mac.report_data, report_data, sizeof(report.mac.report_data));
	fill_tcb(call, vcpu, &report.tcb);
	fill_info(call, vcpu, &report.info);
	sha384(&report.tcb, sizeof(report.tcb), report.mac.tee_tcb_info_hash);
	sha384(&report.info, sizeof(report.info), report.mac.tee_info_hash);
	__builtin_memcpy(to, &report, sizeof(report));
}

void td_rtmr_extend(struct call *call, struct vcpu *vcpu, u32 i, const void *data)
{
	struct td_measurement *m = tdcs_page(call, &vcpu->td, TDCS_MEASUREMENT);
	struct sha384 context;

	sha384_init(&context);
	sha384_update(&context, m->rtmr[i], SHA384_DIGEST_SIZE);
	sha384_update(&context, data, SHA384_DIGEST_SIZE);
	sha384_final(&context, m->rtmr[i]);
}
