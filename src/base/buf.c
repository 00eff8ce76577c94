/* The capped buffer.  Memory grows by doubling, so that adding n bytes piece by piece costs O(n).
 */
#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->room = 0;
}

/* Makes room for len more bytes and the NUL.  Memory that runs out counts as the cap: the caller
 * has an answer for that. */
static bool make_room(struct buf *buf, size_t len)
{
	size_t room = buf->room;
	char *data;

	if (buf->len > buf->max || len > buf->max - buf->len || len >= SIZE_MAX - buf->len)
		return false;
	if (buf->len + len + 1 <= room)
		return true;
	room = room > SIZE_MAX / 2 ? SIZE_MAX : room * 2;
	if (room < FIRST_ROOM)
		room = FIRST_ROOM;
	if (room > buf->max && buf->max < SIZE_MAX)
		room = buf->max + 1;
	if (room < buf->len + len + 1)
		room = buf->len + len + 1;
	data = realloc(buf->data, room);
	if (!data)
		return false;
	buf->data = data;
	buf->room = room;
	return true;
}

bool buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!make_room(buf, len))
		return false;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return true;
}

bool buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

bool buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !make_room(buf, (size_t)len))
		return false;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
	return true;
}

void buf_drop(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (len == 0)
		return;
	buf->len -= len;
	memmove(buf->data, buf->data + len, buf->len + 1);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data ? buf->data : mem_strdup("");

	buf->data = NULL;
	buf->len = buf->room = 0;
	return text;
}
