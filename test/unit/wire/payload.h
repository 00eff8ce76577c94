/* A payload that a test writes, and how it is read back: whole, and never in part. */
#ifndef WIRE_TEST_PAYLOAD_H
#define WIRE_TEST_PAYLOAD_H

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint8_t payload[WIRE_PAYLOAD_MAX];

static struct wire_writer fresh_writer(void)
{
	return (struct wire_writer){ .data = payload, .room = sizeof(payload) };
}

typedef bool decode_fn(const struct wire_frame *frame);

/* A copy of exactly len bytes on the heap, so that reading beyond it is caught. */
static bool decode_exact(decode_fn *decode, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct wire_frame frame = { .payload = copy, .length = (uint32_t)len };
	bool good;

	assert_non_null(copy);
	memcpy(copy, payload, len);
	good = decode(&frame);
	free(copy);
	return good;
}

/* What is in `payload` decodes, and neither less of it nor more does. */
static void assert_only_whole(decode_fn *decode, const struct wire_writer *writer)
{
	assert_false(writer->full);
	assert_true(decode_exact(decode, writer->len));
	for (size_t len = 0; len < writer->len; len++)
		assert_false(decode_exact(decode, len));
	payload[writer->len] = 0;
	assert_false(decode_exact(decode, writer->len + 1));
}

#endif
