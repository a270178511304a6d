/* SPDX-License-Identifier: GPL-2.0-only */
/* Replace the TDX module behind the closed gate. */
#ifndef _X86_VIRT_TDX_REPLACE_H
#define _X86_VIRT_TDX_REPLACE_H

#include <linux/types.h>

#include "tdx_update_failure.h"

struct seamldr_params;

/**
 * struct tdx_replacement - what to do while the gate is closed, and what came of it
 * @params: the new module
 * @handoff_version: of the data that the old module is to leave
 * @avoid_sensitive: the old module can refuse what would corrupt a TD build
 * @rehearse: ask P-SEAMLDR first whether it accepts the new module
 * @rehearse_only: and do nothing else
 * @shut_down: the old module was shut down, the handoff data waits for a new one
 * @lost: P-SEAMLDR dropped the old module, only a reboot brings one back
 * @failure: why it failed, if it did
 * @closed_ns: for how long the gate was closed
 * @joins: a session of SEAMLDR.INSTALL was open, some CPUs are counted already
 * @installed: the new module is there
 */
struct tdx_replacement {
	const struct seamldr_params *params;
	u16 handoff_version;
	bool avoid_sensitive;
	bool rehearse;
	bool rehearse_only;

	bool shut_down;
	bool lost;
	struct tdx_update_failure failure;
	u64 closed_ns;

	/* Private to tdx_replace.c */
	bool joins;
	bool installed;
};

int tdx_replace_module(struct tdx_replacement *r);

/* For tests. */
u64 tdx_call_each_cpu(u64 (*call)(void *data), void *data, int *cpu);

#endif /* _X86_VIRT_TDX_REPLACE_H */
