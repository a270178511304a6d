/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that all CPUs take together while nothing else runs. */
#ifndef _X86_VIRT_TDX_UPDATE_STEPS_H
#define _X86_VIRT_TDX_UPDATE_STEPS_H

#include <linux/types.h>

/**
 * struct tdx_update_step - one step that all CPUs take before the next begins
 * @name:	for traces
 * @lead_only:	just one CPU works, the others wait
 * @serialized:	one CPU after another does the work, and none after one that failed
 * @run:	does the work on one CPU, on several at once unless @lead_only or
 *		@serialized.  Returns a SEAMCALL status; anything but success stops
 *		all CPUs.
 * @complete:	optional, called once all CPUs have run the step.  Returns 0 to
 *		go on, -EAGAIN to take the step again, another error to stop all
 *		CPUs.
 *
 * Both are called with interrupts off and all other CPUs held.
 */
struct tdx_update_step {
	const char *name;
	bool lead_only;
	bool serialized;
	u64 (*run)(void *data);
	int (*complete)(void *data);
};

/**
 * struct tdx_update_stop - how the steps ended
 * @step:	index of the step at which they ended
 * @cpu:	CPU that failed first, or -1
 * @status:	SEAMCALL status with which it failed, or 0
 * @stop_ns:	for how long the CPUs were stopped
 */
struct tdx_update_stop {
	unsigned int step;
	int cpu;
	u64 status;
	u64 stop_ns;
};

int tdx_update_run_steps(const struct tdx_update_step *steps, unsigned int nr_steps,
			 void *data, struct tdx_update_stop *stop);

#endif /* _X86_VIRT_TDX_UPDATE_STEPS_H */
