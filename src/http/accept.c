/* The Accept header (RFC 9110 section 12.5.1): whether one media type may be sent.  The most
 * specific range that fits decides; q=0 forbids. */
#include "internal.h"

#include <string.h>
#include <strings.h>

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* How closely a range of len bytes fits: 3 exactly, 2 by its type, 1 as any, 0 not at all. */
static int fit(const char *range, size_t len, const char *media_type)
{
	size_t type_len = strcspn(media_type, "/");

	if (len == strlen(media_type) && !strncasecmp(range, media_type, len))
		return 3;
	if (len == type_len + 2 && !strncasecmp(range, media_type, type_len) &&
	    !strncmp(range + type_len, "/*", 2))
		return 2;
	return len == 3 && !strncmp(range, "*/*", 3) ? 1 : 0;
}

/* Whether the parameters, up to the next comma, hold a weight of nothing. */
static bool is_forbidden(const char *at, size_t len)
{
	const char *end = at + len;

	while (at && at < end) {
		const char *text = skip_space(at + 1);

		if ((*text == 'q' || *text == 'Q') && text[1] == '=')
			return text[2] == '0' && text + 2 + strspn(text + 2, "0. \t") >= end;
		at = memchr(at + 1, ';', (size_t)(end - at - 1));
	}
	return false;
}

bool accept_allows(const char *accept, const char *media_type)
{
	int best = 0;
	bool allowed = false;

	if (!accept)
		return true;
	for (const char *at = accept; *at; at += *at == ',') {
		const char *range = skip_space(at);
		size_t len = strcspn(range, ",; \t");
		const char *rest = range + len;
		int closeness = fit(range, len, media_type);

		at = rest + strcspn(rest, ",");
		if (closeness > best) {
			best = closeness;
			allowed = !is_forbidden(rest, (size_t)(at - rest));
		}
	}
	return allowed;
}
