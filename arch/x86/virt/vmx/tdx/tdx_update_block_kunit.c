// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the lock between TDX module updates and the operations they would
 * corrupt
 *
 * There is one such lock in the kernel. The tests use it at boot, before userspace
 * could build a TD or update the module, and never again: the suite is one that
 * cannot be run from debugfs.
 *
 * What a test waits for is an event: a thread reports when it got what it asked
 * for, and a tracepoint reports that a block is held back.
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/tdx_update.h>

#include <asm/tdx.h>

#include <trace/events/tdx_update.h>

#include "tdx_update_internal.h"

/* Longer than any test has to wait. */
#define FOR_EVER_MS	60000
/* How long a wait may take that has an end: only a test that fails waits for it. */
#define PATIENCE	(20 * HZ)

/* A thread that begins a block. */
struct builder {
	struct tdx_update_block	block;
	struct task_struct	*task;
	struct completion	began;
	int			ret;
};

/* A thread that takes the write side, holds it until told, and lets it go. */
struct updater {
	unsigned int		wait_ms;
	struct completion	locked;
	struct completion	let_go;
	struct completion	done;
	enum tdx_update_outcome	outcome;
	int			ret;
};

/* Static, as nothing that hangs or is left over may use memory of a test that is over. */
static struct tdx_update_block block, other;
static struct builder builder, newcomer;
static struct updater updater;
static struct completion held_back;

static void probe_block_wait(void *data, pid_t tgid)
{
	complete(&held_back);
}

static bool happens(struct completion *event)
{
	return wait_for_completion_timeout(event, PATIENCE);
}

static int build(void *data)
{
	struct builder *b = data;

	allow_signal(SIGUSR1);
	allow_signal(SIGKILL);
	b->ret = tdx_update_block_begin(&b->block);
	complete(&b->began);
	return 0;
}

static void start_builder(struct kunit *test, struct builder *b)
{
	struct task_struct *task;

	memset(b, 0, sizeof(*b));
	init_completion(&b->began);

	task = kthread_create(build, b, "tdx_builder");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	b->task = get_task_struct(task);
	wake_up_process(task);
}

static void start_newcomer_held_back(struct kunit *test)
{
	start_builder(test, &newcomer);
	KUNIT_EXPECT_TRUE(test, happens(&held_back));
	KUNIT_EXPECT_FALSE(test, completion_done(&newcomer.began));
}

static int update(void *data)
{
	struct updater *u = data;

	u->ret = tdx_update_write_lock(u->wait_ms);
	complete(&u->locked);
	if (!u->ret) {
		wait_for_completion(&u->let_go);
		tdx_update_write_unlock(u->outcome);
	}
	complete(&u->done);
	return 0;
}

static void start_updater(struct kunit *test, unsigned int wait_ms)
{
	memset(&updater, 0, sizeof(updater));
	updater.wait_ms = wait_ms;
	updater.outcome = TDX_UPDATE_USABLE;
	init_completion(&updater.locked);
	init_completion(&updater.let_go);
	init_completion(&updater.done);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(update, &updater, "tdx_updater"));
}

/*
 * Until the update waits, newcomers pass. One that is held back tells that it does.
 */
static void wait_until_held_back(struct kunit *test)
{
	unsigned long end = jiffies + PATIENCE;

	do {
		start_builder(test, &newcomer);
		while (!try_wait_for_completion(&held_back)) {
			if (try_wait_for_completion(&newcomer.began))
				break;
			KUNIT_ASSERT_TRUE(test, time_before(jiffies, end));
			cond_resched();
		}
		if (!newcomer.block.held)
			return;
		tdx_update_block_end(&newcomer.block);
		put_task_struct(newcomer.task);
		newcomer.task = NULL;
	} while (time_before(jiffies, end));

	KUNIT_FAIL_AND_ABORT(test, "no update waits");
}

static void start_updater_that_waits(struct kunit *test)
{
	start_updater(test, FOR_EVER_MS);
	wait_until_held_back(test);
}

