// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's firmware upload, from its user's side
 *
 * The class cannot tell one writer from another, so a lock on the file "loading" keeps
 * programs like this one apart. It is one lock for updates and checks: an update that
 * meets a check is turned away without a result of its own. An interrupt never ends the
 * program while an update is under way: it would go on without anybody who tells how it
 * ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sysfs.h"
#include "upload.h"

/* How often to look where the kernel has no event for it. */
#define LOOK_EVERY_MS	100

/* Changed by a signal handler, so only by atomic operations. */
static int interrupts;

static void count_interrupt(int signal)
{
	(void)signal;
	__atomic_add_fetch(&interrupts, 1, __ATOMIC_RELAXED);
}

static int count_interrupts(void)
{
	return __atomic_load_n(&interrupts, __ATOMIC_RELAXED);
}

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
#define NR_CAUGHT	(sizeof(caught) / sizeof(*caught))

static void catch_interrupts(struct sigaction before[NR_CAUGHT])
{
	struct sigaction action = { .sa_handler = count_interrupt };
	size_t i;

	__atomic_store_n(&interrupts, 0, __ATOMIC_RELAXED);
	sigemptyset(&action.sa_mask);
	for (i = 0; i < NR_CAUGHT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	}
}

static void restore_interrupts(const struct sigaction before[NR_CAUGHT])
{
	size_t i;

	for (i = 0; i < NR_CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
}

static int expect_idle(const char *directory)
{
	char status[32];
	int ret = sysfs_read(directory, "status", status, sizeof(status));

	if (ret)
		return ret;
	return strcmp(status, "idle") ? -EBUSY : 0;
}

static int write_data(struct upload *upload, const uint8_t *file, size_t size)
{
	int fd = sysfs_open(upload->directory, "data", O_WRONLY);
	ssize_t count;
	int ret = 0;

	if (fd < 0)
		return fd;
	while (size && !ret) {
		count = write(fd, file, size);
		if (count > 0) {
			file += count;
			size -= count;
		} else if (!count) {
			ret = -EIO;
		} else if (errno != EINTR) {
			ret = -errno;
		}
		if (count_interrupts())
			ret = -ECANCELED;
	}
	close(fd);
	return ret;
}

static int hand_over(struct upload *upload, const uint8_t *file, size_t size)
{
	int ret;

	ret = expect_idle(SYSFS_CHECK);
	if (!ret || ret == -ENOENT)
		ret = expect_idle(SYSFS_UPLOAD);
	if (ret)
		return ret;

	ret = sysfs_write(upload->directory, "loading", "1");
	if (ret)
		return ret;
	ret = write_data(upload, file, size);
	if (ret) {
		/* What has been written so far is not to be the begin of another one. */
		sysfs_write(upload->directory, "loading", "-1");
		return ret == -ENODEV ? -EBUSY : ret;
	}
	return sysfs_write(upload->directory, "loading", "0");
}

/* 0, or -ECANCELED if it is left to itself. */
static int wait_for_end(struct upload *upload)
{
	struct pollfd event = { .events = POLLPRI };
	char status[32], text[32];
	int seen = 0, ret = 0;

	event.fd = sysfs_open(SYSFS_HOST, "update_state", O_RDONLY);
	for (;;) {
		/* Reading it is what makes the next change an event. */
		if (event.fd >= 0 && pread(event.fd, text, sizeof(text), 0) < 0) {
			close(event.fd);
			event.fd = -1;
		}
		if (sysfs_read(upload->directory, "status", status, sizeof(status)) ||
		    !strcmp(status, "idle"))
			break;
		upload->progress(status, upload->data);
		if (count_interrupts() != seen) {
			seen = count_interrupts();
			if (!upload->cancel) {
				ret = -ECANCELED;
				break;
			}
			if (upload->cancel(upload->data))
				sysfs_write(upload->directory, "cancel", "1");
		}
		poll(&event, 1, LOOK_EVERY_MS);
	}
	if (event.fd >= 0)
		close(event.fd);
	return ret;
}

int upload_run(struct upload *upload, const uint8_t *file, size_t size)
{
	struct sigaction before[NR_CAUGHT];
	int lock, ret;

	lock = sysfs_open(SYSFS_UPLOAD, "loading", O_WRONLY);
	if (lock < 0)
		return lock;
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		ret = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(lock);
		return ret;
	}

	catch_interrupts(before);
	ret = hand_over(upload, file, size);
	if (!ret)
		ret = wait_for_end(upload);
	/* It is busy when somebody without the lock has begun another one. */
	if (!ret)
		ret = sysfs_read(upload->directory, "error", upload->error,
				 sizeof(upload->error));
	restore_interrupts(before);
	close(lock);
	return ret;
}
