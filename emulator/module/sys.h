/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EMULATOR_MODULE_SYS_H
#define EMULATOR_MODULE_SYS_H

#include "module.h"

/* Whether TDH.SYS.LP.INIT was done on each LP that the firmware enumerated. */
bool all_lps_initialized(const struct call *call);

/* The module found itself inconsistent and serves no leaf any more. */
void module_fatal(struct call *call, const char *why);

#endif
