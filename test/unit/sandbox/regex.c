/* Searching hostile output with hostile expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"

static enum regex_result find(const char *pattern, const char *data, bool line_start)
{
	struct error err;
	auto_regex regex = regex_new(pattern, &err);

	if (!regex)
		fail_msg("%s: %s", pattern, err.text);
	return regex_search(regex, data, strlen(data), line_start);
}

static void words_lines_and_alternatives_are_found(void **state)
{
	(void)state;
	assert_int_equal(find("er+or", "an error", true), REGEX_YES);
	assert_int_equal(find("^two$", "one\ntwo\nthree", true), REGEX_YES);
	assert_int_equal(find("^two$", "one\r\ntwo\r\nthree", true), REGEX_YES);
	assert_int_equal(find("three|four", "one\ntwo", true), REGEX_NO);
	assert_int_equal(find("(?i)ERROR", "an Error", true), REGEX_YES);
	assert_int_equal(find("한.어", "한국어", true), REGEX_YES);
}

static void a_piece_from_the_middle_of_a_line_is_not_its_beginning(void **state)
{
	(void)state;
	assert_int_equal(find("^two", "two\nthree", false), REGEX_NO);
	assert_int_equal(find("^three", "two\nthree", false), REGEX_YES);
}

static void bytes_that_are_not_utf8_do_not_hinder_the_rest(void **state)
{
	(void)state;
	assert_int_equal(find("ready", "\xff\xfe ready \xc3", true), REGEX_YES);
	assert_int_equal(find("a\\x{fffd}b",
			      "a\xff"
			      "b",
			      true),
			 REGEX_NO);
}

static void a_wrong_expression_names_the_place(void **state)
{
	struct error err;

	(void)state;
	assert_null(regex_new("ab(", &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.text, "at byte 3"));
	assert_null(regex_new("*", &err));
	assert_null(regex_new("\\C", &err));
}

static void an_expression_that_is_too_long_is_refused(void **state)
{
	static char pattern[5000];
	struct error err;

	(void)state;
	memset(pattern, 'a', sizeof(pattern) - 1);
	assert_null(regex_new(pattern, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
}

static void catastrophic_expressions_come_to_an_end(void **state)
{
	static const char *const patterns[] = {
		"(a+)+$",
		"(a|aa)+$",
		"^(([a-z])+.)+[A-Z]([a-z])+$",
		"[^x]*[yz]",
		"(.*a){12}[yz]",
		"(?:a?){60}a{60}[yz]",
		"(a*)*\\d",
		"(?s)(.+)+[yz]",
		"(?R)?a",
		/* The shortest way to very deep recursion. */
		"(a(?1)?)+z?[yz]",
	};
	static char data[REGEX_PIECE + 1];

	(void)state;
	memset(data, 'a', REGEX_PIECE - 1);
	data[REGEX_PIECE - 1] = '!';
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		int64_t begun = clock_mono_ms();

		(void)find(patterns[i], data, true);
		/* Sanitizers and a busy machine included. */
		assert_true(clock_mono_ms() - begun < 10000);
	}
}

static void the_limit_is_reported_and_not_taken_for_a_miss(void **state)
{
	static char data[REGEX_PIECE + 1];

	(void)state;
	memset(data, 'a', REGEX_PIECE);
	assert_int_equal(find("^(([a-z])+.)+[A-Z]([a-z])+$", data, true), REGEX_TOO_HARD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_lines_and_alternatives_are_found),
		cmocka_unit_test(a_piece_from_the_middle_of_a_line_is_not_its_beginning),
		cmocka_unit_test(bytes_that_are_not_utf8_do_not_hinder_the_rest),
		cmocka_unit_test(a_wrong_expression_names_the_place),
		cmocka_unit_test(an_expression_that_is_too_long_is_refused),
		cmocka_unit_test(catastrophic_expressions_come_to_an_end),
		cmocka_unit_test(the_limit_is_reported_and_not_taken_for_a_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
