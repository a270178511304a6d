// SPDX-License-Identifier: GPL-2.0-only
/* tdx-module watch: the kernel's events about updates, as they come */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "outcome.h"

#define KERNEL_GROUP	1
#define DEVICE		"/devices/faux/tdx_host"

struct event {
	const char *state;
	const char *result;
};

static int open_events(void)
{
	struct sockaddr_nl address = {
		.nl_family	= AF_NETLINK,
		.nl_groups	= KERNEL_GROUP,
	};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* What stands behind NAME= if the text begins so. */
static const char *behind(const char *text, const char *name)
{
	size_t length = strlen(name);

	return strncmp(text, name, length) || text[length] != '=' ? NULL : text + length + 1;
}

/* A message is ACTION@DEVPATH, then NAME=VALUE texts, each with its zero. */
static bool parse_event(const char *message, size_t size, struct event *event)
{
	const char *end = message + size, *text, *value;
	bool ours = false;

	memset(event, 0, sizeof(*event));
	for (text = message; text < end; text += strlen(text) + 1) {
		value = behind(text, "DEVPATH");
		if (value)
			ours = !strcmp(value, DEVICE);
		event->state = behind(text, "TDX_UPDATE_STATE") ?: event->state;
		event->result = behind(text, "TDX_UPDATE_RESULT") ?: event->result;
	}
	return ours && event->state;
}

static void tell(const struct event *event, const char *version, bool as_json)
{
	char when[40], kind[16], phase[24] = "", reason[48] = "";
	const char *result = event->result;
	struct json_object *json;
	time_t now = time(NULL);
	struct tm utc;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	if (!as_json) {
		printf("%s %s%s%s version %s\n", when, event->state, result ? " " : "",
		       result ?: "", version ?: "none");
		fflush(stdout);
		return;
	}
	if (result && outcome_split(result, kind, phase, reason))
		result = kind;
	json = json_object_new_object();
	json_add_text(json, "time", when);
	json_add_text(json, "state", event->state);
	json_add_text(json, "result", result);
	json_add_text(json, "phase", phase);
	json_add_text(json, "reason", reason);
	json_add_text(json, "version", version);
	json_print(json, true);
	json_object_put(json);
}

static const char *version_of(const struct host *host)
{
	return host->version.error ? NULL : host->version.text;
}

/* What is printed instead of events. */
static int cannot_watch(const struct report *report, bool as_json)
{
	struct json_object *json = NULL;

	if (as_json) {
		json = json_object_new_object();
		json_add_text(json, "command", "watch");
	}
	return report_finish(report, json, false);
}

int command_watch(struct options *options)
{
	char message[8192];
	struct sockaddr_nl sender;
	socklen_t length;
	struct report report;
	struct event event;
	struct host host;
	ssize_t size;
	int fd;

	host_read(&host);
	if (host_expect(&host, false, &report))
		return cannot_watch(&report, options->json);
	if (!host.keeps_builds_safe) {
		report_set(&report, OUTCOME_NOT_THIS_HOST, "no-events",
			   "this kernel sends no events about updates");
		return cannot_watch(&report, options->json);
	}
	fd = open_events();
	if (fd < 0) {
		report_set(&report, OUTCOME_NOT_THIS_HOST, "no-events",
			   "the kernel's events cannot be received: %s", strerror(-fd));
		return cannot_watch(&report, options->json);
	}

	/* The socket is open: what changes from here on is not missed. */
	host_refresh(&host);
	event = (struct event) { host.state.text, host.result.error ? NULL : host.result.text };
	tell(&event, version_of(&host), options->json);
	for (;;) {
		length = sizeof(sender);
		size = recvfrom(fd, message, sizeof(message) - 1, 0,
				(struct sockaddr *)&sender, &length);
		if (size < 0) {
			if (errno == EINTR)
				continue;
			if (errno != ENOBUFS)
				break;
			report_note("events were lost");
			continue;
		}
		/* Anybody may send to this socket; only the kernel is port 0. */
		if (length < sizeof(sender) || sender.nl_pid)
			continue;
		message[size] = '\0';
		if (!parse_event(message, size, &event))
			continue;
		host_refresh(&host);
		tell(&event, version_of(&host), options->json);
	}
	report_set(&report, OUTCOME_NOT_THIS_HOST, "no-events",
		   "the kernel's events cannot be received: %s", strerror(errno));
	close(fd);
	return cannot_watch(&report, options->json);
}
