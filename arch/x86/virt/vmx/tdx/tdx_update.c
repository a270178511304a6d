// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replace the TDX module while TDs run
 *
 * An update goes through these phases, each of which begins when the one before
 * has succeeded:
 *
 *   image	the file is parsed and its hash is verified
 *   preflight	everything else that can be known in advance is checked
 *   drain	TDs that are being built get finished, new builds are held back
 *   quiesce	all CPUs stop
 *   shutdown	TDH.SYS.SHUTDOWN on one CPU: the old module leaves handoff data
 *   install	SEAMLDR.INSTALL on every CPU: the new module replaces it
 *   init	TDH.SYS.INIT on one CPU, TDH.SYS.LP.INIT on every CPU
 *   resume	TDH.SYS.UPDATE on one CPU: the new module takes the data over
 *
 * Up to and including shutdown an update that fails is refused: nothing changed.
 * From then on no TDX module is usable until an update succeeds. The handoff data
 * stays where it is until TDH.SYS.UPDATE has taken it, so that update starts at
 * install and the TDs are still there.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>

#include <asm/archrandom.h>
#include <asm/seamldr.h>
#include <asm/tdx.h>
#include <asm/tdx_update.h>

#include "seamcall_internal.h"
#include "seamldr.h"
#include "tdx.h"
#include "tdx_preflight.h"
#include "tdx_update.h"
#include "tdx_update_failure.h"
#include "tdx_update_steps.h"

#include <trace/events/tdx_update.h>

#define DEFAULT_WAIT_MS		10000
#define MAX_WAIT_MS		(3600 * MSEC_PER_SEC)

/* The phases from here on are steps that all CPUs take together. */
#define FIRST_STEP		TDX_UPDATE_PHASE_SHUTDOWN

/* One update at a time. */
static DEFINE_MUTEX(update_mutex);

/*
 * What outlives a failed update, for the next one to start from. Protected by
 * update_mutex.
 */
static struct {
	bool shut_down;		/* the handoff data waits for a module to take it */
	u16 handoff_version;	/* of that data */
	bool session_open;	/* P-SEAMLDR may have counted some CPUs already */
} module;

/* Protects what sysfs shows. */
static DEFINE_SPINLOCK(status_lock);
static struct tdx_update_status last = {
	.result = "none",
};

static unsigned int update_wait_ms = DEFAULT_WAIT_MS;

/* An update under way. */
struct tdx_update {
	const u8 *file;
	u32 size;
	struct tdx_image image;
	struct seamldr_params *params;
	bool avoid_sensitive;
	int entropy_retries;
	bool no_entropy;
	bool shared_session;
	unsigned int nr_counted;
	bool installed;
	bool module_lost;
	u64 stop_ns;
	struct tdx_update_failure failure;
};

static int run_phase(struct tdx_update *update, enum tdx_update_phase phase,
		     int (*run)(struct tdx_update *update))
{
	int ret = -ECANCELED;

	update->failure.phase = phase;
	trace_tdx_update_phase(tdx_update_phase_name(phase));
	if (!tdx_update_cancelled())
		ret = run(update);
	trace_tdx_update_phase_end(tdx_update_phase_name(phase), ret);

	return ret;
}

static void set_state(enum tdx_update_state state)
{
	guard(spinlock)(&status_lock);
	last.state = state;
}

static int refuse(struct tdx_update *update, const struct tdx_refusal *refusal, int error)
{
	update->failure.reason = refusal->reason;
	pr_err("update refused: %s\n", refusal->message);
	return error;
}

static int check_image(struct tdx_update *update)
{
	struct tdx_refusal refusal = {};
	int ret;

	ret = tdx_preflight_image(update->file, update->size, &update->image, &refusal);
	if (ret)
		return refuse(update, &refusal, ret);

	return 0;
}