/* The newcomer that was held back is let pass. */
static void expect_newcomer_passes(struct kunit *test)
{
	KUNIT_ASSERT_TRUE(test, happens(&newcomer.began));
	KUNIT_EXPECT_EQ(test, newcomer.ret, 0);
	tdx_update_block_end(&newcomer.block);
}

static void end_is_harmless_test(struct kunit *test)
{
	tdx_update_block_end(&block);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);

	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 1);

	tdx_update_block_end(&block);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);
	tdx_update_block_end(&block);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);

	/* The read side was released once, or this would wait, or warn. */
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	tdx_update_write_unlock(TDX_UPDATE_USABLE);
}

static void begin_again_test(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
		KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 1);
		tdx_update_block_end(&block);
	}
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);
}

static void no_wait_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	KUNIT_EXPECT_EQ(test, tdx_update_write_lock(0), -EBUSY);

	/* It left nothing behind: no lock and no gate that waits. */
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&other), 0);
	tdx_update_block_end(&other);
	tdx_update_block_end(&block);

	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	tdx_update_write_unlock(TDX_UPDATE_USABLE);
}

static void bounded_wait_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	KUNIT_EXPECT_EQ(test, tdx_update_write_lock(50), -ETIMEDOUT);

	/* The block that it waited for is as it was. */
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 1);
	tdx_update_block_end(&block);
}

static void update_waits_for_block_test(struct kunit *test)
{
	/* Another task ends it than the one that began it. */
	start_builder(test, &builder);
	KUNIT_ASSERT_TRUE(test, happens(&builder.began));
	KUNIT_ASSERT_EQ(test, builder.ret, 0);

	start_updater_that_waits(test);
	KUNIT_EXPECT_FALSE(test, completion_done(&updater.locked));

	tdx_update_block_end(&builder.block);
	KUNIT_ASSERT_TRUE(test, happens(&updater.locked));
	KUNIT_EXPECT_EQ(test, updater.ret, 0);

	/* The block that came meanwhile waits for the update to be over. */
	KUNIT_EXPECT_FALSE(test, completion_done(&newcomer.began));
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);
	complete(&updater.let_go);
	expect_newcomer_passes(test);
	KUNIT_EXPECT_TRUE(test, happens(&updater.done));
}

static void cancel_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	start_updater_that_waits(test);

	tdx_update_cancel_wait();
	KUNIT_ASSERT_TRUE(test, happens(&updater.done));
	KUNIT_EXPECT_EQ(test, updater.ret, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, tdx_update_cancelled());

	/* What it held back goes on, though the block is still in flight. */
	expect_newcomer_passes(test);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 1);

	/* A cancellation holds until it is forgotten. */
	KUNIT_EXPECT_EQ(test, tdx_update_write_lock(FOR_EVER_MS), -ECANCELED);
	tdx_update_cancel_clear();
	KUNIT_EXPECT_FALSE(test, tdx_update_cancelled());

	tdx_update_block_end(&block);
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(FOR_EVER_MS), 0);
	tdx_update_write_unlock(TDX_UPDATE_USABLE);
}

static void signal_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	start_newcomer_held_back(test);

	/* A build takes longer beside an update, but no signal makes it fail. */
	send_sig(SIGUSR1, newcomer.task, 1);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&newcomer.began, HZ / 10), 0);

	send_sig(SIGKILL, newcomer.task, 1);
	KUNIT_ASSERT_TRUE(test, happens(&newcomer.began));
	KUNIT_EXPECT_EQ(test, newcomer.ret, -EINTR);
	KUNIT_EXPECT_FALSE(test, newcomer.block.held);

	tdx_update_write_unlock(TDX_UPDATE_USABLE);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);

	/* Nothing has been done. */
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&newcomer.block), 0);
	tdx_update_block_end(&newcomer.block);
}

static void own_block_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, kunit_attach_mm(), 0);
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	start_updater_that_waits(test);

	/* The newcomer's process has none in flight and waits, this one has. */
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&other), 0);
	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 2);

	tdx_update_block_end(&block);
	KUNIT_EXPECT_FALSE(test, completion_done(&updater.locked));
	tdx_update_block_end(&other);
	KUNIT_ASSERT_TRUE(test, happens(&updater.locked));
	KUNIT_EXPECT_EQ(test, updater.ret, 0);

	complete(&updater.let_go);
	expect_newcomer_passes(test);
	KUNIT_EXPECT_TRUE(test, happens(&updater.done));
}

