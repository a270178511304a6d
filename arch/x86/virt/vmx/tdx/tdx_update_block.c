// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock between TDX module updates and the operations they would corrupt
 *
 * An update of the TDX module between TDH.MNG.INIT and TDH.MR.FINALIZE of a TD
 * silently corrupts the TD's measurement: the half-finished hash in the TD's
 * control structure has the layout of the module that began it.  Such an
 * operation, a "block" from here on, spans several ioctls, so it holds the lock
 * while userspace runs, and whoever ends it need not be the task that began it.
 *
 * @update_rwsem is the lock.  A block holds the read side from begin to end, an
 * update the write side from before TDH.SYS.SHUTDOWN until TDX is usable again.
 * Short sections that only need module metadata to stand still take the read
 * side in the ordinary way.
 *
 * An rwsem alone would let a stalled block hang the update, and the queued
 * update hang every later block.  So a gate stands in front of it, which knows
 * what an rwsem does not: how long an update may wait, that it can be cancelled,
 * and that a process with a block in flight must not wait for an update which
 * waits for that very block.
 *
 *   GATE_OPEN	   blocks pass
 *   GATE_WAITING  an update waits for the blocks in flight: new ones are held
 *		   back, but for those of a process that has one in flight
 *   GATE_CLOSED   an update holds, or is about to take, the write side
 *   GATE_BROKEN   no TDX module is usable: new blocks are refused
 *
 * A block first passes the gate and then takes the read side, which does not
 * wait for an update: the gate closes only when no block is in flight, and no
 * block passes until the write side was released.  The update takes the write
 * side behind a closed gate, hence waits for nothing but short sections and for a
 * block that is just about to release its read side.
 *
 * When the gate opens it lets all held-back blocks pass before another update can
 * close it: updates in a row do not starve blocks.  They count as in flight from that
 * moment, however long it takes until each of them runs.
 *
 * Users decide how many blocks there are.  So nothing is done under the lock that
 * takes longer the more there are: lists are spliced, a process is found in a
 * hash table, and waking releases the lock after each one.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/kvm_types.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/rcuwait.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/swait.h>
#include <linux/tdx_update.h>

#include "tdx_update_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/tdx_update.h>

/* How many of the blocks in flight a time-out names. */
#define MAX_REPORTED_BLOCKS	3

enum gate_state {
	GATE_OPEN,
	GATE_WAITING,
	GATE_CLOSED,
	GATE_BROKEN,
};

static DECLARE_RWSEM(update_rwsem);

/*
 * Protects the gate, the lists, and the contents of all blocks.  Innermost.  Raw,
 * as a block may end where preemption is off, as when a vCPU is loaded.
 */
static DEFINE_RAW_SPINLOCK(gate_lock);
static enum gate_state gate = GATE_OPEN;
static unsigned long nr_openings;	/* how often the gate let held-back blocks pass */
static LIST_HEAD(in_flight);		/* blocks that hold updates off, oldest first */
static LIST_HEAD(held_back);		/* blocks that wait at the gate, oldest first */
static unsigned int nr_in_flight;
static unsigned int nr_held_back;
static DEFINE_HASHTABLE(blocks_by_mm, 8);	/* those on either list */

/* Blocks wait here for the gate.  Simple, as waking takes one lock a waiter. */
static DECLARE_SWAIT_QUEUE_HEAD(block_wq);

/* The one update waits here for the blocks in flight, or for its cancellation. */
static struct rcuwait drain_wait = __RCUWAIT_INITIALIZER(drain_wait);
static bool cancel_requested;

/* A block that was held back is in flight from the opening of the gate on. */
static bool is_admitted(const struct tdx_update_block *block)
{
	/* Pairs with WRITE_ONCE() in open_gate(). */
	return block->held || READ_ONCE(nr_openings) != block->opening;
}

static bool mm_is_in_flight(struct mm_struct *mm)
{
	struct tdx_update_block *block;

	lockdep_assert_held(&gate_lock);

	if (!mm)
		return false;

	hash_for_each_possible(blocks_by_mm, block, by_mm, (unsigned long)mm) {
		if (block->mm == mm && is_admitted(block))
			return true;
	}

	return false;
}

