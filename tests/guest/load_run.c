// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload run: a TD that counts and hashes and reports both, checked report by
 * report against the same computation here, until SIGTERM, for some seconds or so many
 * reports, of four exits each.
 * SIGUSR1 ends a lap: the longest pause of each is told on its own. With --insist a
 * vCPU that cannot run is told and tried again, as after a failed update that another repairs.
 * With --slots memory slots come and go meanwhile, as when a VMM maps devices. With --halt
 * the TD halts again and again, always with an interrupt pending.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "td.h"
#include "tdload.h"

#define TELL_EVERY_US	250000
#define INSIST_EVERY_MS 20
#define SLOT_EVERY_MS	20
#define SLOT		8
#define SLOT_GPA	0x80000000

static struct {
	unsigned int seconds, steps, reports;
	bool insist, slots, halt;
	struct td_options td;
} options = { .steps = 20000, .td = { .vcpus = 1 } };

static struct td td;
static pthread_t thread[TD_MAX_VCPUS];
static unsigned int threads;
static volatile sig_atomic_t laps;

static void next_lap(int signal)
{
	(void)signal;
	laps++;
}

/*
 * The kernel gives the signal to one thread. A vCPU that sleeps in KVM_RUN, because
 * there is no TDX module, needs one of its own; one that is about to enter it has
 * immediate_exit.
 */
static void stop_vcpus(int signal)
{
	if (stopped)
		return;
	stopped = 1;
	for (unsigned int i = 0; i < options.td.vcpus; i++)
		td.run[i]->immediate_exit = 1;
	for (unsigned int i = 0; i < threads; i++)
		pthread_kill(thread[i], signal);
}

struct chain {
	unsigned int vcpu;
	uint64_t count, hash; /* computed here */
	uint64_t reports, refused, longest_us, lap_us, run_us;
	unsigned int lap;
	uint32_t word[4]; /* of the report that is coming in */
	const char *broken;
};

/* A report is complete: it must be the next one of the chain. */
static void check(struct chain *chain)
{
	uint64_t count = chain->word[0] | (uint64_t)chain->word[1] << 32;
	uint64_t hash = chain->word[2] | (uint64_t)chain->word[3] << 32;

	for (uint64_t end = chain->count + options.steps; chain->count < end; chain->count++)
		chain->hash = td_chain_step(chain->hash, chain->count);
	chain->reports++;
	if (count != chain->count)
		chain->broken = "count";
	else if (hash != chain->hash)
		chain->broken = "hash";
}

static void *run(void *argument)
{
	struct chain *chain = argument;
	uint64_t end = options.seconds ? now_us() + options.seconds * 1000000ULL : UINT64_MAX;
	uint64_t last = now_us(), told = last, start = last;
	struct td_event event;

	while (!stopped && !chain->broken && last < end) {
		int ret = td_run(&td, chain->vcpu, &event);
		uint64_t now = now_us();

		if (ret == -EINTR)
			continue;
		if (ret && options.insist) {
			chain->refused++;
			printf("refused vcpu=%u step=%s errno=%d\n", chain->vcpu, td.step, -ret);
			sleep_ms(INSIST_EVERY_MS);
			continue;
		}
		if (ret || event.port < TD_PORT_COUNT_LOW || event.port > TD_PORT_HASH_HIGH) {
			printf("run failed vcpu=%u step=%s errno=%d\n", chain->vcpu,
			       ret ? td.step : "report", -ret);
			chain->broken = "run";
			break;
		}
		chain->word[event.port - TD_PORT_COUNT_LOW] = event.value;
		/* Any output is a sign of life; the first report only starts the clock. */
		if (chain->reports && now - last > chain->longest_us)
			chain->longest_us = now - last;
		if (chain->reports && now - last > chain->lap_us)
			chain->lap_us = now - last;
		last = now;
		if (chain->lap != (unsigned int)laps) {
			printf("lap vcpu=%u lap=%u longest_pause_us=%lu\n", chain->vcpu, chain->lap,
			       chain->lap_us);
			chain->lap = laps;
			chain->lap_us = 0;
		}
		if (event.port == TD_PORT_HASH_HIGH)
			check(chain);
		if (options.reports && chain->reports == options.reports)
			break;
		if (now - told > TELL_EVERY_US) {
			told = now;
			printf("chain vcpu=%u count=%lu longest_pause_us=%lu\n", chain->vcpu,
			       chain->count, chain->longest_us);
		}
	}
	chain->run_us = now_us() - start;
	return NULL;
}