static int preflight(struct tdx_update *update)
{
	struct tdx_preflight_facts facts;
	struct tdx_refusal refusal = {};
	bool repair = !tdx_get_sysinfo();
	int ret;

	lockdep_assert_cpus_held();

	/* A module that was shut down answers no questions. */
	if (!module.shut_down) {
		ret = tdx_module_handoff_version(&module.handoff_version);
		if (ret) {
			refusal.reason = "module-error";
			strscpy(refusal.message,
				"the TDX module does not tell its handoff version: try again");
			return refuse(update, &refusal, ret);
		}
	}

	/*
	 * To be repaired is also a host whose module answers, but was not taken into
	 * use. What it can do is not known, and there is no build in flight.
	 */
	update->avoid_sensitive = !repair && tdx_module_avoids_sensitive();

	ret = tdx_preflight_collect(&facts, module.handoff_version, repair, &refusal);
	if (!ret)
		ret = tdx_preflight_check(&facts, &update->image, &refusal);
	if (ret)
		return refuse(update, &refusal, ret);

	return 0;
}

static int drain(struct tdx_update *update)
{
	int ret;

	set_state(TDX_UPDATE_WAITING);
	ret = tdx_update_write_lock(READ_ONCE(update_wait_ms));
	if (ret)
		return ret;

	set_state(TDX_UPDATE_UPDATING);
	return 0;
}

static u64 step_shutdown(void *data)
{
	struct tdx_update *update = data;
	u64 status;

	status = tdx_module_shutdown(module.handoff_version, update->avoid_sensitive);
	if (status)
		return status;

	module.shut_down = true;
	tdx_module_reset();
	return TDX_SUCCESS;
}

/*
 * P-SEAMLDR installs when the last CPU that the firmware enumerated calls, and
 * then forgets the calls of all others. If that failed for want of entropy all
 * CPUs have to call again. If another failure left its session open, those that
 * it has counted already are told SEAMLDR_EBADCALL. What matters in the end is
 * whether there is a module. Once there is no CPU may call: it would begin another
 * session, and the module would be gone.
 */
static u64 step_install(void *data)
{
	struct tdx_update *update = data;
	u64 status;

	if (update->installed)
		return TDX_SUCCESS;

	status = seamldr_install(update->params, &update->module_lost);
	switch (status) {
	case TDX_SUCCESS:
		/* In a session of its own only the last CPU has to ask. */
		update->nr_counted++;
		if (update->shared_session || update->nr_counted == num_online_cpus())
			update->installed = seamldr_module_is_ready();
		module.session_open = !update->installed;
		return TDX_SUCCESS;
	case SEAMLDR_EBADCALL:
		return update->shared_session ? TDX_SUCCESS : status;
	case SEAMLDR_ENOENTROPY:
		if (update->module_lost || !update->entropy_retries)
			return status;
		update->no_entropy = true;
		return TDX_SUCCESS;
	default:
		return status;
	}
}

static int complete_install(void *data)
{
	struct tdx_update *update = data;

	if (update->installed) {
		/* Of what an earlier update may have initialized. */
		tdx_module_reset();
		return 0;
	}

	if (update->no_entropy) {
		update->entropy_retries--;
		update->no_entropy = false;
		update->shared_session = true;
		return -EAGAIN;
	}

	update->failure.reason = "cpus-missing";
	return -EIO;
}

static u64 step_init(void *data)
{
	return tdx_module_init_cpu();
}

static u64 step_resume(void *data)
{
	u64 status;

	status = tdx_module_run_update();
	if (!status)
		module.shut_down = false;

	return status;
}

static int complete_resume(void *data)
{
	struct tdx_update *update = data;

	return tdx_module_refresh(&update->failure.reason);
}

/* P-SEAMLDR lets one CPU in at a time. The others' calls fail, they do not wait. */
static const struct tdx_update_step steps[] = {
	[TDX_UPDATE_PHASE_SHUTDOWN - FIRST_STEP] = {
		.name		= "shutdown",
		.lead_only	= true,
		.run		= step_shutdown,
	},
	[TDX_UPDATE_PHASE_INSTALL - FIRST_STEP] = {
		.name		= "install",
		.serialized	= true,
		.run		= step_install,
		.complete	= complete_install,
	},
	[TDX_UPDATE_PHASE_INIT - FIRST_STEP] = {
		.name		= "init",
		.run		= step_init,
	},
	[TDX_UPDATE_PHASE_RESUME - FIRST_STEP] = {
		.name		= "resume",
		.lead_only	= true,
		.run		= step_resume,
		.complete	= complete_resume,
	},
};

