/* Frames in and out of a byte stream.  The reader takes pieces of any size and looks at nothing but
 * the header: whether a payload makes sense is the business of records.c.  Whole frames are handed
 * on where they lie in the caller's piece; only those cut in two are put together in the reader. */
#include "wire.h"

#include <string.h>

static uint32_t load_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void store_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static bool type_is_known(uint8_t type)
{
	return (type >= WIRE_START && type <= WIRE_BAR) ||
	       (type >= WIRE_DRIVER && type <= WIRE_RETIRE) ||
	       (type >= WIRE_HELLO && type <= WIRE_CHANGED) ||
	       (type >= WIRE_CALLED && type <= WIRE_RETIRED);
}

/* NULL when the header is in order. */
static const char *header_fault(const uint8_t *header)
{
	if (load_u32(header) > WIRE_PAYLOAD_MAX)
		return "a frame is longer than the largest allowed";
	if (!type_is_known(header[8]))
		return "a frame is of an unknown type";
	if (header[9] || header[10] || header[11])
		return "a frame has reserved bytes that are not zero";
	return NULL;
}

static bool deliver(const uint8_t *whole, wire_frame_fn *on_frame, void *ctx)
{
	struct wire_frame frame = {
		.type = (enum wire_type)whole[8],
		.stream = load_u32(whole + 4),
		.payload = whole + WIRE_HEADER,
		.length = load_u32(whole),
	};

	return on_frame(ctx, &frame);
}

void wire_reader_init(struct wire_reader *reader)
{
	reader->have = 0;
	reader->fault = NULL;
}

size_t wire_reader_wants(const struct wire_reader *reader)
{
	if (reader->have < WIRE_HEADER)
		return WIRE_HEADER - reader->have;
	return WIRE_HEADER + load_u32(reader->data) - reader->have;
}

/* Copies what the frame in the reader still lacks; true when it is whole. */
static bool reader_complete(struct wire_reader *reader, const uint8_t **at, size_t *left)
{
	while (*left > 0 && wire_reader_wants(reader) > 0) {
		size_t want = wire_reader_wants(reader);
		size_t some = want < *left ? want : *left;

		memcpy(reader->data + reader->have, *at, some);
		reader->have += some;
		*at += some;
		*left -= some;
		if (reader->have == WIRE_HEADER)
			reader->fault = header_fault(reader->data);
		if (reader->fault)
			return false;
	}
	return reader->have >= WIRE_HEADER && wire_reader_wants(reader) == 0;
}

/* The length of the whole frame that lies at data, 0 when a part of it is not there yet. */
static size_t frame_at(struct wire_reader *reader, const uint8_t *data, size_t len)
{
	if (reader->have > 0 || len < WIRE_HEADER)
		return 0;
	reader->fault = header_fault(data);
	if (reader->fault || len - WIRE_HEADER < load_u32(data))
		return 0;
	return WIRE_HEADER + load_u32(data);
}

bool wire_feed(struct wire_reader *reader, const void *data, size_t len, wire_frame_fn *on_frame,
	       void *ctx)
{
	const uint8_t *at = data;

	while (!reader->fault && len > 0) {
		size_t whole = frame_at(reader, at, len);

		if (whole > 0) {
			if (!deliver(at, on_frame, ctx))
				return false;
			at += whole;
			len -= whole;
		} else if (!reader->fault && reader_complete(reader, &at, &len)) {
			reader->have = 0;
			if (!deliver(reader->data, on_frame, ctx))
				return false;
		}
	}
	return !reader->fault;
}

void wire_put_header(uint8_t ret_header[WIRE_HEADER], enum wire_type type, uint32_t stream,
		     uint32_t length)
{
	memset(ret_header, 0, WIRE_HEADER);
	store_u32(ret_header, length);
	store_u32(ret_header + 4, stream);
	ret_header[8] = (uint8_t)type;
}
