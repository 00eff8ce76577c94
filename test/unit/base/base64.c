/* Base 64: the vectors of RFC 4648 section 10, lengths around the inner chunk, and the cap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base64.h"

static void the_vectors_of_the_standard_are_met(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		auto_buf text = BUF_INIT(20);

		assert_true(base64_encode(vectors[i][0], strlen(vectors[i][0]), &text));
		assert_string_equal(buf_text(&text), vectors[i][1]);
		buf_clear(&text);
		assert_true(base64_decode(vectors[i][1], strlen(vectors[i][1]), &text));
		assert_string_equal(buf_text(&text), vectors[i][0]);
	}
}

static void what_is_not_exactly_base64_is_not_decoded(void **state)
{
	static const char *const wrong[] = { "Z",    "Zg",   "Zg=",  "Zg==Zg==", "Z===",
					     "====", "Zh==", "Zm9=", "Zm 9",     "Zm-_" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		auto_buf data = BUF_INIT(20);

		if (base64_decode(wrong[i], strlen(wrong[i]), &data))
			fail_msg("%s was decoded", wrong[i]);
	}
}

static void all_digits_come_out(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0x10, 0x83, 0xFB, 0xFF, 0xBE };
	auto_buf text = BUF_INIT(20);

	(void)state;
	assert_true(base64_encode(bytes, sizeof(bytes), &text));
	assert_string_equal(buf_text(&text), "ABCD+/++");
}

static size_t value(char digit)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = strchr(digits, digit);

	assert_non_null(found);
	return (size_t)(found - digits);
}

static void every_length_around_a_chunk_reads_back_equal(void **state)
{
	unsigned char bytes[1600];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + i / 256);
	for (size_t len = 760; len < 775; len++) {
		auto_buf text = BUF_INIT(4000);

		assert_true(base64_encode(bytes, len, &text));
		assert_int_equal(text.len, (len + 2) / 3 * 4);
		for (size_t i = 0; i < len; i++) {
			const char *group = text.data + i / 3 * 4;
			size_t left = value(group[i % 3]), right = value(group[i % 3 + 1]);

			assert_int_equal((left << (2 * (i % 3) + 2) | right >> (4 - 2 * (i % 3))) &
						 255,
					 bytes[i]);
		}
	}
}

static void text_that_passes_the_cap_leaves_the_buffer_as_it_was(void **state)
{
	unsigned char bytes[2000] = { 0 };
	auto_buf text = BUF_INIT(2000);

	(void)state;
	assert_true(buf_add_text(&text, "before"));
	assert_false(base64_encode(bytes, sizeof(bytes), &text));
	assert_string_equal(buf_text(&text), "before");
	assert_true(base64_encode(bytes, 1494, &text));
	assert_int_equal(text.len, 1998);
	assert_false(base64_encode(bytes, 1, &text));
	assert_true(base64_encode(bytes, 0, &text));
}

static void nothing_is_added_when_only_the_last_group_passes_the_cap(void **state)
{
	unsigned char bytes[769] = { 0 };
	auto_buf text = BUF_INIT(1024);

	(void)state;
	assert_false(base64_encode(bytes, 769, &text));
	assert_int_equal(text.len, 0);
	assert_true(base64_encode(bytes, 768, &text));
	assert_int_equal(text.len, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_standard_are_met),
		cmocka_unit_test(what_is_not_exactly_base64_is_not_decoded),
		cmocka_unit_test(all_digits_come_out),
		cmocka_unit_test(every_length_around_a_chunk_reads_back_equal),
		cmocka_unit_test(text_that_passes_the_cap_leaves_the_buffer_as_it_was),
		cmocka_unit_test(nothing_is_added_when_only_the_last_group_passes_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
