/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers to update the TDX module at run time, as an operator does.
 */
#ifndef SELFTEST_KVM_TDX_UPDATE_H
#define SELFTEST_KVM_TDX_UPDATE_H

#include <stdbool.h>
#include <sys/types.h>

#define TDX_MODULE_IMAGES	"/lib/firmware/intel/tdx"

#define TDX_UPDATE_VALUE_SIZE	128

/* Tests wait for events.  Nothing takes as long, on however slow a host, but a hang. */
#define TDX_UPDATE_TIMEOUT_MS	600000

/*
 * A test that updates the module changes the host, and each update takes an entry
 * of P-SEAMLDR's log until the next reboot.  So whoever runs the test says that
 * this is wanted, and how many entries it may take, in this variable of the
 * environment.
 */
#define TDX_UPDATES_ENV		"TDX_UPDATES"
#define TDX_UPDATES_HELP							\
	TDX_UPDATES_ENV "=N in the environment: update this host's TDX module, and\n"	\
	"          take N entries at most of the update log, which a reboot empties\n"

/*
 * May this test update the TDX module?  If not, @why says why.  Call it once,
 * before anything else and before there are child processes.
 */
bool tdx_update_allowed(const char **why);

/* How many entries of the log may still be taken. */
unsigned int tdx_updates_left(void);

/* Does the kernel keep updates and TD builds apart, and tell about it? */
bool tdx_update_has_sync(void);

/*
 * The module images to use, in turn, over and over: those that were added, or
 * the newest one there is of the running module's major and minor version.  The
 * turn is shared with child processes.
 */
#define TDX_UPDATE_IMAGES_HELP							\
	"IMAGE...  TDX modules to update to, in turn (default: the newest in\n"	\
	"          " TDX_MODULE_IMAGES " with the version X.Y.* of the running one)"

void tdx_update_add_image(const char *path);
unsigned int tdx_update_nr_images(void);
const char *tdx_update_next_image(void);

/*
 * Hand an image to the kernel, which updates the module in the background.
 * Returns 0, or -1 with errno set if the kernel didn't take it.  There must be
 * an update left.
 */
int tdx_update_start(const char *image);

/*
 * Wait until no update is under way.  Returns the last one's error as sysfs
 * shows it, "" for none.
 */
const char *tdx_update_wait_idle(void);

/* Both in one. */
const char *tdx_update(const char *image);

/* As tdx_update_start(); then wait for the update to wait, or to be over. */
int tdx_update_start_and_wait(const char *image);

int tdx_update_cancel(void);

/* Attributes of the tdx_host device. */
const char *tdx_host_read(const char *attribute);
unsigned int tdx_host_read_uint(const char *attribute);
void tdx_host_write(const char *attribute, const char *value);
bool tdx_host_wait_for(const char *attribute, const char *value, unsigned int timeout_ms);

/*
 * Tracepoints of the update, in a trace instance of its own: the order of the
 * events is that in which they happened, on whatever CPU.
 *
 * Returns -1 if the kernel has no such tracepoints, or tracefs isn't mounted.
 */
int tdx_update_trace_open(void);

/*
 * Consume the trace up to and including the next @event that has @field, the
 * whole "name=value".  Returns false if there is none in time.
 */
bool tdx_update_trace_wait(int fd, const char *event, const char *field,
			   unsigned int timeout_ms);
void tdx_update_trace_close(int fd);

u64 monotonic_ms(void);

#endif /* SELFTEST_KVM_TDX_UPDATE_H */
