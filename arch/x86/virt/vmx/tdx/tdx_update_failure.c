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
	[TDX_UPDATE_PHASE_REHEARSE]	= "rehearse",
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
	int error;
	const char *reason;
	const char *text;
};

/* What P-SEAMLDR answers, exactly. */
static const struct explanation seamldr_explanations[] = {
	{ SEAMLDR_EBADPARAM,	-EIO,	 "bad-parameter",
	  "P-SEAMLDR found a parameter bad, or the module damaged" },
	{ SEAMLDR_EBADCALL,	-EIO,	 "bad-call",
	  "P-SEAMLDR did not expect the call, or its update log is full" },
	{ SEAMLDR_EBADHANDOFF,	-EINVAL, "bad-handoff",
	  "the image does not take the handoff data that the old module left" },
	{ SEAMLDR_EUNSUPPORTED,	-EINVAL, "svn-unsupported",
	  "the image has another major SVN than the running module: update by the BIOS" },
	{ SEAMLDR_ENOMEM,	-EINVAL, "no-seam-memory",
	  "the module does not fit in the memory that the BIOS set aside" },
	{ SEAMLDR_EUNSPECERR,	-EIO,	 "unspecified",
	  "P-SEAMLDR gives no reason" },
	{ SEAMLDR_EUNSUPCPU,	-EINVAL, "cpu-not-supported",
	  "the image does not support all CPUs of this host: get the image for this CPU" },
	{ SEAMLDR_EBADSIG,	-EINVAL, "bad-signature",
	  "P-SEAMLDR does not accept the image's SIGSTRUCT or signature: get an intact image" },
	{ SEAMLDR_EBADHASH,	-EINVAL, "bad-hash",
	  "the module does not match its hash: get an intact image" },
	{ SEAMLDR_ENOENTROPY,	-EIO,	 "no-entropy",
	  "the CPU had no random numbers to give: try again" },
};

/* What the TDX module answers, in the upper half of the status. */
static const struct explanation module_explanations[] = {
	{ TDX_SYS_BUSY,				-EBUSY,	 "module-busy",
	  "the TDX module is busy: try again" },
	{ TDX_UPDATE_COMPATIBILITY_SENSITIVE,	-EBUSY,	 "td-build-in-module",
	  "the TDX module refuses an update that would corrupt TDs" },
	{ TDX_RND_NO_ENTROPY,			-EIO,	 "no-entropy",
	  "the CPU had no random numbers to give: try again" },
	{ TDX_SYS_INVALID_HANDOFF,		-EINVAL, "bad-handoff",
	  "the new module does not take the handoff data of the old one" },
	{ TDX_SYS_INCOMPATIBLE_SIGSTRUCT,	-EINVAL, "bad-sigstruct",
	  "the new module does not match its SIGSTRUCT" },
};

static const char * const advice[] = {
	[TDX_UPDATE_TRY_AGAIN]	= "try again, reboot if that does not help",
	[TDX_UPDATE_REPAIRABLE]	= "install another image to get the TDs back",
	[TDX_UPDATE_LOG_FULL]	= "P-SEAMLDR's update log is full, all TDs are lost, reboot",
	[TDX_UPDATE_LOST]	= "P-SEAMLDR dropped the old one, all TDs are lost, reboot",
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

static const struct explanation no_module = {
	TDX_SEAMCALL_VMFAILINVALID, -EIO, "no-module", "there is no TDX module to call",
};

static const struct explanation unknown_status = {
	0, -EIO, "seamcall-error", "the status has no known meaning here",
};

static const struct explanation *find_explanation(const struct tdx_update_failure *failure)
{
	int i;

	if (failure->status == no_module.status)
		return &no_module;

	if (failure->phase == TDX_UPDATE_PHASE_INSTALL ||
	    failure->phase == TDX_UPDATE_PHASE_REHEARSE) {
		for (i = 0; i < ARRAY_SIZE(seamldr_explanations); i++) {
			if (failure->status == seamldr_explanations[i].status)
				return &seamldr_explanations[i];
		}
		return &unknown_status;
	}

	for (i = 0; i < ARRAY_SIZE(module_explanations); i++) {
		if ((failure->status & TDX_SEAMCALL_STATUS_MASK) == module_explanations[i].status)
			return &module_explanations[i];
	}
	return &unknown_status;
}

/* A reason that is known already says more than the status. */
static int explain_status(struct tdx_update_failure *failure)
{
	const struct explanation *e = find_explanation(failure);
	u64 status = failure->status;

	pr_err("update: %s on CPU %d returned 0x%016llx%s%s\n",
	       tdx_update_phase_name(failure->phase), failure->cpu, status,
	       failure->reason ? "" : ": ", failure->reason ? "" : e->text);

	if ((status & TDX_SEAMCALL_STATUS_MASK) == TDX_UPDATE_COMPATIBILITY_SENSITIVE &&
	    failure->phase == TDX_UPDATE_PHASE_SHUTDOWN)
		pr_err("update: the module counts %llu %s\n",
		       FIELD_GET(TDX_SENSITIVE_COUNT, status),
		       FIELD_GET(TDX_SENSITIVE_KIND, status) ?
		       "interrupted migrations" : "TDs that are being built");

	if (!failure->reason)
		failure->reason = e->reason;
	return e->error;
}

/**
 * tdx_update_explain() - complete a failure and log it
 * @failure: phase and, if a SEAMCALL failed, status and CPU; the reason is filled
 *	     in unless it is known
 * @error: negative errno of the code that failed
 * @damage: what the failure has left
 *
 * Context: Process context.
 * Return: the errno that fits best.
 */
int tdx_update_explain(struct tdx_update_failure *failure, int error,
		       enum tdx_update_damage damage)
{
	const char *phase = tdx_update_phase_name(failure->phase);
	bool logged = failure->reason;

	if (failure->status) {
		error = explain_status(failure);
		logged = false;
	}

	if (!failure->reason)
		failure->reason = reason_of_error(error);

	if (damage != TDX_UPDATE_NO_DAMAGE)
		pr_crit("update failed in phase %s (%s), no TDX module is usable: %s\n",
			phase, failure->reason, advice[damage]);
	else if (!logged)
		pr_err("update refused in phase %s (%s), nothing has changed\n",
		       phase, failure->reason);

	return error == -EINTR ? -ECANCELED : error;
}
