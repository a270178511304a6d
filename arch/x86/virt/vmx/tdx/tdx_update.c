// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replace the TDX module while TDs run
 *
 * An update goes through these phases, each of which begins when the one before
 * has succeeded:
 *
 *   image	the container is checked, and the hash of the module
 *   preflight	the host is checked
 *   drain	TDs that are being built get finished, new builds are held back
 *		--- SEAMCALLs are kept from the module from here on, see tdx_gate.c
 *   rehearse	P-SEAMLDR says whether it would accept the image
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
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/time64.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>
#include <asm/tdx_update.h>

#include "seamldr.h"
#include "tdx.h"
#include "tdx_preflight.h"
#include "tdx_replace.h"
#include "tdx_update_failure.h"
#include "tdx_update_internal.h"

#include <trace/events/tdx_update.h>

/*
 * Scripts that start an update look for its end for 10 s, as Intel's does. They
 * should learn of a time-out before they give up.
 */
#define DEFAULT_WAIT_MS		5000
#define MAX_WAIT_MS		(3600 * MSEC_PER_SEC)

/* One update at a time. */
static DEFINE_MUTEX(update_mutex);

/*
 * What outlives a failed update, for the next one to start from. Protected by
 * update_mutex.
 */
static struct {
	bool shut_down;		/* the handoff data waits for a module to take it */
	bool hidden;		/* no SEAMCALL reaches it, a session was left unfinished */
	bool lost;		/* P-SEAMLDR has no module left to update */
	u16 handoff_version;	/* of the module that runs, or of that data */
} module_state;

/* Protects what sysfs shows. */
static DEFINE_SPINLOCK(status_lock);
static struct tdx_update_status last = {
	.result = "none",
};

static BLOCKING_NOTIFIER_HEAD(state_chain);

static unsigned int update_wait_ms = DEFAULT_WAIT_MS;

/*
 * It relies on P-SEAMLDR to check the handoff data after everything else and before
 * it touches the running module. All that are known do.
 */
static bool rehearse = true;
module_param(rehearse, bool, 0644);
MODULE_PARM_DESC(rehearse,
		 "Ask P-SEAMLDR whether it accepts an image before the running TDX module is shut down");

/* An update under way. */
struct tdx_update {
	const u8 *file;				/* as the caller gave it */
	u32 size;				/* of @file, in bytes */
	struct tdx_image image;			/* what the checks found in @file, */
	struct tdx_preflight_facts facts;	/* and of the host */
	struct tdx_replacement replacement;	/* what is done, and why it fails */
	u64 start_ns;				/* ktime_get_ns() */
};

/* The one under way: too large for the stack. Protected by update_mutex. */
static struct tdx_update update_under_way;

static struct tdx_update *begin_update(const u8 *file, u32 size)
{
	struct tdx_update *update = &update_under_way;

	lockdep_assert_held(&update_mutex);

	memset(update, 0, sizeof(*update));
	update->file = file;
	update->size = size;
	update->start_ns = ktime_get_ns();

	return update;
}

static void set_state(enum tdx_update_state state)
{
	struct tdx_update_status status;

	scoped_guard(spinlock, &status_lock)
		last.state = state;

	tdx_update_get_status(&status);
	blocking_notifier_call_chain(&state_chain, state, &status);
}

static int run_phase(struct tdx_update *update, enum tdx_update_phase phase,
		     int (*run)(struct tdx_update *update))
{
	const char *name = tdx_update_phase_name(phase);
	int ret = -ECANCELED;

	update->replacement.failure.phase = phase;
	trace_tdx_update_phase(name);
	if (!tdx_update_cancelled())
		ret = run(update);
	trace_tdx_update_phase_end(name, ret);

	return ret;
}

static int refuse(struct tdx_update *update, const struct tdx_refusal *refusal, int error)
{
	update->replacement.failure.reason = refusal->reason;
	pr_err("update refused: %s\n", refusal->message);
	return error;
}

