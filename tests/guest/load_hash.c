// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload hash: a plain workload beside an update. One thread on each CPU hashes in a
 * loop; how much all of them did in each slice of 10 ms is told, and when the update
 * began and ended.
 */
#include <getopt.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tdload.h"

#define MAX_CPUS   64
#define SLICE_US   10000
#define MAX_SLICES 3000

static atomic_uint slices[MAX_SLICES];
static uint64_t start_us;
static atomic_bool enough;

static void *hash(void *argument)
{
	unsigned char block[SHA256_DIGEST_SIZE] = { 0 };
	struct sha256_ctx context;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((uintptr_t)argument, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		die("cannot run on CPU %lu", (uintptr_t)argument);
	sha256_init(&context);
	while (!enough) {
		uint64_t slice;

		sha256_update(&context, sizeof(block), block);
		sha256_digest(&context, sizeof(block), block);
		slice = (now_us() - start_us) / SLICE_US;
		if (slice < MAX_SLICES)
			atomic_fetch_add_explicit(&slices[slice], 1, memory_order_relaxed);
	}
	return NULL;
}

int load_hash(int argc, char **argv)
{
	static const struct option names[] = { { "around-ms", required_argument, NULL, 'a' }, {} };
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN), around_ms = 500, last;
	pthread_t thread[MAX_CPUS];
	struct update_result result;
	uint64_t begin, end;
	int c, ret;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (c != 'a')
			return 2;
		around_ms = number(optarg);
	}
	if (optind + 1 != argc)
		die("hash: one image");
	if (cpus > MAX_CPUS)
		cpus = MAX_CPUS;
	start_us = now_us();
	for (uintptr_t i = 0; i < cpus; i++)
		if (pthread_create(&thread[i], NULL, hash, (void *)i))
			die("no thread for CPU %lu", i);
	sleep_ms(around_ms);
	begin = now_us() - start_us;
	ret = update_module(argv[optind], &result);
	end = now_us() - start_us;
	sleep_ms(around_ms);
	enough = true;
	for (unsigned int i = 0; i < cpus; i++)
		pthread_join(thread[i], NULL);
	last = (now_us() - start_us) / SLICE_US;
	for (unsigned int i = 0; i < last && i < MAX_SLICES; i++)
		printf("slice ms=%u hashes=%u\n", i * SLICE_US / 1000, slices[i]);
	printf("hash cpus=%u begin_us=%lu end_us=%lu error=%s\n", cpus, begin, end,
	       result.error[0] ? result.error : "none");
	return !!ret;
}
