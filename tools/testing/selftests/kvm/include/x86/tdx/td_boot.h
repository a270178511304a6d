/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page at the top of 4 GiB in which each vCPU of a TD starts.
 *
 * Shared between C and assembly, and between host and guest.
 */
#ifndef SELFTEST_KVM_TD_BOOT_H
#define SELFTEST_KVM_TD_BOOT_H

#define TD_BOOT_GPA			0xfffff000
#define TD_BOOT_MAX_VCPUS		64

#define TD_BOOT_PARAMS_CR3		0
#define TD_BOOT_PARAMS_IDT_LIMIT	8
#define TD_BOOT_PARAMS_IDT_BASE	10
#define TD_BOOT_PARAMS_VCPUS		32
#define TD_BOOT_PARAMS_SIZE		(TD_BOOT_PARAMS_VCPUS + TD_BOOT_MAX_VCPUS * 16)
#define TD_BOOT_VCPU_SHIFT		4
#define TD_BOOT_VCPU_STACK		0
#define TD_BOOT_VCPU_ENTRY		8

/* Where the default guest code reports MRTD: a port for each 32 bits of it. */
#define TDX_MRTD_PORT			0x5e00
#define TDX_MRTD_NR_WORDS		12

#ifndef __ASSEMBLER__

#include "kvm_util.h"

struct td_per_vcpu_parameters {
	u64 esp_gva;
	u64 guest_code;
} __packed;

struct td_boot_parameters {
	u64 cr3;
	u16 idt_limit;
	u64 idt_base;
	u8 reserved[14];
	struct td_per_vcpu_parameters per_vcpu[TD_BOOT_MAX_VCPUS];
} __packed;

kvm_static_assert(offsetof(struct td_boot_parameters, idt_limit) == TD_BOOT_PARAMS_IDT_LIMIT);
kvm_static_assert(offsetof(struct td_boot_parameters, idt_base) == TD_BOOT_PARAMS_IDT_BASE);
kvm_static_assert(offsetof(struct td_boot_parameters, per_vcpu) == TD_BOOT_PARAMS_VCPUS);
kvm_static_assert(sizeof(struct td_boot_parameters) == TD_BOOT_PARAMS_SIZE);

/* The template of the page; struct td_boot_parameters is at its beginning. */
extern const u8 td_boot_page[];
/* Default guest code in the template: report MRTD, again and again. */
extern const u8 td_boot_report_mrtd[];

#endif /* __ASSEMBLER__ */

#endif /* SELFTEST_KVM_TD_BOOT_H */
