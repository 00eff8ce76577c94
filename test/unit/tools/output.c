/* Head, tail, gap and pages: nothing floods, nothing is lost, and every byte left out is named. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"

/* A stream of which [kept, tail_from) is lost. */
struct memory {
	const char *data;
	size_t len;
	int64_t kept, tail_from;
};

static bool read_memory(void *ctx, int64_t offset, int64_t len, struct buf *ret_data,
			struct error *err)
{
	const struct memory *memory = ctx;

	assert_true(offset >= 0 && len >= 0 && (size_t)offset <= memory->len);
	assert_true((size_t)len <= memory->len - (size_t)offset);
	assert_true(offset + len <= memory->kept || offset >= memory->tail_from);
	return buf_add(ret_data, memory->data + offset, (size_t)len) ||
	       error_set(err, ERROR_INTERNAL, "full");
}

static struct output_piece take_memory(struct memory *memory, struct output_wish wish, bool is_over)
{
	struct output_source source = { .read = read_memory,
					.ctx = memory,
					.command_id = "x-1",
					.stream = "stdout",
					.kept = memory->kept,
					.tail_from = memory->tail_from,
					.total = (int64_t)memory->len,
					.limit = 100,
					.is_over = is_over };
	struct output_piece piece;
	struct error err;

	assert_true(output_take(&source, &wish, &piece, &err));
	return piece;
}

static struct output_piece take_of(const char *data, size_t len, struct output_wish wish,
				   bool is_over)
{
	struct memory memory = { data, len, (int64_t)len, (int64_t)len };

	return take_memory(&memory, wish, is_over);
}

static struct output_piece take_text(const char *text, struct output_wish wish)
{
	return take_of(text, strlen(text), wish, true);
}

static const struct output_wish ends = { .limit = 64 };

static void output_within_the_limit_is_shown_whole(void **state)
{
	auto_output_piece piece = take_text("one\ntwo\n", ends);

	(void)state;
	assert_string_equal(buf_text(&piece.text), "one\ntwo\n");
	assert_int_equal(piece.omitted_from, piece.omitted_end);
	assert_int_equal(piece.next_offset, 8);
}

static void no_output_is_no_text(void **state)
{
	auto_output_piece piece = take_text("", ends);

	(void)state;
	assert_int_equal(piece.text.len, 0);
	assert_int_equal(piece.next_offset, 0);
}

