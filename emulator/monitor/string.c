// SPDX-License-Identifier: GPL-2.0-only
/* Memory and strings. The string instructions are what TCG runs fastest. */
#include "lib.h"

void *memcpy(void *to, const void *from, size_t size)
{
	void *destination = to;
	size_t words = size / 8, bytes = size % 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return destination;
}

void *memmove(void *to, const void *from, size_t size)
{
	u8 *destination = to;
	const u8 *source = from;

	if (destination <= source || destination >= source + size)
		return memcpy(to, from, size);
	while (size--)
		destination[size] = source[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *destination = to;
	u64 pattern = 0x0101010101010101UL * (u8)byte;
	size_t words = size / 8, bytes = size % 8;

	asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
	return destination;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *p = a, *q = b;

	for (; size; size--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	}
	return 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Decimal, or hexadecimal with 0x; moves *text behind it. False: none, or too large. */
bool parse_number(const char **text, u64 *value)
{
	const char *p = *text;
	int base = 10;
	u64 number = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	if (digit_value(*p) >= base)
		return false;
	for (; digit_value(*p) < base; p++) {
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit_value(*p), &number))
			return false;
	}
	*text = p;
	*value = number;
	return true;
}
