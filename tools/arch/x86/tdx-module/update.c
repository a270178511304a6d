// SPDX-License-Identifier: GPL-2.0-only
/* tdx-module update: choose an image, hand it to the kernel, tell how it went */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "outcome.h"
#include "progress.h"
#include "sysfs.h"
#include "upload.h"

struct update {
	struct options *options;
	struct report *report;
	struct progress progress;
	struct host before, after;
	struct entry entry;
	bool down;			/* this is to repair the host */
	bool checked;			/* or about to be: comes once */
	bool told_too_late;
	long long waits_since_ms;	/* 0: it does not wait */
	enum { UNVERIFIED, VERIFIED, DIFFERS } verified;
};

static const char no_lock[] =
	"this kernel lets updates meet TDs that are being built: these get a wrong measurement";

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void show_waiting(struct update *update)
{
	unsigned long long builds = 0, bound_ms = 0;
	char text[96], left[48];
	long long left_ms;

	if (!update->waits_since_ms)
		update->waits_since_ms = now_ms();
	host_number(&update->after.builds, &builds);
	if (!builds)
		return;
	host_number(&update->after.wait_ms, &bound_ms);
	left_ms = (long long)bound_ms - (now_ms() - update->waits_since_ms);
	snprintf(text, sizeof(text), "waiting for %llu TD build%s, at most %llu s",
		 builds, builds == 1 ? "" : "s", (bound_ms + 999) / 1000);
	snprintf(left, sizeof(left), "; %lld s left, Ctrl-C cancels",
		 left_ms > 0 ? (left_ms + 999) / 1000 : 0);
	progress_show(&update->progress, text, left);
}

static void show_progress(const char *status, void *data)
{
	struct update *update = data;

	host_refresh(&update->after);
	if (!strcmp(update->after.state.text, "waiting"))
		show_waiting(update);
	else if (!strcmp(update->after.state.text, "updating") ||
		 (!update->before.keeps_builds_safe && !strcmp(status, "transferring")))
		progress_show(&update->progress, "replacing the TDX module", "");
	else if (!update->checked)
		progress_show(&update->progress, "checking the image and the host", "");
	update->checked = true;
}

static bool cancel(void *data)
{
	struct update *update = data;
	bool too_late = !strcmp(update->after.state.text, "updating") ||
			!update->before.keeps_builds_safe;

	progress_end(&update->progress);
	if (!too_late)
		report_note("cancelling the update");
	else if (!update->told_too_late)
		report_note("the module is being replaced: that cannot be cancelled any more");
	update->told_too_late = too_late;
	return !too_late;
}

static enum outcome choose_latest(struct update *update, const struct catalog *catalog)
{
	const struct policy *policy = &update->options->policy;
	struct report *report = update->report, first = {};
	char name[VERSION_TEXT];
	const struct entry *entry, *newest = NULL;
	struct version running;

	if (!host_version(&update->before, &running))
		return report_set(report, OUTCOME_FAILED, "no-module",
				  "no TDX module is usable: name the image to repair the host with");

	for (entry = catalog->entries; entry < catalog->entries + catalog->count; entry++) {
		/* Of the line that runs, made for this host's CPUs, newer. */
		if (entry->error || entry->defect ||
		    !version_same_line(&entry->version, &running) ||
		    (update->before.nr_models &&
		     !image_supports_cpu(&entry->image, update->before.models[0])))
			continue;
		if (version_compare(&entry->version, &running) < 0)
			break;
		if (!entry_judge(entry, &update->before, policy, report)) {
			/* Of the same version, but not the same module: that is for a person. */
			if (!version_compare(&entry->version, &running))
				continue;
			entry_load(entry->path, policy->mapping, &update->entry);
			return OUTCOME_DONE;
		}
		if (report->outcome == OUTCOME_NOTHING)
			break;
		/* Not approved is as good as not there. */
		if (!newest && strcmp(report->reason, "not-approved")) {
			newest = entry;
			first = *report;
		}
	}
	if (!newest)
		return report_set(report, OUTCOME_NOTHING, "runs-already",
				  "nothing newer than the running TDX module %s in %s",
				  version_text(&running, name), update->options->directory);
	return report_set(report, OUTCOME_REFUSED, first.reason,
			  "there is %s, but this host cannot take it: %s",
			  newest->path, first.message);
}

