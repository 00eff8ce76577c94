/* The Range header (RFC 9110 section 14): one byte range or none. */
#include "http.h"

#include <string.h>
#include <strings.h>

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/* Digits at *at, which is moved behind them; a number too large becomes the largest.  False when
 * there is no digit. */
static bool read_number(const char **at, uint64_t *ret_number)
{
	const char *start = *at;
	uint64_t number = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		uint64_t digit = (uint64_t)(**at - '0');

		number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
	}
	*ret_number = number;
	return *at > start;
}

/* "-N": the last N bytes. */
static enum http_range_result last_bytes(uint64_t count, uint64_t size, uint64_t *ret_first,
					 uint64_t *ret_length)
{
	if (count == 0)
		return HTTP_RANGE_WRONG;
	/* Satisfiable by the RFC, but no Content-Range can say "nothing". */
	if (size == 0)
		return HTTP_RANGE_NONE;
	*ret_length = count < size ? count : size;
	*ret_first = size - *ret_length;
	return HTTP_RANGE_PART;
}

enum http_range_result http_range_parse(const char *header, uint64_t size, uint64_t *ret_first,
					uint64_t *ret_length)
{
	uint64_t first, last = UINT64_MAX;
	bool has_first, has_last;
	const char *at;

	if (!header || strncasecmp(header, "bytes=", 6) != 0)
		return HTTP_RANGE_NONE;
	at = skip_space(header + 6);
	has_first = read_number(&at, &first);
	if (*at++ != '-')
		return HTTP_RANGE_NONE;
	has_last = read_number(&at, &last);
	if (*skip_space(at) != '\0' || (!has_first && !has_last))
		return HTTP_RANGE_NONE;
	if (!has_first)
		return last_bytes(last, size, ret_first, ret_length);
	if (!has_last)
		last = UINT64_MAX;
	if (last < first)
		return HTTP_RANGE_NONE;
	if (first >= size)
		return HTTP_RANGE_WRONG;
	*ret_first = first;
	*ret_length = (last < size ? last + 1 : size) - first;
	return HTTP_RANGE_PART;
}
