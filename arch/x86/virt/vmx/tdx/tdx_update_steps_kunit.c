// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the steps that all CPUs take together in a TDX module update
 *
 * Static stubs do not reach the threads that stop the CPUs, but the steps come as a
 * table of functions: the tests bring their own, which make no SEAMCALL.
 */
#include <kunit/test.h>

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "tdx_update_steps.h"

#define FIRST		0
#define SECOND		1
#define THIRD		2
#define NR_STEPS	3

#define STATUS		0x8000020200000001ULL

/* What the steps do, and what they saw. Static: stopped CPUs use it. */
static struct record {
	/* Which CPU fails in the second step, -1 for none. */
	int		failing_cpu;
	/* How often the second step is to be repeated, and with which error it ends. */
	int		repeat;
	int		error;

	atomic_t	runs[NR_STEPS];
	int		completions;
	atomic_t	too_early;
	atomic_t	at_once;
	atomic_t	too_many;
	bool		failed;
	atomic_t	too_late;
	atomic_t	interruptible;
	int		lead_cpu;
	unsigned int	nr_cpus;
} record;

static void note_run(int step)
{
	/* Every CPU must be done with all that comes before. */
	if (step != FIRST &&
	    atomic_read(&record.runs[step - 1]) % record.nr_cpus)
		atomic_inc(&record.too_early);
	if (!irqs_disabled())
		atomic_inc(&record.interruptible);
	atomic_inc(&record.runs[step]);
}

static u64 first(void *data)
{
	note_run(FIRST);
	return 0;
}

static u64 second(void *data)
{
	struct record *r = data;

	note_run(SECOND);
	return smp_processor_id() == r->failing_cpu ? STATUS : 0;
}

/* To be run by one CPU after another, and by none after one that failed. */
static u64 second_serialized(void *data)
{
	struct record *r = data;
	u64 status;

	if (atomic_inc_return(&r->at_once) != 1)
		atomic_inc(&r->too_many);
	if (r->failed)
		atomic_inc(&r->too_late);
	status = second(data);
	r->failed = status;
	atomic_dec(&r->at_once);

	return status;
}

static int second_complete(void *data)
{
	struct record *r = data;

	r->completions++;
	if (r->repeat) {
		r->repeat--;
		return -EAGAIN;
	}
	return r->error;
}

static u64 third(void *data)
{
	struct record *r = data;

	note_run(THIRD);
	r->lead_cpu = smp_processor_id();
	return 0;
}

static const struct tdx_update_step steps[NR_STEPS] = {
	[FIRST]	 = { .name = "test-first",  .run = first },
	[SECOND] = { .name = "test-second", .run = second, .complete = second_complete },
	[THIRD]	 = { .name = "test-third",  .run = third,  .lead_only = true },
};

static const struct tdx_update_step serialized_steps[NR_STEPS] = {
	[FIRST]	 = { .name = "test-first",  .run = first },
	[SECOND] = { .name = "test-second", .run = second_serialized, .serialized = true },
	[THIRD]	 = { .name = "test-third",  .run = third,  .lead_only = true },
};

static int run_steps(const struct tdx_update_step *steps, struct tdx_update_stop *stop)
{
	int ret;

	cpus_read_lock();
	record.nr_cpus = num_online_cpus();
	ret = tdx_update_run_steps(steps, NR_STEPS, &record, stop);
	cpus_read_unlock();

	return ret;
}

static void expect_runs(struct kunit *test, int first, int second, int third)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&record.runs[FIRST]), first);
	KUNIT_EXPECT_EQ(test, atomic_read(&record.runs[SECOND]), second);
	KUNIT_EXPECT_EQ(test, atomic_read(&record.runs[THIRD]), third);
}

static void all_steps_test(struct kunit *test)
{
	struct tdx_update_stop stop;

	KUNIT_ASSERT_EQ(test, run_steps(steps, &stop), 0);
	expect_runs(test, record.nr_cpus, record.nr_cpus, 1);
	KUNIT_EXPECT_EQ(test, record.completions, 1);
	KUNIT_EXPECT_EQ(test, record.lead_cpu, 0);
	KUNIT_EXPECT_EQ(test, stop.status, 0);
	KUNIT_EXPECT_EQ(test, stop.cpu, -1);
	KUNIT_EXPECT_GT(test, stop.stop_ns, 0);
}

static void expect_failure(struct kunit *test, const struct tdx_update_step *steps)
{
	struct tdx_update_stop stop;
	int cpu;

	for_each_online_cpu(cpu) {
		memset(&record, 0, sizeof(record));
		record.failing_cpu = cpu;

		KUNIT_EXPECT_EQ(test, run_steps(steps, &stop), -EIO);
		KUNIT_EXPECT_EQ(test, atomic_read(&record.too_early), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&record.too_many), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&record.too_late), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&record.runs[FIRST]), record.nr_cpus);
		KUNIT_EXPECT_EQ(test, atomic_read(&record.runs[THIRD]), 0);
		KUNIT_EXPECT_EQ(test, record.completions, 0);
		KUNIT_EXPECT_EQ(test, stop.step, SECOND);
		KUNIT_EXPECT_EQ(test, stop.cpu, cpu);
		KUNIT_EXPECT_EQ(test, stop.status, STATUS);
	}
}

/* A failure on any CPU keeps all of them from the next step. */
static void failure_test(struct kunit *test)
{
	expect_failure(test, steps);
}

static void serialized_test(struct kunit *test)
{
	struct tdx_update_stop stop;

	KUNIT_ASSERT_EQ(test, run_steps(serialized_steps, &stop), 0);
	expect_runs(test, record.nr_cpus, record.nr_cpus, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&record.too_many), 0);

	expect_failure(test, serialized_steps);
}

static void repeat_test(struct kunit *test)
{
	struct tdx_update_stop stop;

	record.repeat = 3;
	KUNIT_ASSERT_EQ(test, run_steps(steps, &stop), 0);
	expect_runs(test, record.nr_cpus, 4 * record.nr_cpus, 1);
	KUNIT_EXPECT_EQ(test, record.completions, 4);
}

static void complete_error_test(struct kunit *test)
{
	struct tdx_update_stop stop;

	record.error = -EINVAL;
	KUNIT_EXPECT_EQ(test, run_steps(steps, &stop), -EINVAL);
	expect_runs(test, record.nr_cpus, record.nr_cpus, 0);
	KUNIT_EXPECT_EQ(test, stop.step, SECOND);
	KUNIT_EXPECT_EQ(test, stop.cpu, -1);
	KUNIT_EXPECT_EQ(test, stop.status, 0);
}

static int steps_test_init(struct kunit *test)
{
	memset(&record, 0, sizeof(record));
	record.failing_cpu = -1;
	record.lead_cpu = -1;

	return 0;
}

static void steps_test_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&record.too_early), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&record.interruptible), 0);
}

static struct kunit_case tdx_update_steps_cases[] = {
	KUNIT_CASE(all_steps_test),
	KUNIT_CASE(failure_test),
	KUNIT_CASE(serialized_test),
	KUNIT_CASE(repeat_test),
	KUNIT_CASE(complete_error_test),
	{}
};

static struct kunit_suite tdx_update_steps_suite = {
	.name		= "tdx_update_steps",
	.init		= steps_test_init,
	.exit		= steps_test_exit,
	.test_cases	= tdx_update_steps_cases,
};

kunit_test_suite(tdx_update_steps_suite);

MODULE_DESCRIPTION("KUnit test of the steps of a TDX module update");
MODULE_LICENSE("GPL");
