// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdload heir: begins to build a TD, of which another process gets hold: by fork(), or
 * by a message with the VM's or the guest_memfd's file. Both wait for the signal that
 * kills them. The other one can hold the VM, but not go on with it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "td.h"
#include "tdload.h"

static void send_file(int socket, int file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(file))];
	} control = { .header = {
			      .cmsg_len = CMSG_LEN(sizeof(file)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
		      } };
	struct iovec text = { .iov_base = "f", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	if (sendmsg(socket, &message, 0) != 1)
		die("sendmsg: %s", strerror(errno));
}

static void receive_file(int socket)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec text = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		die("recvmsg: no file came");
}

static void __attribute__((noreturn)) hold(const char *who)
{
	printf("%s pid=%d\n", who, getpid());
	for (;;)
		pause();
}

int load_heir(int argc, char **argv)
{
	struct td_options options = { .vcpus = 1, .argument = TD_MODE_PROBE };
	const char *how = argc > 1 ? argv[1] : "";
	int pair[2], ret;
	struct td td;

	if (strcmp(how, "fork") && strcmp(how, "vm") && strcmp(how, "memory"))
		die("heir: fork, vm or memory");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair: %s", strerror(errno));
	if (strcmp(how, "fork") && !fork()) {
		receive_file(pair[0]);
		hold("heir");
	}
	ret = td_open(&td, &options);
	if (!ret)
		ret = td_init(&td);
	if (!ret)
		ret = td_add_page(&td);
	if (ret)
		die("%s: %s, status %#lx", td.step, strerror(-ret), td.hw_error);
	if (strcmp(how, "fork"))
		send_file(pair[1], strcmp(how, "vm") ? td.memory : td.vm);
	else if (!fork())
		hold("heir");
	hold("owner");
}
