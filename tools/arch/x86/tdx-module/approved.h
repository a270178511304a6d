/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_APPROVED_H
#define TDX_MODULE_APPROVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha384.h"

/* The modules that the verifiers of this fleet's TDs accept, by MRSEAM. */
struct approved {
	size_t count;
	uint8_t (*mrseams)[SHA384_SIZE];
};

/* 0, or a negative errno; -EINVAL with the number of the @line that is wrong. */
int approved_load(const char *path, struct approved *approved, unsigned int *line);
void approved_free(struct approved *approved);

bool approved_has(const struct approved *approved, const uint8_t mrseam[SHA384_SIZE]);

#endif
