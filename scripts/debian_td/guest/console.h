/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the TD's programs say on its console. Each character is several exits, by the vCPU that has
 * the serial line's interrupt: on a busy machine a few lines a second are all that this vCPU gets
 * done, and nothing else runs on it. So whoever said something is quiet in proportion.
 */
#ifndef DEBIAN_TD_CONSOLE_H
#define DEBIAN_TD_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* All of them together take a tenth of one vCPU's time or so, with one that speaks on each. */
#define QUIET_TIMES 10

struct console {
	uint64_t quiet_until; /* now_us() */
};

static inline uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* In one piece: others write to the console, too. Returns whether it was said. */
static inline bool console_say(struct console *console, const char *line, int length,
			       uint64_t interval_us)
{
	uint64_t begin = now_us(), end, quiet;
	bool said = write(1, line, length) == length;

	/* Until the last character is out. An error only means that it is not known when. */
	tcdrain(1);
	end = now_us();
	quiet = (end - begin) * QUIET_TIMES * sysconf(_SC_NPROCESSORS_ONLN);
	console->quiet_until = end + (quiet > interval_us ? quiet : interval_us);
	return said;
}

#endif
