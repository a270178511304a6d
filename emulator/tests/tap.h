/* SPDX-License-Identifier: GPL-2.0-only */
/* Test Anything Protocol: a line for each test, and how many there were. */
#ifndef EMULATOR_TESTS_TAP_H
#define EMULATOR_TESTS_TAP_H

#include "../abi/types.h"

/* Both return whether the test passed, to guard what only makes sense then. */
bool tap_ok(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tap_is(u64 got, u64 expected, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A test that cannot run here; @why goes to the reader. */
void tap_skip(const char *name, const char *why);

/* Prints the plan. Return: the exit status of the program. */
int tap_finish(void);

#endif
