// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the gate between the kernel and the TDX module
 *
 * The SEAMCALLs are functions of the test, the gate is the real one. That is why the
 * tests run at boot, before there can be a TD, and cannot be run from debugfs.
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "seamcall_internal.h"
#include "tdx_gate.h"

#define LEAF		7
#define STATUS		0x8000020000000001ULL

/* How long to look for what must not happen. */
#define NEVER_MS	100

static atomic_t nr_calls;
static atomic_t nr_interruptible;

/* Stands for the SEAMCALL. */
static u64 call(u64 fn, struct tdx_module_args *args)
{
	if (!irqs_disabled())
		atomic_inc(&nr_interruptible);
	atomic_inc(&nr_calls);
	return STATUS;
}

static u64 call_nowait(void)
{
	struct tdx_module_args args = {};

	return sc_retry(sc_gated, call, LEAF, &args);
}

static u64 call_wait(void)
{
	struct tdx_module_args args = {};

	return sc_retry(sc_wait, call, LEAF, &args);
}

static u64 call_ungated(void)
{
	struct tdx_module_args args = {};

	return sc_retry(sc_ungated, call, LEAF, &args);
}

static void close_gate(void)
{
	guard(preempt)();
	tdx_gate_close();
}

static void open_gate(bool usable)
{
	scoped_guard(preempt)
		tdx_gate_open(usable);
	tdx_gate_wake();
}

/* A thread that makes one call, and what came of it. */
struct caller {
	struct task_struct *task;
	struct completion begun;
	struct completion done;
	u64 status;
	int ret;
};

static int make_call(void *data)
{
	struct caller *caller = data;

	complete(&caller->begun);
	caller->status = call_wait();
	complete(&caller->done);
	return 0;
}

static int wait_for_module(void *data)
{
	struct caller *caller = data;

	allow_signal(SIGUSR1);
	complete(&caller->begun);
	caller->ret = tdx_module_wait();
	complete(&caller->done);

	/* Whoever sends a signal needs a task to send it to. */
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void start(struct kunit *test, struct caller *caller, int (*run)(void *data))
{
	init_completion(&caller->begun);
	init_completion(&caller->done);
	caller->task = kthread_run(run, caller, "tdx_gate_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(caller->task));
	wait_for_completion(&caller->begun);
}

static bool still_waits(struct caller *caller)
{
	return !wait_for_completion_timeout(&caller->done, msecs_to_jiffies(NEVER_MS));
}

static void test_open(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, call_nowait(), STATUS);
	KUNIT_EXPECT_EQ(test, call_wait(), STATUS);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_calls), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_interruptible), 0);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	KUNIT_EXPECT_FALSE(test, tdx_module_is_down());
	KUNIT_EXPECT_EQ(test, tdx_module_wait(), 0);
}

static void test_closed_tells(struct kunit *test)
{
	close_gate();
	KUNIT_EXPECT_EQ(test, call_nowait(), TDX_SEAMCALL_GATED);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_calls), 0);
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	KUNIT_EXPECT_FALSE(test, tdx_module_is_down());
	KUNIT_EXPECT_EQ(test, call_ungated(), STATUS);
	open_gate(true);
	KUNIT_EXPECT_EQ(test, call_nowait(), STATUS);
}

static void test_closed_holds(struct kunit *test)
{
	struct caller caller = {};

	close_gate();
	start(test, &caller, make_call);
	KUNIT_EXPECT_TRUE(test, still_waits(&caller));
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_calls), 0);

	open_gate(true);
	wait_for_completion(&caller.done);
	KUNIT_EXPECT_EQ(test, caller.status, STATUS);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_calls), 1);
}

static void test_down(struct kunit *test)
{
	struct caller caller = {};

	close_gate();
	start(test, &caller, make_call);
	open_gate(false);
	wait_for_completion(&caller.done);

	KUNIT_EXPECT_EQ(test, caller.status, TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, call_nowait(), TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, call_wait(), TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_calls), 0);
	KUNIT_EXPECT_TRUE(test, tdx_module_is_down());
}

static bool close_returned;
static bool met_close;
static DECLARE_COMPLETION(in_flight);

