// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the emulated TDX host once everything is mounted: runs the command
 * of the user and carries its standard streams over ttyS1.
 *
 * The serial line has one stream a direction and no end of file, so what goes
 * over it is framed: one byte type, four bytes length (little endian), content.
 * That keeps stdout and stderr apart, gives the command a real end of input,
 * and makes a missing exit status visible as such.
 *
 *	to tdxhost	R ready: the command starts	(no content)
 *			O stdout, E stderr		(content)
 *			G a file of --get begins	(its number, one byte)
 *			D more of that file		(content)
 *			X exit status			(one byte)
 *			P powering off goes on		(no content)
 *	from tdxhost	I input				(content)
 *			C end of input			(no content)
 *
 * With /tdxhost/interactive there are no frames: a shell gets the line itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LINE	      "/dev/ttyS1"
#define MAX_ARGUMENTS 1024
/* Of the flags in /proc/PID/stat. */
#define PF_KTHREAD    0x00200000

enum { STREAM_OUT, STREAM_ERR, NUM_STREAMS };

static int line = -1;
static int framed;

/* Input that the command has not taken yet: the line has no flow control. */
static struct {
	char *bytes;
	size_t start, end, size;
	int pipe;
	int ended;
} input = { .pipe = -1 };

static void kmsg(const char *format, ...)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	va_list args;

	if (fd < 0)
		return;
	va_start(args, format);
	vdprintf(fd, format, args);
	va_end(args);
	close(fd);
}

static void write_all(int fd, const void *buffer, size_t size)
{
	const char *at = buffer;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		size -= n;
	}
}

static void send_frame(char type, const void *content, uint32_t size)
{
	unsigned char header[5] = { type, size, size >> 8, size >> 16, size >> 24 };

	write_all(line, header, sizeof(header));
	write_all(line, content, size);
}

/* CPU time of all processes but this one: it grows while one of them is torn down. */
static unsigned long work_done(void)
{
	unsigned long sum = 0;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		unsigned long user, system;
		char path[32], text[512], *rest;
		unsigned int flags;
		FILE *file;

		if (atoi(entry->d_name) <= 1)
			continue;
		snprintf(path, sizeof(path), "/proc/%.10s/stat", entry->d_name);
		file = fopen(path, "re");
		rest = file && fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
		if (rest &&
		    sscanf(rest, ") %*c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %lu %lu", &flags,
			   &user, &system) == 3 &&
		    !(flags & PF_KTHREAD))
			sum += 1 + user + system;
		if (file)
			fclose(file);
	}
	if (proc)
		closedir(proc);
	return sum;
}

/*
 * As any init does first. TDs that are still there when the kernel disables TDX
 * would be torn down without it, and the kernel would rightly complain. It takes as
 * long as it takes: tdxhost is told whenever some of it was done.
 */
static void end_all_processes(void)
{
	struct timespec second = { .tv_sec = 1 };
	unsigned long before = 0, now;
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	kill(-1, SIGKILL);
	for (;;) {
		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		if (pid < 0 && errno == ECHILD)
			return;
		sigtimedwait(&child, NULL, &second);
		now = work_done();
		if (framed && now != before)
			send_frame('P', NULL, 0);
		before = now;
	}
}

