/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold for each image that the parser accepts
 */
#ifndef FUZZ_INVARIANTS_H
#define FUZZ_INVARIANTS_H

#include "tdx_image.h"

/*
 * Parses an image, checks what must hold then, and calls all that takes a parsed
 * image. Prints what is wrong and aborts if anything is. The hash is slow: not
 * computed unless @with_hash.
 */
enum tdx_image_defect parse_and_check(const u8 *file, u32 size, bool with_hash);

#endif
