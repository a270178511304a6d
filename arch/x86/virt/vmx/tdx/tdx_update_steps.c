// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take all CPUs through the steps of a TDX module update
 *
 * No SEAMCALL but those of the update may be made from TDH.SYS.SHUTDOWN to
 * TDH.SYS.UPDATE, and some of these must be made on every CPU. stop_machine() is
 * the one known means to keep all others out, KVM's of every running TD
 * included. It stops CPUs that have nothing to do with TDX, too: what takes its
 * place some day only needs to provide tdx_update_run_steps().
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/nmi.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>

#include "tdx_update_steps.h"

#include <trace/events/tdx_update.h>

/* Some steps must be run on exactly one CPU. CPU 0 is always online. */
#define LEAD_CPU	0

/* The phase in which the CPUs come together, for the trace. */
#define QUIESCE		"quiesce"

/*
 * A turn is one pass of all CPUs through one step. The last CPU that is done
 * with a turn begins the next.
 */
struct rendezvous {
	const struct tdx_update_step *steps;
	unsigned int nr_steps;
	void *data;
	unsigned int nr_cpus;

	unsigned int turn;
	bool over;

	/* Whose turn it is in a serialized step.  Taken before @lock. */
	raw_spinlock_t serial_lock;

	/*
	 * Protects what follows. Raw, as it is taken with interrupts off. Step
	 * is also read without it, after the turn that it belongs to.
	 */
	raw_spinlock_t lock;
	unsigned int step;
	unsigned int nr_done;
	int error;
	int cpu;
	u64 status;
};

/* All CPUs have run the step: decide what comes next. */
static void begin_turn(struct rendezvous *r)
{
	const struct tdx_update_step *step = &r->steps[r->step];
	int ret = 0;

	lockdep_assert_held(&r->lock);

	if (step->complete)
		ret = step->complete(r->data);

	if (ret != -EAGAIN) {
		trace_tdx_update_phase_end(step->name, ret);

		if (ret || r->step + 1 == r->nr_steps) {
			r->error = ret;
			WRITE_ONCE(r->over, true);
			return;
		}

		r->step++;
		trace_tdx_update_phase(r->steps[r->step].name);
	}

	r->nr_done = 0;
	/* Pairs with smp_load_acquire() in take_steps(): r->step goes first. */
	smp_store_release(&r->turn, r->turn + 1);
}

static void finish_turn(struct rendezvous *r, u64 status)
{
	guard(raw_spinlock)(&r->lock);

	if (status) {
		if (!r->error) {
			r->error = -EIO;
			r->cpu = smp_processor_id();
			r->status = status;
			trace_tdx_update_phase_end(r->steps[r->step].name, -EIO);
		}
		/* No CPU may begin a step that comes after a failure. */
		WRITE_ONCE(r->over, true);
		return;
	}

	if (++r->nr_done == r->nr_cpus && !r->error)
		begin_turn(r);
}

/* Waiting may take as long as there are CPUs that work one after another. */
static void wait_a_moment(void)
{
	cpu_relax();
	touch_nmi_watchdog();
	rcu_momentary_eqs();
}

static void take_turn(struct rendezvous *r)
{
	const struct tdx_update_step *step = &r->steps[r->step];

	if (step->lead_only) {
		finish_turn(r, smp_processor_id() == LEAD_CPU ? step->run(r->data) : 0);
		return;
	}

	if (!step->serialized) {
		finish_turn(r, step->run(r->data));
		return;
	}

	while (!raw_spin_trylock(&r->serial_lock))
		wait_a_moment();
	if (!READ_ONCE(r->over))
		finish_turn(r, step->run(r->data));
	raw_spin_unlock(&r->serial_lock);
}

/* See multi_cpu_stop(), from where the waiting was adopted. */
static int take_steps(void *data)
{
	struct rendezvous *r = data;
	unsigned int turn = 0;
	unsigned int next;

	/* All CPUs are here, or stop_machine() would not have called any. */
	if (smp_processor_id() == LEAD_CPU) {
		trace_tdx_update_phase_end(QUIESCE, 0);
		trace_tdx_update_phase(r->steps[0].name);
	}

	do {
		/* Pairs with smp_store_release() in begin_turn(). */
		next = smp_load_acquire(&r->turn);
		if (next == turn) {
			wait_a_moment();
			continue;
		}

		turn = next;
		take_turn(r);
	} while (!READ_ONCE(r->over));

	return 0;
}

/**
 * tdx_update_run_steps() - take all online CPUs through steps, nothing else runs
 * @steps: the steps
 * @nr_steps: their number, at least 1
 * @data: for their callbacks
 * @stop: told how it ended
 *
 * A CPU that fails keeps all of them from the next step.
 *
 * Context: Process context with CPU hotplug locked out, may sleep.
 * Return: 0 when all steps were taken, -EIO when a SEAMCALL failed, or what a
 *	   step's complete() returned.
 */
int tdx_update_run_steps(const struct tdx_update_step *steps, unsigned int nr_steps,
			 void *data, struct tdx_update_stop *stop)
{
	struct rendezvous r = {
		.steps = steps,
		.nr_steps = nr_steps,
		.data = data,
		.nr_cpus = num_online_cpus(),
		.turn = 1,
		.cpu = -1,
	};
	u64 start_ns;
	int ret;

	lockdep_assert_cpus_held();

	raw_spin_lock_init(&r.serial_lock);
	raw_spin_lock_init(&r.lock);
	trace_tdx_update_phase(QUIESCE);
	start_ns = ktime_get_ns();
	ret = stop_machine_cpuslocked(take_steps, &r, cpu_online_mask);
	stop->stop_ns = ktime_get_ns() - start_ns;

	stop->step = r.step;
	stop->cpu = r.cpu;
	stop->status = r.status;

	return ret ?: r.error;
}
