/* The frame reader: pieces of every size, and each way in which a stream can be broken. */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { SEEN_MAX = 16 };

struct seen {
	int count;
	int stop_after; /* 0: never */
	enum wire_type types[SEEN_MAX];
	uint32_t streams[SEEN_MAX];
	uint32_t lengths[SEEN_MAX];
	uint8_t first[SEEN_MAX];
};

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct seen *seen = ctx;

	assert_true(seen->count < SEEN_MAX);
	seen->types[seen->count] = frame->type;
	seen->streams[seen->count] = frame->stream;
	seen->lengths[seen->count] = frame->length;
	seen->first[seen->count] = frame->length > 0 ? frame->payload[0] : 0;
	seen->count++;
	return seen->count != seen->stop_after;
}

/* Three frames: one with a payload, one empty, one as large as can be. */
struct talk {
	uint8_t bytes[3 * WIRE_HEADER + 5 + WIRE_PAYLOAD_MAX];
	size_t len;
};

static void talk_add(struct talk *talk, enum wire_type type, uint32_t stream, size_t len)
{
	wire_put_header(talk->bytes + talk->len, type, stream, (uint32_t)len);
	memset(talk->bytes + talk->len + WIRE_HEADER, (int)type, len);
	talk->len += WIRE_HEADER + len;
}

static void talk_fill(struct talk *talk)
{
	talk->len = 0;
	talk_add(talk, WIRE_STDOUT, 7, 5);
	talk_add(talk, WIRE_PING, 0, 0);
	talk_add(talk, WIRE_DATA, WIRE_FILE_STREAM | 9, WIRE_PAYLOAD_MAX);
	assert_int_equal(talk->len, sizeof(talk->bytes));
}

static void assert_talk_seen(const struct seen *seen)
{
	assert_int_equal(seen->count, 3);
	assert_int_equal(seen->types[0], WIRE_STDOUT);
	assert_int_equal(seen->streams[0], 7);
	assert_int_equal(seen->lengths[0], 5);
	assert_int_equal(seen->first[0], WIRE_STDOUT);
	assert_int_equal(seen->types[1], WIRE_PING);
	assert_int_equal(seen->lengths[1], 0);
	assert_int_equal(seen->types[2], WIRE_DATA);
	assert_int_equal(seen->streams[2], WIRE_FILE_STREAM | 9);
	assert_int_equal(seen->lengths[2], WIRE_PAYLOAD_MAX);
	assert_int_equal(seen->first[2], WIRE_DATA);
}

static void frames_come_out_whole_whatever_the_pieces(void **state)
{
	static struct talk talk;
	static struct wire_reader reader;

	(void)state;
	talk_fill(&talk);
	for (size_t piece = 1; piece <= talk.len; piece = piece < 40 ? piece + 1 : piece * 2) {
		struct seen seen = { 0 };

		wire_reader_init(&reader);
		for (size_t at = 0; at < talk.len; at += piece) {
			size_t left = talk.len - at;

			assert_true(wire_feed(&reader, talk.bytes + at, left < piece ? left : piece,
					      on_frame, &seen));
		}
		assert_talk_seen(&seen);
		assert_int_equal(reader.have, 0);
	}
}

static void a_receiver_that_reads_what_is_wanted_never_reads_ahead(void **state)
{
	static struct talk talk;
	static struct wire_reader reader;
	struct seen seen = { 0 };
	size_t at = 0;

	(void)state;
	talk_fill(&talk);
	wire_reader_init(&reader);
	while (at < talk.len) {
		size_t want = wire_reader_wants(&reader);
		int before = seen.count;

		assert_true(want > 0 && want <= talk.len - at);
		assert_true(wire_feed(&reader, talk.bytes + at, want, on_frame, &seen));
		assert_true(seen.count <= before + 1);
		at += want;
	}
	assert_talk_seen(&seen);
}

static void a_receiver_that_says_stop_gets_no_further_frame(void **state)
{
	static struct talk talk;
	static struct wire_reader reader;
	struct seen seen = { .stop_after = 2 };

	(void)state;
	talk_fill(&talk);
	wire_reader_init(&reader);
	assert_false(wire_feed(&reader, talk.bytes, talk.len, on_frame, &seen));
	assert_int_equal(seen.count, 2);
	assert_null(reader.fault);
}

