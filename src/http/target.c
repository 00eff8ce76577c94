/* Taking a request target apart.  libmicrohttpd's own decoding is switched off: it cuts at %00 and
 * passes malformed escapes on. */
#include "internal.h"

#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool target_decode(const char *raw, size_t len, bool plus_is_space, char *ret_text, size_t *ret_len)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (raw[i] != '%') {
			ret_text[used++] = (char)(raw[i] == '+' && plus_is_space ? ' ' : raw[i]);
			continue;
		}
		if (len - i < 3)
			return false;
		high = hex_value(raw[i + 1]);
		low = hex_value(raw[i + 2]);
		if (high < 0 || low < 0)
			return false;
		ret_text[used++] = (char)(unsigned char)(high << 4 | low);
		i += 2;
	}
	ret_text[used] = '\0';
	*ret_len = used;
	return true;
}

char *target_path(const char *target, size_t len)
{
	const char *query = memchr(target, '?', len);
	size_t path_len = query ? (size_t)(query - target) : len;
	char *path = mem_zeroed(path_len + 1, 1);
	size_t decoded;

	if (!target_decode(target, path_len, false, path, &decoded))
		path[0] = '\0';
	return path;
}

/* Whether the len bytes of a raw parameter name decode to name. */
static bool is_named(const char *raw, size_t len, const char *name)
{
	auto_str text = mem_zeroed(len + 1, 1);
	size_t decoded;

	return target_decode(raw, len, true, text, &decoded) && decoded == strlen(name) &&
	       !strcmp(text, name);
}

/* A value with a NUL is no text: as if it were absent. */
static char *decode_value(const char *raw, size_t len)
{
	auto_str text = mem_zeroed(len + 1, 1);
	size_t decoded;

	if (!target_decode(raw, len, true, text, &decoded) || strlen(text) != decoded)
		return NULL;
	return take(text);
}

char *target_query(const char *target, size_t len, const char *name)
{
	const char *at = memchr(target, '?', len);
	const char *end = target + len;

	while (at && at < end) {
		const char *pair = at + 1;
		const char *next = memchr(pair, '&', (size_t)(end - pair));
		size_t pair_len = (size_t)((next ? next : end) - pair);
		const char *equals = memchr(pair, '=', pair_len);
		size_t name_len = equals ? (size_t)(equals - pair) : pair_len;

		if (is_named(pair, name_len, name))
			return equals ? decode_value(equals + 1, pair_len - name_len - 1)
				      : mem_strdup("");
		at = next;
	}
	return NULL;
}
