// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate between the kernel and the TDX module
 *
 * From TDH.SYS.SHUTDOWN of an old TDX module to TDH.SYS.UPDATE of the new one no
 * SEAMCALL may reach the module but those of the update. All others pass the gate:
 *
 *   open	SEAMCALLs are made
 *   closed	the module is being replaced: callers wait, or are told
 *		TDX_SEAMCALL_GATED if they cannot
 *   down	an update failed: callers are told TDX_SEAMCALL_VMFAILINVALID, as
 *		the CPU would
 *
 * A CPU looks at the gate with interrupts off, and keeps them off until the SEAMCALL
 * returns. Closing is a store and an IPI to every CPU: when all have taken it, each
 * SEAMCALL that saw the gate open has returned, and each that begins now sees it
 * closed. The IPI makes running TDs exit. No grace period of RCU can replace it, as
 * TDH.VP.ENTER runs where RCU does not watch.
 *
 * Who waits spins, with interrupts on and preemption as it was: it may hold any spinlock,
 * for instance KVM's mmu_lock. What it waits for does not depend on it, whatever
 * its priority and its CPU: the update runs from close to open with preemption
 * disabled, takes no lock that is held over a SEAMCALL, and reaches other CPUs by
 * IPI. But an interrupt handler on the CPU that updates would wait for ever.
 * KVM's threads that run vCPUs need not spin: they are told, go back to where
 * they may sleep, and call tdx_module_wait().
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kvm_types.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/swait.h>

#include "tdx_gate.h"

#define GATE_OPEN	0ULL
#define GATE_CLOSED	TDX_SEAMCALL_GATED
#define GATE_DOWN	TDX_SEAMCALL_VMFAILINVALID

/* Written by the one update that there can be, and by tests. */
u64 __tdx_gate_status __read_mostly = GATE_OPEN;

/* Simple, as swake_up_all() holds no lock for as long as there are waiters. */
static DECLARE_SWAIT_QUEUE_HEAD(gate_wq);

/* For how long an administrator may take to repair TDX before vCPUs give up. */
static unsigned int repair_wait_ms = 30000;
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "tdx_update."
module_param(repair_wait_ms, uint, 0644);
MODULE_PARM_DESC(repair_wait_ms,
		 "How long vCPUs of TDs wait for a TDX module after a failed update, in milliseconds");

/**
 * tdx_gate_set_repair_wait_ms() - set the parameter repair_wait_ms, for tests
 * @wait_ms: in milliseconds, for waits that begin from now on
 *
 * Context: Any context.
 * Return: what it was.
 */
unsigned int tdx_gate_set_repair_wait_ms(unsigned int wait_ms)
{
	return xchg(&repair_wait_ms, wait_ms);
}

static void no_seamcall_here(void *unused) { }

/**
 * tdx_gate_close() - keep SEAMCALLs from the TDX module
 *
 * When it returns none is under way.
 *
 * Context: Process context, preemption disabled, interrupts enabled. Preemption
 *	    stays disabled until the gate is opened.
 */
void tdx_gate_close(void)
{
	lockdep_assert_preemption_disabled();
	lockdep_assert_irqs_enabled();

	/*
	 * The store comes before the IPI, which is a full barrier on both sides.
	 * Matches tdx_gate_status(): a CPU that has taken the IPI sees it.
	 */
	WRITE_ONCE(__tdx_gate_status, GATE_CLOSED);
	smp_call_function(no_seamcall_here, NULL, 1);
}

/**
 * tdx_gate_open() - end what tdx_gate_close() began
 * @usable: there is a TDX module for SEAMCALLs to reach
 *
 * Who spins goes on, who sleeps in tdx_module_wait() needs tdx_gate_wake().
 *
 * Context: Process context, preemption disabled.
 */
void tdx_gate_open(bool usable)
{
	/* Whoever saw the gate closed, in either wait, sees all that the update wrote. */
	smp_store_release(&__tdx_gate_status, usable ? GATE_OPEN : GATE_DOWN);
}

/**
 * tdx_gate_wake() - let those go on who sleep in tdx_module_wait()
 *
 * Context: Process context, may sleep.
 */
void tdx_gate_wake(void)
{
	swake_up_all(&gate_wq);
}

/**
 * tdx_gate_wait() - spin while the TDX module is being replaced
 *
 * For a caller who was told TDX_SEAMCALL_GATED, must try again and cannot sleep.
 *
 * Context: Interrupts enabled and not serving a softirq; preemption may be disabled.
 */
void tdx_gate_wait(void)
{
	lockdep_assert_irqs_enabled();
	lockdep_assert(!in_serving_softirq());

	/* Matches smp_store_release() in tdx_gate_open(). */
	while (smp_load_acquire(&__tdx_gate_status) == GATE_CLOSED)
		cpu_relax();
}
EXPORT_SYMBOL_FOR_KVM(tdx_gate_wait);

/**
 * tdx_gate_is_closed() - is the TDX module being replaced?
 *
 * Then the CPU that updates may take no interrupt for as long as SEAMLDR.INSTALL takes:
 * ask before an IPI is sent to a CPU that may be that one.
 *
 * Context: Any context.
 * Return: whether it is. The answer may be out of date when it is given.
 */
bool tdx_gate_is_closed(void)
{
	return READ_ONCE(__tdx_gate_status) == GATE_CLOSED;
}
EXPORT_SYMBOL_FOR_KVM(tdx_gate_is_closed);

/**
 * tdx_module_wait() - sleep until SEAMCALLs reach a TDX module
 *
 * While an update replaces the module that takes a moment. After an update that
 * failed it takes until another one repairs TDX, or for as long as the parameter
 * repair_wait_ms says, counted from the call.
 *
 * Context: Process context with no lock held, may sleep.
 * Return: 0; -EINTR when a signal is pending; -EIO when there was no module in time.
 */
int tdx_module_wait(void)
{
	unsigned long give_up = jiffies + msecs_to_jiffies(READ_ONCE(repair_wait_ms));
	DECLARE_SWAITQUEUE(wait);
	int ret = 0;

	might_sleep();

	for (;;) {
		bool interrupted = prepare_to_swait_event(&gate_wq, &wait, TASK_INTERRUPTIBLE |
							  TASK_FREEZABLE);
		/* Matches smp_store_release() in tdx_gate_open(). */
		u64 status = smp_load_acquire(&__tdx_gate_status);
		long left = MAX_SCHEDULE_TIMEOUT;

		if (status == GATE_OPEN)
			break;

		if (interrupted) {
			ret = -EINTR;
			break;
		}

		if (status == GATE_DOWN) {
			left = give_up - jiffies;
			if (left <= 0) {
				ret = -EIO;
				break;
			}
		}

		schedule_timeout(left);
	}

	finish_swait(&gate_wq, &wait);
	return ret;
}
EXPORT_SYMBOL_FOR_KVM(tdx_module_wait);

/**
 * tdx_module_is_down() - did a failed update leave no TDX module to use?
 *
 * Context: Any context.
 * Return: true until another update begins to replace what is there.
 */
bool tdx_module_is_down(void)
{
	return READ_ONCE(__tdx_gate_status) == GATE_DOWN;
}
EXPORT_SYMBOL_FOR_MODULES(tdx_module_is_down, "kvm-intel,tdx-host");