static int check_image(struct tdx_update *update)
{
	struct tdx_image_version version;
	struct tdx_refusal refusal = {};
	int ret;

	ret = tdx_preflight_image(update->file, update->size, &update->image, &refusal);
	if (ret)
		return refuse(update, &refusal, ret);

	if (tdx_image_version(&update->image, &version))
		pr_info("image holds module version " TDX_VERSION_FMT ", build %u\n",
			version.major, version.minor, version.update, version.build);

	return 0;
}

static int get_handoff_version(void)
{
	int ret;

	/* Such a module answers no questions. It was asked before. */
	if (module_state.shut_down || module_state.hidden)
		return 0;

	ret = tdx_module_handoff_version(&module_state.handoff_version);

	/* Nor may one that was never taken into use. */
	return tdx_get_sysinfo() ? ret : 0;
}

static int preflight(struct tdx_update *update)
{
	struct tdx_replacement *r = &update->replacement;
	struct tdx_refusal refusal = {};
	bool repair = !tdx_get_sysinfo();
	int ret;

	lockdep_assert_cpus_held();

	if (module_state.lost) {
		refusal.reason = "module-lost";
		strscpy(refusal.message,
			"P-SEAMLDR has no TDX module left to update: reboot to load one");
		return refuse(update, &refusal, -EIO);
	}

	ret = get_handoff_version();
	if (ret) {
		refusal.reason = "module-error";
		strscpy(refusal.message,
			"the TDX module does not tell its handoff version: try again");
		return refuse(update, &refusal, ret);
	}

	ret = tdx_preflight_collect(&update->facts, module_state.handoff_version, repair,
				    &refusal);
	if (!ret)
		ret = tdx_preflight_check(&update->facts, &update->image, &refusal);
	if (ret)
		return refuse(update, &refusal, ret);

	r->handoff_version = module_state.handoff_version;
	r->shut_down	   = module_state.shut_down;
	r->rehearse	   = READ_ONCE(rehearse) && !module_state.shut_down;
	/*
	 * To be repaired is also a host whose module answers, but was not taken into
	 * use. What it can do is not known, and there is no build in flight.
	 */
	r->avoid_sensitive = !repair && tdx_module_avoids_sensitive();

	return 0;
}

/* A check waits as well: if P-SEAMLDR does not end its session there is no module. */
static int drain(struct tdx_update *update)
{
	bool check = update->replacement.rehearse_only;
	int ret;

	if (!check)
		set_state(TDX_UPDATE_WAITING);
	ret = tdx_update_write_lock(READ_ONCE(update_wait_ms));
	if (ret)
		return ret;

	if (!check)
		set_state(TDX_UPDATE_UPDATING);
	return 0;
}

/* Everything is checked: close the gate, replace the module, open the gate. */
static int replace(struct tdx_update *update)
{
	struct tdx_replacement *r = &update->replacement;
	struct tdx_refusal refusal = {};
	int ret;

	if (tdx_update_cancelled())
		return -ECANCELED;

	if (r->rehearse_only && !r->rehearse)
		return 0;

	ret = tdx_replace_module(r);
	module_state.shut_down = r->shut_down;
	module_state.hidden = !tdx_get_sysinfo() &&
			      r->failure.phase == TDX_UPDATE_PHASE_REHEARSE;
	module_state.lost = r->lost;

	if (r->failure.phase == TDX_UPDATE_PHASE_REHEARSE &&
	    r->failure.status == SEAMLDR_EBADSIG &&
	    tdx_preflight_explain_signature(&update->facts.seamldr, &update->image, &refusal))
		refuse(update, &refusal, ret);

	return ret;
}

/* Reboot and kexec take the mutex as well, and are there without CONFIG_PM_SLEEP. */
static unsigned int lock_system_transition(void)
{
	unsigned int flags = lock_system_sleep();

	if (!IS_ENABLED(CONFIG_PM_SLEEP))
		mutex_lock(&system_transition_mutex);

	return flags;
}

static void unlock_system_transition(unsigned int flags)
{
	if (!IS_ENABLED(CONFIG_PM_SLEEP))
		mutex_unlock(&system_transition_mutex);

	unlock_system_sleep(flags);
}

