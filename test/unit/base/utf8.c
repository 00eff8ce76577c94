/* UTF-8: what is well formed, how the rest is mended, and where a text may be cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "utf8.h"

#define U "\xEF\xBF\xBD"

struct sample {
	const char *bytes;
	const char *clean; /* NULL: it is well formed */
};

/* Unicode 15, section 3.9: table 3-7, and tables 3-8 to 3-11 for what becomes of bad bytes. */
static const struct sample samples[] = {
	{ "", NULL },
	{ "plain text, longer than one machine word", NULL },
	{ "\x7F", NULL },
	{ "\xC2\x80 \xDF\xBF", NULL },
	{ "\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF", NULL },
	{ "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF", NULL },
	{ "한국어와 日本語", NULL },
	{ "\x80", U },
	{ "\xC0\xAF", U U },
	{ "\xC1\xBF", U U },
	{ "\xE0\x80\xBF\xF0\x81\x82\x41", U U U U U U "A" },
	{ "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", U U U U U U U U "A" },
	{ "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", U U U U U "A" U U "B" },
	{ "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", U U U U "A" },
	{ "\xF5\x80\x80\x80", U U U U },
	{ "twelve chars\xFFtwelve chars", "twelve chars" U "twelve chars" },
	{ "\xE2\x82", U },
	{ "\xF0\x9F\x98", U },
};

static void well_formed_text_is_told_from_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		assert_int_equal(utf8_is_valid(samples[i].bytes, strlen(samples[i].bytes)),
				 samples[i].clean == NULL);
	assert_true(utf8_is_valid(NULL, 0));
	assert_true(utf8_is_valid("a\0b", 3));
}

static void each_malformed_sequence_becomes_one_replacement_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *sample = &samples[i];
		auto_buf text = BUF_INIT(200);
		bool replaced = !sample->clean;

		assert_true(utf8_clean(sample->bytes, strlen(sample->bytes), &text, &replaced));
		assert_string_equal(buf_text(&text), sample->clean ? sample->clean : sample->bytes);
		assert_int_equal(replaced, sample->clean != NULL);
	}
}

static void a_nul_is_replaced(void **state)
{
	auto_buf text = BUF_INIT(100);
	bool replaced = false;

	(void)state;
	assert_true(utf8_clean("one two\0three\0\0", 15, &text, &replaced));
	assert_true(replaced);
	assert_string_equal(buf_text(&text), "one two" U "three" U U);
}

static void text_that_passes_the_cap_leaves_the_buffer_as_it_was(void **state)
{
	auto_buf text = BUF_INIT(10);
	bool replaced = false;

	(void)state;
	assert_true(buf_add_text(&text, "before "));
	assert_false(utf8_clean("a\xFF\xFF", 3, &text, &replaced));
	assert_string_equal(buf_text(&text), "before ");
	assert_int_equal(text.len, 7);
	assert_false(replaced);
	assert_true(utf8_clean("\xFF", 1, &text, &replaced));
	assert_string_equal(buf_text(&text), "before " U);
}

static void any_three_bytes_become_well_formed(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 1u << 24; bits += 251) {
		unsigned char bytes[3] = { (unsigned char)(bits >> 16), (unsigned char)(bits >> 8),
					   (unsigned char)bits };
		auto_buf text = BUF_INIT(9);
		bool replaced = false;

		assert_true(utf8_clean(bytes, 3, &text, &replaced));
		assert_true(utf8_is_valid(text.data, text.len));
		assert_null(memchr(text.data, 0, text.len));
		if (!replaced)
			assert_memory_equal(text.data, bytes, 3);
	}
}

static void a_cut_falls_before_an_unfinished_character(void **state)
{
	static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"; /* a é € 😀 */
	static const size_t whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10 };

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		assert_int_equal(utf8_whole(text, len), whole[len]);
	assert_int_equal(utf8_whole("\xFF", 1), 1);
	assert_int_equal(utf8_whole("a\x80\x80\x80\x80", 5), 5);
	assert_int_equal(utf8_whole("a\xE0\x80", 3), 3);
	assert_int_equal(utf8_whole("\x80", 1), 1);
}

static void the_rest_of_a_cut_character_is_skipped(void **state)
{
	static const char text[] = "\xF0\x9F\x98\x80z";

	(void)state;
	assert_int_equal(utf8_skip(text, 5), 0);
	assert_int_equal(utf8_skip(text + 1, 4), 3);
	assert_int_equal(utf8_skip(text + 2, 3), 2);
	assert_int_equal(utf8_skip(text + 3, 2), 1);
	assert_int_equal(utf8_skip(text + 3, 1), 1);
	assert_int_equal(utf8_skip(text + 4, 1), 0);
	assert_int_equal(utf8_skip(NULL, 0), 0);
}

static void a_long_row_of_continuation_bytes_is_not_passed_over(void **state)
{
	(void)state;
	assert_int_equal(utf8_skip("\x80\x80\x80\x80\x80\x80", 6), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_text_is_told_from_the_rest),
		cmocka_unit_test(each_malformed_sequence_becomes_one_replacement_character),
		cmocka_unit_test(a_nul_is_replaced),
		cmocka_unit_test(text_that_passes_the_cap_leaves_the_buffer_as_it_was),
		cmocka_unit_test(any_three_bytes_become_well_formed),
		cmocka_unit_test(a_cut_falls_before_an_unfinished_character),
		cmocka_unit_test(the_rest_of_a_cut_character_is_skipped),
		cmocka_unit_test(a_long_row_of_continuation_bytes_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
