// SPDX-License-Identifier: GPL-2.0-only
/* tdx-module check: would this image be accepted? Nothing is installed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "outcome.h"
#include "sysfs.h"
#include "upload.h"

static void no_progress(const char *status, void *data)
{
	(void)status;
	(void)data;
}

/*
 * Ask the kernel, which asks P-SEAMLDR where it can: its verdict counts. Returns 0 and
 * the verdict, or a negative errno if the kernel has no way to be asked, or this user
 * may not.
 */
static int ask_kernel(const struct entry *entry, struct report *report)
{
	struct upload upload = {
		.directory	= SYSFS_CHECK,
		.progress	= no_progress,
	};
	char result[96];
	int ret;

	ret = upload_run(&upload, entry->file, entry->size);
	if (ret == -EBUSY) {
		report_set(report, OUTCOME_REFUSED, "busy",
			   "another check or update is under way: try again later");
		return 0;
	}
	if (ret == -ECANCELED) {
		report_set(report, OUTCOME_REFUSED, "cancelled",
			   "not waited for: the check ends by itself, and changes nothing");
		return 0;
	}
	if (ret)
		return ret;
	if (sysfs_read(SYSFS_HOST, "check_result", result, sizeof(result)))
		result[0] = '\0';
	outcome_of_check(upload.error, result, report);
	return 0;
}

static const char *why_not_asked(int error)
{
	switch (error) {
	case -ENOENT:
		return "this kernel has no check of its own";
	case -EACCES:
	case -EPERM:
		return "the kernel's check is for root only";
	default:
		return "the kernel did not take the image";
	}
}

static void judge(const struct entry *entry, const struct host *host,
		  struct options *options, struct report *report, bool *by_kernel)
{
	char name[VERSION_TEXT];
	int error = -ENOENT;

	*by_kernel = false;
	if (host_expect(host, true, report))
		return;
	if (entry_judge_policy(entry, host, &options->policy, report)) {
		entry_name_it(entry, report);
		return;
	}
	if (host->can_check)
		error = ask_kernel(entry, report);
	if (!error) {
		*by_kernel = true;
		if (!report->outcome)
			report_set(report, OUTCOME_DONE, NULL,
				   "%s (version %s) would be accepted, says the kernel",
				   entry->path, version_text(&entry->version, name));
		return;
	}
	if (entry_judge(entry, host, &options->policy, report)) {
		entry_name_it(entry, report);
		return;
	}
	report_set(report, OUTCOME_DONE, NULL,
		   "nothing speaks against %s (version %s); %s, so P-SEAMLDR was not asked",
		   entry->path, version_text(&entry->version, name), why_not_asked(error));
}

int command_check(struct options *options)
{
	char hash[2 * SHA384_SIZE + 1], name[VERSION_TEXT];
	struct json_object *json = NULL, *image;
	struct entry entry = {};
	struct report report;
	bool by_kernel = false;
	struct host host;

	host_read(&host);
	if (!entry_find(options->argument, options->directory, options->policy.mapping, &entry,
			&report))
		judge(&entry, &host, options, &report, &by_kernel);

	if (options->json) {
		json = json_object_new_object();
		image = json_object_new_object();
		json_add_text(json, "command", "check");
		json_add_image(image, &entry);
		json_object_object_add(json, "image", image);
		json_object_object_add(json, "by_kernel", json_object_new_boolean(by_kernel));
	} else if (!entry.error && entry.image.svn) {
		hash_to_text(entry.image.mrseam, hash);
		printf("version %s, SVN 0x%04x, MRSEAM %s\n",
		       version_text(&entry.version, name), entry.image.svn, hash);
	}
	entry_free(&entry);
	return report_finish(&report, json, false);
}
