// SPDX-License-Identifier: GPL-2.0-only
/* tdx-module show: the module that runs, and how updates stand */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "outcome.h"

static void line(const char *name, const char *format, const char *text)
{
	char shown[160];

	snprintf(shown, sizeof(shown), format, text);
	printf("%-20s %s\n", name, shown);
}

static void value_line(const char *name, const char *format, const struct value *value)
{
	if (value->error)
		line(name, "(%s)", value_absence(value));
	else
		line(name, format, value->text);
}

static void time_line(const char *name, const struct value *value)
{
	unsigned long long us;

	if (host_number(value, &us))
		printf("%-20s %llu.%03llu ms\n", name, us / 1000, us % 1000);
	else
		value_line(name, "%s", value);
}

void json_add_last_update(struct json_object *json, const struct host *host)
{
	struct json_object *last = json_object_new_object();
	char kind[16] = "", phase[24] = "", reason[48] = "";
	const char *result = host->result.error ? NULL : host->result.text;

	if (result && outcome_split(result, kind, phase, reason))
		result = kind;
	json_add_text(last, "result", result);
	json_add_text(last, "phase", phase);
	json_add_text(last, "reason", reason);
	json_add_value(last, "seamcall_status", &host->seamcall_status);
	json_add_number(last, "duration_us", &host->duration_us);
	json_add_number(last, "stop_us", &host->stop_us);
	json_object_object_add(json, "last_update", last);
}

/* The image that the module came from tells its build. */
static struct entry *find_running(const struct catalog *catalog, const struct host *host)
{
	uint8_t mrseam[SHA384_SIZE];
	struct entry *entry;

	if (!host_mrseam(host, mrseam))
		return NULL;
	for (entry = catalog->entries; entry < catalog->entries + catalog->count; entry++)
		if (entry_runs(entry, host))
			return entry;
	return NULL;
}

static struct json_object *describe(const struct host *host, const struct entry *running)
{
	struct json_object *json = json_object_new_object();
	struct json_object *module = json_object_new_object();

	json_add_text(json, "command", "show");
	json_object_object_add(json, "module", module);
	json_object_object_add(module, "usable",
			       json_object_new_boolean(host->present && !host->version.error));
	json_add_value(module, "version", &host->version);
	json_add_value(module, "mrseam", &host->mrseam);
	json_add_value(module, "svn", &host->svn);
	json_object_object_add(module, "build", running && running->image.build ?
			       json_object_new_int64(running->image.build) : NULL);
	json_add_text(module, "image", running ? running->path : NULL);
	json_add_value(json, "seamldr_version", &host->seamldr_version);
	json_add_number(json, "updates_left", &host->updates_left);
	/* An empty text if there are none. */
	json_object_object_add(json, "cpus_offline", host->knows_offline ?
			       json_object_new_string(host->offline) : NULL);
	json_object_object_add(json, "can_update", json_object_new_boolean(host->can_update));
	json_object_object_add(json, "can_check", json_object_new_boolean(host->can_check));
	json_object_object_add(json, "keeps_builds_safe",
			       json_object_new_boolean(host->keeps_builds_safe));
	json_add_value(json, "state", &host->state);
	json_add_number(json, "builds_in_flight", &host->builds);
	json_add_number(json, "wait_ms", &host->wait_ms);
	json_add_last_update(json, host);
	return json;
}

static void show_last_update(const struct host *host)
{
	char kind[16], phase[24], reason[48], text[160];
	const char *advice;

	if (host->result.error || !outcome_split(host->result.text, kind, phase, reason)) {
		value_line("Last update", "%s", &host->result);
		if (host->result.error || !strcmp(host->result.text, "none"))
			return;
	} else {
		snprintf(text, sizeof(text), "%s in phase %s: %s", kind, phase, reason);
		line("Last update", "%s", text);
		advice = outcome_advice(reason);
		if (advice)
			line("", "%s", advice);
		if (strcmp(host->seamcall_status.text, "0x0000000000000000"))
			value_line("  SEAMCALL status", "%s", &host->seamcall_status);
	}
	time_line("  took", &host->duration_us);
	time_line("  TDX stood still", &host->stop_us);
}

static void show(const struct host *host, const struct entry *running)
{
	value_line("TDX module", "%s", &host->version);
	value_line("  MRSEAM", "%s", &host->mrseam);
	value_line("  SVN", "%s", &host->svn);
	if (running && running->image.build)
		printf("%-20s %u\n", "  build", running->image.build);
	if (running)
		line("  image", "%s", running->path);
	value_line("P-SEAMLDR", "%s", &host->seamldr_version);
	value_line("Updates left", "%s", &host->updates_left);
	line("CPUs offline", "%s", !host->knows_offline ? "(cannot be read)" :
	     host->nr_offline ? host->offline : "none");
	value_line("State", "%s", &host->state);
	value_line("TD builds in flight", "%s", &host->builds);
	value_line("Waits for builds", "%s ms at most", &host->wait_ms);
	show_last_update(host);
	if (!host->can_update)
		puts("The module of this host cannot be updated at runtime.");
	else if (!host->keeps_builds_safe)
		puts("This kernel does not keep updates away from TDs that are being built.");
}

int command_show(struct options *options)
{
	struct json_object *json = NULL;
	struct catalog catalog = {};
	struct entry *running;
	struct report report;
	struct host host;

	host_read(&host);
	host_expect(&host, false, &report);
	/* Without a directory of images less is known, and nothing is wrong. */
	catalog_read(options->directory, NULL, &catalog);
	running = find_running(&catalog, &host);
	if (options->json)
		json = describe(&host, running);
	else if (!report.outcome)
		show(&host, running);
	catalog_free(&catalog);
	return report_finish(&report, json, false);
}
