/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_VERSION_H
#define TDX_MODULE_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#define VERSION_TEXT	20

/* Of a TDX module or of P-SEAMLDR. All zero: not known. */
struct version {
	unsigned int major;
	unsigned int minor;
	unsigned int update;
};

/* The whole text is a version as in 1.5.06. */
bool version_parse(const char *text, struct version *version);

/* A version in the name of a file: 1.5.06.blob or tdx_module_1.5.06.blob. */
bool version_of_name(const char *path, struct version *version);

bool version_known(const struct version *version);

/* Negative, zero, positive: older, the same, newer. */
int version_compare(const struct version *a, const struct version *b);

/* Modules of another line cannot replace each other at runtime. */
bool version_same_line(const struct version *a, const struct version *b);

const char *version_text(const struct version *version, char text[VERSION_TEXT]);

#endif
