// SPDX-License-Identifier: GPL-2.0-only
/* tdx-module list: the images there are, and which of them this host could take */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const char * const verdicts[] = {
	[OUTCOME_DONE]		= "yes",
	[OUTCOME_NOTHING]	= "runs",
	[OUTCOME_REFUSED]	= "no",
	[OUTCOME_NOT_THIS_HOST]	= "no",
};

static void list_entry(const struct entry *entry, const struct report *verdict)
{
	char version[VERSION_TEXT], svn[8] = "-", hash[2 * SHA384_SIZE + 1] = "-";

	if (!entry->error && entry->image.svn) {
		snprintf(svn, sizeof(svn), "0x%04x", entry->image.svn & 0xffff);
		hash_to_text(entry->image.mrseam, hash);
	}
	printf("%-8s %-7s %-16.16s %-5s %s\n", version_text(&entry->version, version), svn,
	       hash, verdicts[verdict->outcome], entry->path);
	if (*verdict->message && verdict->outcome != OUTCOME_NOTHING)
		printf("%-40s %s\n", "", verdict->message);
}

static struct json_object *describe_entry(const struct entry *entry,
					  const struct report *verdict)
{
	struct json_object *json = json_object_new_object();

	json_add_image(json, entry);
	json_add_text(json, "verdict", verdicts[verdict->outcome]);
	json_add_text(json, "reason", verdict->reason);
	json_add_text(json, "message", verdict->message);
	return json;
}

int command_list(struct options *options)
{
	const char *directory = options->argument ?: options->directory;
	struct json_object *json = NULL, *images = NULL;
	struct report report, verdict;
	struct catalog catalog;
	struct entry *entry;
	struct host host;
	int ret;

	host_read(&host);
	host_expect(&host, false, &report);
	ret = catalog_read(directory, options->policy.mapping, &catalog);
	if (ret)
		report_set(&report, OUTCOME_USAGE, "unreadable", "%s: %s", directory,
			   strerror(-ret));

	if (options->json) {
		json = json_object_new_object();
		images = json_object_new_array();
		json_add_text(json, "command", "list");
		json_add_text(json, "directory", directory);
		json_object_object_add(json, "images", images);
	} else if (catalog.count) {
		printf("%-8s %-7s %-16s %-5s %s\n", "VERSION", "SVN", "MRSEAM", "TAKES", "FILE");
	} else if (!ret) {
		printf("no images (*.blob) in %s\n", directory);
	}
	for (entry = catalog.entries; entry < catalog.entries + catalog.count; entry++) {
		/* Another computer may be where images are looked through. */
		if (host.present)
			entry_judge(entry, &host, &options->policy, &verdict);
		else
			verdict = report;
		if (json)
			json_object_array_add(images, describe_entry(entry, &verdict));
		else
			list_entry(entry, &verdict);
	}
	if (!report.outcome && host.mrseam.error == -EACCES && !json)
		report_note("not all could be looked at: MRSEAM and SVN of what runs are for root");
	catalog_free(&catalog);
	return report_finish(&report, json, false);
}
