// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells about TDX, on kernels that tell more and on those that tell less */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "sysfs.h"

static void read_value(const char *name, struct value *value)
{
	value->error = sysfs_read(SYSFS_HOST, name, value->text, sizeof(value->text));
	if (!value->error && !*value->text)
		value->error = -ENODATA;
}

/* A list as 0-3,8 into one byte a CPU; what is no list is taken for an empty one. */
static void parse_cpu_list(const char *text, bool *cpus)
{
	unsigned long first, last;
	char *end;

	memset(cpus, 0, HOST_MAX_CPUS * sizeof(*cpus));
	while (*text >= '0' && *text <= '9') {
		first = strtoul(text, &end, 10);
		last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
		for (; first <= last && first < HOST_MAX_CPUS; first++)
			cpus[first] = true;
		text = *end == ',' ? end + 1 : end;
	}
}

static void read_offline(struct host *host)
{
	static bool present[HOST_MAX_CPUS], online[HOST_MAX_CPUS];
	char text[4096];
	size_t used = 0;
	int cpu;

	host->nr_offline = 0;
	host->offline[0] = '\0';
	if (sysfs_read(SYSFS_CPUS, "present", text, sizeof(text)))
		return;
	parse_cpu_list(text, present);
	if (sysfs_read(SYSFS_CPUS, "online", text, sizeof(text)))
		return;
	parse_cpu_list(text, online);
	host->knows_offline = true;

	for (cpu = 0; cpu < HOST_MAX_CPUS; cpu++) {
		if (!present[cpu] || online[cpu])
			continue;
		host->nr_offline++;
		if (used < sizeof(host->offline) - 16)
			used += snprintf(host->offline + used, sizeof(host->offline) - used,
					 "%s%d", used ? "," : "", cpu);
		else if (host->offline[used - 1] != '.')
			used += snprintf(host->offline + used, sizeof(host->offline) - used, "...");
	}
}

/* CPUID.1:EAX as the CPU has it, from the numbers that Linux makes of it. */
static uint32_t cpu_signature(unsigned int family, unsigned int model, unsigned int stepping)
{
	unsigned int extended = family > 15 ? family - 15 : 0;

	return extended << 20 | (model >> 4 & 0xf) << 16 | (family - extended) << 8 |
	       (model & 0xf) << 4 | (stepping & 0xf);
}

static void add_model(struct host *host, uint32_t signature)
{
	unsigned int i;

	for (i = 0; i < host->nr_models; i++)
		if (host->models[i] == signature)
			return;
	if (i < HOST_MAX_CPU_MODELS)
		host->models[host->nr_models++] = signature;
}

/* Sockets may differ, so look at each CPU. */
static void read_models(struct host *host)
{
	unsigned int family = 0, model = 0, stepping;
	char line[256];
	FILE *file;
	int fd;

	fd = sysfs_open(SYSFS_PROC, "cpuinfo", O_RDONLY);
	if (fd < 0)
		return;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "cpu family : %u", &family) == 1 ||
		    sscanf(line, "model : %u", &model) == 1)
			continue;
		if (sscanf(line, "stepping : %u", &stepping) == 1)
			add_model(host, cpu_signature(family, model, stepping));
	}
	fclose(file);
}

void host_refresh(struct host *host)
{
	read_value("version", &host->version);
	read_value("update_state", &host->state);
	read_value("update_result", &host->result);
	read_value("update_status", &host->seamcall_status);
	read_value("update_duration_us", &host->duration_us);
	read_value("update_stop_us", &host->stop_us);
	read_value("update_wait_ms", &host->wait_ms);
	read_value("builds_in_flight", &host->builds);
}

void host_read(struct host *host)
{
	memset(host, 0, sizeof(*host));
	host->present = sysfs_exists(SYSFS_HOST, "version");
	host->can_update = sysfs_exists(SYSFS_UPLOAD, "loading");
	host->can_check = sysfs_exists(SYSFS_CHECK, "loading");
	host->keeps_builds_safe = sysfs_exists(SYSFS_HOST, "update_state");

	host_refresh(host);
	read_value("mrseam", &host->mrseam);
	read_value("svn", &host->svn);
	read_value("seamldr_version", &host->seamldr_version);
	read_value("num_remaining_updates", &host->updates_left);
	read_offline(host);
	read_models(host);
}

enum outcome host_expect(const struct host *host, bool update, struct report *report)
{
	if (!host->present)
		return report_set(report, OUTCOME_NOT_THIS_HOST, "no-tdx",
				  "this is no TDX host: the kernel has no tdx_host device; see \"dmesg | grep -i tdx\", and load the driver with \"modprobe tdx-host\" if TDX is initialized");
	if (update && !host->can_update)
		return report_set(report, OUTCOME_NOT_THIS_HOST, "no-runtime-update",
				  "this host cannot update its TDX module at runtime: the running module, the CPU or the kernel (CONFIG_INTEL_TDX_MODULE_UPDATE) does not support it");
	return report_set(report, OUTCOME_DONE, NULL, "%s", "");
}

bool host_is_down(const struct host *host)
{
	/* The stock kernel tells it by having no version. */
	return !strcmp(host->state.text, "failed") ||
	       (host->state.error == -ENOENT && host->version.error == -ENXIO);
}

bool host_version(const struct host *host, struct version *version)
{
	return !host->version.error && version_parse(host->version.text, version);
}

bool host_mrseam(const struct host *host, uint8_t mrseam[SHA384_SIZE])
{
	return !host->mrseam.error && hash_from_text(host->mrseam.text, mrseam);
}

bool host_number(const struct value *value, unsigned long long *number)
{
	char *end;

	if (value->error || value->text[0] < '0' || value->text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(value->text, &end, 0);
	return !errno && !*end;
}

const char *value_absence(const struct value *value)
{
	switch (value->error) {
	case -ENOENT:
		return "not told by this kernel";
	case -EACCES:
	case -EPERM:
		return "for root only";
	case -ENXIO:
		return "no usable TDX module";
	default:
		return "cannot be read";
	}
}

void json_add_value(struct json_object *json, const char *key, const struct value *value)
{
	json_add_text(json, key, value->error ? NULL : value->text);
}

void json_add_number(struct json_object *json, const char *key, const struct value *value)
{
	unsigned long long number;

	json_object_object_add(json, key, host_number(value, &number) ?
			       json_object_new_int64(number) : NULL);
}

void hash_to_text(const uint8_t hash[SHA384_SIZE], char text[2 * SHA384_SIZE + 1])
{
	int i;

	for (i = 0; i < SHA384_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hash_from_text(const char *text, uint8_t hash[SHA384_SIZE])
{
	int i, high, low;

	for (i = 0; i < SHA384_SIZE; i++) {
		high = digit(text[2 * i]);
		low = high < 0 ? -1 : digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		hash[i] = high << 4 | low;
	}
	return !text[2 * i];
}