static void admit(struct tdx_update_block *block)
{
	lockdep_assert_held(&gate_lock);

	block->since_ns = ktime_get_ns();
	/* Pairs with smp_load_acquire() in tdx_update_block_end(). */
	WRITE_ONCE(block->held, true);
}

/* Ask the gate.  Returns 0: admitted, -EAGAIN: queued, or an error. */
static int enter_gate(struct tdx_update_block *block)
{
	bool pass;

	guard(raw_spinlock_irqsave)(&gate_lock);

	if (gate == GATE_BROKEN)
		return -EIO;

	pass = gate == GATE_OPEN ||
	       (gate == GATE_WAITING && mm_is_in_flight(block->mm));

	block->opening = nr_openings;
	block->since_ns = ktime_get_ns();
	hash_add(blocks_by_mm, &block->by_mm, (unsigned long)block->mm);

	if (!pass) {
		list_add_tail(&block->node, &held_back);
		nr_held_back++;
		return -EAGAIN;
	}

	list_add_tail(&block->node, &in_flight);
	WRITE_ONCE(nr_in_flight, nr_in_flight + 1);
	admit(block);
	return 0;
}

static bool left_gate(const struct tdx_update_block *block)
{
	return is_admitted(block) || READ_ONCE(gate) == GATE_BROKEN;
}

/*
 * A held-back block was woken.  Whether it was admitted is decided under the
 * lock: the gate may have let it pass at the very moment of a signal.
 */
static int leave_gate(struct tdx_update_block *block, int error)
{
	guard(raw_spinlock_irqsave)(&gate_lock);

	if (is_admitted(block)) {
		admit(block);
		return 0;
	}

	list_del(&block->node);
	hash_del(&block->by_mm);
	nr_held_back--;
	return error ?: -EIO;
}

/*
 * Wait as long as the gate holds the block back.  Each update that does so is
 * bounded, both in waiting for blocks and in what follows.
 */
static int wait_at_gate(struct tdx_update_block *block)
{
	long ret;

	ret = ___swait_event(block_wq, left_gate(block), (TASK_KILLABLE | TASK_FREEZABLE),
			     0L, schedule());

	return leave_gate(block, ret ? -EINTR : 0);
}

/**
 * tdx_update_block_begin() - hold TDX module updates off
 * @block: zero initialized block, not in flight
 *
 * Waits while an update is under way.  Also waits while one waits for blocks in
 * flight, unless the current process began one of them: making it wait could
 * only deadlock the process and the update until the update gives up.
 *
 * On success the caller may return to userspace and end the block later, from
 * any task.
 *
 * Context: Process context with no lock held, may sleep: ending a block in flight,
 *	    or getting there, may take any lock.
 * Return: 0 on success, -EINTR when a fatal signal arrived, -EIO when a failed
 *	   update left no usable TDX module.
 */
int tdx_update_block_begin(struct tdx_update_block *block)
{
	u64 start_ns = ktime_get_ns();
	int ret;

	might_sleep();
	lockdep_assert_none_held_once();

	if (WARN_ON_ONCE(block->held))
		return -EINVAL;

	block->mm = current->mm;
	block->tgid = task_tgid_nr(current);
	block->start_ns = current->group_leader->start_boottime;

	ret = enter_gate(block);
	if (ret == -EAGAIN) {
		trace_tdx_update_block_wait(block->tgid);
		ret = wait_at_gate(block);
	}
	if (ret == -EIO)
		pr_err_ratelimited("no usable TDX module after a failed update: no TD can be built\n");
	if (ret)
		return ret;

	/*
	 * Sleeps for no update, see the head of this file.  The task may return
	 * to userspace with the read side held, and another one may release it.
	 */
	down_read_non_owner(&update_rwsem);

	trace_tdx_update_block_begin(block->tgid, ktime_get_ns() - start_ns);
	return 0;
}
EXPORT_SYMBOL_FOR_KVM(tdx_update_block_begin);

