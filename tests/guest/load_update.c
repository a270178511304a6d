// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload update: updates of the TDX module, one after another.
 *
 * With --reject-on-build an update is made only at a moment when no TD is being
 * built, and tried again otherwise: the policy of a kernel that refuses updates
 * during builds, to compare waiting times with.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdload.h"

#define UPLOAD	 "/sys/class/firmware/tdx_module/"
#define VERSION	 "/sys/devices/faux/tdx_host/version"
#define RETRY_MS 10

static struct {
	unsigned int count, pause_ms, give_up_ms, fail_nth;
	const char *builds;
} options = { .count = 1, .give_up_ms = 60000 };

int read_sysfs(const char *path, char *value, int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, value, size - 1);

	if (fd >= 0)
		close(fd);
	value[n > 0 ? n : 0] = 0;
	value[strcspn(value, "\n")] = 0;
	return n < 0 ? -errno : 0;
}

static int write_file(const char *path, const void *content, size_t size)
{
	const char *at = content;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (size && (n = write(fd, at, size)) > 0) {
		at += n;
		size -= n;
	}
	close(fd);
	return n < 0 ? -errno : 0;
}

static void *read_image(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	void *image;

	if (end <= 0)
		die("%s: %s", path, strerror(errno));
	image = mmap(NULL, end, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	*size = end;
	return image;
}

static int upload(const void *image, size_t size)
{
	int ret = write_file(UPLOAD "loading", "1", 1);

	if (!ret)
		ret = write_file(UPLOAD "data", image, size);
	if (!ret)
		ret = write_file(UPLOAD "loading", "0", 1);
	return ret;
}

int update_module(const char *path, struct update_result *result)
{
	char status[32];
	size_t size;
	void *image = read_image(path, &size);
	uint64_t start = now_us();
	int ret;

	memset(result, 0, sizeof(*result));
	fail_allocation(options.fail_nth);
	ret = upload(image, size);
	result->allocations = fail_allocation_end(&result->allocation_failed);
	munmap(image, size);
	if (ret) {
		snprintf(result->error, sizeof(result->error), "upload:errno-%d", -ret);
		read_sysfs(VERSION, result->version, sizeof(result->version));
		return ret;
	}
	/* The class has no event for the end of an upload: its status is asked. */
	do {
		sleep_ms(1);
		ret = read_sysfs(UPLOAD "status", status, sizeof(status));
	} while (!ret && strcmp(status, "idle"));
	result->duration_us = now_us() - start;
	read_sysfs(UPLOAD "error", result->error, sizeof(result->error));
	read_sysfs(VERSION, result->version, sizeof(result->version));
	return result->error[0] ? -EIO : ret;
}

/* The first word of tdload build's state. */
static atomic_uint *builds_in_flight(void)
{
	int fd = open(options.builds, O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, sizeof(atomic_uint), PROT_READ, MAP_SHARED, fd, 0);

	if (fd < 0 || map == MAP_FAILED)
		die("%s: %s", options.builds, strerror(errno));
	return map;
}

/* Returns how often it was refused, or -1 when it never became possible. */
static int wait_for_no_build(atomic_uint *in_flight)
{
	uint64_t end = now_us() + options.give_up_ms * 1000ULL;
	int refused = 0;

	while (atomic_load(in_flight)) {
		refused++;
		if (stopped || now_us() > end)
			return -1;
		sleep_ms(RETRY_MS);
	}
	return refused;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = { { "count", required_argument, NULL, 'c' },
					       { "pause-ms", required_argument, NULL, 'p' },
					       { "give-up-ms", required_argument, NULL, 'g' },
					       { "reject-on-build", required_argument, NULL, 'r' },
					       { "fail-nth", required_argument, NULL, 'n' },
					       {} };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (c) {
			/* clang-format off */
		case 'c': options.count = number(optarg); break;
		case 'p': options.pause_ms = number(optarg); break;
		case 'g': options.give_up_ms = number(optarg); break;
		case 'r': options.builds = optarg; break;
		case 'n': options.fail_nth = number(optarg); break;
		default: exit(2);
			/* clang-format on */
		}
	}
	if (optind == argc)
		die("update: no image given");
}

int load_update(int argc, char **argv)
{
	atomic_uint *in_flight = NULL;
	unsigned int done = 0, failed = 0;
	struct samples times = { 0 };

	parse(argc, argv);
	stop_on_signals();
	if (options.builds)
		in_flight = builds_in_flight();
	for (unsigned int i = 0; i < options.count && !stopped; i++) {
		const char *image = argv[optind + i % (argc - optind)];
		struct update_result result;
		uint64_t start, waited;
		int refused;

		if (i)
			sleep_ms(options.pause_ms);
		start = now_us();
		refused = in_flight ? wait_for_no_build(in_flight) : 0;
		waited = now_us() - start;
		if (refused < 0) {
			failed++;
			samples_add(&times, waited);
			printf("update gave-up=1 error=gave-up total_us=%lu\n", waited);
			continue;
		}
		if (update_module(image, &result))
			failed++;
		else
			done++;
		samples_add(&times, waited + result.duration_us);
		printf("update image=%s error=%s version=%s refused=%d total_us=%lu\n", image,
		       result.error[0] ? result.error : "none", result.version, refused,
		       waited + result.duration_us);
		if (options.fail_nth)
			printf("update allocations=%u allocation-failed=%d\n", result.allocations,
			       result.allocation_failed);
	}
	printf("updates done=%u failed=%u median_us=%u min_us=%u max_us=%u\n", done, failed,
	       samples_percentile(&times, 50), samples_percentile(&times, 0),
	       samples_percentile(&times, 100));
	return failed || !done;
}
