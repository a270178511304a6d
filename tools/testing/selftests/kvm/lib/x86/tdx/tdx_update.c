// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers to update the TDX module at run time, as an operator does.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kvm_util.h"
#include "tdx/tdx_update.h"

#define TDX_UPLOAD_DIR		"/sys/class/firmware/tdx_module/"
#define TDX_HOST_DIR		"/sys/devices/faux/tdx_host/"
#define TRACEFS_DIR		"/sys/kernel/tracing/"

#define MAX_IMAGES		16
#define IMAGE_PATH_SIZE		512
#define POLL_INTERVAL_US	500

static char images[MAX_IMAGES][IMAGE_PATH_SIZE];
static unsigned int nr_images;
static unsigned int *image_turn;

/* What may be taken of the log, and what it had left when this was said. */
static unsigned int max_updates, remaining_at_begin;

u64 monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static int write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = 0;
	int err;

	if (fd < 0)
		return -1;

	while (size) {
		n = write(fd, data, size);
		if (n <= 0)
			break;

		data += n;
		size -= n;
	}

	err = errno;
	close(fd);
	errno = err;
	return size ? -1 : 0;
}

/* Without the trailing newline.  The value is valid until the next call. */
static const char *read_value(const char *path)
{
	static __thread char value[TDX_UPDATE_VALUE_SIZE];
	int fd = open(path, O_RDONLY);
	ssize_t n;
	int err;

	if (fd < 0)
		return NULL;

	n = read(fd, value, sizeof(value) - 1);
	err = errno;
	close(fd);
	errno = err;
	if (n < 0)
		return NULL;

	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return value;
}

bool tdx_update_allowed(const char **why)
{
	const char *allowed = getenv(TDX_UPDATES_ENV);

	if (access(TDX_HOST_DIR, F_OK))
		*why = "no TDX host device (is tdx_host loaded?)";
	else if (access(TDX_UPLOAD_DIR "loading", F_OK))
		*why = "the TDX module or the CPU does not support updates";
	else if (access(TDX_UPLOAD_DIR "loading", W_OK))
		*why = "updates need root";
	else if (!allowed)
		*why = "it would update this host's TDX module: set " TDX_UPDATES_ENV
		       " to the number of updates that it may use up";
	else if (!tdx_update_nr_images())
		*why = "no image for the running TDX module in " TDX_MODULE_IMAGES ", name one";
	else
		max_updates = atoi_positive(TDX_UPDATES_ENV, allowed);

	if (!max_updates)
		return false;

	remaining_at_begin = tdx_host_read_uint("num_remaining_updates");
	return true;
}

unsigned int tdx_updates_left(void)
{
	unsigned int remaining = tdx_host_read_uint("num_remaining_updates");
	unsigned int used = remaining_at_begin - remaining;

	return used < max_updates ? min(max_updates - used, remaining) : 0;
}

bool tdx_update_has_sync(void)
{
	return !access(TDX_HOST_DIR "builds_in_flight", F_OK) &&
	       !access(TDX_HOST_DIR "update_state", F_OK);
}

/* Updates are between modules that have "major.minor." in common. */
static void add_newest_image(void)
{
	char path[IMAGE_PATH_SIZE], newest[IMAGE_PATH_SIZE] = "";
	const char *version = read_value(TDX_HOST_DIR "version");
	DIR *dir = opendir(TDX_MODULE_IMAGES);
	size_t length, common = 0;
	struct dirent *entry;

	if (!dir)
		return;

	if (version && strrchr(version, '.'))
		common = strrchr(version, '.') + 1 - version;

	while ((entry = readdir(dir))) {
		length = strlen(entry->d_name);
		if (length < 5 || strcmp(entry->d_name + length - 5, ".blob") ||
		    (common && strncmp(entry->d_name, version, common)))
			continue;

		snprintf(path, sizeof(path), "%s/%s", TDX_MODULE_IMAGES, entry->d_name);
		if (strverscmp(path, newest) > 0)
			snprintf(newest, sizeof(newest), "%s", path);
	}
	closedir(dir);

	if (newest[0])
		tdx_update_add_image(newest);
}

void tdx_update_add_image(const char *path)
{
	TEST_ASSERT(nr_images < MAX_IMAGES, "Too many images");
	TEST_ASSERT(!access(path, R_OK), "Cannot read the module image '%s'", path);

	TEST_ASSERT(strlen(path) < IMAGE_PATH_SIZE, "The path '%s' is too long", path);

	snprintf(images[nr_images++], IMAGE_PATH_SIZE, "%s", path);

	if (!image_turn)
		image_turn = kvm_mmap(sizeof(*image_turn), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1);
}

unsigned int tdx_update_nr_images(void)
{
	if (!nr_images)
		add_newest_image();

	return nr_images;
}

const char *tdx_update_next_image(void)
{
	TEST_ASSERT(tdx_update_nr_images(), "No module image");

	return images[__sync_fetch_and_add(image_turn, 1) % nr_images];
}

int tdx_update_start(const char *image)
{
	struct stat st;
	void *data;
	int fd, r;

	TEST_ASSERT(tdx_updates_left(), "No update of the TDX module is left");

	fd = open(image, O_RDONLY);
	TEST_ASSERT(fd >= 0 && !fstat(fd, &st) && st.st_size,
		    "Cannot read the module image '%s'", image);
	data = kvm_mmap(st.st_size, PROT_READ, MAP_PRIVATE, fd);
	close(fd);

	r = write_file(TDX_UPLOAD_DIR "loading", "1", 1);
	if (!r)
		r = write_file(TDX_UPLOAD_DIR "data", data, st.st_size);
	if (!r)
		r = write_file(TDX_UPLOAD_DIR "loading", "0", 1);

	kvm_munmap(data, st.st_size);
	return r;
}

