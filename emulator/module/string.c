// SPDX-License-Identifier: GPL-2.0-only
/* The four functions that a freestanding compiler calls on its own. */
#include "../abi/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

typedef u64 __attribute__((may_alias, aligned(1))) any_u64;

void *memcpy(void *to, const void *from, size_t size)
{
	u8 *d = to;
	const u8 *s = from;

	for (; size >= 8; size -= 8, d += 8, s += 8)
		*(any_u64 *)d = *(const any_u64 *)s;
	while (size--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	u8 *d = to;
	const u8 *s = from;

	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	while (size--)
		d[size] = s[size];
	return to;
}

void *memset(void *to, int value, size_t size)
{
	u8 *d = to;
	u64 pattern = (u8)value * 0x0101010101010101UL;

	for (; size >= 8; size -= 8, d += 8)
		*(any_u64 *)d = pattern;
	while (size--)
		*d++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;

	for (; size--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
