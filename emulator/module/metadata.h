/* SPDX-License-Identifier: GPL-2.0-only */
/* Metadata fields: what SYS.RD, MNG.RD, VP.RD, VP.WR and the TD's own leaves name. */
#ifndef EMULATOR_MODULE_METADATA_H
#define EMULATOR_MODULE_METADATA_H

#include "td.h"
#include "vcpu.h"

#define FIELD_ID_NONE (~0UL)

/* Bits that name a field: class and field code. */
#define FIELD_ID_MATCH (GENMASK(61, 56) | GENMASK(23, 0))
/* Reserved bits, and those that make a list of it, which no leaf here takes. */
#define FIELD_ID_FORBIDDEN \
	(BIT(62) | BIT(55) | BIT(51) | GENMASK(49, 47) | GENMASK(46, 34) | GENMASK(31, 24))

#define FIELD_CLASS(id) (((id) >> 56) & 0x3f)
#define FIELD_CODE(id)	((id) & GENMASK(23, 0))

static inline bool field_id_valid(u64 id)
{
	return !(id & FIELD_ID_FORBIDDEN);
}

static inline bool field_id_match(u64 a, u64 b)
{
	return !((a ^ b) & FIELD_ID_MATCH);
}

/* Value of system field @id, and the id of the next one. */
u64 sys_field_read(const struct call *call, u64 id, u64 *value, u64 *next);

/* A field of the TD, as the host (or the TD itself) may read it. */
u64 td_field_read(const struct call *call, const struct td *td, u64 id, bool by_host, u64 *value);

/* The TD writes one: @value is the new value, and then the old one. */
u64 td_field_write(const struct call *call, struct td *td, u64 id, u64 *value, u64 mask);

u64 vcpu_field_read(const struct vcpu *vcpu, u64 id, u64 *value);
u64 vcpu_field_write(struct call *call, struct vcpu *vcpu, u64 id, u64 value, u64 mask);

#endif
