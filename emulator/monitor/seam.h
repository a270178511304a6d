/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's side of SEAM: P-SEAMLDR, the TDX module and what is asked of them. */
#ifndef MONITOR_SEAM_H
#define MONITOR_SEAM_H

#include "../abi/platform.h"
#include "../abi/seamcall.h"
#include "../seamldr/seamldr.h"

struct cpu;

/* seam.c */
extern struct seamldr seamldr;
extern struct seam_platform seam_platform;

/* By leaf: how often a SEAMCALL, or a TDCALL, met a lock that another LP had. Atomic. */
#define NUM_TDH_LEAVES 128
extern u64 seam_contention[NUM_TDH_LEAVES], td_contention[NUM_TDH_LEAVES];

void seam_init(void);
void seam_boot_load(void);
const char *seam_where(u64 rip);

/* td_run.c */
void td_vmrun(u64 vmcb_pa, struct seam_gprs *gprs, struct seam_extended_state *extended);
int td_acknowledge_interrupt(void);
void td_end_interrupt(void);

/* seamcall.c */
/* Which leaf, without its version. */
#define SEAMCALL_LEAF(rax) ((rax) & (SEAMCALL_P_SEAMLDR | SEAMCALL_LEAF_MASK))

enum seamcall_result {
	SEAMCALL_RETURNED,	 /* a status is in RAX */
	SEAMCALL_VMFAIL_INVALID, /* RAX is unchanged */
	SEAMCALL_UD,
	SEAMCALL_GP,
};

#define NUM_SEAMLDR_LEAVES 8

struct seamcall_stats {
	u64 vmfail_invalid, in_transition, faults;
	u64 tdh[NUM_TDH_LEAVES], seamldr[NUM_SEAMLDR_LEAVES]; /* calls by leaf */
};

extern struct seamcall_stats seamcall_stats;

/* transition.c */
extern bool strict, gate_expected;

void transition_check(const struct cpu *cpu, u64 leaf);
void transition_check_quiet(void);
void transition_check_nobody_inside(void);
void transition_replacing(void);
void transition_follow(u64 leaf, bool success);

/* seam_time.c */
void seam_time_add(struct cpu *cpu, u64 leaf, u64 cycles);
void seam_time_clear(void);
void seam_time_write(char *text, size_t size);

/* fault.c */
struct fault_action {
	enum seamcall_result result;
	u64 status;
	bool has_rdx;
	u64 rdx;
};

bool parse_leaf(const char **text, u64 *leaf);
const char *fault_add(const char *specification);
bool fault_find(u32 cpu, u64 leaf, struct fault_action *action);
const char *cost_set(const char *specification);
void cost_spend(u64 leaf, unsigned int cpu);
extern u32 cpus_in_cost; /* that spend one now */
const char *hold_set(const char *specification);
bool hold_find(u64 leaf, unsigned int cpu);
void hold_release(void);
/* Of cost_spend(): the SEAMLDR.INSTALL that replaces the module. */
#define COST_REPLACING (SEAMLDR_INSTALL | BIT(62))
void fault_clear(void);

/* lock_hold.c */
const char *lock_hold_add(const char *specification);
void lock_hold_clear(void);
/* The module's call of @leaf, on this CPU, has @lock: it is held here if it was asked for. */
void lock_hold_wait(u64 leaf, enum seam_lock lock);
extern u32 cpus_in_lock; /* that are held now */
/* seam.c: how often a call of @leaf met a lock of another CPU's. */
u64 contentions(u64 leaf);

/* trace.c */
extern bool trace_on;

void trace_seamcall(u32 cpu, const struct seam_gprs *in, const struct seam_gprs *out,
		    enum seamcall_result result);
void trace_mark(u32 cpu, const char *text);

/* control.c */
const char *control_command(const char *command, char *answer, size_t size);
void control_options(const char *options);

#endif
