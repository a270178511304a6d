// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload build: processes that build TDs, let each tell its MRTD, compare it with
 * the one that it must have, and tear the TD down.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "td.h"
#include "tdload.h"

#define MAX_TIMES    65536
#define MAX_BUILDERS 256

#define REFUSED 1

/* Shared by all builders, and with whoever else maps the file. */
struct build_state {
	atomic_uint in_flight; /* TDs that are being built now */
	atomic_uint started;
	atomic_uint built;   /* that were finished and could be asked */
	atomic_uint wrong;   /* of these, with a wrong MRTD */
	atomic_uint failed;  /* a call failed */
	atomic_uint refused; /* there was no TDX module, see --failures */
	atomic_uint times;
	uint32_t time_us[MAX_TIMES]; /* INIT_VM to FINALIZE_VM */
};

static struct {
	unsigned int builders, count, seconds, page_delay_ms, fail_nth;
	bool verbose, tolerant;
	const char *state, *hold, *hold_finalize, *failures;
	struct td_options td;
} options = { .builders = 1, .td = { .vcpus = 1, .argument = TD_MODE_PROBE } };

static struct build_state *state;
static uint8_t expected[MRTD_SIZE];
static uint64_t end_us;

static struct build_state *map_state(void)
{
	int flags = MAP_SHARED | (options.state ? 0 : MAP_ANONYMOUS);
	int fd = -1;
	void *map;

	if (options.state) {
		fd = open(options.state, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || ftruncate(fd, sizeof(*state)))
			die("%s: %s", options.state, strerror(errno));
	}
	map = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return map;
}

/* A VMM that is slow on purpose: it waits for a file to appear. */
static void hold(const char *file)
{
	while (file && access(file, F_OK) && !stopped)
		sleep_ms(10);
}

/*
 * A failed update leaves no TDX module until another one succeeds, and who wants to
 * begin a TD meanwhile is refused. Whoever updates makes the file of --failures longer
 * by a byte after a failure, and by another one after the repair: its size is odd in
 * between.
 */
static off_t failures_and_repairs(void)
{
	struct stat file;

	return stat(options.failures, &file) ? 0 : file.st_size;
}

/* @before is what the above was before the call that was refused. */
static bool had_no_module(off_t before)
{
	char now[16];

	/*
	 * Builds are refused before the state tells of the failure, which is at the end of
	 * the update. It is read first: that it tells no more means that the file does.
	 */
	do {
		sleep_ms(1);
		if (read_sysfs("/sys/devices/faux/tdx_host/update_state", now, sizeof(now)))
			return false;
		if (before % 2 || !strcmp(now, "failed") || failures_and_repairs() != before)
			return true;
	} while (!strcmp(now, "updating"));

	return false;
}

/* Returns 0, REFUSED or a negative error. */
static int build(struct td *td)
{
	unsigned int allocations;
	bool allocation_failed;
	off_t before = 0;
	uint64_t start;
	int ret = td_open(td, &options.td);

	if (ret)
		return ret;
	if (options.failures)
		before = failures_and_repairs();
	start = now_us();
	atomic_fetch_add(&state->in_flight, 1);
	fail_allocation(options.fail_nth);
	do {
		ret = td_init(td);
	} while (ret == -EINTR && !stopped);
	if (ret == -EIO && !td->hw_error && options.failures && had_no_module(before))
		ret = REFUSED;
	if (options.verbose && !ret)
		printf("build initialized\n");
	while (!ret && td->pages_added < td_num_pages(td)) {
		sleep_ms(options.page_delay_ms);
		if (td->pages_added == td_num_pages(td) / 2)
			hold(options.hold);
		ret = td_add_page(td);
		if (ret == -EINTR && !stopped)
			ret = 0;
		else if (options.verbose && !ret)
			printf("build page=%u of=%u\n", td->pages_added, td_num_pages(td));
	}
	if (!ret) {
		hold(options.hold_finalize);
		ret = td_finalize(td);
	}
	allocations = fail_allocation_end(&allocation_failed);
	atomic_fetch_sub(&state->in_flight, 1);
	if (!ret) {
		unsigned int n = atomic_fetch_add(&state->times, 1);

		if (n < MAX_TIMES)
			state->time_us[n] = now_us() - start;
		if (options.verbose)
			printf("build finalized us=%lu\n", now_us() - start);
	}
	if (options.fail_nth)
		printf("build allocations=%u allocation-failed=%d\n", allocations,
		       allocation_failed);
	return ret;
}