static int preflight_and_replace(struct tdx_update *update)
{
	unsigned int flags = lock_system_transition();
	int ret;

	cpus_read_lock();
	ret = run_phase(update, TDX_UPDATE_PHASE_PREFLIGHT, preflight);
	if (!ret)
		ret = replace(update);
	cpus_read_unlock();

	unlock_system_transition(flags);
	return ret;
}

static int check_image_and_host(struct tdx_update *update)
{
	int ret;

	ret = run_phase(update, TDX_UPDATE_PHASE_IMAGE, check_image);
	if (ret)
		return ret;

	cpus_read_lock();
	ret = run_phase(update, TDX_UPDATE_PHASE_PREFLIGHT, preflight);
	cpus_read_unlock();
	return ret;
}

static int alloc_params(struct tdx_update *update)
{
	update->replacement.params = seamldr_alloc_params(&update->image);
	return update->replacement.params ? 0 : -ENOMEM;
}

static int update_module(struct tdx_update *update)
{
	bool check = update->replacement.rehearse_only;
	int ret;

	/* Refuse at once what needs no waiting. */
	ret = check_image_and_host(update) ?: alloc_params(update);
	if (ret)
		return ret;

	if (!check && update->facts.seamldr.num_remaining_updates == 1)
		pr_warn("last update before P-SEAMLDR's log is full: if it fails, TDX is lost until a reboot\n");

	/* A TD build takes the CPU hotplug lock, so wait for builds without it. */
	ret = run_phase(update, TDX_UPDATE_PHASE_DRAIN, drain);
	if (ret)
		return ret;

	/* Check again: the wait may have been long. */
	ret = preflight_and_replace(update);

	/* What nobody needed to know while TDs stood still. */
	if (!ret && !check)
		tdx_module_refresh();

	tdx_update_write_unlock(tdx_get_sysinfo() ? TDX_UPDATE_USABLE : TDX_UPDATE_BROKEN);

	return ret;
}

/* What this update has left behind. */
static noinline_for_stack enum tdx_update_damage get_damage(struct tdx_update *update)
{
	enum tdx_update_phase phase = update->replacement.failure.phase;
	struct seamldr_info info;

	if (tdx_get_sysinfo() || phase < TDX_UPDATE_PHASE_REHEARSE)
		return TDX_UPDATE_NO_DAMAGE;

	if (module_state.lost)
		return TDX_UPDATE_LOST;

	if (!seamldr_get_info(&info) && !info.num_remaining_updates)
		return TDX_UPDATE_LOG_FULL;

	return phase == TDX_UPDATE_PHASE_REHEARSE ? TDX_UPDATE_TRY_AGAIN :
						    TDX_UPDATE_REPAIRABLE;
}

/* How the update ended, in @outcome; returns the error for the caller. */
static int describe(struct tdx_update *update, int ret,
		    struct tdx_update_status *outcome)
{
	struct tdx_update_failure *failure = &update->replacement.failure;
	enum tdx_update_damage damage;

	outcome->duration_us = (ktime_get_ns() - update->start_ns) / NSEC_PER_USEC;
	outcome->stop_us = update->replacement.closed_ns / NSEC_PER_USEC;
	outcome->seamcall_status = 0;
	strscpy(outcome->result, "success");
	if (!ret)
		return 0;

	damage = get_damage(update);
	ret = tdx_update_explain(failure, ret, damage);
	outcome->seamcall_status = failure->status;
	snprintf(outcome->result, sizeof(outcome->result), "%s:%s:%s",
		 damage == TDX_UPDATE_NO_DAMAGE ? "refused" : "failed",
		 tdx_update_phase_name(failure->phase), failure->reason);

	return ret;
}

static void publish(const struct tdx_update_status *outcome)
{
	scoped_guard(spinlock, &status_lock) {
		last.seamcall_status = outcome->seamcall_status;
		last.duration_us = outcome->duration_us;
		last.stop_us = outcome->stop_us;
		strscpy(last.result, outcome->result);
	}
	trace_tdx_update_done(outcome->result, outcome->seamcall_status,
			      outcome->duration_us, outcome->stop_us);
	set_state(tdx_get_sysinfo() ? TDX_UPDATE_IDLE : TDX_UPDATE_FAILED);
}

