// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload stall: how long each CPU stands still while the TDX module is updated, beside
 * how long it does when no more happens than that one CPU has work to do. Each CPU is
 * watched twice: by a thread of normal priority, which is what its users feel, and by a
 * timer with a real-time thread behind it, which only what stops the CPU itself holds off.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tdload.h"

#define MAX_CPUS 64
#define TICK_US	 1000
#define QUIET_MS 500
#define PRIORITY 50

enum { THREAD, TIMER, NUM_WATCHES };
static const char *const watch_name[NUM_WATCHES] = { "thread", "timer" };

static struct probe {
	atomic_ulong longest_us;
	unsigned int cpu;
	bool real_time;
} probes[NUM_WATCHES][MAX_CPUS];

static unsigned int cpus;
static atomic_bool working;

static void *watch(void *argument)
{
	struct probe *probe = argument;
	struct sched_param parameters = { .sched_priority = PRIORITY };
	struct timespec next;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(probe->cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) ||
	    (probe->real_time && pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters)))
		die("cannot watch CPU %u", probe->cpu);
	for (;;) {
		uint64_t due = now_us() + TICK_US, now;

		next = (struct timespec){ due / 1000000, due % 1000000 * 1000 };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
			;
		now = now_us();
		if (now > due && now - due > probe->longest_us)
			probe->longest_us = now - due;
	}
	return NULL;
}

/*
 * Some CPU works while an update goes on, too. Where CPUs share a few real ones that is
 * enough for others to be late.
 */
static void *work(void *argument)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus - 1, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		die("cannot work on CPU %u", cpus - 1);
	while (working)
		;
	return argument;
}

static void begin_watching(void)
{
	for (int kind = 0; kind < NUM_WATCHES; kind++) {
		for (unsigned int i = 0; i < cpus; i++) {
			struct probe *probe = &probes[kind][i];
			pthread_t thread;

			probe->cpu = i;
			probe->real_time = kind == TIMER;
			if (pthread_create(&thread, NULL, watch, probe))
				die("no thread to watch CPU %u", i);
		}
	}
}

static void reset(void)
{
	for (int kind = 0; kind < NUM_WATCHES; kind++)
		for (unsigned int i = 0; i < cpus; i++)
			probes[kind][i].longest_us = 0;
}

/* " NAME-WATCH=US,US,...", a number for each CPU; the longest is returned for the timer. */
static uint64_t take(const char *name, char *text, size_t size)
{
	uint64_t longest = 0;
	int length = 0;

	for (int kind = 0; kind < NUM_WATCHES; kind++) {
		length += snprintf(text + length, size - length, " %s-%s=", name, watch_name[kind]);
		for (unsigned int i = 0; i < cpus; i++) {
			uint64_t us = probes[kind][i].longest_us;

			length += snprintf(text + length, size - length, "%s%lu", i ? "," : "", us);
			if (kind == TIMER && us > longest)
				longest = us;
		}
	}
	return longest;
}

static void measure(const char *image, int *failed)
{
	char quiet[2048], busy[2048];
	struct update_result result;
	uint64_t idle_us, stall_us;
	pthread_t worker;

	working = true;
	if (pthread_create(&worker, NULL, work, NULL))
		die("no thread to work");
	reset();
	sleep_ms(QUIET_MS);
	idle_us = take("idle", quiet, sizeof(quiet));
	working = false;
	pthread_join(worker, NULL);
	reset();
	*failed |= !!update_module(image, &result);
	/* One more tick of every thread, so that the end of a stall is seen. */
	sleep_ms(20);
	stall_us = take("stall", busy, sizeof(busy));
	printf("stall cpus=%u idle_us=%lu stall_us=%lu total_us=%lu error=%s version=%s%s%s\n",
	       cpus, idle_us, stall_us, result.duration_us, result.error[0] ? result.error : "none",
	       result.version, quiet, busy);
}

int load_stall(int argc, char **argv)
{
	static const struct option names[] = { { "count", required_argument, NULL, 'c' }, {} };
	unsigned int count = 4;
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (c != 'c')
			return 2;
		count = number(optarg);
	}
	if (optind == argc)
		die("stall: no image given");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus > MAX_CPUS)
		die("stall: more than %d CPUs", MAX_CPUS);
	begin_watching();
	/* The threads start: what they see now is not a stall. */
	sleep_ms(QUIET_MS);
	for (unsigned int i = 0; i < count; i++)
		measure(argv[optind + i % (argc - optind)], &failed);
	return failed;
}
