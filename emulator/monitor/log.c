// SPDX-License-Identifier: GPL-2.0-only
/* The emulator's log and trace, and how a run ends that must not go on. */
#include "cpu.h"
#include "lib.h"

static struct spinlock log_lock, trace_lock;

static void vlog_line(const char *prefix, const char *format, va_list args)
{
	char line[LOG_LINE];
	int length;

	length = format_text(line, sizeof(line), "emulator: %s", prefix);
	length += vformat_text(line + length, sizeof(line) - length - 1, format, args);
	if (line[length - 1] != '\n')
		line[length++] = '\n';

	spin_lock(&log_lock);
	outsb(LOG_PORT, line, length);
	spin_unlock(&log_lock);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog_line("", format, args);
	va_end(args);
}

void trace_write(const char *text, size_t length)
{
	spin_lock(&trace_lock);
	outsb(TRACE_PORT, text, length);
	spin_unlock(&trace_lock);
}

/*
 * QEMU's isa-debug-exit ends the emulation at the write. Where it is missing, the
 * machine stands still.
 */
void stop_machine_now(u8 exit_code)
{
	outb(EXIT_PORT, exit_code);
	smp_stop_others();
	for (;;)
		halt();
}

void broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog_line("BROKEN: ", format, args);
	va_end(args);
	stop_machine_now(EXIT_BROKEN);
}

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vlog_line("FATAL: ", format, args);
	va_end(args);
	stop_machine_now(EXIT_FATAL);
}