static void output_after_the_limit_is_cut_and_marked(void **state)
{
	char data[1205];
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	memset(data, 'a', 1204);
	memset(data + 1172, 'z', 32);
	data[1204] = '\0';
	piece = take_text(data, ends);
	assert_string_equal(buf_text(&piece.text),
			    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
			    "[… 1 140 bytes omitted: bytes 32–1171; read them with check_command("
			    "command_id=\"x-1\", stream=\"stdout\", offset=32)]\n"
			    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
	assert_int_equal(piece.omitted_from, 32);
	assert_int_equal(piece.omitted_end, 1172);
	assert_int_equal(piece.next_offset, 1204);
}

static void cuts_are_made_at_line_ends_where_one_is_near(void **state)
{
	auto_buf data = BUF_INIT(8192);
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_addf(&data, "line %d\n", i);
	piece = take_of(data.data, data.len, ends, true);
	assert_memory_equal(piece.text.data, "line 0\nline 1\nline 2\nline 3\n[…", 28);
	assert_non_null(strstr(buf_text(&piece.text), ")]\nline 97\nline 98\nline 99\n"));
}

static void the_parts_and_the_gap_make_up_the_whole(void **state)
{
	char data[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i % 37 == 0 ? '\n' : (char)('a' + i % 26);
	for (int64_t limit = 64; limit < 3000; limit += 13) {
		struct output_wish wish = { .limit = limit };
		auto_output_piece piece = take_of(data, sizeof(data), wish, true);
		const char *text = buf_text(&piece.text);
		size_t head = (size_t)piece.omitted_from;
		size_t tail = sizeof(data) - (size_t)piece.omitted_end;

		assert_true((int64_t)(head + tail) <= limit);
		assert_memory_equal(text, data, head);
		assert_memory_equal(text + piece.text.len - tail, data + piece.omitted_end, tail);
	}
}

static void cuts_do_not_split_a_character(void **state)
{
	auto_buf data = BUF_INIT(8192);

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_add_text(&data, "한");
	for (int64_t limit = 64; limit < 80; limit++) {
		struct output_wish wish = { .limit = limit };
		auto_output_piece piece = take_of(data.data, data.len, wish, true);

		assert_false(piece.replaced);
		assert_int_equal(piece.omitted_from % 3, 0);
		assert_int_equal(piece.omitted_end % 3, 0);
	}
}

static void bytes_that_are_not_utf8_are_replaced_and_said_so(void **state)
{
	auto_output_piece piece = take_of("a\xff\0b", 4, ends, true);

	(void)state;
	assert_string_equal(buf_text(&piece.text), "a\uFFFD\uFFFDb");
	assert_true(piece.replaced);
}

static void base64_gives_the_bytes_as_they_are(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64, .base64 = true };
	auto_output_piece piece = take_of("a\xff\0b", 4, wish, true);

	(void)state;
	assert_string_equal(buf_text(&piece.text), "Yf8AYg==");
	assert_false(piece.replaced);
	assert_int_equal(piece.next_offset, 4);
}

static void base64_is_read_page_by_page(void **state)
{
	char data[200];
	struct output_wish wish = { .limit = 64, .base64 = true };
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	memset(data, 0, sizeof(data));
	piece = take_of(data, sizeof(data), wish, true);
	assert_int_equal(piece.next_offset, 64);
	assert_int_equal(piece.omitted_from, 64);
	assert_int_equal(piece.omitted_end, 200);
	assert_null(strchr(buf_text(&piece.text), '['));
}

static void pages_join_to_the_whole(void **state)
{
	auto_buf data = BUF_INIT(8192);
	auto_buf joined = BUF_INIT(8192);
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64 };

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_add_text(&data, "aé한😀");
	while ((size_t)wish.offset < data.len) {
		auto_output_piece piece = take_of(data.data, data.len, wish, true);
		int64_t len = piece.next_offset - wish.offset;

		assert_in_range(len, 1, 64);
		assert_false(piece.replaced);
		buf_add(&joined, piece.text.data, (size_t)len);
		wish.offset = piece.next_offset;
	}
	assert_int_equal(joined.len, data.len);
	assert_memory_equal(joined.data, data.data, data.len);
}

static void a_page_holds_its_bytes_and_names_beside_it_what_follows(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64, .offset = 10 };
	char data[100];
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	memset(data, 'a', sizeof(data));
	piece = take_of(data, sizeof(data), wish, true);
	assert_int_equal(piece.text.len, 64);
	assert_memory_equal(piece.text.data, data, 64);
	assert_non_null(strstr(buf_text(&piece.notes), "[… 26 bytes omitted: bytes 74–99; "));
	assert_int_equal(piece.next_offset, 74);
}

static void half_a_character_waits_while_more_can_come(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64 };
	auto_output_piece running = take_of("ab\xED\x95", 4, wish, false);
	auto_output_piece over = take_of("ab\xED\x95", 4, wish, true);

	(void)state;
	assert_string_equal(buf_text(&running.text), "ab");
	assert_int_equal(running.next_offset, 2);
	assert_int_equal(running.omitted_from, running.omitted_end);
	assert_string_equal(buf_text(&over.text), "ab\uFFFD");
	assert_int_equal(over.next_offset, 4);
}

static void bytes_that_never_become_a_character_do_not_stop_the_reading(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64, .offset = 0 };
	char data[300];

	(void)state;
	memset(data, '\xF0', sizeof(data));
	for (int pages = 0; wish.offset < (int64_t)sizeof(data) - 1; pages++) {
		auto_output_piece piece = take_of(data, sizeof(data), wish, false);

		assert_true(pages < 20);
		assert_true(piece.next_offset > wish.offset);
		wish.offset = piece.next_offset;
	}
}

