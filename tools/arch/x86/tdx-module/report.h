/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_REPORT_H
#define TDX_MODULE_REPORT_H

#include <stdbool.h>

#include <json-c/json.h>

/* Let the compiler check the arguments. */
#define PRINTF_LIKE(format, first)	\
	__attribute__((__format__	\
		(__printf__, format, first)))

/* The exit status. Programs rely on these numbers. */
enum outcome {
	OUTCOME_DONE		= 0,
	OUTCOME_USAGE		= 1,	/* the command line is wrong */
	OUTCOME_NOTHING		= 2,	/* there is nothing to do */
	OUTCOME_REFUSED		= 3,	/* nothing has changed */
	OUTCOME_FAILED		= 4,	/* no TDX until it is repaired */
	OUTCOME_NOT_THIS_HOST	= 5,	/* the host cannot do that at all */
};

/* How a command ended: for programs, and in one sentence for people. */
struct report {
	enum outcome outcome;
	char phase[24];		/* of the kernel's update, or empty */
	char reason[48];	/* one word, or empty */
	char message[512];
};

/* Set everything but the phase, which becomes empty. Returns @outcome. */
PRINTF_LIKE(4, 5)
enum outcome report_set(struct report *report, enum outcome outcome, const char *reason,
			const char *format, ...);

/*
 * Tell it: a refusal or failure on standard error, anything else on standard output,
 * @syslog also to the system's log. With @json, which is freed, that object goes to
 * standard output, with the report added. Returns the exit status.
 */
int report_finish(const struct report *report, struct json_object *json, bool syslog);

/* A remark on standard error that does not end anything. */
PRINTF_LIKE(1, 2)
void report_note(const char *format, ...);

/* Add a text, or null if there is none. */
void json_add_text(struct json_object *json, const char *key, const char *text);

/* Print one object on one line, or on many. */
void json_print(struct json_object *json, bool one_line);

#endif