static int replace_module(struct tdx_update *update)
{
	/* After a failure past shutdown there is nothing to shut down. */
	enum tdx_update_phase first = module.shut_down ? TDX_UPDATE_PHASE_INSTALL :
							 TDX_UPDATE_PHASE_SHUTDOWN;
	struct tdx_update_stop stop;
	int ret;

	tdx_update_assert_write_locked();

	update->failure.phase = TDX_UPDATE_PHASE_QUIESCE;
	if (tdx_update_cancelled())
		return -ECANCELED;

	update->shared_session = module.session_open;

	ret = tdx_update_run_steps(&steps[first - FIRST_STEP],
				   ARRAY_SIZE(steps) - (first - FIRST_STEP), update,
				   &stop);
	update->stop_ns = stop.stop_ns;
	if (ret) {
		update->failure.phase = first + stop.step;
		update->failure.status = stop.status;
		update->failure.cpu = stop.cpu;
	}

	return ret;
}

static int update_module(struct tdx_update *update)
{
	int ret;

	ret = run_phase(update, TDX_UPDATE_PHASE_IMAGE, check_image);
	if (ret)
		return ret;

	update->params = seamldr_alloc_params(&update->image);
	if (!update->params)
		return -ENOMEM;

	/* Refuse at once what needs no waiting. */
	cpus_read_lock();
	ret = run_phase(update, TDX_UPDATE_PHASE_PREFLIGHT, preflight);
	cpus_read_unlock();
	if (ret)
		return ret;

	/* A TD build takes the CPU hotplug lock, so wait for builds without it. */
	ret = run_phase(update, TDX_UPDATE_PHASE_DRAIN, drain);
	if (ret)
		return ret;

	/* Check again: the wait may have been long. */
	cpus_read_lock();
	ret = run_phase(update, TDX_UPDATE_PHASE_PREFLIGHT, preflight);
	if (!ret)
		ret = replace_module(update);
	cpus_read_unlock();

	tdx_update_write_unlock(tdx_get_sysinfo() ? TDX_UPDATE_USABLE : TDX_UPDATE_BROKEN);

	return ret;
}

/* Publish how the update ended and return the error for the caller. */
static int conclude(struct tdx_update *update, int ret, u64 start_ns)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	u64 duration_us = (ktime_get_ns() - start_ns) / NSEC_PER_USEC;
	bool changed = update->failure.phase > TDX_UPDATE_PHASE_SHUTDOWN;
	char result[sizeof(last.result)] = "success";

	if (ret) {
		ret = tdx_update_explain(&update->failure, ret);
		snprintf(result, sizeof(result), "%s:%s:%s",
			 changed ? "failed" : "refused",
			 tdx_update_phase_name(update->failure.phase),
			 update->failure.reason);
	}

	if (ret && changed)
		pr_crit("update failed in phase %s (%s), no TDX module is usable: %s\n",
			tdx_update_phase_name(update->failure.phase),
			update->failure.reason, update->module_lost ?
			"P-SEAMLDR dropped the old one, all TDs are lost, reboot" :
			"install another image to get the TDs back");

	scoped_guard(spinlock, &status_lock) {
		last.state = sysinfo ? TDX_UPDATE_IDLE : TDX_UPDATE_FAILED;
		last.seamcall_status = ret ? update->failure.status : 0;
		last.duration_us = duration_us;
		last.stop_us = update->stop_ns / NSEC_PER_USEC;
		strscpy(last.result, result);
	}
	trace_tdx_update_done(result, last.seamcall_status, duration_us, last.stop_us);

	return ret;
}

/**
 * tdx_update_check() - would this update be refused right now?
 * @file: the module's image
 * @size: its size in bytes
 *
 * Changes nothing but the result that tdx_update_get_status() reports, and that
 * only if the answer is yes.
 *
 * Context: Process context, may sleep.
 * Return: 0 if not, else an error as from tdx_update_install().
 */
