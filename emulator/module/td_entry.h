/* SPDX-License-Identifier: GPL-2.0-only */
/* TDH.VP.ENTER: between the host and a TD. */
#ifndef EMULATOR_MODULE_TD_ENTRY_H
#define EMULATOR_MODULE_TD_ENTRY_H

#include "vcpu.h"

/* VMX basic exit reasons, by which the host and the TD know what happened. */
enum exit_reason {
	EXIT_REASON_EXCEPTION_NMI = 0,
	EXIT_REASON_EXTERNAL_INTERRUPT = 1,
	EXIT_REASON_TRIPLE_FAULT = 2,
	EXIT_REASON_CPUID = 10,
	EXIT_REASON_HLT = 12,
	EXIT_REASON_INVD = 13,
	EXIT_REASON_VMCALL = 18,
	EXIT_REASON_CR_ACCESS = 28,
	EXIT_REASON_IO = 30,
	EXIT_REASON_MSR_READ = 31,
	EXIT_REASON_MSR_WRITE = 32,
	EXIT_REASON_MWAIT = 36,
	EXIT_REASON_MONITOR = 39,
	EXIT_REASON_EPT_VIOLATION = 48,
	EXIT_REASON_WBINVD = 54,
	EXIT_REASON_TDCALL = 77,
};

/* What the host gets in its registers when a TD exits. */
struct td_exit {
	u64 status;		    /* RAX */
	u64 qualification;	    /* RCX */
	u64 extended_qualification; /* RDX */
	u64 gpa;		    /* R8 */
	u64 interrupt_info;	    /* R9 */
	bool vmcall;		    /* TDG.VP.VMCALL: the TD's registers instead */
};

/* Whether the TD can go on, or the host has to have a look. */
enum td_next {
	TD_RESUME,
	TD_EXIT,
};

/* Type of an EPT violation's extended qualification. */
#define EXTENDED_QUALIFICATION_ACCEPT  1
#define EXTENDED_QUALIFICATION_PENDING 6

#define INTERRUPT_INFO_VALID BIT(31)
#define INTERRUPT_INFO_NMI   (2UL << 8)

/* EPT violation qualification: what the access was. */
#define EPT_VIOLATION_READ		BIT(0)
#define EPT_VIOLATION_WRITE		BIT(1)
#define EPT_VIOLATION_FETCH		BIT(2)
#define EPT_VIOLATION_PERMISSIONS_SHIFT 3

/* td_exit.c: after a VMRUN. */
enum td_next td_handle_exit(struct call *call, struct vcpu *vcpu, struct td_exit *exit);

/*
 * An access to private memory at @gpa that is not mapped: the host maps it, or the
 * TD hears that it has to accept it first.
 */
enum td_next td_private_fault(struct call *call, struct vcpu *vcpu, u64 gpa, u64 qualification,
			      struct td_exit *exit);

/* Events for the TD. */
void td_inject_exception(struct vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code);
void td_inject_ve(struct vcpu *vcpu, const struct ve_info *info);

/* Go on behind an instruction. */
void td_skip_instruction(struct vcpu *vcpu, u32 length);

/* tdcall.c: TDCALL, at RIP and with @length bytes. */
enum td_next td_handle_tdcall(struct call *call, struct vcpu *vcpu, u32 length,
			      struct td_exit *exit);
/* The registers that go with TDG.VP.VMCALL, there and back. */
void td_vmcall_to_host(struct call *call, const struct vcpu *vcpu);
void td_vmcall_from_host(struct call *call, struct vcpu *vcpu);

/* td_msr.c: RDMSR and WRMSR. */
enum td_next td_handle_msr(struct call *call, struct vcpu *vcpu, bool write);
/* td_cr.c: writes of CR0 and CR4. */
enum td_next td_handle_write_cr(struct call *call, struct vcpu *vcpu, u32 number);
/* The TD's time-stamp counter. */
u64 td_read_tsc(const struct call *call, const struct vcpu *vcpu);

/* report.c */
void td_report(struct call *call, struct vcpu *vcpu, const void *report_data, void *report);
void td_rtmr_extend(struct call *call, struct vcpu *vcpu, u32 i, const void *data);

#endif
