/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's parser says of an image, apart from the kernel's headers. */
#ifndef EMULATOR_TESTS_KERNEL_VERDICT_H
#define EMULATOR_TESTS_KERNEL_VERDICT_H

#include <stdint.h>

/* Return: the defect's token, or NULL when the kernel would go on. */
const char *kernel_verdict(const uint8_t *file, uint32_t size);

#endif
