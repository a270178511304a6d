/* SPDX-License-Identifier: GPL-2.0-only */
/* MRTD: the measurement of a TD's initial memory, and of the order it was added in. */
#ifndef EMULATOR_MODULE_MRTD_H
#define EMULATOR_MODULE_MRTD_H

#include "td.h"

#define MR_EXTEND_SIZE 256UL

void mrtd_start(struct call *call, struct td *td);
void mrtd_page_add(struct call *call, struct td *td, u64 gpa);
void mrtd_extend(struct call *call, struct td *td, u64 gpa, const void *chunk);
void mrtd_finish(struct call *call, struct td *td);

/*
 * Whether this module can go on with the TD's context. Asked for only by hosts
 * that enabled UPDATE_COMPATIBILITY: all others get a wrong MRTD and no error.
 */
u64 mrtd_check_context(const struct call *call, const struct td *td);

#endif