static void an_offset_behind_the_end_gives_nothing(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64, .offset = 1000 };
	auto_output_piece piece = take_text("abc", wish);

	(void)state;
	assert_int_equal(piece.text.len, 0);
	assert_int_equal(piece.next_offset, 3);
}

static void the_tail_is_the_last_bytes(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_TAIL, .limit = 3 };
	auto_output_piece piece = take_text("abcdef", wish);
	auto_output_piece whole = take_text("ab", wish);

	(void)state;
	assert_string_equal(buf_text(&piece.text), "def");
	assert_string_equal(buf_text(&piece.notes),
			    "[… 3 bytes omitted: bytes 0–2; read them with check_command("
			    "command_id=\"x-1\", stream=\"stdout\", offset=0)]\n");
	assert_int_equal(piece.next_offset, 6);
	assert_string_equal(buf_text(&whole.text), "ab");
}

#define LOST_100_TO_899                                                                             \
	"[output beyond the spool limit of 100 bytes was not kept: bytes 100–899 are lost; send " \
	"longer output to a file]\n"

/* 1000 bytes, of which the first 100 and the last 100 are there. */
static struct memory holed(char data[1000])
{
	memset(data, 'a', 100);
	memset(data + 100, '?', 800);
	memset(data + 900, 'z', 100);
	return (struct memory){ data, 1000, 100, 900 };
}

static void past_the_spool_limit_both_ends_are_shown_and_the_loss_is_named(void **state)
{
	char data[1000];
	struct memory memory = holed(data);
	auto_output_piece piece = take_memory(&memory, ends, true);

	(void)state;
	assert_string_equal(buf_text(&piece.text),
			    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
			    "[… 936 bytes omitted: bytes 32–967; read them with check_command("
			    "command_id=\"x-1\", stream=\"stdout\", offset=32)]\n" LOST_100_TO_899
			    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
	assert_int_equal(piece.lost_from, 100);
	assert_int_equal(piece.lost_end, 900);
	assert_int_equal(piece.next_offset, 1000);
}

static void where_all_that_was_kept_fits_only_the_loss_is_named(void **state)
{
	struct output_wish wish = { .limit = 200 };
	char data[1000];
	struct memory memory = holed(data);
	auto_output_piece piece = take_memory(&memory, wish, true);
	const char *text = buf_text(&piece.text);

	(void)state;
	assert_int_equal(piece.text.len, 200 + 1 + strlen(LOST_100_TO_899));
	assert_memory_equal(text, data, 100);
	assert_memory_equal(text + 101, LOST_100_TO_899, strlen(LOST_100_TO_899));
	assert_int_equal(piece.omitted_from, 100);
	assert_int_equal(piece.omitted_end, 900);
}

static void pages_lead_across_the_loss_to_the_end(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_FROM, .limit = 64 };
	char data[1000], joined[1000];
	struct memory memory = holed(data);
	size_t len = 0;

	(void)state;
	for (int pages = 0; wish.offset < 1000; pages++) {
		auto_output_piece piece = take_memory(&memory, wish, true);
		bool touches = piece.next_offset == 100 || wish.offset == 100;

		assert_true(pages < 4);
		assert_int_equal(strstr(buf_text(&piece.notes), LOST_100_TO_899) != NULL, touches);
		assert_int_equal(piece.lost_end, touches ? 900 : 0);
		memcpy(joined + len, piece.text.data, piece.text.len);
		len += piece.text.len;
		wish.offset = piece.next_offset;
	}
	assert_int_equal(len, 200);
	assert_memory_equal(joined, data, 100);
	assert_memory_equal(joined + 100, data + 900, 100);
}

static void a_tail_does_not_reach_across_the_loss(void **state)
{
	struct output_wish wish = { .mode = OUTPUT_TAIL, .limit = 500 };
	char data[1000];
	struct memory memory = holed(data);
	auto_output_piece piece = take_memory(&memory, wish, true);

	(void)state;
	assert_int_equal(piece.text.len, 100);
	assert_memory_equal(piece.text.data, data + 900, 100);
	assert_non_null(strstr(buf_text(&piece.notes), LOST_100_TO_899));
}

