// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works with a device of the TD, round after round, and tells what came back:
 *
 *	devices disk FILE		a file of SLOTS pieces, on a disk that the host made
 *	devices net ADDRESS PORT	somebody there sends back what it gets
 *
 * Each round has data of its own, which anybody can compute, see fill(). What came back is hashed
 * into a chain: one wrong byte, now or in any round before, shows in it. A round on the disk reads
 * what is in its slot (of the host, or of the TD SLOTS rounds ago), writes it anew, waits until that
 * is on the disk, and reads it back from there, not from the page cache. It begins with round SLOTS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console.h"

#define SIZE	   (32 << 10) /* of a round */
#define SLOTS	   16
#define PIECE	   (16 << 10) /* sent at once: less than what is on the way may be */
#define TELL_US	   500000
#define TOLD_BYTES 8

static volatile sig_atomic_t ended;
static uint8_t chain[SHA256_DIGEST_SIZE];
/* Reading past the page cache wants whole blocks. */
static uint8_t sent[SIZE] __attribute__((aligned(4096)));
static uint8_t came[SIZE] __attribute__((aligned(4096)));

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void fail(const char *what)
{
	printf("TD: device: %s: %m\n", what);
	exit(1);
}

/* The hash of the round's number, the hash of that, and so on. */
static void fill(uint64_t round)
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, sizeof(round), (uint8_t *)&round);
	sha256_digest(&context, SHA256_DIGEST_SIZE, sent);
	for (size_t at = SHA256_DIGEST_SIZE; at < SIZE; at += SHA256_DIGEST_SIZE) {
		sha256_update(&context, SHA256_DIGEST_SIZE, sent + at - SHA256_DIGEST_SIZE);
		sha256_digest(&context, SHA256_DIGEST_SIZE, sent + at);
	}
}

static void chain_what_came(void)
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, sizeof(chain), chain);
	sha256_update(&context, SIZE, came);
	sha256_digest(&context, sizeof(chain), chain);
}

static struct console console;

static void tell(const char *what, const char *device, uint64_t rounds)
{
	char hex[2 * TOLD_BYTES + 1];
	char line[120];
	int length;

	for (int i = 0; i < TOLD_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", chain[i]);
	length = snprintf(line, sizeof(line), "TD: %s %s rounds=%lu chain=%s\n", device, what,
			  rounds, hex);
	if (!console_say(&console, line, length, TELL_US))
		ended = 1;
}

static int disk, disk_itself;

static void disk_open(char **arguments)
{
	disk = open(arguments[0], O_WRONLY);
	disk_itself = open(arguments[0], O_RDONLY | O_DIRECT);
	if (disk < 0 || disk_itself < 0)
		fail(arguments[0]);
}

static void disk_read(off_t at)
{
	memset(came, 0, SIZE);
	if (pread(disk_itself, came, SIZE, at) != SIZE)
		fail("read");
	chain_what_came();
}

static void disk_round(uint64_t round)
{
	off_t at = round % SLOTS * SIZE;

	disk_read(at);
	fill(round + SLOTS);
	if (pwrite(disk, sent, SIZE, at) != SIZE || fdatasync(disk))
		fail("write");
	disk_read(at);
}

static int peer;

static void net_open(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(atoi(arguments[1])) };

	if (!inet_aton(arguments[0], &address.sin_addr))
		fail(arguments[0]);
	peer = socket(AF_INET, SOCK_STREAM, 0);
	if (peer < 0 || connect(peer, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
}

/* A signal may end either in the middle. */
static void net_piece(const uint8_t *out, uint8_t *in)
{
	ssize_t n;

	for (size_t done = 0; done < PIECE; done += n) {
		n = send(peer, out + done, PIECE - done, MSG_NOSIGNAL);
		if (n <= 0)
			fail("send");
	}
	for (size_t done = 0; done < PIECE; done += n) {
		n = recv(peer, in + done, PIECE - done, 0);
		if (n <= 0)
			fail("receive");
	}
}

static void net_round(uint64_t round)
{
	fill(round);
	memset(came, 0, SIZE);
	for (size_t at = 0; at < SIZE; at += PIECE)
		net_piece(sent + at, came + at);
	chain_what_came();
}

int main(int argc, char **argv)
{
	int is_disk = argc == 3 && !strcmp(argv[1], "disk");
	uint64_t rounds = 0;

	if (!is_disk && !(argc == 4 && !strcmp(argv[1], "net")))
		return 2;
	signal(SIGTERM, end);
	setlinebuf(stdout);
	(is_disk ? disk_open : net_open)(argv + 2);
	while (!ended) {
		(is_disk ? disk_round : net_round)(rounds++);
		if (now_us() >= console.quiet_until)
			tell("round", argv[1], rounds);
	}
	tell("end", argv[1], rounds);
	return 0;
}
