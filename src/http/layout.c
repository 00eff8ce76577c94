/* What libmicrohttpd 0.9.75 does not tell: how the header lines were ended.
 *
 * It parses in place.  The header block stays where it was received; the colon after a name and
 * each line end are overwritten with zeros, CR LF with two, a bare LF with one.  A folded line is
 * copied elsewhere, and a NUL ends a value early.  So for a block of `size` bytes that begins at
 * the method, the places of names and values tell all: each part must begin exactly where the part
 * before it, ended by CR LF, leaves off.  Nothing outside the block is read, and inside it only the
 * parts that libmicrohttpd itself handed out; the rest is comparing addresses. */
#include "internal.h"

#include <string.h>

/* The address just behind `len` bytes of text and `gap` more. */
static uintptr_t behind(const char *text, size_t len, size_t gap)
{
	return (uintptr_t)text + len + gap;
}

static bool request_line_is_strict(const struct head *head)
{
	return (uintptr_t)head->target_at == behind(head->method, strlen(head->method), 1) &&
	       (uintptr_t)head->version == behind(head->target_at, head->target_len, 1);
}

/* Between name and value: the colon, then only what may be skipped. */
static bool separator_is_strict(const struct head_line *line, uintptr_t end)
{
	uintptr_t colon = behind(line->name, line->name_len, 0);
	uintptr_t value = (uintptr_t)line->value;

	if (value <= colon || value > end)
		return false;
	for (const char *at = line->name + line->name_len + 1; at < line->value; at++)
		if (*at != ' ' && *at != '\t')
			return false;
	return true;
}

bool layout_is_strict(const struct head *head)
{
	uintptr_t end = behind(head->method, head->size, 0);
	uintptr_t next = behind(head->version, strlen(head->version), 2);

	if (!request_line_is_strict(head))
		return false;
	for (size_t i = 0; i < head->count; i++) {
		const struct head_line *line = &head->lines[i];

		if ((uintptr_t)line->name != next || !separator_is_strict(line, end))
			return false;
		next = behind(line->value, line->value_len, 2);
	}
	return next + 2 == end;
}
