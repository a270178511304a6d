/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_OUTCOME_H
#define TDX_MODULE_OUTCOME_H

#include "host.h"

/*
 * What an upload came to. @error is that of the firmware upload class, empty for none;
 * @result is the kernel's update_result or check_result, or NULL if it tells no more than
 * the error.
 */
enum outcome outcome_of_update(const char *error, const char *result, bool down,
			       struct report *report);
enum outcome outcome_of_check(const char *error, const char *result, struct report *report);

/* Take refused:PHASE:REASON apart. False if it is nothing of the kind. */
bool outcome_split(const char *result, char kind[16], char phase[24], char reason[48]);

/* What to do about a reason, or NULL if nothing special is known. */
const char *outcome_advice(const char *reason);

#endif
