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
 * When the gate opens it lets all held-back blocks pass, in their order, before
 * another update can close it: updates in a row do not starve blocks.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/kvm_types.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/rcuwait.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/tdx_update.h>
#include <linux/wait.h>

#include "tdx_update.h"

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
 * Protects the gate, both lists, and the contents of all blocks.  Innermost.  Raw,
 * as a block may end where preemption is off, as when a vCPU is loaded.
 */
static DEFINE_RAW_SPINLOCK(gate_lock);
static enum gate_state gate = GATE_OPEN;
static LIST_HEAD(in_flight);		/* blocks that hold updates off, oldest first */
static unsigned int nr_in_flight;
static LIST_HEAD(held_back);		/* blocks that wait at the gate, oldest first */

static DECLARE_WAIT_QUEUE_HEAD(block_wq);	/* blocks wait for the gate */

/* The one update waits here for the blocks in flight, or for its cancellation. */
static struct rcuwait drain_wait = __RCUWAIT_INITIALIZER(drain_wait);
static bool cancel_requested;

static bool mm_is_in_flight(const struct mm_struct *mm)
{
	struct tdx_update_block *block;

	lockdep_assert_held(&gate_lock);

	if (!mm)
		return false;

	list_for_each_entry(block, &in_flight, node) {
		if (block->mm == mm)
			return true;
	}

	return false;
}

static void admit(struct tdx_update_block *block)
{
	lockdep_assert_held(&gate_lock);

	block->since_ns = ktime_get_ns();
	list_add_tail(&block->node, &in_flight);
	WRITE_ONCE(nr_in_flight, nr_in_flight + 1);
	/* Pairs with READ_ONCE() in left_gate(). */
	WRITE_ONCE(block->held, true);
}

/* Ask the gate.  Returns 0: admitted, -EAGAIN: queued, or an error. */
static int enter_gate(struct tdx_update_block *block)
{
	guard(raw_spinlock_irqsave)(&gate_lock);

	switch (gate) {
	case GATE_OPEN:
		admit(block);
		return 0;
	case GATE_WAITING:
		if (mm_is_in_flight(block->mm)) {
			admit(block);
			return 0;
		}
		break;
	case GATE_CLOSED:
		break;
	case GATE_BROKEN:
		return -EIO;
	}

	list_add_tail(&block->node, &held_back);
	return -EAGAIN;
}

static bool left_gate(struct tdx_update_block *block)
{
	return READ_ONCE(block->held) || READ_ONCE(gate) == GATE_BROKEN;
}

/*
 * A held-back block was woken.  Whether it was admitted is decided under the
 * lock: the gate may have let it pass at the very moment of a signal.
 */
static int leave_gate(struct tdx_update_block *block, int wait_ret)
{
	guard(raw_spinlock_irqsave)(&gate_lock);

	if (block->held)
		return 0;

	list_del(&block->node);
	return wait_ret ?: -EIO;
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
 * Return: 0 on success, -ERESTARTSYS when a signal arrived (nothing has been
 *	   done, the call can be repeated), -EIO when a failed update left no
 *	   usable TDX module.
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
	get_task_comm(block->comm, current->group_leader);

	ret = enter_gate(block);
	if (ret == -EAGAIN) {
		trace_tdx_update_block_wait(block->tgid);
		ret = wait_event_interruptible(block_wq, left_gate(block));
		ret = leave_gate(block, ret);
	}
	if (ret == -EIO)
		pr_err_ratelimited("no usable TDX module after a failed update, install another one\n");
	if (ret)
		return ret;

	/*
	 * Sleeps for no update, see the head of this file.  The task may return
	 * to userspace with the read side held, and another one may release it:
	 * lockdep, which knows only tasks that own locks, forgets it here as it
	 * does for a frozen filesystem.
	 */
	down_read(&update_rwsem);
	rwsem_release(&update_rwsem.dep_map, _THIS_IP_);

	trace_tdx_update_block_begin(block->tgid, ktime_get_ns() - start_ns);
	return 0;
}
EXPORT_SYMBOL_FOR_KVM(tdx_update_block_begin);

/**
 * tdx_update_block_transfer() - hand a block over to another owner
 * @to: zero initialized or ended block that takes over
 * @from: block in flight, ended by this call
 *
 * Lets a block begin before the object that owns it can be locked.  Does
 * nothing when @from is not in flight.
 *
 * Context: Any context.
 */
void tdx_update_block_transfer(struct tdx_update_block *to,
			       struct tdx_update_block *from)
{
	guard(raw_spinlock_irqsave)(&gate_lock);

	if (!from->held || WARN_ON_ONCE(to->held))
		return;

	*to = *from;
	list_replace(&from->node, &to->node);
	WRITE_ONCE(from->held, false);
}
EXPORT_SYMBOL_FOR_KVM(tdx_update_block_transfer);

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
		WRITE_ONCE(nr_in_flight, nr_in_flight - 1);
		trace_tdx_update_block_end(block->tgid,
					   ktime_get_ns() - block->since_ns);
		/* Nothing of the block is touched any more.  Pairs with the acquire. */
		smp_store_release(&block->held, false);
	}

	/* An update that found the gate free by now waits for this as well. */
	up_read_non_owner(&update_rwsem);
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
	struct tdx_update_block *block, *next;

	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		/* Pairs with READ_ONCE() in left_gate(). */
		WRITE_ONCE(gate, state);

		if (state == GATE_OPEN) {
			list_for_each_entry_safe(block, next, &held_back, node) {
				list_del(&block->node);
				admit(block);
			}
		}
	}

	wake_up_all(&block_wq);
}

/* Tell the operator whom the update waited for in vain. */
static void report_blocks(unsigned int wait_ms)
{
	char who[MAX_REPORTED_BLOCKS * (TASK_COMM_LEN + 40)];
	struct tdx_update_block *block;
	unsigned int reported = 0;
	u64 now = ktime_get_ns();
	unsigned int total;
	int len = 0;

	scoped_guard(raw_spinlock_irqsave, &gate_lock) {
		total = nr_in_flight;
		list_for_each_entry(block, &in_flight, node) {
			len += scnprintf(who + len, sizeof(who) - len,
					 "%s%s[%d] for %llu ms", len ? ", " : "",
					 block->comm, block->tgid,
					 (now - block->since_ns) / NSEC_PER_MSEC);
			if (++reported == MAX_REPORTED_BLOCKS)
				break;
		}
	}

	if (total)
		pr_warn("update gave up after %u ms, %u TD builds in flight, oldest: %s\n",
			wait_ms, total, who);
}

static bool drained_or_cancelled(void)
{
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
						  TASK_INTERRUPTIBLE, left);
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
 * tdx_update_assert_write_locked() - no block is in flight and none can begin
 */
void tdx_update_assert_write_locked(void)
{
	lockdep_assert_held_write(&update_rwsem);
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
