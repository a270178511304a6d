// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let one memory allocation that the kernel makes for this thread fail: see fail-nth
 * in the kernel's Documentation/fault-injection/fault-injection.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tdload.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"

/* Of the thread that armed it: opened before, as opening allocates as well. */
static int control = -1;
static unsigned int armed;

static void set(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(control, text, length, 0) != length)
		die(FAIL_NTH ": %s", strerror(errno));
}

void fail_allocation(unsigned int nth)
{
	if (!nth)
		return;
	control = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (control < 0)
		die(FAIL_NTH ": %s", strerror(errno));
	armed = nth;
	set(nth);
}

unsigned int fail_allocation_end(bool *failed)
{
	char text[16] = "";
	unsigned int left;

	*failed = false;
	if (control < 0)
		return 0;
	if (pread(control, text, sizeof(text) - 1, 0) <= 0)
		die(FAIL_NTH ": %s", strerror(errno));
	set(0);
	close(control);
	control = -1;
	left = strtoul(text, NULL, 10);
	*failed = !left;
	return armed - left;
}
