// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdxctl: tells the emulated TDX host what to do, from inside. One command line
 * goes to its control port, the answer comes back by the same port until a zero.
 *
 *	tdxctl fault leaf=INSTALL,cpu=2,nth=1,status=0x8000000000030001
 *	tdxctl cost INSTALL=3000
 *	tdxctl trace mark "the update starts"
 *	tdxctl stats
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>

#define CONTROL_PORT	0x5e0
#define NOTHING_THERE	0xff

int main(int argc, char **argv)
{
	int last = '\n', first = 1, failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: tdxctl COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (ioperm(CONTROL_PORT, 1, 1)) {
		fprintf(stderr, "tdxctl: I/O port %#x: %s\n", CONTROL_PORT,
			strerror(errno));
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		for (const char *at = argv[i]; *at; at++)
			outb(*at, CONTROL_PORT);
		outb(i + 1 < argc ? ' ' : '\n', CONTROL_PORT);
	}
	for (;;) {
		int c = inb(CONTROL_PORT);

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
