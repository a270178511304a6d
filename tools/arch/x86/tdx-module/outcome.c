// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's words for the outcome of an update, in sentences that say what to do */
#include <stdio.h>
#include <string.h>

#include "outcome.h"

static const struct {
	const char *reason;
	const char *advice;
} advices[] = {
	/* The image */
	{ "not-an-image", "the file is no image of a TDX module" },
	{ "old-container",
	  "the image is in the old container format 1.0: get it in format 2.0" },
	{ "bad-image-version", "the image's container format is not 2.0" },
	{ "truncated-header", "the image is incomplete: get it again" },
	{ "truncated", "the image is incomplete: get it again" },
	{ "trailing-data", "the file goes on behind the image's end: get it again" },
	{ "bad-sigstruct-pages",
	  "the image's header is damaged, or for a newer kernel: get it again" },
	{ "bad-module-pages",
	  "the image's header is damaged, or for a newer kernel: get it again" },
	{ "header-reserved",
	  "the image's header is damaged, or for a newer kernel: get it again" },
	{ "bad-checksum", "the image is damaged: get it again" },
	{ "bad-hash", "the module in the image is damaged: get it again" },
	{ "bad-signature", "P-SEAMLDR does not accept the image's signature: get it from Intel" },
	/* The host */
	{ "cpu-offline", "CPUs are offline: bring all online and try again" },
	{ "update-log-full",
	  "P-SEAMLDR's update log is full: no update until the host has been rebooted" },
	{ "cpu-not-supported", "the image is for other CPUs than this host's" },
	{ "svn-downgrade",
	  "the image's security version number is below that of the running module" },
	{ "svn-unsupported",
	  "the image's major security version number is another one: only the BIOS can load it" },
	{ "handoff-range",
	  "the new module cannot take over from this one: update to a version in between first" },
	{ "bad-handoff", "the new module did not take over from the old one" },
	{ "debug-signed", "the image is for development hosts only" },
	{ "no-td-preserving", "the running module cannot be updated at runtime" },
	{ "cpu-erratum", "this CPU cannot be updated at runtime" },
	{ "module-lost", "there is no TDX module to update: reboot" },
	{ "module-not-ready", "there is no TDX module to update: reboot" },
	{ "module-not-running", "there is no TDX module to update: reboot" },
	{ "seamldr-not-ready", "P-SEAMLDR does not answer: try again, then reboot" },
	{ "seamldr-error", "P-SEAMLDR does not answer: try again, then reboot" },
	{ "no-seam-memory", "the module does not fit the memory that the BIOS reserved for it" },
	/* The moment */
	{ "busy", "another update is under way: try again later" },
	{ "td-build", "TDs are being built: try again later, or wait for them" },
	{ "timeout",
	  "TDs that are being built were not finished in time: try again, or wait longer" },
	{ "td-build-in-module",
	  "the module counts TDs that are being built, or migrations: try again later" },
	{ "cancelled", "it was cancelled" },
	{ "no-memory", "out of memory: try again" },
	{ "module-busy", "the module was busy: try again" },
	{ "module-error", "the running module did not answer: try again" },
	{ "no-entropy", "the CPU had no random numbers: try again" },
	{ "cpus-missing",
	  "P-SEAMLDR waits for CPUs that Linux does not know: try again, then reboot" },
	/* The new module */
	{ "bad-sigstruct", "the new module refuses its own description" },
	{ "metadata-pamt-sizes",
	  "the new module needs other amounts of memory than the old one: install another one" },
	{ "metadata-td-sizes",
	  "the new module needs other amounts of memory than the old one: install another one" },
	{ "metadata-unreadable",
	  "the new module does not tell what it needs: install another one" },
	/* Calls that fail */
	{ "bad-parameter", "P-SEAMLDR found the call or the module bad: try another image" },
	{ "bad-call", "P-SEAMLDR did not expect the call: try again, then reboot" },
	{ "unspecified", "P-SEAMLDR gave no reason: try again, then another image" },
	{ "installed-unasked",
	  "P-SEAMLDR installed the module when it was only asked about it: reboot" },
	{ "no-module", "there is no TDX module to call: reboot" },
	{ "seamcall-error",
	  "a call failed, with a status that has no known meaning: see update_status" },
	{ "unknown", "the kernel gave no reason: see its log" },
};

