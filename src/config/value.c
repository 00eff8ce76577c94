/* Single values: numbers with units, addresses, lists.  Pure: no environment, no errors, only
 * whether the text has the form. */
#include "internal.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>

struct suffix {
	const char *text;
	int64_t factor;
};

/* From large to small, so that formatting finds the shortest form first. */
static const struct suffix sizes[] = {
	{ "t", INT64_C(1) << 40 }, { "g", 1 << 30 }, { "m", 1 << 20 },
	{ "k", 1 << 10 },          { "", 1 },        { NULL, 0 },
};
/* A bare number is no duration: nobody could tell seconds from milliseconds. */
static const struct suffix durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	{ "s", 1000 },     { "ms", 1 },      { NULL, 0 },
};
static const struct suffix seconds[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 },       { "", 1000 },     { NULL, 0 },
};
static const struct suffix counts[] = { { "", 1 }, { NULL, 0 } };

static const struct suffix *suffixes(enum value_unit unit)
{
	switch (unit) {
	case UNIT_SIZE:
		return sizes;
	case UNIT_DURATION:
		return durations;
	case UNIT_SECONDS:
		return seconds;
	case UNIT_COUNT:
	case UNIT_MILLI:
		return counts;
	}
	return counts;
}

/* Reads digits and returns what follows them; NULL if there are none, or too many. */
static const char *read_digits(const char *text, int64_t *ret_number)
{
	int64_t number = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *text - '0', &number))
			return NULL;
	*ret_number = number;
	return text;
}

/* "2", "0.5", "1.25": at most three digits behind the point. */
static bool parse_milli(const char *text, int64_t *ret_number)
{
	int64_t whole, part = 0;
	const char *point = read_digits(text, &whole);
	const char *end = point;

	if (point && *point == '.')
		end = read_digits(point + 1, &part);
	if (!end || *end || end - point > 4 || __builtin_mul_overflow(whole, 1000, &whole))
		return false;
	for (ptrdiff_t digits = end - point - 1; digits > 0 && digits < 3; digits++)
		part *= 10;
	return !__builtin_add_overflow(whole, part, ret_number);
}

bool value_parse(enum value_unit unit, const char *text, int64_t *ret_number)
{
	int64_t number;
	const char *end;

	if (unit == UNIT_MILLI)
		return parse_milli(text, ret_number);
	end = read_digits(text, &number);
	if (!end)
		return false;
	for (const struct suffix *s = suffixes(unit); s->text; s++) {
		if (strcasecmp(s->text, end) != 0)
			continue;
		return !__builtin_mul_overflow(number, s->factor, ret_number);
	}
	return false;
}

void value_format(enum value_unit unit, int64_t number, char ret_text[VALUE_TEXT_SIZE])
{
	const struct suffix *s = suffixes(unit);

	if (unit == UNIT_MILLI) {
		snprintf(ret_text, VALUE_TEXT_SIZE, "%g", (double)number / 1000);
		return;
	}
	while (s[1].text && (number % s->factor != 0 || number == 0))
		s++;
	snprintf(ret_text, VALUE_TEXT_SIZE, "%" PRId64 "%s", number / s->factor, s->text);
}

/* Visible ASCII without what would end an attribute, a header or a shell word. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"'<>\\^`{|}", *text))
			return false;
	return true;
}

bool value_is_url(const char *text)
{
	size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
			: strncmp(text, "http://", 7) == 0 ? 7
							   : 0;

	return scheme > 0 && text[scheme] && text[scheme] != '/' && is_plain(text);
}

bool value_is_base_url(const char *text)
{
	return value_is_url(text) && !strpbrk(text, "?#@");
}

bool value_is_apt_source(const char *text)
{
	return strncmp(text, "deb ", 4) == 0 || value_is_url(text);
}

bool value_is_podman_socket(const char *text)
{
	static const struct sockaddr_un address;
	const char *colon;
	int64_t port;

	if (*text == '/')
		return strlen(text) < sizeof(address.sun_path);
	if (strncmp(text, "tcp://", 6) != 0 || !is_plain(text))
		return false;
	colon = strrchr(text + 6, ':');
	return colon && colon > text + 6 && !strpbrk(text + 6, "/?#@") &&
	       value_parse(UNIT_COUNT, colon + 1, &port) && port > 0 && port < 65536;
}

bool value_is_host(const char *text)
{
	struct in6_addr address;

	return strcmp(text, "localhost") == 0 || inet_pton(AF_INET, text, &address) == 1 ||
	       inet_pton(AF_INET6, text, &address) == 1;
}
