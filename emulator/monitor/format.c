// SPDX-License-Identifier: GPL-2.0-only
/* printf's %s %c %d %i %u %x %p, with l, ll, z, width, '-' and '0'. */
#include "lib.h"

struct output {
	char *buffer;
	size_t size;
	size_t length;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length++] = c;
}

static void put_padded(struct output *out, const char *text, size_t length, size_t width, bool left,
		       char pad)
{
	size_t i;

	for (i = length; !left && i < width; i++)
		put(out, pad);
	for (i = 0; i < length; i++)
		put(out, text[i]);
	for (i = length; left && i < width; i++)
		put(out, ' ');
}

static void put_number(struct output *out, u64 number, bool negative, unsigned int base,
		       size_t width, bool left, bool zero)
{
	char digits[24];
	size_t i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	if (negative && zero) {
		put(out, '-');
		width -= width != 0;
	} else if (negative) {
		digits[--i] = '-';
	}
	put_padded(out, digits + i, sizeof(digits) - i, width, left, zero && !left ? '0' : ' ');
}

int vformat_text(char *buffer, size_t size, const char *format, va_list args)
{
	struct output out = { buffer, size, 0 };

	for (; *format; format++) {
		bool left = false, zero = false, is_long = false;
		size_t width = 0;
		const char *text;
		char character;
		s64 number;

		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		format++;
		for (; *format == '-' || *format == '0'; format++) {
			left |= *format == '-';
			zero |= *format == '0';
		}
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (*format - '0');
		for (; *format == 'l' || *format == 'z'; format++)
			is_long = true;

		switch (*format) {
		case 's':
			text = va_arg(args, const char *);
			text = text ? text : "(null)";
			put_padded(&out, text, strlen(text), width, left, ' ');
			break;
		case 'c':
			character = va_arg(args, int);
			put_padded(&out, &character, 1, width, left, ' ');
			break;
		case 'd':
		case 'i':
			number = is_long ? va_arg(args, s64) : va_arg(args, int);
			put_number(&out, number < 0 ? -(u64)number : (u64)number, number < 0, 10,
				   width, left, zero);
			break;
		case 'u':
		case 'x':
			number = is_long ? va_arg(args, s64) : (s64)va_arg(args, u32);
			put_number(&out, number, false, *format == 'x' ? 16 : 10, width, left,
				   zero);
			break;
		case 'p':
			put(&out, '0');
			put(&out, 'x');
			put_number(&out, va_arg(args, u64), false, 16, width, left, zero);
			break;
		case '\0':
			format--;
			break;
		default:
			put(&out, *format);
			break;
		}
	}
	if (size)
		buffer[out.length] = '\0';
	return out.length;
}

int format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vformat_text(buffer, size, format, args);
	va_end(args);
	return length;
}