static void print_mrtd(const char *name, const uint8_t *mrtd)
{
	printf("%s=", name);
	for (int i = 0; i < MRTD_SIZE; i++)
		printf("%02x", mrtd[i]);
	printf("\n");
}

static void build_one(void)
{
	uint8_t mrtd[MRTD_SIZE] = { 0 };
	struct td td;
	int ret = build(&td);

	if (!ret)
		ret = td_read_mrtd(&td, mrtd);
	if (ret == REFUSED) {
		atomic_fetch_add(&state->refused, 1);
	} else if (ret == -EINTR && stopped) {
		/* Neither one nor the other: it was told to stop. */
	} else if (ret) {
		atomic_fetch_add(&state->failed, 1);
		printf("build failed step=%s errno=%d status=%#lx\n", td.step, -ret, td.hw_error);
	} else {
		atomic_fetch_add(&state->built, 1);
		if (memcmp(mrtd, expected, MRTD_SIZE)) {
			atomic_fetch_add(&state->wrong, 1);
			printf("build wrong-mrtd\n");
		}
		if (options.verbose) {
			print_mrtd("mrtd", mrtd);
			print_mrtd("expected", expected);
		}
	}
	td_close(&td);
}

static void builder(void)
{
	while (!stopped) {
		if (end_us && now_us() >= end_us)
			break;
		if (options.count && atomic_fetch_add(&state->started, 1) >= options.count)
			break;
		build_one();
	}
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = { { "builders", required_argument, NULL, 'b' },
					       { "count", required_argument, NULL, 'c' },
					       { "seconds", required_argument, NULL, 's' },
					       { "extra-pages", required_argument, NULL, 'p' },
					       { "page-delay-ms", required_argument, NULL, 'd' },
					       { "hold", required_argument, NULL, 'h' },
					       { "hold-finalize", required_argument, NULL, 'F' },
					       { "failures", required_argument, NULL, 'R' },
					       { "state", required_argument, NULL, 'f' },
					       { "fail-nth", required_argument, NULL, 'n' },
					       { "tolerant", no_argument, NULL, 't' },
					       { "verbose", no_argument, NULL, 'v' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (c) {
			/* clang-format off */
		case 'b': options.builders = number(optarg); break;
		case 'c': options.count = number(optarg); break;
		case 's': options.seconds = number(optarg); break;
		case 'p': options.td.extra_pages = number(optarg); break;
		case 'd': options.page_delay_ms = number(optarg); break;
		case 'h': options.hold = optarg; break;
		case 'F': options.hold_finalize = optarg; break;
		case 'R': options.failures = optarg; break;
		case 'f': options.state = optarg; break;
		case 'n': options.fail_nth = number(optarg); break;
		case 't': options.tolerant = true; break;
		case 'v': options.verbose = true; break;
		default: exit(2);
			/* clang-format on */
		}
	}
}

static void summary(uint64_t duration_us)
{
	struct samples times = { 0 };

	for (unsigned int i = 0; i < state->times && i < MAX_TIMES; i++)
		samples_add(&times, state->time_us[i]);
	printf("builds built=%u wrong=%u failed=%u refused=%u duration_us=%lu median_us=%u p10_us=%u p90_us=%u max_us=%u\n",
	       state->built, state->wrong, state->failed, state->refused, duration_us,
	       samples_percentile(&times, 50), samples_percentile(&times, 10),
	       samples_percentile(&times, 90), samples_percentile(&times, 100));
}

int load_build(int argc, char **argv)
{
	static pid_t builders[MAX_BUILDERS];
	const char *reason;
	uint64_t start;

	parse(argc, argv);
	if (!td_supported(&reason))
		die("%s", reason);
	stop_on_signals();
	state = map_state();
	td_expected_mrtd(&options.td, expected);
	start = now_us();
	if (options.seconds)
		end_us = start + options.seconds * 1000000ULL;
	if (options.builders > MAX_BUILDERS)
		die("--builders: at most %d", MAX_BUILDERS);
	for (unsigned int i = 0; i < options.builders; i++) {
		builders[i] = fork();
		if (!builders[i]) {
			builder();
			exit(0);
		}
	}
	/* A signal for this process is one for all of them. */
	while (wait(NULL) > 0 || errno == EINTR)
		for (unsigned int i = 0; stopped && i < options.builders; i++)
			kill(builders[i], SIGTERM);
	summary(now_us() - start);
	if (options.tolerant)
		return 0;
	return state->wrong || state->failed || !state->built;
}