/* Each change waits until no vCPU uses the slots as they were. */
static void *change_slots(void *unused)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT,
		.guest_phys_addr = SLOT_GPA,
	};
	void *memory = mmap(NULL, TD_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	unsigned int changes = 0;

	if (memory == MAP_FAILED)
		die("mmap of a slot");
	region.userspace_addr = (uint64_t)memory;
	while (!stopped) {
		region.memory_size = region.memory_size ? 0 : TD_PAGE_SIZE;
		if (ioctl(td.vm, KVM_SET_USER_MEMORY_REGION, &region))
			die("KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
		printf("slots changes=%u\n", ++changes);
		sleep_ms(SLOT_EVERY_MS);
	}
	return unused;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = { { "vcpus", required_argument, NULL, 'v' },
					       { "steps", required_argument, NULL, 'n' },
					       { "seconds", required_argument, NULL, 's' },
					       { "reports", required_argument, NULL, 'r' },
					       { "insist", no_argument, NULL, 'i' },
					       { "slots", no_argument, NULL, 'm' },
					       { "halt", no_argument, NULL, 'h' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (c) {
			/* clang-format off */
		case 'v': options.td.vcpus = number(optarg); break;
		case 'n': options.steps = number(optarg); break;
		case 's': options.seconds = number(optarg); break;
		case 'r': options.reports = number(optarg); break;
		case 'i': options.insist = true; break;
		case 'm': options.slots = true; break;
		case 'h': options.halt = true; break;
		default: exit(2);
			/* clang-format on */
		}
	}
	if (!options.td.vcpus || options.td.vcpus > TD_MAX_VCPUS)
		die("--vcpus: 1 to %d", TD_MAX_VCPUS);
}

int load_run(int argc, char **argv)
{
	static struct chain chain[TD_MAX_VCPUS];
	struct sigaction action = { .sa_handler = stop_vcpus };
	pthread_t slots;
	const char *reason;
	int ret, status = 0;

	parse(argc, argv);
	if (!td_supported(&reason))
		die("%s", reason);
	stop_on_signals();
	signal(SIGUSR1, next_lap);
	options.td.argument = (options.halt ? TD_MODE_HALT : TD_MODE_CHAIN) |
			      (uint64_t)options.steps << TD_STEPS_SHIFT;
	ret = td_build(&td, &options.td);
	if (ret)
		die("%s: %s, status %#lx", td.step, strerror(-ret), td.hw_error);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	printf("run started\n");
	for (threads = 0; threads < options.td.vcpus; threads++) {
		chain[threads] = (struct chain){ .vcpu = threads, .hash = td_chain_seed(threads) };
		pthread_create(&thread[threads], NULL, run, &chain[threads]);
	}
	if (options.slots && pthread_create(&slots, NULL, change_slots, NULL))
		die("no thread to change slots");
	for (unsigned int i = 0; i < options.td.vcpus; i++) {
		pthread_join(thread[i], NULL);
		printf("chain-end vcpu=%u intact=%s count=%lu reports=%lu refused=%lu longest_pause_us=%lu run_us=%lu\n",
		       i, chain[i].broken ?: "yes", chain[i].count, chain[i].reports,
		       chain[i].refused, chain[i].longest_us, chain[i].run_us);
		if (chain[i].broken || !chain[i].reports)
			status = 1;
	}
	stopped = 1;
	if (options.slots)
		pthread_join(slots, NULL);
	td_close(&td);
	return status;
}
