// SPDX-License-Identifier: GPL-2.0-only
/*
 * Say what went wrong with an update, to programs and to people
 *
 * Each failure gets one token for scripts, one errno for the driver, which turns
 * it into a firmware upload error, and one line in the log.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/array_size.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/printk.h>

#include <asm/shared/tdx_errno.h>
#include <asm/tdx.h>

#include "seamldr.h"
#include "tdx.h"
#include "tdx_update_failure.h"

static const char * const phase_names[] = {
	[TDX_UPDATE_PHASE_IMAGE]	= "image",
	[TDX_UPDATE_PHASE_PREFLIGHT]	= "preflight",
	[TDX_UPDATE_PHASE_DRAIN]	= "drain",
	[TDX_UPDATE_PHASE_QUIESCE]	= "quiesce",
	[TDX_UPDATE_PHASE_SHUTDOWN]	= "shutdown",
	[TDX_UPDATE_PHASE_INSTALL]	= "install",
	[TDX_UPDATE_PHASE_INIT]		= "init",
	[TDX_UPDATE_PHASE_RESUME]	= "resume",
};

/**
 * tdx_update_phase_name() - the name of a phase in sysfs, traces and the log
 * @phase: the phase
 *
 * Context: Any context.
 * Return: its name.
 */
const char *tdx_update_phase_name(enum tdx_update_phase phase)
{
	return phase_names[phase];
}

struct explanation {
	u64 status;
	const char *reason;
	int error;
};

/* What P-SEAMLDR answers, exactly. */
static const struct explanation seamldr_explanations[] = {
	{ SEAMLDR_EBADPARAM,	"bad-parameter",	-EIO },
	{ SEAMLDR_EBADCALL,	"bad-call",		-EIO },
	{ SEAMLDR_EBADHANDOFF,	"bad-handoff",		-EINVAL },
	{ SEAMLDR_EUNSUPPORTED,	"svn-unsupported",	-EINVAL },
	{ SEAMLDR_ENOMEM,	"no-seam-memory",	-EIO },
	{ SEAMLDR_EUNSPECERR,	"unspecified",		-EIO },
	{ SEAMLDR_EUNSUPCPU,	"cpu-not-supported",	-EINVAL },
	{ SEAMLDR_EBADSIG,	"bad-signature",	-EINVAL },
	{ SEAMLDR_EBADHASH,	"bad-hash",		-EINVAL },
	{ SEAMLDR_ENOENTROPY,	"no-entropy",		-EIO },
};

/* What the TDX module answers, in the upper half of the status. */
static const struct explanation module_explanations[] = {
	{ TDX_SYS_BUSY,				"module-busy",		-EBUSY },
	{ TDX_UPDATE_COMPATIBILITY_SENSITIVE,	"td-build-in-module",	-EBUSY },
	{ TDX_RND_NO_ENTROPY,			"no-entropy",		-EIO },
	{ TDX_SYS_INVALID_HANDOFF,		"bad-handoff",		-EINVAL },
	{ TDX_SYS_INCOMPATIBLE_SIGSTRUCT,	"bad-sigstruct",	-EINVAL },
};

static const char *reason_of_error(int error)
{
	switch (error) {
	case -EBUSY:
		return "td-build";
	case -ETIMEDOUT:
		return "timeout";
	case -ECANCELED:
	case -EINTR:
		return "cancelled";
	case -ENOMEM:
		return "no-memory";
	default:
		return "unknown";
	}
}

static int explain_status(struct tdx_update_failure *failure)
{
	const struct explanation *e;
	int i;

	failure->reason = "seamcall-error";

	if (failure->status == TDX_SEAMCALL_VMFAILINVALID) {
		failure->reason = "no-module";
		return -EIO;
	}

	if (failure->phase == TDX_UPDATE_PHASE_INSTALL) {
		for (i = 0; i < ARRAY_SIZE(seamldr_explanations); i++) {
			e = &seamldr_explanations[i];
			if (failure->status == e->status) {
				failure->reason = e->reason;
				return e->error;
			}
		}
		return -EIO;
	}

	for (i = 0; i < ARRAY_SIZE(module_explanations); i++) {
		e = &module_explanations[i];
		if ((failure->status & TDX_SEAMCALL_STATUS_MASK) == e->status) {
			failure->reason = e->reason;
			return e->error;
		}
	}
	return -EIO;
}

/**
 * tdx_update_explain() - complete a failure and log it
 * @failure: phase and, if a SEAMCALL failed, status and CPU; the reason is filled
 *	     in unless it is known
 * @error: negative errno of the code that failed
 *
 * Context: Process context.
 * Return: the errno that fits best.
 */
int tdx_update_explain(struct tdx_update_failure *failure, int error)
{
	u64 status = failure->status;

	if (status && !failure->reason) {
		error = explain_status(failure);
		pr_err("update: %s on CPU %d returned 0x%016llx: %s\n",
		       tdx_update_phase_name(failure->phase), failure->cpu, status,
		       failure->reason);
	}

	if ((status & TDX_SEAMCALL_STATUS_MASK) == TDX_UPDATE_COMPATIBILITY_SENSITIVE &&
	    failure->phase == TDX_UPDATE_PHASE_SHUTDOWN)
		pr_err("update: the module counts %llu %s\n",
		       FIELD_GET(TDX_SENSITIVE_COUNT, status),
		       FIELD_GET(TDX_SENSITIVE_KIND, status) ?
		       "interrupted migrations" : "TDs that are being built");

	if (!failure->reason) {
		failure->reason = reason_of_error(error);
		pr_err("update refused: %s in phase %s\n", failure->reason,
		       tdx_update_phase_name(failure->phase));
	}

	return error == -EINTR ? -ECANCELED : error;
}
