/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KeyIDs: which are private, who has them, and whether caches are free of them.
 *
 * Memory is not encrypted here. What is modelled is the bookkeeping that keeps a
 * KeyID from being given to a new TD while caches may hold lines of the old one.
 */
#ifndef EMULATOR_MODULE_KEYID_H
#define EMULATOR_MODULE_KEYID_H

#include "module.h"

bool keyid_private(const struct call *call, u64 keyid);

/* All packages, as a bitmap. */
static inline u32 all_packages(const struct call *call)
{
	return GENMASK(call->platform->num_packages - 1, 0);
}

#endif
