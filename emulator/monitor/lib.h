/* SPDX-License-Identifier: GPL-2.0-only */
/* What a freestanding program has to bring itself: memory, text, locks, the log. */
#ifndef MONITOR_LIB_H
#define MONITOR_LIB_H

#include <stdarg.h>

#include "../abi/types.h"
#include "x86.h"

/* string.c */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
bool parse_number(const char **text, u64 *value);

/* format.c */
int format_text(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int vformat_text(char *buffer, size_t size, const char *format, va_list args);

/* log.c */
#define LOG_PORT    0xe9
#define TRACE_PORT  0x402
#define EXIT_PORT   0x501
#define EXIT_BROKEN 0x3f
#define EXIT_FATAL  0x3e

#define LOG_LINE 256

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void trace_write(const char *text, size_t length);

/* An invariant of the emulator, or memory that the host may not touch: end the run. */
void broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The machine is one the monitor cannot run on. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void stop_machine_now(u8 exit_code) __attribute__((noreturn));

/*
 * Order: what the TDX module locks; seamldr_lock, which is only tried; control_lock;
 * fault_lock or lock_hold_lock; npt_lock; log_lock and trace_lock, which are nobody's but
 * their file's and hold nothing else. Who waits for other CPUs holds none that an exit handler takes.
 */
struct spinlock {
	bool locked;
};

static inline bool spin_trylock(struct spinlock *lock)
{
	return !__atomic_test_and_set(&lock->locked, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
	while (!spin_trylock(lock))
		cpu_relax();
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_clear(&lock->locked, __ATOMIC_RELEASE);
}

#define READ_ONCE(x)	     __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELAXED)

/* tsc.c */
extern u64 tsc_khz;
void tsc_calibrate(void);
u64 microseconds(void); /* since the monitor started */
void delay_microseconds(u64 microseconds);
/* What rdtsc() will be then. */
u64 tsc_after(u64 microseconds);

#endif
