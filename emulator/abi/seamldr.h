/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * P-SEAMLDR's interface to the host: leaves, status codes and the structures in
 * memory. Nothing here is specific to the emulator.
 */
#ifndef EMULATOR_ABI_SEAMLDR_H
#define EMULATOR_ABI_SEAMLDR_H

#include "types.h"

/* RAX bit 63 of a SEAMCALL selects P-SEAMLDR instead of the TDX module. */
#define SEAMLDR_LEAF_FLAG BIT(63)

#define SEAMLDR_INFO	 (SEAMLDR_LEAF_FLAG | 0)
#define SEAMLDR_INSTALL	 (SEAMLDR_LEAF_FLAG | 1)
#define SEAMLDR_SHUTDOWN (SEAMLDR_LEAF_FLAG | 2)
#define SEAMLDR_SEAMINFO (SEAMLDR_LEAF_FLAG | 3)
#define SEAMLDR_CLEANUP	 (SEAMLDR_LEAF_FLAG | 4)

/* Status in RAX. */
#define SEAMLDR_SUCCESS	     0UL
#define SEAMLDR_EBADPARAM    0x8000000000000000UL
#define SEAMLDR_EBADCALL     0x8000000000000003UL
#define SEAMLDR_EBADHANDOFF  0x8000000000000004UL
#define SEAMLDR_ECLEANUPREQ  0x8000000000000005UL
#define SEAMLDR_EUNSUPPORTED 0x8000000000000006UL
#define SEAMLDR_ENOMEM	     0x8000000000010002UL
#define SEAMLDR_EUNSPECERR   0x8000000000010003UL
#define SEAMLDR_EUNSUPCPU    0x8000000000010004UL
#define SEAMLDR_EBADSIG	     0x8000000000020000UL
#define SEAMLDR_EBADHASH     0x8000000000020001UL
#define SEAMLDR_EINTERRUPT   0x8000000000030000UL
#define SEAMLDR_ENOENTROPY   0x8000000000030001UL

/* RDX of SEAMLDR.INSTALL: what a failure did to the module that was there. */
#define SEAMLDR_INSTALL_RECOVERABLE   0UL
#define SEAMLDR_INSTALL_UNRECOVERABLE 1UL

#define SEAMLDR_MAX_MODULE_PAGES 496

enum seamldr_scenario {
	SEAMLDR_SCENARIO_LOAD,
	SEAMLDR_SCENARIO_UPDATE,
};

/* Operand of SEAMLDR.INSTALL. */
struct seamldr_params {
	u32 version;
	u32 scenario;
	u64 sigstruct_pa;
	u8 reserved[104];
	u64 num_module_pages;
	u64 module_page_pa[SEAMLDR_MAX_MODULE_PAGES];
};

_Static_assert(sizeof(struct seamldr_params) == 4096, "SEAMLDR_PARAMS");
_Static_assert(offsetof(struct seamldr_params, num_module_pages) == 120, "SEAMLDR_PARAMS");

/* The contents of the SEAMEXTEND register, which names the installed module. */
#define SEAMEXTEND_ALL_VALID 0x1ffUL

struct seam_extend {
	u64 valid;
	u8 tee_tcb_svn[16];
	u8 mrseam[48];
	u8 mrsigner[48];
	u64 attributes;
};

_Static_assert(sizeof(struct seam_extend) == 128, "SEAMEXTEND");
_Static_assert(offsetof(struct seam_extend, attributes) == 120, "SEAMEXTEND");

#define SEAMLDR_VENDOR_INTEL	0x8086
#define SEAMLDR_FEATURE_CLEANUP BIT(1)

/* Output of SEAMLDR.INFO. */
struct seamldr_info {
	u32 version;
	u32 attributes;
	u32 vendor;
	u32 build_date; /* BCD, YYYYMMDD */
	u16 build_number;
	u16 minor;
	u16 major;
	u16 update;
	u32 acm_x2apic_id; /* of the LP that started P-SEAMLDR */
	u32 num_remaining_updates;
	struct seam_extend seam_extend;
	u8 seam_ready;
	u8 system_under_debug;
	u8 p_seamldr_ready;
	u8 reserved1[5];
	u64 features0;
	u8 reserved2[80];
};

