// SPDX-License-Identifier: GPL-2.0-only
/* SEAMCALL statuses in words, for the log. */
#include <linux/array_size.h>

#include <asm/shared/tdx_errno.h>

#include "seamcall_internal.h"

static const struct {
	u64 status;
	const char *text;
} texts[] = {
	{ TDX_SYS_BUSY,			"the TDX module is busy" },
	{ TDX_SYS_LP_INIT_NOT_DONE,	"the TDX module is not initialized on this CPU" },
	{ TDX_SYS_NOT_READY,		"the TDX module is not initialized" },
	{ TDX_SYS_SHUTDOWN,		"the TDX module was shut down" },
	{ TDX_SYS_CONFIG_NOT_PENDING,
	  "not all CPUs called the TDX module: boot without maxcpus= and nr_cpus=" },
	{ TDX_INCORRECT_CPUID,
	  "the TDX module does not support this CPU, or its BIOS setup" },
	{ TDX_INCONSISTENT_CPUID,	"the BIOS set CPUs up differently" },
	{ TDX_INCONSISTENT_MSR,		"the BIOS set CPUs up differently" },
	{ TDX_INCORRECT_MSR_VALUE,
	  "the BIOS set this CPU up in a way that the TDX module does not support" },
};

/**
 * seamcall_status_text() - a status of the TDX module in words
 * @status: the status
 *
 * Only those that can have a reason outside of the kernel have any.
 *
 * Context: Any context.
 * Return: a string.
 */
const char *seamcall_status_text(u64 status)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if ((status & TDX_SEAMCALL_STATUS_MASK) == texts[i].status)
			return texts[i].text;
	}

	return "no known reason";
}
