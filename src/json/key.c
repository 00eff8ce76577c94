/* Keys as they read once their escapes are undone: "\u0061" and "a" are the same key.  They are
 * compared byte by byte without being copied.  The strings have passed the scan. */
#include "internal.h"

#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int32_t json_code_unit(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

bool json_is_high(int32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

/* Reads a string byte by byte with its escapes undone. */
struct cursor {
	const char *at, *end;
	char pending[4]; /* the rest of an escaped character, last byte first */
	int left;
};

/* Puts the bytes of a character into pending and returns the first. */
static int spell(struct cursor *cursor, int32_t c)
{
	int tail = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const int lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	cursor->left = tail;
	for (int i = 0; i < tail; i++, c >>= 6)
		cursor->pending[i] = (char)(0x80 | (c & 0x3f));
	return lead[tail] | c;
}

static int next_escaped(struct cursor *cursor)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	char name = *cursor->at++;
	int32_t unit;

	if (name != 'u')
		return means[strchr(names, name) - names];
	unit = json_code_unit(cursor->at, cursor->end);
	cursor->at += 4;
	if (!json_is_high(unit))
		return spell(cursor, unit);
	unit = 0x10000 + ((unit - 0xd800) << 10) +
	       (json_code_unit(cursor->at + 2, cursor->end) - 0xdc00);
	cursor->at += 6;
	return spell(cursor, unit);
}

/* The next byte; -1 at the end. */
static int next_byte(struct cursor *cursor)
{
	if (cursor->left > 0)
		return (unsigned char)cursor->pending[--cursor->left];
	if (cursor->at == cursor->end)
		return -1;
	if (*cursor->at != '\\')
		return (unsigned char)*cursor->at++;
	cursor->at++;
	return next_escaped(cursor);
}

int json_compare_keys(const void *left, const void *right)
{
	const struct json_span *a = left, *b = right;
	struct cursor in_a = { .at = a->start, .end = a->start + a->len };
	struct cursor in_b = { .at = b->start, .end = b->start + b->len };
	int byte_a, byte_b;

	do {
		byte_a = next_byte(&in_a);
		byte_b = next_byte(&in_b);
	} while (byte_a == byte_b && byte_a >= 0);
	return (byte_a > byte_b) - (byte_a < byte_b);
}

bool json_key_is(const struct json_span *span, const char *key)
{
	struct cursor cursor = { .at = span->start, .end = span->start + span->len };
	int byte;

	while ((byte = next_byte(&cursor)) >= 0) {
		if (byte != (unsigned char)*key++)
			return false;
	}
	return *key == '\0';
}
