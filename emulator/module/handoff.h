/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handoff data: what a module tells its successor, in the area at the base of the
 * data region that installations preserve. The layouts are the ABI between
 * versions of the module; a new one gets a new number.
 */
#ifndef EMULATOR_MODULE_HANDOFF_H
#define EMULATOR_MODULE_HANDOFF_H

#include "../abi/seamldr.h"
#include "module.h"

/* Handoff version 0. */
struct handoff_data_v0 {
	struct seam_handoff_header header;
	struct key key[MAX_KEYIDS];
	struct cache_writeback writeback[MAX_PACKAGES];
	struct tdmr tdmr[MAX_TDMRS];
	u32 num_tdmrs;
	u16 global_keyid;
	u32 packages_configured;
} __attribute__((packed));

/* Handoff version 1, behind version 0, counts what an update may disturb. */
struct handoff_data_v1 {
	u8 dynamic_pamt;
	u16 td_build_count;
	u16 interrupted_migrations;
} __attribute__((packed));

_Static_assert(offsetof(struct handoff_data_v0, key) == 0x8, "handoff data");
_Static_assert(offsetof(struct handoff_data_v0, writeback) == 0x4008, "handoff data");
_Static_assert(offsetof(struct handoff_data_v0, tdmr) == 0x8088, "handoff data");
_Static_assert(offsetof(struct handoff_data_v0, num_tdmrs) == 0xd088, "handoff data");
_Static_assert(offsetof(struct handoff_data_v0, global_keyid) == 0xd08c, "handoff data");
_Static_assert(offsetof(struct handoff_data_v0, packages_configured) == 0xd08e, "handoff data");

_Static_assert(sizeof(struct handoff_data_v0) == 0xd092, "handoff data");

#define HANDOFF_SIZE_V0 sizeof(struct handoff_data_v0)
#define HANDOFF_SIZE_V1 (HANDOFF_SIZE_V0 + sizeof(struct handoff_data_v1))

_Static_assert(HANDOFF_SIZE_V1 <= (MODULE_HANDOFF_PAGES + 1) * PAGE_SIZE, "handoff area");

/* Handoff versions that this module can write and read. */
static inline bool handoff_version_supported(u64 version)
{
	return version >= MODULE_MIN_UPDATE_HANDOFF && version <= MODULE_HANDOFF_VERSION;
}

void handoff_write(struct call *call, u16 version);

/* Return: false when there is no valid handoff data of a version that we know. */
bool handoff_read(struct call *call);

#endif