int tdx_update_check(const u8 *file, u32 size)
{
	struct tdx_update update = {
		.file	= file,
		.size	= size,
	};
	u64 start_ns = ktime_get_ns();
	int ret;

	if (!mutex_trylock(&update_mutex))
		return -EBUSY;

	ret = run_phase(&update, TDX_UPDATE_PHASE_IMAGE, check_image);
	if (!ret) {
		cpus_read_lock();
		ret = run_phase(&update, TDX_UPDATE_PHASE_PREFLIGHT, preflight);
		cpus_read_unlock();
	}
	if (ret)
		ret = conclude(&update, ret, start_ns);

	mutex_unlock(&update_mutex);
	return ret;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_check, "tdx-host");

/**
 * tdx_update_install() - replace the TDX module
 * @file: the module's image
 * @size: its size in bytes
 *
 * tdx_update_get_status() tells afterwards what happened in detail.
 *
 * Context: Process context, may sleep.
 * Return: 0 on success. -EINVAL: the image is not acceptable. -EBUSY: another
 *	   update or a TD build is under way, or CPUs are offline. -ETIMEDOUT: TD
 *	   builds did not end in time. -ECANCELED. -ENOSPC: P-SEAMLDR has no room
 *	   for another update. -EOPNOTSUPP: this host cannot update its module.
 *	   -ENOMEM. -EIO: a SEAMCALL failed.
 */
int tdx_update_install(const u8 *file, u32 size)
{
	struct tdx_update update = {
		.file		 = file,
		.size		 = size,
		.entropy_retries = RDRAND_RETRY_LOOPS,
	};
	const struct tdx_sys_info *sysinfo;
	u64 start_ns = ktime_get_ns();
	int ret;

	if (!mutex_trylock(&update_mutex))
		return -EBUSY;

	sysinfo = tdx_get_sysinfo();
	if (sysinfo)
		pr_info("updating module version " TDX_VERSION_FMT "\n",
			sysinfo->version.major_version, sysinfo->version.minor_version,
			sysinfo->version.update_version);

	ret = update_module(&update);
	kfree(update.params);
	ret = conclude(&update, ret, start_ns);

	sysinfo = tdx_get_sysinfo();
	if (!ret)
		pr_info("now version " TDX_VERSION_FMT ", took %llu ms, CPUs stopped for %llu us\n",
			sysinfo->version.major_version, sysinfo->version.minor_version,
			sysinfo->version.update_version,
			last.duration_us / USEC_PER_MSEC, last.stop_us);

	mutex_unlock(&update_mutex);
	return ret;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_install, "tdx-host");

/**
 * tdx_update_cancel() - cancel the update that is under way or about to begin
 *
 * It ends with -ECANCELED unless it has begun to stop the CPUs. Stays in effect
 * until tdx_update_finish().
 *
 * Context: Any context.
 */
void tdx_update_cancel(void)
{
	tdx_update_cancel_wait();
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_cancel, "tdx-host");

/**
 * tdx_update_finish() - there is nothing left to cancel
 *
 * To be called after an update, not before one: userspace may cancel it before
 * the driver hears of it.
 *
 * Context: Any context.
 */
void tdx_update_finish(void)
{
	tdx_update_cancel_clear();
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_finish, "tdx-host");

/**
 * tdx_update_get_status() - what the update core is doing, and did last
 * @status: filled in
 *
 * Context: Process context.
 */
void tdx_update_get_status(struct tdx_update_status *status)
{
	scoped_guard(spinlock, &status_lock) {
		*status = last;
	}

	status->blocks_in_flight = tdx_update_blocks_in_flight();
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_get_status, "tdx-host");

/**
 * tdx_update_get_wait_ms() - how long an update waits for TD builds
 *
 * Context: Any context.
 * Return: the bound in milliseconds, 0 if it does not wait.
 */
unsigned int tdx_update_get_wait_ms(void)
{
	return READ_ONCE(update_wait_ms);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_get_wait_ms, "tdx-host");

/**
 * tdx_update_set_wait_ms() - bound the time that updates wait for TD builds
 * @wait_ms: milliseconds, 0 not to wait; for updates that begin from now on
 *
 * Context: Any context.
 * Return: 0, or -EINVAL when it is more than an hour.
 */
int tdx_update_set_wait_ms(unsigned int wait_ms)
{
	if (wait_ms > MAX_WAIT_MS)
		return -EINVAL;

	WRITE_ONCE(update_wait_ms, wait_ms);
	return 0;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_set_wait_ms, "tdx-host");
