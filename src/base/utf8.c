/* UTF-8: checking, mending and cutting.  One function, read_front(), knows the table of well-formed
 * byte sequences (Unicode 15, table 3-7); the others are loops around it. */
#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* U+FFFD */
static const char replacement[] = "\xEF\xBF\xBD";

struct front {
	size_t wanted; /* bytes of the character that the first byte begins; 0: it begins none */
	size_t good;   /* how many bytes belong together; at least 1 */
};

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The second byte is where overlong forms, surrogates and what lies above U+10FFFF show. */
static bool is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return is_continuation(second);
	}
}

static size_t length_by_first(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2)
		return 0;
	if (first < 0xE0)
		return 2;
	if (first < 0xF0)
		return 3;
	return first < 0xF5 ? 4 : 0;
}

/* What stands at the front of len ≥ 1 bytes.  It is a character if good == wanted; else the good
 * bytes are the "maximal subpart" that one U+FFFD stands for. */
static struct front read_front(const unsigned char *data, size_t len)
{
	struct front front = { .wanted = length_by_first(data[0]), .good = 1 };

	if (front.wanted < 2 || len < 2 || !is_second(data[0], data[1]))
		return front;
	front.good = 2;
	while (front.good < front.wanted && front.good < len && is_continuation(data[front.good]))
		front.good++;
	return front;
}

/* How many bytes at the front are ASCII and not NUL. */
static size_t plain_run(const unsigned char *data, size_t len)
{
	const uint64_t low = 0x0101010101010101u, high = 0x8080808080808080u;
	size_t at = 0;
	uint64_t word;

	while (len - at >= sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		/* The subtraction sets the high bit of some byte if any byte is zero. */
		if ((word | (word - low)) & high)
			break;
		at += sizeof(word);
	}
	while (at < len && data[at] > 0 && data[at] < 0x80)
		at++;
	return at;
}

bool utf8_is_valid(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t at = 0;

	while (at < len) {
		struct front front;

		at += plain_run(bytes + at, len - at);
		if (at == len)
			break;
		front = read_front(bytes + at, len - at);
		if (front.good != front.wanted)
			return false;
		at += front.good;
	}
	return true;
}

/* How many bytes at the front can be copied as they are. */
static size_t clean_run(const unsigned char *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		struct front front;

		at += plain_run(data + at, len - at);
		if (at == len || data[at] == 0)
			break;
		front = read_front(data + at, len - at);
		if (front.good != front.wanted)
			break;
		at += front.good;
	}
	return at;
}

static bool add_clean(const unsigned char *data, size_t len, struct buf *text, bool *ret_replaced)
{
	bool replaced = false;
	size_t at = 0;

	while (at < len) {
		size_t run = clean_run(data + at, len - at);

		if (run > 0 && !buf_add(text, data + at, run))
			return false;
		at += run;
		if (at == len)
			break;
		if (!buf_add_text(text, replacement))
			return false;
		replaced = true;
		at += read_front(data + at, len - at).good;
	}
	*ret_replaced = replaced;
	return true;
}

bool utf8_clean(const void *data, size_t len, struct buf *ret_text, bool *ret_replaced)
{
	size_t before = ret_text->len;

	if (add_clean(data, len, ret_text, ret_replaced))
		return true;
	ret_text->len = before;
	if (ret_text->data)
		ret_text->data[before] = '\0';
	return false;
}

size_t utf8_whole(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	struct front front;

	/* An unfinished character shows at most three of its four bytes. */
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		if (is_continuation(bytes[len - back]))
			continue;
		front = read_front(bytes + len - back, back);
		return front.good == back && front.good < front.wanted ? len - back : len;
	}
	return len;
}

size_t utf8_skip(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t at = 0;

	/* Three at most belong to a character that began earlier; more of them are not text. */
	while (at < len && at < 3 && is_continuation(bytes[at]))
		at++;
	return at;
}
