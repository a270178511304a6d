/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer types and the few helpers that freestanding and hosted code share.
 *
 * Everything under emulator/ is built twice: freestanding (monitor, P-SEAMLDR
 * and the TDX module on the emulated host) and hosted (their tests).
 */
#ifndef EMULATOR_ABI_TYPES_H
#define EMULATOR_ABI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define BIT(n)		   (1UL << (n))
#define GENMASK(high, low) ((~0UL >> (63 - (high))) & (~0UL << (low)))
#define ARRAY_SIZE(a)	   (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	   (((x) + (a) - 1) & ~((a) - 1UL))
#define IS_ALIGNED(x, a)   (((x) & ((a) - 1UL)) == 0)

#endif
