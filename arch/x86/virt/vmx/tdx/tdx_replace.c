// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replace the TDX module behind the closed gate
 *
 * One CPU does it, the updater, with preemption disabled from closing the gate to opening it.
 * It stands still meanwhile, and TDs do. Every other CPU is interrupted three or
 * four times for a moment: to leave its TD, to be counted by SEAMLDR.INSTALL, once
 * more if there is a rehearsal, and for TDH.SYS.LP.INIT. It need not wait for the
 * others: all that the module and P-SEAMLDR ask for is that no other SEAMCALL is made,
 * and the gate sees to that.
 *
 * SEAMLDR.INSTALL is a counting barrier. P-SEAMLDR counts the CPUs that call, and
 * does all of the work in the last one's call. The updater calls last.
 *
 * A CPU that does not take the interrupt makes the updater wait with interrupts on:
 * the watchdogs report both as they would without an update, the one as a hard
 * lockup and the other as a soft one.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/suspend.h>

#include <asm/archrandom.h>
#include <asm/fpu/api.h>
#include <asm/shared/tdx_errno.h>
#include <asm/tdx.h>

#include "seamldr.h"
#include "tdx.h"
#include "tdx_gate.h"
#include "tdx_replace.h"

#include <trace/events/tdx_update.h>

/* How long TDH.SYS.SHUTDOWN may find another CPU on its way out of the module. */
#define BUSY_RETRIES	1000
#define BUSY_DELAY_US	10

static int update_cpu = -1;
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "tdx_update."
module_param_named(cpu, update_cpu, int, 0644);
MODULE_PARM_DESC(cpu, "CPU that updates the TDX module, and does nothing else meanwhile (-1: a housekeeping CPU)");

struct remote_call {
	u64 (*call)(void *data);
	void *data;
	u64 status;
	bool again;
};

/*
 * P-SEAMLDR hashes and verifies signatures, and its published source saves no
 * vector registers. They must not be those of a task, or of a FPU section of the
 * kernel that was interrupted.
 */
static void call_here(void *info)
{
	struct remote_call *c = info;

	c->again = !irq_fpu_usable();
	if (c->again)
		return;

	kernel_fpu_begin();
	c->status = c->call(c->data);
	kernel_fpu_end();
}

static u64 call_cpu(int cpu, u64 (*call)(void *data), void *data)
{
	struct remote_call c = {
		.call = call,
		.data = data,
	};

	/* FPU sections end soon: they do not sleep, nor do they wait at the gate. */
	do {
		if (WARN_ON_ONCE(smp_call_function_single(cpu, call_here, &c, true)))
			return TDX_SEAMCALL_UD;
	} while (c.again);

	return c.status;
}

/**
 * tdx_call_each_cpu() - call a function on one CPU after another, this one last
 * @call: the function; called with interrupts off, it may use the FPU, and returns a
 *	  SEAMCALL status
 * @data: for @call
 * @cpu: told, on failure, which CPU failed
 *
 * Context: Process context on one CPU, preemption disabled, interrupts enabled, CPU
 *	    hotplug locked out.
 * Return: 0, or the first other status; no CPU is called after it.
 */
u64 tdx_call_each_cpu(u64 (*call)(void *data), void *data, int *cpu)
{
	int this_cpu = smp_processor_id();
	u64 status;

	for_each_online_cpu(*cpu) {
		if (*cpu == this_cpu)
			continue;
		status = call_cpu(*cpu, call, data);
		if (status)
			return status;
	}

	*cpu = this_cpu;
	return call_cpu(this_cpu, call, data);
}

static u64 install_here(void *data)
{
	struct tdx_replacement *r = data;
	u64 status;

	/* One call more would begin another session, and the module be gone. */
	if (r->installed)
		return TDX_SUCCESS;

	status = seamldr_install(r->params, &r->lost);
	if (!r->joins)
		return status;

	/* Counted before. */
	if (status == SEAMLDR_EBADCALL)
		return TDX_SUCCESS;
	if (!status)
		r->installed = seamldr_module_is_ready();

	return status;
}

/*
 * Go through one session of SEAMLDR.INSTALL. If a failure has left one open go on
 * with that: any CPU may turn out to be the last.
 */
static u64 install_session(struct tdx_replacement *r)
{
	u64 status;

	r->joins = !seamldr_module_is_ready();
	status = tdx_call_each_cpu(install_here, r, &r->failure.cpu);
	if (!status)
		r->installed = seamldr_module_is_ready();

	return status;
}

/*
 * Ask P-SEAMLDR whether it would accept the new module: go through a session without
 * shutting the old one down. P-SEAMLDR looks for the handoff data after it has
 * checked everything else, and before it touches the old module. There are none,
 * so SEAMLDR_EBADHANDOFF says that the new module is good, and any other status
 * what is wrong with it. The old one serves on in either case.
 *
 * There are handoff data from a TDH.SYS.SHUTDOWN that succeeded until a
 * TDH.SYS.UPDATE that did: never rehearse between them.
 */
