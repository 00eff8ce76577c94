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

bool target_decode(const char *raw, size_t len, char *ret_text, size_t *ret_len)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (raw[i] != '%') {
			ret_text[used++] = raw[i];
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

	if (!target_decode(target, path_len, path, &decoded))
		path[0] = '\0';
	return path;
}

char *target_query(const char *target, size_t len, const char *name)
{
	const char *at = memchr(target, '?', len);
	const char *end = target + len;
	size_t name_len = strlen(name);

	for (; at && at < end; at = memchr(at, '&', (size_t)(end - at))) {
		const char *pair = ++at;
		const char *stop = memchr(pair, '&', (size_t)(end - pair));
		size_t pair_len = (size_t)((stop ? stop : end) - pair);
		auto_str value = NULL;
		size_t decoded;

		if (pair_len < name_len || memcmp(pair, name, name_len) != 0 ||
		    (pair_len > name_len && pair[name_len] != '='))
			continue;
		value = mem_zeroed(pair_len + 1, 1);
		if (pair_len == name_len)
			return take(value);
		if (!target_decode(pair + name_len + 1, pair_len - name_len - 1, value, &decoded))
			return NULL;
		return take(value);
	}
	return NULL;
}
