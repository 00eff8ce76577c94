/* Base 64, for output whose bytes are not text.  Encoding only. */
#include "base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three bytes (fewer at the end of the data) become four characters. */
static void encode_group(const unsigned char *data, size_t len, char ret_text[4])
{
	unsigned int bits = (unsigned int)data[0] << 16;

	if (len > 1)
		bits |= (unsigned int)data[1] << 8;
	if (len > 2)
		bits |= data[2];
	ret_text[0] = digits[bits >> 18];
	ret_text[1] = digits[bits >> 12 & 63];
	ret_text[2] = '=';
	ret_text[3] = '=';
	if (len > 1)
		ret_text[2] = digits[bits >> 6 & 63];
	if (len > 2)
		ret_text[3] = digits[bits & 63];
}

bool base64_encode(const void *data, size_t len, struct buf *ret_text)
{
	const unsigned char *bytes = data;
	char chunk[1024];
	size_t used = 0;

	/* Looked at first, so that a buffer too small is left as it was. */
	if (len / 3 + (len % 3 != 0) > (ret_text->max - ret_text->len) / 4)
		return false;
	for (size_t at = 0; at < len; at += 3) {
		encode_group(bytes + at, len - at, chunk + used);
		used += 4;
		if (used < sizeof(chunk) && len - at > 3)
			continue;
		if (!buf_add(ret_text, chunk, used))
			return false;
		used = 0;
	}
	return true;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* One group of four; pad: how many '=' end it. */
static bool decode_group(const char *group, int pad, struct buf *ret_data)
{
	unsigned bits = 0;
	unsigned char bytes[3];

	for (int i = 0; i < 4; i++) {
		int value = i >= 4 - pad ? 0 : value_of(group[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
	}
	bytes[0] = (unsigned char)(bits >> 16);
	bytes[1] = (unsigned char)(bits >> 8);
	bytes[2] = (unsigned char)bits;
	/* What the padding cuts off must have been 0, so that each text has one form. */
	if ((pad > 0 && bytes[2]) || (pad > 1 && bytes[1]))
		return false;
	return buf_add(ret_data, bytes, (size_t)(3 - pad));
}

bool base64_decode(const char *text, size_t len, struct buf *ret_data)
{
	if (len % 4 != 0)
		return false;
	for (size_t at = 0; at < len; at += 4) {
		int pad = 0;

		if (at + 4 == len && text[at + 3] == '=')
			pad = text[at + 2] == '=' ? 2 : 1;
		if (!decode_group(text + at, pad, ret_data))
			return false;
	}
	return true;
}