/**
 * tdx_update_block_end() - let TDX module updates happen again
 * @block: block to end; nothing happens unless it is in flight
 *
 * May be called from any task, and as often as there are reasons for the
 * operation to be over: only the first call counts.
 *
 * Context: Any context with interrupts enabled; preemption may be off.
 */
void tdx_update_block_end(struct tdx_update_block *block)
{
	/*
	 * A block that is not in flight needs no lock.  Pairs with the release
	 * below: the caller may free it at once.
	 */
	if (!smp_load_acquire(&block->held))
		return;

	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		if (!block->held)
			return;

		list_del(&block->node);
		hash_del(&block->by_mm);
		/* Pairs with READ_ONCE() in drained_or_cancelled(). */
		WRITE_ONCE(nr_in_flight, nr_in_flight - 1);
		trace_tdx_update_block_end(block->tgid,
					   ktime_get_ns() - block->since_ns);
		/* Nothing of the block is touched any more.  Pairs with the acquire. */
		smp_store_release(&block->held, false);
	}

	/* An update that found the gate free by now waits for this as well. */
	up_read_non_owner(&update_rwsem);
	/* Its barrier pairs with the one of drain(): the update sees nr_in_flight. */
	rcuwait_wake_up(&drain_wait);
}
EXPORT_SYMBOL_FOR_KVM(tdx_update_block_end);

/**
 * tdx_update_read_lock() - keep the TDX module and its metadata as they are
 *
 * For short sections: an update that has waited for all blocks waits for them, with
 * no bound.  They must not touch user memory, nor wait for anything that userspace
 * does.
 *
 * Context: Process context.  Sleeps while an update is installed, not while one
 *	    waits for blocks in flight.
 * Return: 0 on success, -EINTR when a fatal signal arrived.
 */
int tdx_update_read_lock(void)
{
	return down_read_killable(&update_rwsem);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_read_lock, "kvm-intel,tdx-host");

/**
 * tdx_update_read_unlock() - undo tdx_update_read_lock()
 *
 * Context: Process context, from the task that took the lock.
 */
void tdx_update_read_unlock(void)
{
	up_read(&update_rwsem);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_read_unlock, "kvm-intel,tdx-host");

/* Close the gate for good, which only works when no block is in flight. */
static bool close_gate(void)
{
	guard(raw_spinlock_irqsave)(&gate_lock);

	if (nr_in_flight)
		return false;

	WRITE_ONCE(gate, GATE_CLOSED);
	return true;
}

static void open_gate(enum gate_state state)
{
	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		/* Pairs with READ_ONCE() in left_gate(). */
		WRITE_ONCE(gate, state);

		if (state == GATE_OPEN) {
			list_splice_tail_init(&held_back, &in_flight);
			WRITE_ONCE(nr_in_flight, nr_in_flight + nr_held_back);
			nr_held_back = 0;
			/* Pairs with READ_ONCE() in is_admitted(). */
			WRITE_ONCE(nr_openings, nr_openings + 1);
		}
	}

	swake_up_all(&block_wq);
}

/* A process that has a block in flight, as of when the lock was held. */
struct holder {
	pid_t	tgid;
	u64	start_ns;
	u64	held_ms;
};

/* The process may have exited by now, and another one have its number. */
static void print_holder(const struct holder *holder)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;

	scoped_guard(rcu) {
		task = find_task_by_pid_ns(holder->tgid, &init_pid_ns);
		if (task && task->start_boottime == holder->start_ns)
			get_task_comm(comm, task);
		else
			task = NULL;
	}

	/* A process chooses its name: it must not look like part of the line. */
	if (task)
		pr_warn("a TD build is held open for %llu ms by process %d \"%*pEcs\"\n",
			holder->held_ms, holder->tgid, (int)strlen(comm), comm);
	else
		pr_warn("a TD build is held open for %llu ms by process %d, which has exited\n",
			holder->held_ms, holder->tgid);
}

