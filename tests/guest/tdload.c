// SPDX-License-Identifier: GPL-2.0-only
/* Load for a TDX host: TDs that are built, TDs that run, updates, a stall probe. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tdload.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "build", load_build,
	  "[--builders N] [--count N | --seconds S] [--extra-pages N]\n"
	  "\t\t[--page-delay-ms MS] [--hold FILE] [--state FILE] [--failures FILE]\n"
	  "\t\t[--fail-nth N] [--tolerant] [--verbose]" },
	{ "run", load_run,
	  "[--vcpus N] [--steps N] [--seconds S | --reports N] [--insist] [--slots] [--halt]" },
	{ "update", load_update,
	  "[--count N] [--pause-ms MS]\n"
	  "\t\t[--reject-on-build FILE] [--give-up-ms MS]\n"
	  "\t\t[--fail-nth N] IMAGE..." },
	{ "stall", load_stall, "[--count N] IMAGE..." },
	{ "hash", load_hash, "[--around-ms MS] IMAGE" },
	{ "capabilities", load_capabilities, "[--rounds N] [--megabytes N] IMAGE..." },
	{ "heir", load_heir, "fork | vm | memory" },
	{ "keyids", load_keyids, "" },
	{ "fault", load_fault, "prefault | accept" },
	{ "obey", load_obey, "[--pages N] <ORDERS" },
	{ "together", load_together, "[--vcpus N] [--pages N]" },
	{ "notice", load_notice, "FILE" },
};

volatile sig_atomic_t stopped;

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR && !stopped)
		;
}

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

void stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "tdload: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (!*text || *end)
		die("not a number: %s", text);
	return value;
}

void samples_add(struct samples *samples, uint32_t value)
{
	if (samples->count == samples->size) {
		samples->size = samples->size ? 2 * samples->size : 256;
		samples->value = realloc(samples->value, samples->size * sizeof(*samples->value));
		if (!samples->value)
			die("no memory for samples");
	}
	samples->value[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t samples_percentile(struct samples *samples, unsigned int percent)
{
	if (!samples->count)
		return 0;
	qsort(samples->value, samples->count, sizeof(*samples->value), compare);
	return samples->value[(samples->count - 1) * percent / 100];
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "usage:\n");
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "\ttdload %s %s\n", commands[i].name, commands[i].help);
	return 2;
}
