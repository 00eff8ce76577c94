/* The building stones of payloads: little-endian numbers, and bytes behind a u32 length.  A writer
 * that overflows and a cursor that runs dry remember it, so that a record is written or read field
 * by field and checked once at its end. */
#include "wire.h"

#include <string.h>

static void put_number(struct wire_writer *writer, uint64_t value, size_t size)
{
	if (writer->full || writer->room - writer->len < size) {
		writer->full = true;
		return;
	}
	for (size_t i = 0; i < size; i++)
		writer->data[writer->len++] = (uint8_t)(value >> (8 * i));
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	put_number(writer, value, 1);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	put_number(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	put_number(writer, value, 8);
}

void wire_put_bytes(struct wire_writer *writer, const void *data, size_t len)
{
	if (len > UINT32_MAX) {
		writer->full = true;
		return;
	}
	wire_put_u32(writer, (uint32_t)len);
	if (writer->full || writer->room - writer->len < len) {
		writer->full = true;
		return;
	}
	if (len > 0)
		memcpy(writer->data + writer->len, data, len);
	writer->len += len;
}

void wire_put_text(struct wire_writer *writer, const char *text)
{
	wire_put_bytes(writer, text, strlen(text));
}

static uint64_t get_number(struct wire_cursor *cursor, size_t size)
{
	uint64_t value = 0;

	if (cursor->bad || cursor->len - cursor->at < size) {
		cursor->bad = true;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)cursor->data[cursor->at++] << (8 * i);
	return value;
}

uint8_t wire_get_u8(struct wire_cursor *cursor)
{
	return (uint8_t)get_number(cursor, 1);
}

uint32_t wire_get_u32(struct wire_cursor *cursor)
{
	return (uint32_t)get_number(cursor, 4);
}

uint64_t wire_get_u64(struct wire_cursor *cursor)
{
	return get_number(cursor, 8);
}

const uint8_t *wire_get_bytes(struct wire_cursor *cursor, size_t *ret_len)
{
	size_t len = wire_get_u32(cursor);
	const uint8_t *data = cursor->data + cursor->at;

	*ret_len = 0;
	if (cursor->bad || cursor->len - cursor->at < len) {
		cursor->bad = true;
		return NULL;
	}
	cursor->at += len;
	*ret_len = len;
	return data;
}

void wire_get_text(struct wire_cursor *cursor, char *ret_text, size_t max)
{
	size_t len;
	const uint8_t *data = wire_get_bytes(cursor, &len);

	ret_text[0] = '\0';
	if (!data || len > max || memchr(data, '\0', len)) {
		cursor->bad = true;
		return;
	}
	memcpy(ret_text, data, len);
	ret_text[len] = '\0';
}

bool wire_done(const struct wire_cursor *cursor)
{
	return !cursor->bad && cursor->at == cursor->len;
}
