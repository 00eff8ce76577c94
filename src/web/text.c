/* See text.h.  A byte order mark decides; without one a NUL means no text, valid UTF-8 means text,
 * and what is neither counts as Windows-1252 when hardly a control character is in it. */
#include "text.h"
#include <stdint.h>
#include <string.h>
#include "utf8.h"

enum { CONTROLS_FEW = 8, CONTROLS_SHARE = 64 };

static bool begins_with(const void *data, size_t len, const char *mark, size_t mark_len)
{
	return len >= mark_len && memcmp(data, mark, mark_len) == 0;
}

static size_t count_controls(const unsigned char *data, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += data[i] < 0x20 && !strchr("\t\n\r\f\b\x1b", data[i]);
	return count;
}

enum text_coding text_guess(const void *data, size_t len)
{
	size_t controls;
	size_t whole;

	if (begins_with(data, len, "\xff\xfe", 2))
		return TEXT_UTF16_LE;
	if (begins_with(data, len, "\xfe\xff", 2))
		return TEXT_UTF16_BE;
	if (memchr(data, '\0', len))
		return TEXT_NONE;
	controls = count_controls(data, len);
	if (controls > CONTROLS_FEW && controls > len / CONTROLS_SHARE)
		return TEXT_NONE;
	/* The end may have been cut inside of a character. */
	whole = utf8_whole(data, len);
	if (begins_with(data, len, "\xef\xbb\xbf", 3) || (whole > 0 && utf8_is_valid(data, whole)))
		return TEXT_UTF8;
	return controls == 0 ? TEXT_WINDOWS_1252 : TEXT_NONE;
}

static bool add_code(struct buf *text, uint32_t code)
{
	char bytes[4];
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(leads[len] | code);
	return buf_add(text, bytes, len);
}

/* The codes 0x80 to 0x9f; those without a meaning stay controls. */
static uint32_t windows_code(unsigned char byte)
{
	static const uint16_t codes[32] = {
		0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
		0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
	};

	return byte >= 0x80 && byte < 0xa0 ? codes[byte - 0x80] : byte;
}

static bool decode_windows(const unsigned char *data, size_t len, struct buf *text)
{
	for (size_t i = 0; i < len; i++)
		if (!add_code(text, windows_code(data[i])))
			return false;
	return true;
}

static uint32_t unit_at(const unsigned char *data, bool big)
{
	return big ? (uint32_t)data[0] << 8 | data[1] : (uint32_t)data[1] << 8 | data[0];
}

/* RFC 2781; a surrogate without its other half is U+FFFD. */
static bool decode_utf16(const unsigned char *data, size_t len, bool big, struct buf *text)
{
	for (size_t i = 2; i + 1 < len; i += 2) {
		uint32_t code = unit_at(data + i, big);
		uint32_t low = i + 3 < len ? unit_at(data + i + 2, big) : 0;

		if (code >= 0xd800 && code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		} else if (code >= 0xd800 && code < 0xe000) {
			code = 0xfffd;
		}
		if (!add_code(text, code))
			return false;
	}
	return true;
}

static bool decode_utf8(const char *data, size_t len, struct buf *text)
{
	size_t bom = begins_with(data, len, "\xef\xbb\xbf", 3) ? 3 : 0;
	size_t whole = utf8_whole(data, len);
	bool replaced;

	return whole <= bom || utf8_clean(data + bom, whole - bom, text, &replaced);
}

/* How long a sequence that only sets colours is (ECMA-48 8.3.117); 0: none stands here. */
static size_t colours_at(const char *text, size_t len)
{
	size_t i = 2;

	if (len < 3 || text[0] != '\x1b' || text[1] != '[')
		return 0;
	while (i < len && (strchr("0123456789;:", text[i]) && text[i]))
		i++;
	return i < len && text[i] == 'm' ? i + 1 : 0;
}

/* In place: every end of line becomes LF, and colours go. */
static void tidy(char *text, size_t *len)
{
	size_t used = 0;

	for (size_t i = 0; i < *len; i++) {
		size_t colours = colours_at(text + i, *len - i);

		if (colours > 0) {
			i += colours - 1;
		} else if (text[i] == '\r') {
			text[used++] = '\n';
			if (i + 1 < *len && text[i + 1] == '\n')
				i++;
		} else {
			text[used++] = text[i];
		}
	}
	text[used] = '\0';
	*len = used;
}

bool text_decode(const void *data, size_t len, enum text_coding coding, struct buf *ret_text)
{
	bool fits = false;

	switch (coding) {
	case TEXT_NONE:
		return true;
	case TEXT_UTF8:
		fits = decode_utf8(data, len, ret_text);
		break;
	case TEXT_UTF16_LE:
	case TEXT_UTF16_BE:
		fits = decode_utf16(data, len, coding == TEXT_UTF16_BE, ret_text);
		break;
	case TEXT_WINDOWS_1252:
		fits = decode_windows(data, len, ret_text);
		break;
	}
	if (fits && ret_text->len > 0)
		tidy(ret_text->data, &ret_text->len);
	return fits;
}
