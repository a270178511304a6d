/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of tdload share. Results are lines of key=value words. */
#ifndef TESTS_GUEST_TDLOAD_H
#define TESTS_GUEST_TDLOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

int load_build(int argc, char **argv);
int load_run(int argc, char **argv);
int load_update(int argc, char **argv);
int load_stall(int argc, char **argv);
int load_hash(int argc, char **argv);
int load_capabilities(int argc, char **argv);
int load_heir(int argc, char **argv);
int load_keyids(int argc, char **argv);
int load_fault(int argc, char **argv);
int load_obey(int argc, char **argv);
int load_together(int argc, char **argv);
int load_notice(int argc, char **argv);

/* Monotonic time in microseconds. */
uint64_t now_us(void);

void sleep_ms(unsigned int ms);

/* Set by SIGTERM and SIGINT, which then interrupt system calls. */
extern volatile sig_atomic_t stopped;
void stop_on_signals(void);

void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...);

/*
 * The nth allocation that the kernel makes for this thread from now on fails; 0 for
 * none. Needs a kernel with fault injection. At the end it is told how many there
 * were up to then, and whether one failed.
 */
void fail_allocation(unsigned int nth);
unsigned int fail_allocation_end(bool *failed);

/* The value of a numeric option's argument. */
unsigned long number(const char *text);

/* Samples, for medians and ranges. */
struct samples {
	uint32_t *value;
	unsigned int count, size;
};

void samples_add(struct samples *samples, uint32_t value);
/* Sorts. The value below which @percent of the samples are; 0 without any. */
uint32_t samples_percentile(struct samples *samples, unsigned int percent);

/* One upload through the kernel's firmware-upload interface. */
struct update_result {
	char error[64]; /* as sysfs says; empty for success */
	uint64_t duration_us;
	char version[32];	  /* that runs afterwards */
	unsigned int allocations; /* counted during the upload, see --fail-nth */
	bool allocation_failed;
};

int update_module(const char *image, struct update_result *result);
int read_sysfs(const char *path, char *value, int size);

#endif
