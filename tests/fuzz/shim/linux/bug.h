/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <stdlib.h>

/* A warning of the kernel is a failure here. */
#define WARN_ON_ONCE(condition) ((condition) ? (abort(), true) : false)

#endif
