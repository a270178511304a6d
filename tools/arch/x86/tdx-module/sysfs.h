/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_SYSFS_H
#define TDX_MODULE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

#define SYSFS_HOST	"/sys/devices/faux/tdx_host/"
#define SYSFS_UPLOAD	"/sys/class/firmware/tdx_module/"
#define SYSFS_CHECK	"/sys/class/firmware/tdx_module_check/"
#define SYSFS_CPUS	"/sys/devices/system/cpu/"
#define SYSFS_PROC	"/proc/"

/* Where all of these are, instead of in the root directory: for tests. */
void sysfs_set_root(const char *directory);

/* The file @name of @directory; all return a negative errno on failure. */
int sysfs_open(const char *directory, const char *name, int flags);
int sysfs_read(const char *directory, const char *name, char *text, size_t size);
int sysfs_write(const char *directory, const char *name, const char *text);
bool sysfs_exists(const char *directory, const char *name);

#endif