static enum outcome choose(struct update *update)
{
	struct options *options = update->options;
	struct report *report = update->report;
	struct catalog catalog;
	enum outcome outcome;
	int ret;

	if (!options->to_latest)
		return entry_find(options->argument, options->directory,
				  options->policy.mapping, &update->entry, report);

	ret = catalog_read(options->directory, options->policy.mapping, &catalog);
	if (ret)
		return report_set(report, OUTCOME_USAGE, "unreadable", "%s: %s",
				  options->directory, strerror(-ret));
	outcome = choose_latest(update, &catalog);
	catalog_free(&catalog);
	return outcome;
}

/* What the kernel does not ask about, and, if it asks nothing, all there is to ask. */
static enum outcome judge(struct update *update)
{
	const struct policy *policy = &update->options->policy;
	unsigned long long left;
	char name[VERSION_TEXT];
	enum outcome outcome;

	if (update->before.keeps_builds_safe || update->down)
		outcome = entry_judge_policy(&update->entry, &update->before, policy,
					     update->report);
	else
		outcome = entry_judge(&update->entry, &update->before, policy, update->report);
	if (outcome == OUTCOME_NOTHING)
		return report_set(update->report, outcome, "runs-already",
				  "TDX module %s runs already%s",
				  version_text(&update->entry.version, name),
				  update->before.mrseam.error ?
				  ", as far as its version tells" :
				  ", with the MRSEAM of the image");
	if (outcome)
		return entry_name_it(&update->entry, update->report);

	/* If that update fails nothing but a reboot helps. */
	if (!update->down && host_number(&update->before.updates_left, &left) && left == 1 &&
	    !update->options->use_last_entry)
		return report_set(update->report, OUTCOME_REFUSED, "last-log-entry",
				  "P-SEAMLDR's update log has room for one more: should that update fail, TDX is lost until a reboot. --use-last-entry does it nevertheless");
	return OUTCOME_DONE;
}

static enum outcome expect_permission(struct report *report)
{
	int fd = sysfs_open(SYSFS_UPLOAD, "loading", O_WRONLY);

	if (fd >= 0)
		close(fd);
	if (fd == -EACCES || fd == -EPERM)
		return report_set(report, OUTCOME_REFUSED, "permission",
				  "only root can update the TDX module");
	return OUTCOME_DONE;
}

static enum outcome verify(struct update *update)
{
	struct report *report = update->report;
	unsigned long long took = 0, stop = 0;
	uint8_t mrseam[SHA384_SIZE];
	struct version version = {};
	char name[VERSION_TEXT];

	if (host_mrseam(&update->after, mrseam))
		update->verified = memcmp(mrseam, update->entry.image.mrseam, sizeof(mrseam)) ?
				   DIFFERS : VERIFIED;
	else if (host_version(&update->after, &version) &&
		 version_known(&update->entry.image.version) &&
		 version_compare(&version, &update->entry.image.version))
		update->verified = DIFFERS;
	if (update->verified == DIFFERS)
		return report_set(report, OUTCOME_FAILED, "other-module-runs",
				  "the kernel reports no error, but the module that runs (%s) is not that of the image",
				  update->after.version.text);

	host_version(&update->after, &version);
	if (update->verified != VERIFIED)
		return report_set(report, OUTCOME_DONE, NULL,
				  "TDX module %s runs; its MRSEAM is unknown: %s",
				  update->after.version.text,
				  value_absence(&update->after.mrseam));
	host_number(&update->after.duration_us, &took);
	host_number(&update->after.stop_us, &stop);
	return report_set(report, OUTCOME_DONE, NULL,
			  "%sTDX module %s runs, with the MRSEAM of the image; took %llu.%03llu ms, TDX stood still for %llu.%03llu ms",
			  update->down ? "repaired: " : "",
			  version_text(&version, name), took / 1000, took % 1000, stop / 1000,
			  stop % 1000);
}

static enum outcome conclude(struct update *update, const char *error)
{
	struct host *after = &update->after;
	const char *obstacle = NULL;
	unsigned long long left;
	bool down;

