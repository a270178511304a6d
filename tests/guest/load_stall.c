// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload stall: how long each CPU does not run an ordinary thread while the TDX
 * module is updated, beside how long it does not when nothing happens.
 */
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tdload.h"

#define MAX_CPUS	64
#define TICK_US		1000
#define QUIET_MS	500
#define PRIORITY	50

static struct probe {
	atomic_ulong longest_us;
	unsigned int cpu;
} probes[MAX_CPUS];

/*
 * Real-time, so that only what stops the CPU itself shows, not its load. The stop
 * of all CPUs has the highest priority of all and holds it off.
 */
static void *watch(void *argument)
{
	struct probe *probe = argument;
	struct sched_param parameters = { .sched_priority = PRIORITY };
	struct timespec tick = { 0, TICK_US * 1000 };
	uint64_t last;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(probe->cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) ||
	    pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters))
		die("cannot watch CPU %u", probe->cpu);
	for (last = now_us();;) {
		uint64_t now, gap;

		clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
		now = now_us();
		gap = now - last;
		last = now;
		if (gap > TICK_US && gap - TICK_US > probe->longest_us)
			probe->longest_us = gap - TICK_US;
	}
	return NULL;
}

static void reset(unsigned int cpus)
{
	for (unsigned int i = 0; i < cpus; i++)
		probes[i].longest_us = 0;
}

static uint64_t longest(unsigned int cpus)
{
	uint64_t result = 0;

	for (unsigned int i = 0; i < cpus; i++)
		if (probes[i].longest_us > result)
			result = probes[i].longest_us;
	return result;
}

int load_stall(int argc, char **argv)
{
	static const struct option names[] = {
		{ "count", required_argument, NULL, 'c' },
		{ }
	};
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN), count = 4;
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (c != 'c')
			return 2;
		count = number(optarg);
	}
	if (optind == argc)
		die("stall: no image given");
	for (unsigned int i = 0; i < cpus && i < MAX_CPUS; i++) {
		pthread_t thread;

		probes[i].cpu = i;
		pthread_create(&thread, NULL, watch, &probes[i]);
	}
	/* The threads start: what they see now is not a stall. */
	sleep_ms(QUIET_MS);
	for (unsigned int i = 0; i < count; i++) {
		struct update_result result;
		uint64_t idle;

		reset(cpus);
		sleep_ms(QUIET_MS);
		idle = longest(cpus);
		reset(cpus);
		failed |= !!update_module(argv[optind + i % (argc - optind)], &result);
		/* One more tick of every thread, so that the end of a stall is seen. */
		sleep_ms(20);
		printf("stall cpus=%u idle_us=%lu stall_us=%lu total_us=%lu error=%s version=%s\n",
		       cpus, idle, longest(cpus), result.duration_us,
		       result.error[0] ? result.error : "none", result.version);
	}
	return failed;
}
