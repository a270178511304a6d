// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works on one vCPU of the TD, and tells four times a second at most: a chain of SHA-256, each link
 * the hash of the last one, from 32 zeros on. Its end can be computed by whoever knows its length, so
 * a lost or changed register or page shows: the first bytes do, and each one is exits to tell. The
 * pause is the longest time between two links.
 */
#define _GNU_SOURCE
#include <nettle/sha2.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "console.h"

#define TELL_US	   250000
#define TOLD_BYTES 8

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static struct console console;

static void tell(const char *what, int cpu, uint64_t links, const uint8_t *chain, uint64_t pause)
{
	char hex[2 * TOLD_BYTES + 1];
	char line[200];
	int length;

	for (int i = 0; i < TOLD_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", chain[i]);
	length = snprintf(line, sizeof(line),
			  "TD: %s cpu=%d links=%lu chain=%s longest_pause_us=%lu\n", what, cpu,
			  links, hex, pause);
	if (!console_say(&console, line, length, TELL_US))
		ended = 1;
}

int main(int argc, char **argv)
{
	int cpu = argc > 1 ? atoi(argv[1]) : 0;
	uint8_t chain[SHA256_DIGEST_SIZE] = { 0 };
	uint64_t links = 0, pause = 0, last;
	struct sha256_ctx context;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("TD: worker");
		return 1;
	}
	signal(SIGTERM, end);
	sha256_init(&context);
	console.quiet_until = now_us() + TELL_US;
	for (last = now_us(); !ended; links++) {
		uint64_t now;

		sha256_update(&context, sizeof(chain), chain);
		sha256_digest(&context, sizeof(chain), chain);
		now = now_us();
		if (now - last > pause)
			pause = now - last;
		last = now;
		if (now >= console.quiet_until) {
			tell("tick", cpu, links + 1, chain, pause);
			/* Not a pause of the TD: the console is slow. */
			last = now_us();
		}
	}
	tell("end", cpu, links, chain, pause);
	return 0;
}
