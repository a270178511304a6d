/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_HOST_H
#define TDX_MODULE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "sha384.h"
#include "version.h"

/* A file of the kernel: its text, or why there is none. */
struct value {
	int error;		/* negative errno, or 0 */
	char text[120];
};

#define HOST_MAX_CPUS		8192
#define HOST_MAX_CPU_MODELS	16

/* All that the kernel tells about TDX, at one moment. */
struct host {
	bool present;			/* there is a tdx_host device */
	bool can_update;		/* and firmware upload for it */
	bool can_check;			/* and a check without an update */
	bool keeps_builds_safe;		/* updates and TD builds do not meet */

	struct value version;
	struct value mrseam;
	struct value svn;
	struct value seamldr_version;
	struct value updates_left;
	struct value state;
	struct value result;
	struct value seamcall_status;
	struct value duration_us;
	struct value stop_us;
	struct value wait_ms;
	struct value builds;

	bool knows_offline;
	unsigned int nr_offline;	/* CPUs present, but not online */
	char offline[120];		/* their list, as the kernel writes it */
	unsigned int nr_models;
	uint32_t models[HOST_MAX_CPU_MODELS];	/* each CPUID.1:EAX that there is */
};

void host_read(struct host *host);

/* Read what may change while an update is under way. */
void host_refresh(struct host *host);

/* OUTCOME_DONE, or OUTCOME_NOT_THIS_HOST and why. */
enum outcome host_expect(const struct host *host, bool update, struct report *report);

/* An update has failed, and no TDX module is usable. */
bool host_is_down(const struct host *host);

/* Each is false if the kernel does not tell. */
bool host_version(const struct host *host, struct version *version);
bool host_mrseam(const struct host *host, uint8_t mrseam[SHA384_SIZE]);
bool host_number(const struct value *value, unsigned long long *number);

/* Why a value is not known, for people. */
const char *value_absence(const struct value *value);

/* The value as a text, a number or null. */
void json_add_value(struct json_object *json, const char *key, const struct value *value);
void json_add_number(struct json_object *json, const char *key, const struct value *value);

/* 48 bytes as hexadecimal digits, and back; the latter is false if @text is none. */
void hash_to_text(const uint8_t hash[SHA384_SIZE], char text[2 * SHA384_SIZE + 1]);
bool hash_from_text(const char *text, uint8_t hash[SHA384_SIZE]);

#endif