static void where_no_tail_was_kept_the_front_is_shown_and_the_rest_is_lost(void **state)
{
	char data[1000];
	struct memory memory = holed(data);
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	memory.tail_from = 1000;
	memory.kept = 50;
	piece = take_memory(&memory, ends, true);
	assert_memory_equal(piece.text.data, data, 50);
	assert_string_equal(buf_text(&piece.text) + 50,
			    "\n[part of the output could not be kept: bytes 50–999 are lost; send "
			    "longer output to a file]\n");
	output_piece_release(&piece);
	memory.kept = 100;
	piece = take_memory(&memory, ends, true);
	assert_non_null(strstr(buf_text(&piece.text), "[… 36 bytes omitted: bytes 32–67; "));
	assert_non_null(strstr(buf_text(&piece.text), "bytes 100–999 are lost"));
}

static void a_tail_that_joins_on_is_no_loss(void **state)
{
	char data[1000];
	struct memory memory = holed(data);
	auto_output_piece piece = { .text = BUF_INIT(0) };

	(void)state;
	memory.tail_from = 100;
	piece = take_memory(&memory, ends, true);
	assert_null(strstr(buf_text(&piece.text), "lost"));
	assert_int_equal(piece.lost_end, 0);
}

static void numbers_read_well(void **state)
{
	static const struct {
		int64_t number;
		const char *duration, *size, *count;
	} rows[] = {
		{ 0, "0 ms", "0 B", "0" },
		{ 999, "999 ms", "999 B", "999" },
		{ 1023, "1.0 s", "1023 B", "1 023" },
		{ 16384, "16.3 s", "16 KiB", "16 384" },
		{ 59999, "59.9 s", "58.5 KiB", "59 999" },
		{ 125000, "2 min 5 s", "122 KiB", "125 000" },
		{ 1572864, "26 min 12 s", "1.5 MiB", "1 572 864" },
		{ 7200000, "2 h 0 min", "6.8 MiB", "7 200 000" },
		{ INT64_C(5) << 30, "1491 h 18 min", "5 GiB", "5 368 709 120" },
	};
	char text[FORMAT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		format_duration(rows[i].number, text);
		assert_string_equal(text, rows[i].duration);
		format_size(rows[i].number, text);
		assert_string_equal(text, rows[i].size);
		format_count(rows[i].number, text);
		assert_string_equal(text, rows[i].count);
	}
	format_size(INT64_MAX, text);
	format_count(INT64_MIN, text);
	assert_string_equal(text, "-9 223 372 036 854 775 808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_within_the_limit_is_shown_whole),
		cmocka_unit_test(no_output_is_no_text),
		cmocka_unit_test(output_after_the_limit_is_cut_and_marked),
		cmocka_unit_test(cuts_are_made_at_line_ends_where_one_is_near),
		cmocka_unit_test(the_parts_and_the_gap_make_up_the_whole),
		cmocka_unit_test(cuts_do_not_split_a_character),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_and_said_so),
		cmocka_unit_test(base64_gives_the_bytes_as_they_are),
		cmocka_unit_test(base64_is_read_page_by_page),
		cmocka_unit_test(pages_join_to_the_whole),
		cmocka_unit_test(a_page_holds_its_bytes_and_names_beside_it_what_follows),
		cmocka_unit_test(half_a_character_waits_while_more_can_come),
		cmocka_unit_test(bytes_that_never_become_a_character_do_not_stop_the_reading),
		cmocka_unit_test(an_offset_behind_the_end_gives_nothing),
		cmocka_unit_test(the_tail_is_the_last_bytes),
		cmocka_unit_test(past_the_spool_limit_both_ends_are_shown_and_the_loss_is_named),
		cmocka_unit_test(where_all_that_was_kept_fits_only_the_loss_is_named),
		cmocka_unit_test(pages_lead_across_the_loss_to_the_end),
		cmocka_unit_test(a_tail_does_not_reach_across_the_loss),
		cmocka_unit_test(where_no_tail_was_kept_the_front_is_shown_and_the_rest_is_lost),
		cmocka_unit_test(a_tail_that_joins_on_is_no_loss),
		cmocka_unit_test(numbers_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