/* A long SEAMCALL: whoever closes the gate meanwhile has to wait for its end. */
static u64 long_call(u64 fn, struct tdx_module_args *args)
{
	int i;

	complete(&in_flight);
	while (tdx_gate_status() != TDX_SEAMCALL_GATED)
		cpu_relax();
	for (i = 0; i < NEVER_MS && !READ_ONCE(close_returned); i++)
		mdelay(1);
	met_close = READ_ONCE(close_returned);
	return STATUS;
}

static int make_long_call(void *data)
{
	struct tdx_module_args args = {};
	struct caller *caller = data;

	caller->status = sc_retry(sc_gated, long_call, LEAF, &args);
	complete(&caller->done);
	return 0;
}

static void test_close_waits_for_calls(struct kunit *test)
{
	unsigned int here, there;
	struct caller caller = {};

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	close_returned = false;
	reinit_completion(&in_flight);
	init_completion(&caller.done);

	migrate_disable();
	here = smp_processor_id();
	there = cpumask_any_but(cpu_online_mask, here);
	caller.task = kthread_run_on_cpu(make_long_call, &caller, there, "tdx_gate_test/%u");
	if (!IS_ERR(caller.task)) {
		wait_for_completion(&in_flight);
		close_gate();
		WRITE_ONCE(close_returned, true);
		wait_for_completion(&caller.done);
		open_gate(true);
	}
	migrate_enable();

	KUNIT_ASSERT_FALSE(test, IS_ERR(caller.task));
	KUNIT_EXPECT_EQ(test, caller.status, STATUS);
	KUNIT_EXPECT_FALSE(test, met_close);
}

static void test_module_wait(struct kunit *test)
{
	struct caller caller = {};

	close_gate();
	start(test, &caller, wait_for_module);
	KUNIT_EXPECT_TRUE(test, still_waits(&caller));

	/* Neither does a failure end the wait, until it was long enough. */
	open_gate(false);
	KUNIT_EXPECT_TRUE(test, still_waits(&caller));

	close_gate();
	open_gate(true);
	wait_for_completion(&caller.done);
	KUNIT_EXPECT_EQ(test, caller.ret, 0);
	kthread_stop(caller.task);
}

static void test_module_wait_signal(struct kunit *test)
{
	struct caller caller = {};

	close_gate();
	start(test, &caller, wait_for_module);
	send_sig(SIGUSR1, caller.task, 1);
	wait_for_completion(&caller.done);
	KUNIT_EXPECT_EQ(test, caller.ret, -EINTR);
	kthread_stop(caller.task);
}

static void test_module_wait_gives_up(struct kunit *test)
{
	unsigned int before = tdx_gate_set_repair_wait_ms(1);
	int ret;

	close_gate();
	open_gate(false);
	ret = tdx_module_wait();
	tdx_gate_set_repair_wait_ms(before);

	KUNIT_EXPECT_EQ(test, ret, -EIO);
}

static int test_init(struct kunit *test)
{
	/* As after an update at boot that failed: whoever repairs TDX opens the gate. */
	if (tdx_module_is_down())
		kunit_skip(test, "there is no TDX module");

	test->priv = &nr_calls;
	atomic_set(&nr_calls, 0);
	atomic_set(&nr_interruptible, 0);
	return 0;
}

static void test_exit(struct kunit *test)
{
	if (test->priv)
		open_gate(true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(test_open),
	KUNIT_CASE(test_closed_tells),
	KUNIT_CASE(test_closed_holds),
	KUNIT_CASE(test_down),
	KUNIT_CASE(test_close_waits_for_calls),
	KUNIT_CASE(test_module_wait),
	KUNIT_CASE(test_module_wait_signal),
	KUNIT_CASE(test_module_wait_gives_up),
	{}
};

static struct kunit_suite suite = {
	.name		= "tdx_gate",
	.init		= test_init,
	.exit		= test_exit,
	.test_cases	= cases,
};

kunit_test_init_section_suite(suite);

MODULE_DESCRIPTION("KUnit test of the gate between the kernel and the TDX module");
MODULE_LICENSE("GPL");