/* Tell the operator who kept the update from happening. */
static void report_blocks(unsigned int wait_ms)
{
	struct holder holders[MAX_REPORTED_BLOCKS];
	struct tdx_update_block *block;
	unsigned int nr_holders = 0;
	u64 now = ktime_get_ns();
	unsigned int total;
	unsigned int i;

	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		total = nr_in_flight;
		list_for_each_entry(block, &in_flight, node) {
			holders[nr_holders++] = (struct holder) {
				.tgid	  = block->tgid,
				.start_ns = block->start_ns,
				.held_ms  = (now - block->since_ns) / NSEC_PER_MSEC,
			};
			if (nr_holders == MAX_REPORTED_BLOCKS)
				break;
		}
	}

	if (!total)
		return;

	pr_warn("update gave up after %u ms, %u TD builds in flight\n", wait_ms, total);
	for (i = 0; i < nr_holders; i++)
		print_holder(&holders[i]);
}

static bool drained_or_cancelled(void)
{
	/*
	 * Pairs with the WRITE_ONCE() before rcuwait_wake_up() in
	 * tdx_update_block_end() and tdx_update_cancel_wait().
	 */
	return !READ_ONCE(nr_in_flight) || READ_ONCE(cancel_requested);
}

/* Wait at the gate until no block is in flight and nobody can begin one. */
static int drain(unsigned int wait_ms)
{
	long left = msecs_to_jiffies(wait_ms);

	while (!close_gate()) {
		if (!wait_ms)
			return -EBUSY;

		left = rcuwait_wait_event_timeout(&drain_wait, drained_or_cancelled(),
						  TASK_INTERRUPTIBLE | TASK_FREEZABLE, left);
		if (left < 0)
			return left;
		if (READ_ONCE(cancel_requested))
			return -ECANCELED;
		if (!left)
			return -ETIMEDOUT;
	}

	return 0;
}

/**
 * tdx_update_write_lock() - wait for the blocks in flight, keep new ones out
 * @wait_ms: how long to wait for them in milliseconds, 0 not to wait
 *
 * One update at a time, which the caller sees to.
 *
 * Context: Process context.  Waits for blocks, interruptibly and no longer than
 *	    @wait_ms, and then for short sections.
 * Return: 0 with update_rwsem held for writing, -EBUSY when there are blocks
 *	   and @wait_ms is 0, -ETIMEDOUT, -ECANCELED after
 *	   tdx_update_cancel_wait(), or -EINTR.  On error everything is as
 *	   before, and blocks that were held back go on.
 */
int tdx_update_write_lock(unsigned int wait_ms)
{
	enum gate_state before;
	int ret;

	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		before = gate;
		WRITE_ONCE(gate, GATE_WAITING);
	}

	ret = drain(wait_ms);
	if (ret == -ETIMEDOUT || ret == -EBUSY)
		report_blocks(wait_ms);
	if (ret) {
		open_gate(before);
		return ret;
	}

	down_write(&update_rwsem);
	return 0;
}

/**
 * tdx_update_write_unlock() - end what tdx_update_write_lock() began
 * @outcome: whether there is a TDX module for blocks to use
 *
 * Context: Process context.
 */
void tdx_update_write_unlock(enum tdx_update_outcome outcome)
{
	up_write(&update_rwsem);
	open_gate(outcome == TDX_UPDATE_USABLE ? GATE_OPEN : GATE_BROKEN);
}

/**
 * tdx_update_cancel_wait() - make the update stop waiting, now or when it begins
 *
 * Has no effect on an update that waits no more.
 *
 * Context: Any context.
 */
void tdx_update_cancel_wait(void)
{
	WRITE_ONCE(cancel_requested, true);
	rcuwait_wake_up(&drain_wait);
}

/**
 * tdx_update_cancel_clear() - forget tdx_update_cancel_wait()
 */
void tdx_update_cancel_clear(void)
{
	WRITE_ONCE(cancel_requested, false);
}

/**
 * tdx_update_cancelled() - was tdx_update_cancel_wait() called?
 *
 * Return: true when it was, and was not forgotten since.
 */
bool tdx_update_cancelled(void)
{
	return READ_ONCE(cancel_requested);
}

/**
 * tdx_update_blocks_in_flight() - how many blocks hold updates off
 *
 * Context: Any context.
 * Return: their number at this moment.
 */
unsigned int tdx_update_blocks_in_flight(void)
{
	return READ_ONCE(nr_in_flight);
}
