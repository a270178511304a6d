// SPDX-License-Identifier: GPL-2.0-only
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned int num_tests, num_failed;

static bool report(bool passed, const char *format, va_list args)
{
	num_tests++;
	num_failed += !passed;
	printf("%s %u - ", passed ? "ok" : "not ok", num_tests);
	vprintf(format, args);
	putchar('\n');
	/* A test that kills the program must not take its predecessors along. */
	fflush(stdout);
	return passed;
}

bool tap_ok(bool passed, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(passed, format, args);
	va_end(args);
	return passed;
}

bool tap_is(u64 got, u64 expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(got == expected, format, args);
	va_end(args);
	if (got != expected)
		printf("#      got 0x%016lx\n# expected 0x%016lx\n", got, expected);
	return got == expected;
}

void tap_skip(const char *name, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++num_tests, name, why);
}

int tap_finish(void)
{
	printf("1..%u\n", num_tests);
	if (num_failed)
		printf("# %u of %u failed\n", num_failed, num_tests);
	return num_failed || !num_tests;
}