	host_read(after);
	down = host_is_down(after);
	if (!*error)
		return verify(update);
	outcome_of_update(error, after->result.error ? NULL : after->result.text, down,
			  update->report);
	if (update->report->outcome != OUTCOME_FAILED)
		return update->report->outcome;
	if (host_number(&after->updates_left, &left) && !left)
		obstacle = "P-SEAMLDR's update log is full";
	else if (!update->before.keeps_builds_safe)
		obstacle = "this kernel cannot repair that";
	if (obstacle)
		snprintf(update->report->message, sizeof(update->report->message),
			 "the update failed (%s), and no TDX module is usable; %s, so only a reboot helps",
			 update->report->reason, obstacle);
	return update->report->outcome;
}

static enum outcome not_begun(int error, struct report *report)
{
	switch (error) {
	case -EBUSY:
		return report_set(report, OUTCOME_REFUSED, "busy",
				  "another update or check is under way: try again later");
	case -ECANCELED:
		return report_set(report, OUTCOME_REFUSED, "cancelled",
				  "the update was cancelled, nothing has changed");
	case -EACCES:
	case -EPERM:
		return report_set(report, OUTCOME_REFUSED, "permission",
				  "not permitted: updating needs root with CAP_SYS_RAWIO, and a security policy (LoadPin, IMA, lockdown) that accepts the image");
	default:
		return report_set(report, OUTCOME_REFUSED, "upload",
				  "the kernel did not take the image: %s", strerror(-error));
	}
}

/* The bound belongs to the host: it gets its old value back. */
static enum outcome install(struct update *update)
{
	struct upload upload = {
		.directory	= SYSFS_UPLOAD,
		.progress	= show_progress,
		.cancel		= cancel,
		.data		= update,
	};
	const struct value *bound = &update->before.wait_ms;
	bool change = update->options->wait_s >= 0 && !bound->error;
	char text[32], line[160], name[VERSION_TEXT];
	int ret;

	if (!update->before.keeps_builds_safe)
		report_note("%s", no_lock);
	if (update->options->wait_s >= 0 && bound->error)
		report_note("this kernel waits for nothing: --wait and --no-wait change nothing");
	if (change) {
		snprintf(text, sizeof(text), "%ld", update->options->wait_s * 1000);
		ret = sysfs_write(SYSFS_HOST, "update_wait_ms", text);
		if (ret)
			return not_begun(ret, update->report);
	}

	snprintf(line, sizeof(line), "updating the TDX module from %s to %s",
		 update->before.version.error ? "none" : update->before.version.text,
		 version_text(&update->entry.version, name));
	progress_show(&update->progress, line, "");
	update->after = update->before;
	ret = upload_run(&upload, update->entry.file, update->entry.size);
	progress_end(&update->progress);

	if (change)
		sysfs_write(SYSFS_HOST, "update_wait_ms", bound->text);
	return ret ? not_begun(ret, update->report) : conclude(update, upload.error);
}

static void update_module(struct update *update)
{
	if (host_expect(&update->before, true, update->report) ||
	    expect_permission(update->report) ||
	    choose(update) ||
	    judge(update))
		return;
	install(update);
}

static struct json_object *describe(const struct update *update)
{
	struct json_object *json = json_object_new_object(), *part;
	const struct host *hosts[] = { &update->before, &update->after };
	const char *names[2] = { "before", "after" };
	int i;

	json_add_text(json, "command", "update");
	part = json_object_new_object();
	json_add_image(part, &update->entry);
	json_object_object_add(json, "image", part);
	for (i = 0; i < 2; i++) {
		part = json_object_new_object();
		json_add_value(part, "version", &hosts[i]->version);
		json_add_value(part, "mrseam", &hosts[i]->mrseam);
		json_add_value(part, "svn", &hosts[i]->svn);
		json_add_number(part, "updates_left", &hosts[i]->updates_left);
		json_object_object_add(json, names[i], part);
	}
	json_object_object_add(json, "verified", update->verified == UNVERIFIED ? NULL :
			       json_object_new_boolean(update->verified == VERIFIED));
	json_add_last_update(json, &update->after);
	return json;
}

int command_update(struct options *options)
{
	struct report report = {};
	struct update update = {
		.options	= options,
		.report		= &report,
	};
	struct json_object *json = NULL;

	progress_begin(&update.progress, options->json);
	host_read(&update.before);
	update.after = update.before;
	update.down = host_is_down(&update.before);
	update_module(&update);
	if (options->json)
		json = describe(&update);
	entry_free(&update.entry);
	return report_finish(&report, json, true);
}