/* Publish how the update ended and return the error for the caller. */
static int conclude(struct tdx_update *update, int ret)
{
	struct tdx_update_status outcome;

	ret = describe(update, ret, &outcome);
	publish(&outcome);

	return ret;
}

/**
 * tdx_update_check() - would P-SEAMLDR accept this image?
 * @file: the module's image, vmalloc()ed
 * @size: its size in bytes
 * @outcome: how the check ended, in the words of an update's outcome; its state and
 *	     number of blocks are not filled in
 *
 * Checks what an update does, waits for TD builds as it does, and asks P-SEAMLDR: TDs
 * stand still for as long as that takes, the module that runs is not touched. P-SEAMLDR
 * is not asked while a failed update is to be repaired, or with tdx_update.rehearse=0.
 * This is no update: tdx_update_get_status() does not tell of it, unless it leaves no
 * usable module.
 *
 * Context: Process context, may sleep.
 * Return: 0 if it would, else an error as from tdx_update_install().
 */
int tdx_update_check(const u8 *file, u32 size, struct tdx_update_status *outcome)
{
	struct tdx_update *update;
	bool usable;
	int ret;

	if (!mutex_trylock(&update_mutex)) {
		strscpy(outcome->result, "refused:preflight:busy");
		return -EBUSY;
	}
	usable = tdx_get_sysinfo();

	update = begin_update(file, size);
	update->replacement.rehearse_only = true;
	ret = update_module(update);
	kfree(update->replacement.params);
	ret = describe(update, ret, outcome);
	if (usable && !tdx_get_sysinfo())
		publish(outcome);

	mutex_unlock(&update_mutex);
	return ret;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_check, "tdx-host");

/**
 * tdx_update_install() - replace the TDX module
 * @file: the module's image, vmalloc()ed
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
	const struct tdx_sys_info *sysinfo;
	struct tdx_update *update;
	int ret;

	if (!mutex_trylock(&update_mutex))
		return -EBUSY;

	update = begin_update(file, size);
	sysinfo = tdx_get_sysinfo();
	if (sysinfo)
		pr_info("updating module version " TDX_VERSION_FMT "\n",
			sysinfo->version.major_version, sysinfo->version.minor_version,
			sysinfo->version.update_version);

	ret = update_module(update);
	kfree(update->replacement.params);
	ret = conclude(update, ret);

	sysinfo = tdx_get_sysinfo();
	if (!ret)
		pr_info("now version " TDX_VERSION_FMT
			", took %llu ms, TDs stood still for %llu us\n",
			sysinfo->version.major_version, sysinfo->version.minor_version,
			sysinfo->version.update_version,
			last.duration_us / USEC_PER_MSEC, last.stop_us);

	mutex_unlock(&update_mutex);
	return ret;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_install, "tdx-host");

/**
 * tdx_update_register_notifier() - be told what the update core does
 * @nb: its action is an enum tdx_update_state, its data a const struct
 *	tdx_update_status
 *
 * Called in process context with the gate not closed. At TDX_UPDATE_IDLE and
 * TDX_UPDATE_FAILED the update is over; no lock is held then but that which keeps
 * another update from beginning.
 *
 * Context: Process context, may sleep.
 * Return: 0.
 */
int tdx_update_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&state_chain, nb);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_register_notifier, "kvm-intel,tdx-host");

/**
 * tdx_update_unregister_notifier() - undo tdx_update_register_notifier()
 * @nb: what was registered
 *
 * Context: Process context, may sleep. Not from the notifier.
 */
void tdx_update_unregister_notifier(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&state_chain, nb);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_unregister_notifier, "kvm-intel,tdx-host");

/**
 * tdx_update_cancel() - cancel the update that is under way or about to begin
 *
 * It ends with -ECANCELED unless it has begun to replace the module. Stays in effect
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
