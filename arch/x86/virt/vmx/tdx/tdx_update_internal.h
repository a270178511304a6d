/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the TDX module update core share with each other. */
#ifndef _X86_VIRT_TDX_UPDATE_H
#define _X86_VIRT_TDX_UPDATE_H

#include <linux/types.h>

/**
 * enum tdx_update_outcome - what an update leaves behind for TDX users
 * @TDX_UPDATE_USABLE:	a TDX module serves SEAMCALLs
 * @TDX_UPDATE_BROKEN:	no module does, until another update succeeds
 */
enum tdx_update_outcome {
	TDX_UPDATE_USABLE,
	TDX_UPDATE_BROKEN,
};

int tdx_update_write_lock(unsigned int wait_ms);
void tdx_update_write_unlock(enum tdx_update_outcome outcome);

void tdx_update_cancel_wait(void);
void tdx_update_cancel_clear(void);
bool tdx_update_cancelled(void);

unsigned int tdx_update_blocks_in_flight(void);

#endif /* _X86_VIRT_TDX_UPDATE_H */
