/* Frames of an exec stream, in pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "buf.h"
#include "podman.h"

struct streams {
	struct buf out, err;
};

static void on_data(void *ctx, int stream, const void *data, size_t len)
{
	struct streams *streams = ctx;

	assert_true(len > 0);
	assert_true(buf_add(stream == 1 ? &streams->out : &streams->err, data, len));
}

static const char stream[] = "\1\0\0\0\0\0\0\5hello"
			     "\2\0\0\0\0\0\0\3err"
			     "\1\0\0\0\0\0\0\0"
			     "\1\0\0\0\0\0\0\6\1\0\0\0\20\21"
			     "\2\0\0\0\0\0\0\1!";
enum { STREAM_LEN = sizeof(stream) - 1 };

static void check(struct streams *streams)
{
	assert_int_equal(streams->out.len, 11);
	assert_memory_equal(streams->out.data, "hello\1\0\0\0\20\21", 11);
	assert_string_equal(buf_text(&streams->err), "err!");
	buf_release(&streams->out);
	buf_release(&streams->err);
}

static void every_split_in_three_gives_the_same_streams(void **state)
{
	(void)state;
	for (size_t a = 0; a <= STREAM_LEN; a++) {
		for (size_t b = a; b <= STREAM_LEN; b++) {
			struct podman_demux demux = { 0 };
			struct streams got = { BUF_INIT(100), BUF_INIT(100) };

			assert_true(podman_demux_feed(&demux, stream, a, on_data, &got));
			assert_true(podman_demux_feed(&demux, stream + a, b - a, on_data, &got));
			assert_true(podman_demux_feed(&demux, stream + b, STREAM_LEN - b, on_data,
						      &got));
			check(&got);
		}
	}
}

static void single_bytes_give_the_same_streams(void **state)
{
	struct podman_demux demux = { 0 };
	struct streams got = { BUF_INIT(100), BUF_INIT(100) };

	(void)state;
	for (size_t i = 0; i < STREAM_LEN; i++)
		assert_true(podman_demux_feed(&demux, stream + i, 1, on_data, &got));
	check(&got);
}

static void a_long_frame_is_handed_on_as_it_comes(void **state)
{
	struct podman_demux demux = { 0 };
	struct streams got = { BUF_INIT(100), BUF_INIT(100) };

	(void)state;
	assert_true(podman_demux_feed(&demux, "\1\0\0\0\xff\xff\xff\xff", 8, on_data, &got));
	assert_true(podman_demux_feed(&demux, "part", 4, on_data, &got));
	assert_string_equal(buf_text(&got.out), "part");
	assert_true(demux.left == 0xffffffffu - 4);
	buf_release(&got.out);
}

static void unknown_streams_and_padding_are_malformed(void **state)
{
	static const char *const bad[] = { "\0\0\0\0\0\0\0\1", "\3\0\0\0\0\0\0\1",
					   "\1\1\0\0\0\0\0\1", "\1\0\1\0\0\0\0\1",
					   "\1\0\0\1\0\0\0\1", "HTTP/1.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct podman_demux demux = { 0 };

		assert_false(podman_demux_feed(&demux, bad[i], 8, on_data, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_in_three_gives_the_same_streams),
		cmocka_unit_test(single_bytes_give_the_same_streams),
		cmocka_unit_test(a_long_frame_is_handed_on_as_it_comes),
		cmocka_unit_test(unknown_streams_and_padding_are_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