static void __attribute__((noreturn)) power_off(void)
{
	end_all_processes();
	tcdrain(line);
	sync();
	reboot(RB_POWER_OFF);
	/* No ACPI: end the run by a restart, which QEMU takes as the end. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void open_line(int raw)
{
	struct termios t;

	line = open(LINE, O_RDWR | O_NOCTTY);
	if (line < 0) {
		kmsg("<2>tdxhost: cannot open %s: %s\n", LINE, strerror(errno));
		power_off();
	}
	if (tcgetattr(line, &t))
		return;
	if (raw)
		cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	t.c_cflag |= CLOCAL | CREAD;
	tcsetattr(line, TCSANOW, &t);
}

/* The command is a file of NUL-terminated arguments. */
static char **read_command(void)
{
	static char text[1 << 20], *argv[MAX_ARGUMENTS + 1];
	int fd = open("/tdxhost/command", O_RDONLY | O_CLOEXEC), n = 0;
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	for (char *at = text; at < text + size && n < MAX_ARGUMENTS; at += strlen(at) + 1)
		argv[n++] = at;
	close(fd);
	return n ? argv : NULL;
}

static void __attribute__((noreturn)) exec_command(char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (chdir("/root"))
		dprintf(2, "tdxhost: no /root: %s\n", strerror(errno));
	execvp(argv[0], argv);
	dprintf(2, "tdxhost: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start(char **argv, int streams[NUM_STREAMS])
{
	int out[2], err[2], in[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		exec_command(argv);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	streams[STREAM_OUT] = out[0];
	streams[STREAM_ERR] = err[0];
	input.pipe = in[1];
	return pid;
}

/* Returns 0 at the end of the stream, -1 when there is nothing now. */
static int forward(int fd, char type)
{
	static char buffer[16384];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n > 0) {
		send_frame(type, buffer, n);
		return 1;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
}

static void close_input(void)
{
	if (input.pipe >= 0)
		close(input.pipe);
	input.pipe = -1;
	input.start = input.end = 0;
}

static void flush_input(void)
{
	while (input.pipe >= 0 && input.start < input.end) {
		ssize_t n = write(input.pipe, input.bytes + input.start, input.end - input.start);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_input();
			return;
		}
		input.start += n;
	}
	input.start = input.end = 0;
	if (input.ended)
		close_input();
}

static void queue_input(char byte)
{
	if (input.pipe < 0)
		return;
	if (input.end == input.size) {
		input.size = input.size ? 2 * input.size : 65536;
		input.bytes = realloc(input.bytes, input.size);
		if (!input.bytes) {
			kmsg("<2>tdxhost: no memory for the command's input\n");
			power_off();
		}
	}
	input.bytes[input.end++] = byte;
}

/* Takes bytes of the line apart into frames, which may come in pieces. */
static void receive(void)
{
	static unsigned char header[5];
	static unsigned int have;
	static uint32_t left;
	char buffer[4096];
	ssize_t n = read(line, buffer, sizeof(buffer));

	for (ssize_t i = 0; i < n; i++) {
		if (have < sizeof(header)) {
			header[have++] = buffer[i];
			if (have < sizeof(header))
				continue;
			memcpy(&left, header + 1, sizeof(left));
			if (header[0] == 'C')
				input.ended = 1;
		} else {
			queue_input(buffer[i]);
			left--;
		}
		if (!left)
			have = 0;
	}
	flush_input();
}

/* Returns the command's status if it was among those that ended, else -1. */
static int reap(pid_t command)
{
	int status, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return result;
}

static int relay(pid_t command, int streams[NUM_STREAMS], int children)
{
	static const char type[NUM_STREAMS] = { 'O', 'E' };
	struct signalfd_siginfo info;
	int status = -1;

	while (status < 0) {
		struct pollfd fds[] = {
			{ .fd = streams[STREAM_OUT], .events = POLLIN },
			{ .fd = streams[STREAM_ERR], .events = POLLIN },
			{ .fd = line, .events = POLLIN },
			{ .fd = children, .events = POLLIN },
			{ .fd = input.start < input.end ? input.pipe : -1, .events = POLLOUT },
		};

		if (poll(fds, 5, -1) < 0)
			continue;
		for (int i = 0; i < NUM_STREAMS; i++)
			if (fds[i].revents && !forward(streams[i], type[i]))
				streams[i] = -1;
		if (fds[2].revents)
			receive();
		if (fds[4].revents)
			flush_input();
		if (fds[3].revents && read(children, &info, sizeof(info)) == sizeof(info))
			status = reap(command);
	}
	/* What it wrote before it ended; a daemon may keep the pipes open. */
	for (int i = 0; i < NUM_STREAMS; i++)
		while (streams[i] >= 0 && forward(streams[i], type[i]) > 0)
			;
	return status;
}

/* The file has the rows, the columns and the type of the user's terminal. */
static void describe_terminal(void)
{
	FILE *file = fopen("/tdxhost/interactive", "re");
	struct winsize size = { 0 };
	char type[64];

	if (file && fscanf(file, "%hu %hu %63s", &size.ws_row, &size.ws_col, type) == 3) {
		ioctl(line, TIOCSWINSZ, &size);
		setenv("TERM", type, 1);
	}
	if (file)
		fclose(file);
}

static void __attribute__((noreturn)) interactive(char **argv)
{
	pid_t pid;
	int status = 0;

	open_line(0);
	describe_terminal();
	pid = fork();
	if (!pid) {
		setsid();
		dup2(line, 0);
		dup2(line, 1);
		dup2(line, 2);
		ioctl(0, TIOCSCTTY, 1);
		exec_command(argv);
	}
	while (waitpid(-1, &status, 0) != pid)
		;
	kmsg("<1>tdxhost: exit %d\n",
	     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	power_off();
}

static void send_file(const char *name, unsigned char number)
{
	static char buffer[65536];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return; /* tdxhost tells what did not come */
	send_frame('G', &number, 1);
	while ((size = read(fd, buffer, sizeof(buffer))) > 0)
		send_frame('D', buffer, size);
	close(fd);
}

/* The files of --get: their names, below /root if they are relative, each with a NUL. */
static void send_files(void)
{
	FILE *list = fopen("/tdxhost/get", "re");
	unsigned char number = 0;
	char *name = NULL;
	size_t size = 0;

	if (!list || chdir("/root"))
		return;
	while (getdelim(&name, &size, '\0', list) > 0)
		send_file(name, number++);
	free(name);
	fclose(list);
}

int main(void)
{
	char **argv = read_command();
	int streams[NUM_STREAMS], children;
	unsigned char status;
	sigset_t mask;
	pid_t command;

	if (!argv) {
		kmsg("<2>tdxhost: no command\n");
		power_off();
	}
	if (!access("/tdxhost/interactive", F_OK))
		interactive(argv);

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	children = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);

	open_line(1);
	framed = 1;
	send_frame('R', NULL, 0);
	command = start(argv, streams);
	if (command < 0) {
		kmsg("<2>tdxhost: cannot start a process: %s\n", strerror(errno));
		power_off();
	}
	status = relay(command, streams, children);
	send_files();
	send_frame('X', &status, 1);
	power_off();
}