/* Of firmware upload, for a kernel that tells nothing else. */
static const struct {
	const char *error;
	const char *reason;
	const char *advice;
} errors[] = {
	{ "device-busy", "busy", "not now: try again later" },
	{ "timeout", "timeout", "it took too long: try again" },
	{ "user-abort", "cancelled", "it was cancelled" },
	{ "firmware-invalid", "firmware-invalid", "the kernel or P-SEAMLDR refused the image" },
	{ "flash-wearout", "update-log-full",
	  "P-SEAMLDR's update log is full: no update until the host has been rebooted" },
	{ "hw-error", "hw-error", "a call of the TDX module or of P-SEAMLDR failed" },
	{ "invalid-file-size", "invalid-file-size",
	  "the kernel does not take a file of this size" },
	{ "read-write-error", "read-write-error", "the kernel did not take the image" },
};

const char *outcome_advice(const char *reason)
{
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (!strcmp(advices[i].reason, reason))
			return advices[i].advice;
	return NULL;
}

bool outcome_split(const char *result, char kind[16], char phase[24], char reason[48])
{
	return sscanf(result, "%15[^:]:%23[^:]:%47[^:]", kind, phase, reason) == 3 &&
	       (!strcmp(kind, "refused") || !strcmp(kind, "failed"));
}

/* Of which kind is what was uploaded. */
enum upload_kind { CHECK, UPDATE, REPAIR };

static enum outcome set_outcome(struct report *report, enum upload_kind kind, bool failed,
				const char *reason, const char *advice)
{
	if (failed)
		return report_set(report, OUTCOME_FAILED, reason,
				  "the %s failed, and no TDX module is usable: %s. No TD runs until an image has been installed: \"tdx-module update IMAGE\"",
				  kind == CHECK ? "check" : "update", advice);
	switch (kind) {
	case CHECK:
		return report_set(report, OUTCOME_REFUSED, reason,
				  "it would be refused now: %s", advice);
	case REPAIR:
		/* What was lost before is still lost. */
		return report_set(report, OUTCOME_FAILED, reason,
				  "the repair was refused, and still no TDX module is usable: %s",
				  advice);
	default:
		return report_set(report, OUTCOME_REFUSED, reason,
				  "the update was refused, nothing has changed: %s", advice);
	}
}

static const char *error_word(const char *error)
{
	const char *word = strchr(error, ':');

	return word ? word + 1 : error;
}

static enum outcome outcome_of_error(const char *error, enum upload_kind kind, bool failed,
				     struct report *report)
{
	const char *word = error_word(error), *reason = word, *advice = "see the kernel's log";
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (strcmp(errors[i].error, word))
			continue;
		reason = errors[i].reason;
		advice = errors[i].advice;
	}
	set_outcome(report, kind, failed, reason, advice);
	snprintf(report->phase, sizeof(report->phase), "%.*s", (int)strcspn(error, ":"), error);
	return report->outcome;
}

/*
 * An upload that ended before its update began has left the result of the one before:
 * the class's own errors, and "device-busy" of an update that met a check. These reasons
 * and these errors have one another only.
 */
static bool belong_together(const char *error, const char *reason)
{
	static const char * const pairs[][2] = {
		{ "timeout", "timeout" },
		{ "user-abort", "cancelled" },
		{ "flash-wearout", "update-log-full" },
	};
	static const char * const busy[] = {
		"busy", "cpu-offline", "module-busy", "td-build", "td-build-in-module",
	};
	const char *word = error_word(error);
	bool is_busy = false;
	size_t i;

	if (!strcmp(word, "invalid-file-size") || !strcmp(word, "read-write-error"))
		return false;
	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (!strcmp(pairs[i][0], word) != !strcmp(pairs[i][1], reason))
			return false;
	for (i = 0; i < sizeof(busy) / sizeof(*busy); i++)
		is_busy = is_busy || !strcmp(busy[i], reason);
	return is_busy || strcmp(word, "device-busy");
}

static enum outcome outcome_of(const char *error, const char *result, enum upload_kind kind,
			       struct report *report)
{
	char word[16], phase[24], reason[48], text[112];
	const char *advice;

	if (!*error)
		return report_set(report, OUTCOME_DONE, NULL, "%s", "");

	if (!result || !outcome_split(result, word, phase, reason) ||
	    !belong_together(error, reason))
		/* A kernel with no results lost the module, if it is lost, by this update. */
		return outcome_of_error(error, kind, kind == REPAIR && !result, report);

	advice = outcome_advice(reason);
	if (!advice) {
		snprintf(text, sizeof(text), "%s in phase %s, see the kernel's log", reason, phase);
		advice = text;
	}
	set_outcome(report, kind, !strcmp(word, "failed"), reason, advice);
	snprintf(report->phase, sizeof(report->phase), "%s", phase);
	return report->outcome;
}

enum outcome outcome_of_update(const char *error, const char *result, bool down,
			       struct report *report)
{
	return outcome_of(error, result, down ? REPAIR : UPDATE, report);
}

enum outcome outcome_of_check(const char *error, const char *result, struct report *report)
{
	return outcome_of(error, result, CHECK, report);
}
