/* The head of the answer to an upgrade: status line and header, up to the blank line.  Pure; what
 * stands behind it belongs to the stream already (Podman issue 26951). */
#include "internal.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 101 UPGRADED" */
static bool read_status(const char *data, size_t len, int *ret_status)
{
	static const char start[] = "HTTP/1.";
	const size_t at = sizeof("HTTP/1.1 ") - 1;

	if (len < at + 3 || memcmp(data, start, sizeof(start) - 1) != 0 || data[at - 1] != ' ')
		return false;
	if (!is_digit(data[at]) || !is_digit(data[at + 1]) || !is_digit(data[at + 2]))
		return false;
	*ret_status = (data[at] - '0') * 100 + (data[at + 1] - '0') * 10 + (data[at + 2] - '0');
	return true;
}

/* The value of a Content-Length line, or -1. */
static int64_t content_length(const char *line, size_t len)
{
	static const char name[] = "content-length:";
	const size_t name_len = sizeof(name) - 1;
	int64_t value = 0;
	size_t i = name_len;

	if (len <= name_len || strncasecmp(line, name, name_len) != 0)
		return -1;
	while (i < len && line[i] == ' ')
		i++;
	if (i == len)
		return -1;
	for (; i < len && is_digit(line[i]); i++) {
		value = value * 10 + (line[i] - '0');
		if (value > ANSWER_MAX)
			return ANSWER_MAX;
	}
	return value;
}

enum head_state head_read(const char *data, size_t len, struct head *ret_head)
{
	static const char blank[] = "\r\n\r\n";
	struct head head = { .content_length = -1 };
	const char *end = len > 0 ? memmem(data, len, blank, sizeof(blank) - 1) : NULL;
	const char *line;

	if (!end)
		return len < HEAD_MAX ? HEAD_MORE : HEAD_BROKEN;
	head.len = (size_t)(end - data) + sizeof(blank) - 1;
	if (!read_status(data, head.len, &head.status))
		return HEAD_BROKEN;
	for (line = data; line < end + 2;) {
		const char *next = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
		int64_t value = content_length(line, (size_t)(next - line));

		if (value >= 0)
			head.content_length = value;
		line = next + 2;
	}
	*ret_head = head;
	return HEAD_WHOLE;
}