const char *tdx_update_wait_idle(void)
{
	u64 deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;
	const char *value;

	/* The firmware upload class has nothing to poll() on. */
	while (1) {
		value = read_value(TDX_UPLOAD_DIR "status");
		TEST_ASSERT(value, "Cannot read the status of the update");
		if (!strcmp(value, "idle"))
			break;

		TEST_ASSERT(monotonic_ms() < deadline,
			    "Update still '%s' after %u ms", value, TDX_UPDATE_TIMEOUT_MS);
		usleep(POLL_INTERVAL_US);
	}

	value = read_value(TDX_UPLOAD_DIR "error");
	TEST_ASSERT(value, "Cannot read the error of the update");
	return value;
}

const char *tdx_update(const char *image)
{
	if (tdx_update_start(image))
		return "not started";

	return tdx_update_wait_idle();
}

int tdx_update_start_and_wait(const char *image)
{
	u64 deadline = monotonic_ms() + TDX_UPDATE_TIMEOUT_MS;

	if (tdx_update_start(image))
		return -1;

	if (!tdx_update_has_sync()) {
		tdx_update_wait_idle();
		return 0;
	}

	while (strcmp(tdx_host_read("update_state"), "waiting") &&
	       strcmp(read_value(TDX_UPLOAD_DIR "status"), "idle")) {
		TEST_ASSERT(monotonic_ms() < deadline, "Update neither waits nor ends");
		usleep(POLL_INTERVAL_US);
	}

	return 0;
}

int tdx_update_cancel(void)
{
	return write_file(TDX_UPLOAD_DIR "cancel", "1", 1);
}

const char *tdx_host_read(const char *attribute)
{
	char path[128];
	const char *value;

	snprintf(path, sizeof(path), TDX_HOST_DIR "%s", attribute);
	value = read_value(path);
	TEST_ASSERT(value, "Cannot read '%s'", path);
	return value;
}

unsigned int tdx_host_read_uint(const char *attribute)
{
	return atoi_non_negative(attribute, tdx_host_read(attribute));
}

void tdx_host_write(const char *attribute, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), TDX_HOST_DIR "%s", attribute);
	TEST_ASSERT(!write_file(path, value, strlen(value)),
		    "Cannot write '%s' to '%s'", value, path);
}

bool tdx_host_wait_for(const char *attribute, const char *value, unsigned int timeout_ms)
{
	u64 deadline = monotonic_ms() + timeout_ms;

	while (strcmp(tdx_host_read(attribute), value)) {
		if (monotonic_ms() >= deadline)
			return false;
		usleep(POLL_INTERVAL_US);
	}

	return true;
}

static void trace_instance(char *path, size_t size, const char *file)
{
	snprintf(path, size, TRACEFS_DIR "instances/tdx_update_%d/%s", getpid(), file);
}

int tdx_update_trace_open(void)
{
	char path[128];
	int fd;

	trace_instance(path, sizeof(path), "");
	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;

	/* The default clock is not the same on all CPUs.  This just counts. */
	trace_instance(path, sizeof(path), "trace_clock");
	TEST_ASSERT(!write_file(path, "counter", 7), "Cannot write '%s'", path);

	trace_instance(path, sizeof(path), "events/tdx_update/enable");
	if (write_file(path, "1", 1)) {
		tdx_update_trace_close(-1);
		return -1;
	}

	trace_instance(path, sizeof(path), "trace_pipe");
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	TEST_ASSERT(fd >= 0, "Cannot open '%s'", path);
	return fd;
}

/* A line is "TASK-PID [CPU] FLAGS TIME: EVENT: FIELD FIELD..." */
static bool trace_line_has(const char *line, const char *event, const char *field)
{
	const size_t event_length = strlen(event), field_length = strlen(field);

	line = strstr(line, ": ");
	if (!line || strncmp(line + 2, event, event_length) || line[2 + event_length] != ':')
		return false;

	for (line += 2 + event_length; (line = strchr(line, ' ')); ) {
		line++;
		if (!strncmp(line, field, field_length) &&
		    (line[field_length] == ' ' || !line[field_length]))
			return true;
	}

	return false;
}

bool tdx_update_trace_wait(int fd, const char *event, const char *field,
			   unsigned int timeout_ms)
{
	u64 deadline = monotonic_ms() + timeout_ms, now;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	char line[1024];

	while (1) {
		/* A byte at a time: what follows the line belongs to the next call. */
		if (read(fd, line + length, 1) == 1) {
			if (line[length] != '\n') {
				length = min(length + 1, sizeof(line) - 1);
				continue;
			}

			line[length] = '\0';
			length = 0;
			if (trace_line_has(line, event, field))
				return true;
			continue;
		}

		now = monotonic_ms();
		if (now >= deadline)
			return false;
		poll(&pollfd, 1, deadline - now);
	}
}

void tdx_update_trace_close(int fd)
{
	char path[128];

	if (fd >= 0)
		close(fd);

	trace_instance(path, sizeof(path), "");
	rmdir(path);
}