/* Feeds a header at once and byte by byte: broken both ways, for good, and with nothing given out.
 */
static void assert_header_is_refused(const uint8_t header[WIRE_HEADER], const char *word)
{
	static struct wire_reader reader;
	uint8_t good[WIRE_HEADER];
	struct seen seen = { 0 };

	wire_put_header(good, WIRE_PING, 0, 0);
	wire_reader_init(&reader);
	assert_false(wire_feed(&reader, header, WIRE_HEADER, on_frame, &seen));
	assert_non_null(strstr(reader.fault, word));
	assert_false(wire_feed(&reader, good, WIRE_HEADER, on_frame, &seen));

	wire_reader_init(&reader);
	for (int i = 0; i < WIRE_HEADER - 1; i++)
		assert_true(wire_feed(&reader, header + i, 1, on_frame, &seen));
	assert_false(wire_feed(&reader, header + WIRE_HEADER - 1, 1, on_frame, &seen));
	assert_non_null(strstr(reader.fault, word));
	assert_int_equal(seen.count, 0);
}

static void a_length_beyond_the_largest_breaks_the_stream(void **state)
{
	static const uint32_t lengths[] = { WIRE_PAYLOAD_MAX + 1, 0x7fffffff, 0x80000000,
					    0xffffffff };
	uint8_t header[WIRE_HEADER];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		wire_put_header(header, WIRE_STDOUT, 1, lengths[i]);
		assert_header_is_refused(header, "longer");
	}
}

static void any_reserved_byte_that_is_set_breaks_the_stream(void **state)
{
	uint8_t header[WIRE_HEADER];

	(void)state;
	for (int i = 9; i < WIRE_HEADER; i++) {
		wire_put_header(header, WIRE_PING, 0, 0);
		header[i] = 1;
		assert_header_is_refused(header, "reserved");
	}
}

static void every_type_that_is_not_ours_breaks_the_stream(void **state)
{
	static struct wire_reader reader;
	uint8_t header[WIRE_HEADER];

	(void)state;
	for (int type = 0; type < 256; type++) {
		bool known = (type >= WIRE_START && type <= WIRE_BAR) ||
			     (type >= WIRE_DRIVER && type <= WIRE_RETIRE) ||
			     (type >= WIRE_HELLO && type <= WIRE_CHANGED) ||
			     (type >= WIRE_CALLED && type <= WIRE_RETIRED);
		struct seen seen = { 0 };

		wire_put_header(header, WIRE_PING, 0, 0);
		header[8] = (uint8_t)type;
		if (!known) {
			assert_header_is_refused(header, "unknown");
			continue;
		}
		wire_reader_init(&reader);
		assert_true(wire_feed(&reader, header, WIRE_HEADER, on_frame, &seen));
		assert_int_equal(seen.types[0], type);
	}
}

static void a_bad_frame_behind_a_good_one_still_gives_out_the_good_one(void **state)
{
	static struct wire_reader reader;
	uint8_t bytes[2 * WIRE_HEADER];
	struct seen seen = { 0 };

	(void)state;
	wire_put_header(bytes, WIRE_PONG, 0, 0);
	wire_put_header(bytes + WIRE_HEADER, WIRE_PONG, 0, WIRE_PAYLOAD_MAX + 1);
	wire_reader_init(&reader);
	assert_false(wire_feed(&reader, bytes, sizeof(bytes), on_frame, &seen));
	assert_int_equal(seen.count, 1);
	assert_non_null(reader.fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_whole_whatever_the_pieces),
		cmocka_unit_test(a_receiver_that_reads_what_is_wanted_never_reads_ahead),
		cmocka_unit_test(a_receiver_that_says_stop_gets_no_further_frame),
		cmocka_unit_test(a_length_beyond_the_largest_breaks_the_stream),
		cmocka_unit_test(any_reserved_byte_that_is_set_breaks_the_stream),
		cmocka_unit_test(every_type_that_is_not_ours_breaks_the_stream),
		cmocka_unit_test(a_bad_frame_behind_a_good_one_still_gives_out_the_good_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
