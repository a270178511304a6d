// SPDX-License-Identifier: GPL-2.0-only
/*
 * Could this host take this image?
 *
 * The kernel and P-SEAMLDR have the last word. What is looked at here is what they
 * leave to their user, and, for choosing among images and for kernels that check
 * nothing before it is too late, all that can be told from outside.
 */
#include <stdio.h>
#include <string.h>

#include "catalog.h"

static enum outcome refuse(struct report *report, const char *reason, const char *message)
{
	return report_set(report, OUTCOME_REFUSED, reason, "%s", message);
}

static enum outcome pass(struct report *report)
{
	return report_set(report, OUTCOME_DONE, NULL, "%s", "");
}

bool entry_runs(const struct entry *entry, const struct host *host)
{
	uint8_t mrseam[SHA384_SIZE];
	struct version version;

	if (entry->error || entry->defect || host_is_down(host))
		return false;
	if (host_mrseam(host, mrseam))
		return !memcmp(mrseam, entry->image.mrseam, sizeof(mrseam));
	return host_version(host, &version) && version_known(&entry->version) &&
	       !version_compare(&version, &entry->version);
}

static enum outcome judge_mapping(const struct release *release, const struct host *host,
				  struct report *report)
{
	char needed[VERSION_TEXT], text[VERSION_TEXT];
	struct version running, seamldr;
	size_t i;

	if (host_version(host, &running) && version_known(&release->least_running)) {
		if (!version_same_line(&running, &release->version))
			return report_set(report, OUTCOME_REFUSED, "other-line",
					  "a module %s cannot replace a running %s: only the BIOS can load it",
					  version_text(&release->version, needed),
					  version_text(&running, text));
		if (version_compare(&running, &release->least_running) < 0)
			return report_set(report, OUTCOME_REFUSED, "running-too-old",
					  "it can only replace modules from %s on, %s runs: update to a version in between first",
					  version_text(&release->least_running, needed),
					  version_text(&running, text));
	}

	if (host->seamldr_version.error || !release->nr_seamldrs ||
	    !version_parse(host->seamldr_version.text, &seamldr))
		return pass(report);
	for (i = 0; i < release->nr_seamldrs; i++)
		if (version_same_line(&seamldr, &release->seamldrs[i]) &&
		    version_compare(&seamldr, &release->seamldrs[i]) >= 0)
			return pass(report);
	return report_set(report, OUTCOME_REFUSED, "seamldr-unsupported",
			  "it does not work with P-SEAMLDR %s of this host: it needs a BIOS update, or another image",
			  version_text(&seamldr, text));
}

enum outcome entry_judge_policy(const struct entry *entry, const struct host *host,
				const struct policy *policy, struct report *report)
{
	if (entry->error)
		return report_set(report, OUTCOME_REFUSED, "unreadable", "it cannot be read: %s",
				  strerror(-entry->error));
	if (entry->defect)
		return report_set(report, OUTCOME_REFUSED, image_defect_name(entry->defect),
				  "%s", image_defect_text(entry->defect));
	if (policy->approved && !approved_has(policy->approved, entry->image.mrseam))
		return refuse(report, "not-approved",
			      "its MRSEAM is not in the list of approved modules");
	if (entry_runs(entry, host))
		return report_set(report, OUTCOME_NOTHING, "runs-already", "%s", "it runs already");
	/* What is not there any more need not be replaceable. */
	if (entry->release && !host_is_down(host))
		return judge_mapping(entry->release, host, report);
	return pass(report);
}

static enum outcome judge_svn(const struct entry *entry, const struct host *host,
			      struct report *report)
{
	unsigned long long running;

	if (!host_number(&host->svn, &running))
		return pass(report);
	if (entry->image.svn >> 8 != running >> 8)
		return refuse(report, "svn-major",
			      "its major security version number is not the running module's: only the BIOS can load it");
	if (entry->image.svn < running)
		return refuse(report, "svn-downgrade",
			      "its security version number is below that of the running module");
	return pass(report);
}

static enum outcome judge_cpus(const struct entry *entry, const struct host *host,
			       struct report *report)
{
	unsigned int i;

	for (i = 0; i < host->nr_models; i++)
		if (!image_supports_cpu(&entry->image, host->models[i]))
			return report_set(report, OUTCOME_REFUSED, "cpu-unsupported",
					  "it is for other CPUs than this host's (CPUID 0x%x)",
					  host->models[i]);
	if (host->nr_offline)
		return report_set(report, OUTCOME_REFUSED, "cpu-offline",
				  "CPUs are offline (%s): bring all online and try again",
				  host->offline);
	return pass(report);
}

enum outcome entry_judge(const struct entry *entry, const struct host *host,
			 const struct policy *policy, struct report *report)
{
	unsigned long long left;
	enum outcome outcome;

	outcome = entry_judge_policy(entry, host, policy, report);
	if (outcome)
		return outcome;
	if (entry->image.debug_signed)
		return refuse(report, "debug-signed", "it is for development hosts only");
	outcome = judge_svn(entry, host, report);
	if (outcome)
		return outcome;
	outcome = judge_cpus(entry, host, report);
	if (outcome)
		return outcome;
	if (host_number(&host->updates_left, &left) && !left)
		return refuse(report, "update-log-full",
			      "P-SEAMLDR's update log is full: no update until the host has been rebooted");
	if (!host->can_update)
		return host_expect(host, true, report);
	return pass(report);
}

enum outcome entry_name_it(const struct entry *entry, struct report *report)
{
	char sentence[sizeof(report->message)];

	memcpy(sentence, report->message, sizeof(sentence));
	snprintf(report->message, sizeof(report->message), "%.240s: %.260s",
		 entry->path, sentence);
	return report->outcome;
}
