// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preflight of a TDX module update
 *
 * The first step of an update that changes anything is TDH.SYS.SHUTDOWN, and it
 * cannot be taken back: from then on no TD runs until a new module is installed.
 * Most of what makes an update fail after that can be known before. Here is checked
 * what can be without stopping TDs; P-SEAMLDR's own opinion of the image needs that,
 * see tdx_replace.c.
 *
 * The facts are collected in one function and judged in another. The second needs
 * no hardware, which is what makes it testable.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>

#include "tdx_preflight.h"

/*
 * The start of seamldr_info.seam_info, which describes the module that is
 * installed. Bit i of the valid mask stands for the field at offset 8 * i.
 */
#define SEAM_INFO_VALID			0
#define SEAM_INFO_MINOR_SVN		8
#define SEAM_INFO_MAJOR_SVN		9
#define SEAM_INFO_VALID_SVN		BIT_ULL(SEAM_INFO_MINOR_SVN / 8)

/* Fills in @refusal, and returns @error so that a check is one statement. */
static __printf(4, 5) int refuse(struct tdx_refusal *refusal, int error, const char *reason,
				 const char *format, ...)
{
	va_list args;

	refusal->reason = reason;

	va_start(args, format);
	vscnprintf(refusal->message, sizeof(refusal->message), format, args);
	va_end(args);

	return error;
}

/**
 * tdx_preflight_image - check all of an image that does not depend on the host
 * @file: the image, as userspace wrote it
 * @size: of @file in bytes
 * @image: filled in on success; points into @file
 * @refusal: filled in on failure
 *
 * Context: May take milliseconds. No locks needed.
 * Return: 0, or -EINVAL.
 */
int tdx_preflight_image(const u8 *file, u32 size, struct tdx_image *image,
			struct tdx_refusal *refusal)
{
	enum tdx_image_defect defect;

	defect = tdx_image_parse(file, size, image);
	if (!defect)
		defect = tdx_image_check_hash(image);

	if (defect)
		return refuse(refusal, -EINVAL, tdx_image_defect_token(defect),
			      "%s", tdx_image_defect_text(defect));

	return 0;
}

static void collect_cpus(struct tdx_preflight_facts *facts)
{
	unsigned int cpu;

	for_each_present_cpu(cpu) {
		if (!cpu_online(cpu) && !facts->nr_offline_cpus++)
			facts->first_offline_cpu = cpu;
	}
}

/**
 * tdx_preflight_collect - look at the host before an update
 * @facts: filled in on success
 * @module_hv: handoff version of the running module; if @repair, of the one that
 *	       ran last
 * @repair: an earlier update failed after it had shut down the module
 * @refusal: filled in on failure
 *
 * Asks P-SEAMLDR what it knows; that changes nothing.
 *
 * Context: Process context with cpus_read_lock() held. Keep it held until the
 *	    update is over, or the facts are out of date.
 * Return: 0, -EIO if P-SEAMLDR or the TDX module does not answer, -ENOMEM.
 */
int tdx_preflight_collect(struct tdx_preflight_facts *facts, u16 module_hv, bool repair,
			  struct tdx_refusal *refusal)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	int ret;

	lockdep_assert_cpus_held();

	/* A module that was shut down cannot be asked, but the first update did. */
	if (!repair && !sysinfo)
		return refuse(refusal, -EIO, "module-not-running",
			      "no TDX module is running: see the boot log, reboot to load one");

	*facts = (struct tdx_preflight_facts) {
		.td_preserving		= repair || tdx_supports_runtime_update(sysinfo),
		.seamret_clobbers_vmcs	= boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS),
		.repair			= repair,
		.module_hv		= module_hv,
	};

	collect_cpus(facts);

	/* With this erratum P-SEAMLDR must not even be asked. */
	if (facts->seamret_clobbers_vmcs)
		return 0;

	ret = seamldr_get_info(&facts->seamldr);
	if (ret)
		return refuse(refusal, -EIO, "seamldr-error",
			      "P-SEAMLDR does not answer: the log has its status; try again, else reboot");

	return 0;
}

static int check_support(const struct tdx_preflight_facts *facts, struct tdx_refusal *refusal)
{
	if (facts->seamret_clobbers_vmcs)
		return refuse(refusal, -EOPNOTSUPP, "cpu-erratum",
			      "P-SEAMLDR calls break KVM on this CPU: update the module by the BIOS");

	if (!facts->td_preserving)
		return refuse(refusal, -EOPNOTSUPP, "no-td-preserving",
			      "running TDX module cannot be updated at runtime: update it by the BIOS");

	return 0;
}

