/* SPDX-License-Identifier: GPL-2.0-only */
/* Replace the TDX module at runtime: for drivers that let userspace ask for it. */
#ifndef _ASM_X86_TDX_UPDATE_H
#define _ASM_X86_TDX_UPDATE_H

#include <linux/errno.h>
#include <linux/types.h>

struct notifier_block;

/**
 * enum tdx_update_state - what the update core is doing
 * @TDX_UPDATE_IDLE:	 nothing
 * @TDX_UPDATE_WAITING:	 an update waits for TD builds in flight
 * @TDX_UPDATE_UPDATING: the module is being replaced
 * @TDX_UPDATE_FAILED:	 an update failed and left no usable TDX module
 */
enum tdx_update_state {
	TDX_UPDATE_IDLE,
	TDX_UPDATE_WAITING,
	TDX_UPDATE_UPDATING,
	TDX_UPDATE_FAILED,
};

/**
 * struct tdx_update_status - state of the update core and outcome of the last update
 * @state:		what it is doing
 * @result:		"none", "success", or "refused:PHASE:REASON" (nothing
 *			changed) or "failed:PHASE:REASON"
 * @seamcall_status:	of the SEAMCALL that made the last update fail, or 0
 * @blocks_in_flight:	TD builds that hold updates off at this moment
 * @duration_us:	of the last update, waiting included, in microseconds
 * @stop_us:		how long it kept SEAMCALLs from the module, in microseconds
 */
struct tdx_update_status {
	enum tdx_update_state	state;
	char			result[64];
	u64			seamcall_status;
	unsigned int		blocks_in_flight;
	u64			duration_us;
	u64			stop_us;
};

#ifdef CONFIG_INTEL_TDX_MODULE_UPDATE

int tdx_update_check(const u8 *file, u32 size, struct tdx_update_status *outcome);
int tdx_update_install(const u8 *file, u32 size);
void tdx_update_cancel(void);
void tdx_update_finish(void);
void tdx_update_get_status(struct tdx_update_status *status);

int tdx_update_register_notifier(struct notifier_block *nb);
void tdx_update_unregister_notifier(struct notifier_block *nb);

unsigned int tdx_update_get_wait_ms(void);
int tdx_update_set_wait_ms(unsigned int wait_ms);

#else

static inline int tdx_update_check(const u8 *file, u32 size,
				   struct tdx_update_status *outcome)
{
	return -EOPNOTSUPP;
}

static inline int tdx_update_install(const u8 *file, u32 size)
{
	return -EOPNOTSUPP;
}

static inline void tdx_update_cancel(void) { }
static inline void tdx_update_finish(void) { }

static inline void tdx_update_get_status(struct tdx_update_status *status)
{
	*status = (struct tdx_update_status) {};
}

static inline int tdx_update_register_notifier(struct notifier_block *nb)
{
	return 0;
}

static inline void tdx_update_unregister_notifier(struct notifier_block *nb) { }
static inline unsigned int tdx_update_get_wait_ms(void) { return 0; }

static inline int tdx_update_set_wait_ms(unsigned int wait_ms)
{
	return -EOPNOTSUPP;
}

#endif /* CONFIG_INTEL_TDX_MODULE_UPDATE */

#endif /* _ASM_X86_TDX_UPDATE_H */
