/* SPDX-License-Identifier: GPL-2.0-only */
/* Say what went wrong with an update, to programs and to people. */
#ifndef _X86_VIRT_TDX_UPDATE_FAILURE_H
#define _X86_VIRT_TDX_UPDATE_FAILURE_H

#include <linux/types.h>

/* In the order in which an update goes through them, see tdx_update.c. */
enum tdx_update_phase {
	TDX_UPDATE_PHASE_IMAGE,
	TDX_UPDATE_PHASE_PREFLIGHT,
	TDX_UPDATE_PHASE_DRAIN,
	TDX_UPDATE_PHASE_REHEARSE,
	TDX_UPDATE_PHASE_SHUTDOWN,
	TDX_UPDATE_PHASE_INSTALL,
	TDX_UPDATE_PHASE_INIT,
	TDX_UPDATE_PHASE_RESUME,
};

/**
 * struct tdx_update_failure - why an update did not succeed
 * @phase: where it ended
 * @status: of the SEAMCALL that failed, 0 if none did
 * @cpu: that made it, or -1
 * @reason: a token in kebab case, a string constant; NULL if @status or the
 *	    error tells
 */
struct tdx_update_failure {
	enum tdx_update_phase phase;
	u64 status;
	int cpu;
	const char *reason;
};

/**
 * enum tdx_update_damage - what an update that failed has left, and what helps
 * @TDX_UPDATE_NO_DAMAGE:	the old module serves on
 * @TDX_UPDATE_TRY_AGAIN:	no module is reachable, but none was lost either
 * @TDX_UPDATE_REPAIRABLE:	the TDs are there again with another module
 * @TDX_UPDATE_LOG_FULL:	no other module can be installed before a reboot
 * @TDX_UPDATE_LOST:		there is nothing left to update, only a reboot helps
 */
enum tdx_update_damage {
	TDX_UPDATE_NO_DAMAGE,
	TDX_UPDATE_TRY_AGAIN,
	TDX_UPDATE_REPAIRABLE,
	TDX_UPDATE_LOG_FULL,
	TDX_UPDATE_LOST,
};

const char *tdx_update_phase_name(enum tdx_update_phase phase);
int tdx_update_explain(struct tdx_update_failure *failure, int error,
		       enum tdx_update_damage damage);

#endif /* _X86_VIRT_TDX_UPDATE_FAILURE_H */