static int check_seamldr(const struct tdx_preflight_facts *facts, struct tdx_refusal *refusal)
{
	const struct seamldr_info *seamldr = &facts->seamldr;

	if (!seamldr->p_seam_ready)
		return refuse(refusal, -EIO, "seamldr-not-ready",
			      "P-SEAMLDR is not ready: reboot, then check the BIOS settings for TDX");

	/* Also what an installation leaves behind that failed half way. */
	if (!(get_unaligned_le64(&seamldr->seam_info[SEAM_INFO_VALID]) & SEAM_INFO_VALID_SVN))
		return refuse(refusal, -EIO, "module-lost",
			      "P-SEAMLDR has no TDX module left to update: reboot to load one");

	/*
	 * An installation that one CPU did not take part in leaves the module
	 * not ready, and goes on when it does. Only P-SEAMLDR can tell that from
	 * the module being lost.
	 */
	if (!seamldr->seam_ready && !facts->repair)
		return refuse(refusal, -EIO, "module-not-ready",
			      "P-SEAMLDR reports that the TDX module is not ready: reboot to load one");

	if (!seamldr->num_remaining_updates)
		return refuse(refusal, -ENOSPC, "update-log-full",
			      "no updates remain until the next reboot, see num_remaining_updates");

	return 0;
}

/*
 * P-SEAMLDR installs nothing before each CPU that the firmware enumerated has called
 * it. That all of them are present is known: the TDX module does not work otherwise.
 */
static int check_all_cpus(const struct tdx_preflight_facts *facts, struct tdx_refusal *refusal)
{
	if (facts->nr_offline_cpus)
		return refuse(refusal, -EBUSY, "cpu-offline",
			      "CPU %u is offline (%u in all): bring all CPUs online and try again",
			      facts->first_offline_cpu, facts->nr_offline_cpus);

	return 0;
}

/*
 * The running module writes the newest handoff data that it can: it is the new
 * one that must be able to read them.
 */
static int check_handoff(const struct tdx_preflight_facts *facts,
			 const struct tdx_sigstruct *sigstruct, struct tdx_refusal *refusal)
{
	if (facts->module_hv < sigstruct->min_update_hv ||
	    facts->module_hv > sigstruct->module_hv)
		return refuse(refusal, -EINVAL, "handoff-range",
			      "image takes handoff versions %u to %u, the running module gives %u: update in smaller steps",
			      sigstruct->min_update_hv, sigstruct->module_hv, facts->module_hv);

	return 0;
}

/**
 * tdx_preflight_check - decide whether an update may go on
 * @facts: what tdx_preflight_collect() found
 * @image: the image, found good by tdx_preflight_image()
 * @refusal: filled in on failure
 *
 * What no update could pass comes first, then what the operator can change, then
 * the image: the message names what is best mended first.
 *
 * Context: Any context: looks at nothing but its arguments.
 * Return:
 * * 0		- as far as can be known, the update will succeed
 * * -EINVAL	- this image is not for this host
 * * -EBUSY	- not now: the host must be changed, as @refusal says
 * * -ENOSPC	- P-SEAMLDR's update log is used up until the next reboot
 * * -EOPNOTSUPP - this host cannot update its module at runtime
 * * -EIO	- P-SEAMLDR or the TDX module is out of order
 */
int tdx_preflight_check(const struct tdx_preflight_facts *facts, const struct tdx_image *image,
			struct tdx_refusal *refusal)
{
	int ret;

	ret = check_support(facts, refusal);
	if (ret)
		return ret;

	ret = check_seamldr(facts, refusal);
	if (ret)
		return ret;

	ret = check_all_cpus(facts, refusal);
	if (ret)
		return ret;

	return check_handoff(facts, image->sigstruct, refusal);
}

/**
 * tdx_preflight_explain_signature - what P-SEAMLDR may have meant by SEAMLDR_EBADSIG
 * @seamldr: answer of SEAMLDR.INFO, before the update
 * @image: the image that it rejected
 * @refusal: filled in if there is more to say than that
 *
 * P-SEAMLDR has one status for each SIGSTRUCT that it does not like. This judges
 * nothing, it words what was judged.
 *
 * Context: Any context: looks at nothing but its arguments.
 * Return: true if @refusal was filled in.
 */
bool tdx_preflight_explain_signature(const struct seamldr_info *seamldr,
				     const struct tdx_image *image,
				     struct tdx_refusal *refusal)
{
	const struct tdx_sigstruct *sigstruct = image->sigstruct;
	u8 minor = seamldr->seam_info[SEAM_INFO_MINOR_SVN];

	if ((sigstruct->module_type & TDX_SIGSTRUCT_DEBUG_SIGNED) && !seamldr->seam_debug) {
		refuse(refusal, -EINVAL, "debug-signed",
		       "image is signed for development hosts only: get the production image");
		return true;
	}

	if (sigstruct->minor_svn < minor) {
		refuse(refusal, -EINVAL, "svn-downgrade",
		       "image has SVN %u.%u, below the running module's %u.%u: get a newer image",
		       sigstruct->major_svn, sigstruct->minor_svn,
		       seamldr->seam_info[SEAM_INFO_MAJOR_SVN], minor);
		return true;
	}

	return false;
}