_Static_assert(sizeof(struct seamldr_info) == 256, "SEAMLDR_INFO");
_Static_assert(offsetof(struct seamldr_info, seam_extend) == 32, "SEAMLDR_INFO");
_Static_assert(offsetof(struct seamldr_info, seam_ready) == 160, "SEAMLDR_INFO");
_Static_assert(offsetof(struct seamldr_info, features0) == 168, "SEAMLDR_INFO");

#define SEAM_SIGSTRUCT_HEADER_TYPE    6
#define SEAM_SIGSTRUCT_HEADER_LENGTH  0xe1 /* in dwords, as all sizes here */
#define SEAM_SIGSTRUCT_HEADER_VERSION 0x10000
#define SEAM_SIGSTRUCT_DEBUG_SIGNED   0x80000000U
#define SEAM_SIGSTRUCT_SIZE	      0x200
#define SEAM_SIGSTRUCT_KEY_SIZE	      0x60
#define SEAM_SIGSTRUCT_EXPONENT_SIZE  1
#define SEAM_SIGSTRUCT_EXPONENT	      0x10001
#define SEAM_SIGSTRUCT_MAX_CPUIDS     255

/*
 * The signed description of a TDX module's image. The signature covers all but
 * the fields from @modulus to @signature. Fields named num_*_pages hold the
 * number minus one.
 */
struct seam_sigstruct {
	u32 header_type;
	u32 header_length;
	u32 header_version;
	u32 module_type;
	u32 vendor;
	u32 date;
	u32 size;
	u32 key_size;
	u32 modulus_size;
	u32 exponent_size;
	u8 reserved1[88];
	u8 modulus[384]; /* little endian */
	u32 exponent;
	u8 signature[384]; /* little endian */
	u8 seamhash[48];
	u16 seamsvn; /* major in the high byte */
	u64 attributes;
	u32 rip_offset;
	u8 num_stack_pages;
	u8 num_tls_pages;
	u16 num_keyhole_pages;
	u16 num_global_data_pages;
	u16 max_tdmrs;
	u16 max_rsvd_per_tdmr;
	u16 pamt_entry_size[3];
	u8 reserved2[6];
	u16 module_hv;
	u16 min_update_hv;
	u8 no_downgrade;
	u8 reserved3;
	u16 num_handoff_pages;
	u32 gdt_idt_offset;
	u32 fault_wrapper_offset;
	/* The module's version: in images of 2.0.x; those of 1.5.x have zeros. */
	u16 update;
	u8 minor;
	u8 major;
	u16 build;
	u8 reserved4[18];
	u32 cpuid_table_size;
	u32 cpuid_table[SEAM_SIGSTRUCT_MAX_CPUIDS];
} __attribute__((packed));

_Static_assert(sizeof(struct seam_sigstruct) == 2048, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, modulus) == 128, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, exponent) == 512, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, signature) == 516, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, seamhash) == 900, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, seamsvn) == 948, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, rip_offset) == 958, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, num_global_data_pages) == 966, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, module_hv) == 984, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, num_handoff_pages) == 990, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, gdt_idt_offset) == 992, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, update) == 1000, "SEAM_SIGSTRUCT");
_Static_assert(offsetof(struct seam_sigstruct, cpuid_table_size) == 1024, "SEAM_SIGSTRUCT");

/*
 * At the base of the data region. TDH.SYS.SHUTDOWN of the old module writes it,
 * SEAMLDR.INSTALL checks and preserves it, TDH.SYS.UPDATE of the new one uses it.
 */
struct seam_handoff_header {
	u8 valid;
	u8 reserved;
	u16 hv;
	u32 size; /* bytes of data behind this header */
};

_Static_assert(sizeof(struct seam_handoff_header) == 8, "handoff header");

#define P_SYSINFO_MAX_SOCKETS 8

/* What MCHECK told P-SEAMLDR; output of SEAMLDR.SEAMINFO, 2 KiB with its padding. */
struct p_sysinfo_table {
	u64 version;
	u32 tot_num_lps;
	u32 tot_num_sockets;
	u32 socket_cpuid[P_SYSINFO_MAX_SOCKETS];
	u64 p_seamldr_range_base;
	u64 p_seamldr_range_size;
	u8 skip_smrr2_check;
	u8 tdx_ac;
	u8 reserved1[62];
	struct {
		u64 base;
		u64 size;
	} cmr[32];
	u8 reserved2[1408];
};

_Static_assert(sizeof(struct p_sysinfo_table) == 2048, "P_SYSINFO");

#endif