/* What an update held back is admitted with its end, not when it runs again. */
static void updates_in_a_row_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	start_newcomer_held_back(test);
	tdx_update_write_unlock(TDX_UPDATE_USABLE);

	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 1);
	KUNIT_EXPECT_EQ(test, tdx_update_write_lock(0), -EBUSY);
	expect_newcomer_passes(test);
}

static void no_module_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	start_newcomer_held_back(test);
	tdx_update_write_unlock(TDX_UPDATE_BROKEN);

	/* Neither who waited nor who comes later has a module to use. */
	KUNIT_ASSERT_TRUE(test, happens(&newcomer.began));
	KUNIT_EXPECT_EQ(test, newcomer.ret, -EIO);
	KUNIT_EXPECT_FALSE(test, newcomer.block.held);
	KUNIT_EXPECT_EQ(test, tdx_update_block_begin(&block), -EIO);

	/* The next update brings one. */
	KUNIT_ASSERT_EQ(test, tdx_update_write_lock(0), 0);
	tdx_update_write_unlock(TDX_UPDATE_USABLE);
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	tdx_update_block_end(&block);
}

/* Only the installation itself keeps short sections out, not its waiting. */
static void short_section_test(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_update_block_begin(&block), 0);
	start_updater_that_waits(test);

	KUNIT_ASSERT_EQ(test, tdx_update_read_lock(), 0);
	tdx_update_block_end(&block);
	/* Short sections are waited for as well. */
	KUNIT_EXPECT_FALSE(test, completion_done(&updater.locked));
	tdx_update_read_unlock();

	KUNIT_ASSERT_TRUE(test, happens(&updater.locked));
	complete(&updater.let_go);
	expect_newcomer_passes(test);
	KUNIT_EXPECT_TRUE(test, happens(&updater.done));
}

static int block_test_init(struct kunit *test)
{
	init_completion(&held_back);
	newcomer.task = NULL;
	builder.task = NULL;

	if (register_trace_tdx_update_block_wait(probe_block_wait, NULL))
		kunit_skip(test, "needs CONFIG_TRACEPOINTS");

	if (tdx_module_is_down())
		kunit_skip(test, "there is no TDX module, so no build begins");

	return 0;
}

static void block_test_exit(struct kunit *test)
{
	unregister_trace_tdx_update_block_wait(probe_block_wait, NULL);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_EQ(test, tdx_update_blocks_in_flight(), 0);

	/* Only a test that failed has left any of them in flight. */
	tdx_update_block_end(&block);
	tdx_update_block_end(&other);
	tdx_update_cancel_clear();

	if (builder.task)
		put_task_struct(builder.task);
	if (newcomer.task)
		put_task_struct(newcomer.task);
}

static struct kunit_case tdx_update_block_cases[] = {
	KUNIT_CASE(end_is_harmless_test),
	KUNIT_CASE(begin_again_test),
	KUNIT_CASE(no_wait_test),
	KUNIT_CASE(bounded_wait_test),
	KUNIT_CASE(update_waits_for_block_test),
	KUNIT_CASE(cancel_test),
	KUNIT_CASE(signal_test),
	KUNIT_CASE(own_block_test),
	KUNIT_CASE(updates_in_a_row_test),
	KUNIT_CASE(no_module_test),
	KUNIT_CASE(short_section_test),
	{}
};

static struct kunit_suite tdx_update_block_suite = {
	.name		= "tdx_update_block",
	.init		= block_test_init,
	.exit		= block_test_exit,
	.test_cases	= tdx_update_block_cases,
};

kunit_test_init_section_suite(tdx_update_block_suite);

MODULE_DESCRIPTION("KUnit test of the lock between TDX module updates and TD builds");
MODULE_LICENSE("GPL");