static int rehearse(struct tdx_replacement *r)
{
	int retry = RDRAND_RETRY_LOOPS;
	u64 status;
	bool ready;

	do {
		status = install_session(r);
		ready = seamldr_module_is_ready();
	} while (!r->lost && (!ready || status == SEAMLDR_ENOENTROPY) && --retry);

	if (ready && !r->lost && status == SEAMLDR_EBADHANDOFF)
		return 0;

	r->failure.status = status;
	if (ready && status && !r->lost)
		return -EIO;

	/* Either P-SEAMLDR took the handoff data of long ago, or the session is stuck. */
	r->lost |= r->installed;
	if (!status)
		r->failure.reason = r->installed ? "installed-unasked" : "cpus-missing";
	tdx_module_reset();
	return -EIO;
}

static int shut_down(struct tdx_replacement *r)
{
	int retry = BUSY_RETRIES;
	u64 status;

	for (;;) {
		status = tdx_module_shutdown(r->handoff_version, r->avoid_sensitive);
		if ((status & TDX_SEAMCALL_STATUS_MASK) != TDX_SYS_BUSY || !--retry)
			break;
		udelay(BUSY_DELAY_US);
	}

	r->failure.status = status;
	r->failure.cpu = smp_processor_id();
	if (status)
		return -EIO;

	r->shut_down = true;
	tdx_module_reset();
	return 0;
}

static int install(struct tdx_replacement *r)
{
	int retry = RDRAND_RETRY_LOOPS;
	u64 status;

	do {
		status = install_session(r);
	} while (!r->lost && status == SEAMLDR_ENOENTROPY && --retry);

	r->failure.status = status;
	if (status)
		return -EIO;

	if (!r->installed) {
		r->failure.reason = "cpus-missing";
		return -EIO;
	}

	/* Of what an earlier update may have initialized. */
	tdx_module_reset();
	return 0;
}

static u64 init_here(void *data)
{
	return tdx_module_init_cpu();
}

static int init(struct tdx_replacement *r)
{
	u64 status;

	/* TDH.SYS.INIT comes with the first, and may take long: not in an interrupt. */
	r->failure.cpu = smp_processor_id();
	status = tdx_module_init_cpu();
	if (!status)
		status = tdx_call_each_cpu(init_here, NULL, &r->failure.cpu);

	r->failure.status = status;
	return status ? -EIO : 0;
}

static int resume(struct tdx_replacement *r)
{
	u64 status;

	status = tdx_module_run_update();
	r->failure.status = status;
	r->failure.cpu = smp_processor_id();
	if (status)
		return -EIO;

	r->shut_down = false;
	return tdx_module_adopt(&r->failure.reason);
}

static int take_step(struct tdx_replacement *r, enum tdx_update_phase phase,
		     int (*step)(struct tdx_replacement *r))
{
	const char *name = tdx_update_phase_name(phase);
	int ret;

	r->failure.phase = phase;
	trace_tdx_update_phase(name);
	ret = step(r);
	trace_tdx_update_phase_end(name, ret);

	return ret;
}

static int take_steps(struct tdx_replacement *r)
{
	int ret = 0;

	if (r->rehearse)
		ret = take_step(r, TDX_UPDATE_PHASE_REHEARSE, rehearse);
	if (ret || r->rehearse_only)
		return ret;

	/* An update that failed further on is repaired from here. */
	if (!r->shut_down)
		ret = take_step(r, TDX_UPDATE_PHASE_SHUTDOWN, shut_down);

	return ret ?:
	       take_step(r, TDX_UPDATE_PHASE_INSTALL, install) ?:
	       take_step(r, TDX_UPDATE_PHASE_INIT, init) ?:
	       take_step(r, TDX_UPDATE_PHASE_RESUME, resume);
}

/* Runs in the stopper thread of the CPU: no other task of that CPU can keep it from it. */
static int replace_here(void *data)
{
	struct tdx_replacement *r = data;
	u64 start_ns = ktime_get_ns();
	int ret;

	lockdep_assert_preemption_disabled();

	tdx_gate_close();
	ret = take_steps(r);
	tdx_gate_open(tdx_get_sysinfo());

	r->closed_ns = ktime_get_ns() - start_ns;
	return ret;
}

static int choose_cpu(void)
{
	int cpu = READ_ONCE(update_cpu);

	if (cpu >= 0 && cpu < nr_cpu_ids && cpu_online(cpu))
		return cpu;
	if (cpu != -1)
		pr_warn("tdx_update.cpu=%d is no online CPU, ignored\n", cpu);

	return housekeeping_any_cpu(HK_TYPE_DOMAIN);
}

/**
 * tdx_replace_module() - replace the TDX module, or only rehearse that
 * @r: what to do; told what came of it
 *
 * The caller has locked out suspend, reboot and kexec, and CPU hotplug.
 *
 * Context: Process context, may sleep.
 * Return: 0, or a negative errno with @r->failure filled in.
 */
int tdx_replace_module(struct tdx_replacement *r)
{
	int ret;

	lockdep_assert_held(&system_transition_mutex);
	lockdep_assert_cpus_held();

	ret = stop_one_cpu(choose_cpu(), replace_here, r);
	tdx_gate_wake();

	return ret;
}
