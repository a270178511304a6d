// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdxctl: tells the emulated TDX host what to do, from inside. One command line
 * goes to its control port, the answer comes back by the same port until a zero.
 *
 *	tdxctl fault leaf=INSTALL,cpu=2,nth=1,status=0x8000000000030001
 *	tdxctl cost INSTALL=3000
 *	tdxctl hold PHYMEM.PAGE.RECLAIM,cpu=1
 *	tdxctl trace mark "the update starts"
 *	tdxctl stats
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CONTROL_PORT  0x5e0
#define NOTHING_THERE 0xff

static int ports;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "tdxctl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void out(char byte)
{
	if (pwrite(ports, &byte, 1, CONTROL_PORT) != 1)
		fail("the control port");
}

static int in(void)
{
	unsigned char byte;

	if (pread(ports, &byte, 1, CONTROL_PORT) != 1)
		fail("the control port");
	return byte;
}

int main(int argc, char **argv)
{
	int last = '\n', first = 1, failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: tdxctl COMMAND [ARGUMENT...]\n");
		return 2;
	}
	ports = open("/dev/port", O_RDWR | O_CLOEXEC);
	if (ports < 0)
		fail("/dev/port");
	/* The port takes one command at a time. */
	flock(ports, LOCK_EX);
	for (int i = 1; i < argc; i++) {
		for (const char *at = argv[i]; *at; at++)
			out(*at);
		out(i + 1 < argc ? ' ' : '\n');
	}
	for (;;) {
		int c = in();

		if (!c)
			break;
		if (c == NOTHING_THERE) {
			fprintf(stderr, "tdxctl: this is not the emulated TDX host\n");
			return 1;
		}
		/* An error is an answer that says so. */
		if (first)
			failed = c == 'e';
		first = 0;
		putchar(last = c);
	}
	if (last != '\n')
		putchar('\n');
	return failed;
}
