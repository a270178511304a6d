// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of how a TDX module update takes CPUs through a step
 *
 * The function that each CPU calls is one of the test: it makes no SEAMCALL.
 */
#include <kunit/test.h>

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>

#include <asm/fpu/api.h>

#include "tdx_replace.h"

#define STATUS		0x8000020200000001ULL

/* What the calls did and saw. Static: other CPUs write it. */
static struct record {
	int		failing_cpu;
	struct cpumask	called;
	int		nr_calls;
	int		at_once;
	int		last_cpu;
	bool		overlap;
	bool		interruptible;
	bool		fpu_free;

	int		this_cpu;
	int		cpu;
	u64		status;
} record;

static u64 call(void *data)
{
	struct record *r = data;
	int cpu = smp_processor_id();

	r->overlap |= r->at_once++;
	r->interruptible |= !irqs_disabled();
	/* A section of its own, so nobody can begin another one. */
	r->fpu_free |= irq_fpu_usable();
	r->nr_calls++;
	r->last_cpu = cpu;
	cpumask_set_cpu(cpu, &r->called);
	r->at_once--;

	return cpu == r->failing_cpu ? STATUS : 0;
}

static int call_all(void *data)
{
	struct record *r = data;

	r->this_cpu = smp_processor_id();
	r->status = tdx_call_each_cpu(call, r, &r->cpu);
	return 0;
}

static void run(struct kunit *test, int cpu, int failing_cpu)
{
	memset(&record, 0, sizeof(record));
	record.failing_cpu = failing_cpu;
	KUNIT_ASSERT_EQ(test, stop_one_cpu(cpu, call_all, &record), 0);

	KUNIT_EXPECT_EQ(test, record.this_cpu, cpu);
	KUNIT_EXPECT_FALSE(test, record.overlap);
	KUNIT_EXPECT_FALSE(test, record.interruptible);
	KUNIT_EXPECT_FALSE(test, record.fpu_free);
	KUNIT_EXPECT_EQ(test, cpumask_weight(&record.called), record.nr_calls);
}

/* P-SEAMLDR does the work in the last CPU's call: that is to be the updater. */
static void updater_is_last_test(struct kunit *test)
{
	int cpu;

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu) {
		run(test, cpu, -1);
		KUNIT_EXPECT_EQ(test, record.status, 0);
		KUNIT_EXPECT_TRUE(test, cpumask_equal(&record.called, cpu_online_mask));
		KUNIT_EXPECT_EQ(test, record.last_cpu, cpu);
	}
}

/* No CPU calls after one that failed. */
static void first_failure_ends_test(struct kunit *test)
{
	int cpu, failing_cpu;

	guard(cpus_read_lock)();
	for_each_online_cpu(cpu) {
		for_each_online_cpu(failing_cpu) {
			run(test, cpu, failing_cpu);
			KUNIT_EXPECT_EQ(test, record.status, STATUS);
			KUNIT_EXPECT_EQ(test, record.cpu, failing_cpu);
			KUNIT_EXPECT_EQ(test, record.last_cpu, failing_cpu);
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(updater_is_last_test),
	KUNIT_CASE(first_failure_ends_test),
	{}
};

static struct kunit_suite suite = {
	.name		= "tdx_replace",
	.test_cases	= cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit test of how a TDX module update takes CPUs through a step");
MODULE_LICENSE("GPL");
