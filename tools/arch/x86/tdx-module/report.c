// SPDX-License-Identifier: GPL-2.0-only
/* How a command ended: to people, to programs, and to the system's log */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "report.h"

#define PROGRAM	"tdx-module"

static const char * const names[] = {
	[OUTCOME_DONE]		= "done",
	[OUTCOME_USAGE]		= "usage",
	[OUTCOME_NOTHING]	= "nothing-to-do",
	[OUTCOME_REFUSED]	= "refused",
	[OUTCOME_FAILED]	= "failed",
	[OUTCOME_NOT_THIS_HOST]	= "not-this-host",
};

static const int priorities[] = {
	[OUTCOME_DONE]		= LOG_NOTICE,
	[OUTCOME_USAGE]		= LOG_ERR,
	[OUTCOME_NOTHING]	= LOG_INFO,
	[OUTCOME_REFUSED]	= LOG_ERR,
	[OUTCOME_FAILED]	= LOG_CRIT,
	[OUTCOME_NOT_THIS_HOST]	= LOG_ERR,
};

enum outcome report_set(struct report *report, enum outcome outcome, const char *reason,
			const char *format, ...)
{
	va_list arguments;

	memset(report, 0, sizeof(*report));
	report->outcome = outcome;
	snprintf(report->reason, sizeof(report->reason), "%s", reason ? reason : "");
	va_start(arguments, format);
	vsnprintf(report->message, sizeof(report->message), format, arguments);
	va_end(arguments);
	return outcome;
}

void report_note(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs(PROGRAM ": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void json_add_text(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text && *text ? json_object_new_string(text) : NULL);
}

void json_print(struct json_object *json, bool one_line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= one_line ? JSON_C_TO_STRING_PLAIN :
			    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(json, flags));
	fflush(stdout);
}

int report_finish(const struct report *report, struct json_object *json, bool to_syslog)
{
	bool bad = report->outcome != OUTCOME_DONE && report->outcome != OUTCOME_NOTHING;

	if (json) {
		json_add_text(json, "outcome", names[report->outcome]);
		json_object_object_add(json, "status", json_object_new_int(report->outcome));
		json_add_text(json, "phase", report->phase);
		json_add_text(json, "reason", report->reason);
		json_add_text(json, "message", report->message);
		json_print(json, false);
		json_object_put(json);
	}
	if (*report->message && bad)
		report_note("%s", report->message);
	else if (*report->message && !json)
		puts(report->message);

	if (to_syslog && *report->message) {
		openlog(PROGRAM, LOG_PID, LOG_DAEMON);
		syslog(priorities[report->outcome], "%s: %s%s%s", names[report->outcome],
		       report->message, *report->reason ? ", reason " : "", report->reason);
		closelog();
	}
	return report->outcome;
}
