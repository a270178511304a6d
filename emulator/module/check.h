/* SPDX-License-Identifier: GPL-2.0-only */
/* Deep invariants: all that the module knows, against each other. */
#ifndef EMULATOR_MODULE_CHECK_H
#define EMULATOR_MODULE_CHECK_H

#include "module.h"

/* At the start of a call: wait while another LP checks. */
void check_wait(struct call *call);

/* At its end, after all locks were released, for leaves that change who owns what. */
void check_invariants(struct call *call, u16 leaf);

#endif
