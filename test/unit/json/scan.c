/* The strict scan, by a table of good and bad texts in the manner of JSONTestSuite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "internal.h"

static const char *const good[] = {
	"0",
	"-0",
	"123.456e78",
	"1E+2",
	"0e-0",
	"-1.5",
	"\"\"",
	"true",
	"false",
	"null",
	" \t\r\n1 \n",
	"[]",
	"[ ]",
	"{}",
	"{ }",
	"[1,2 , 3]",
	"[[],[[]],{}]",
	"{\"a\":1,\"b\":[{\"a\":2}],\"A\":3}",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
	"\"\\ud83d\\ude00\"",
	"\"\\uFFFF\"",
	"\"\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4\"",
	"\"\xf4\x8f\xbf\xbf\"",
	"\"\x7f\"",
	"{\"\":0}",
	"{\"a\":1,\"a \":2}",
	"{\"\\u0061b\":1,\"ac\":2}",
	"[-0.0000000000000000000000000000000000000000000000000000000000000000000000000000001]",
	"123123e100000",
	"\"\\u0001\"",
	"\"\xe2\x80\xa8\"",
};

static const struct {
	const char *text;
	size_t at;         /* the byte that is blamed */
	const char *fault; /* a part of the sentence */
} bad[] = {
	{ "", 0, "too early" },
	{ "  ", 2, "too early" },
	{ "[", 1, "too early" },
	{ "[1", 2, "too early" },
	{ "[1,", 3, "too early" },
	{ "[1,]", 3, "a value" },
	{ "[,1]", 1, "a value" },
	{ "[1,,2]", 3, "a value" },
	{ "[1 2]", 3, "a comma or ]" },
	{ "[1}", 2, "a comma or ]" },
	{ "]", 0, "a value" },
	{ "[1]]", 3, "follows" },
	{ "1 2", 2, "follows" },
	{ "{}{}", 2, "follows" },
	{ "01", 1, "follows" },
	{ "-01", 2, "follows" },
	{ "1.", 2, "too early" },
	{ "[1.]", 3, "a digit" },
	{ "[.5]", 1, "a value" },
	{ "[-]", 2, "a digit" },
	{ "[+1]", 1, "a value" },
	{ "[1e]", 3, "a digit" },
	{ "[1e+]", 4, "a digit" },
	{ "[1.e1]", 3, "a digit" },
	{ "[0x1]", 2, "a comma" },
	{ "[1_000]", 2, "a comma" },
	{ "NaN", 0, "a value" },
	{ "Infinity", 0, "a value" },
	{ "-Infinity", 1, "a digit" },
	{ "nul", 0, "a value" },
	{ "True", 0, "a value" },
	{ "truex", 4, "follows" },
	{ "'a'", 0, "a value" },
	{ "abc", 0, "a value" },
	{ "\"", 1, "too early" },
	{ "\"a", 2, "too early" },
	{ "\"\\", 2, "too early" },
	{ "\"\\\"", 3, "too early" },
	{ "\"\\x\"", 2, "no such escape" },
	{ "\"\\u12\"", 1, "four hexadecimal" },
	{ "\"\\u00g0\"", 1, "four hexadecimal" },
	{ "\"\\U0041\"", 2, "no such escape" },
	{ "\"a\tb\"", 2, "control character" },
	{ "\"a\nb\"", 2, "control character" },
	{ "\"\\u0000\"", 1, "\\u0000" },
	{ "\"x\\ud800\"", 2, "surrogate" },
	{ "\"\\udc00\"", 1, "surrogate" },
	{ "\"\\ud800\\ud800\"", 1, "surrogate" },
	{ "\"\\ud800\\u0041\"", 1, "surrogate" },
	{ "\"\\ud800x\"", 1, "surrogate" },
	{ "\"\\ud83d\\ude0\"", 1, "surrogate" },
	{ "\"\xff\"", 1, "UTF-8" },
	{ "\"\xc0\xaf\"", 1, "UTF-8" },
	{ "\"\xed\xa0\x80\"", 1, "UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", 1, "UTF-8" },
	{ "\"\xe2\x82\"", 1, "UTF-8" },
	{ "\xef\xbb\xbf{}", 0, "a value" },
	{ "\xff", 0, "a value" },
	{ "[1]\xc2\xa0", 3, "follows" },
	{ "\f1", 0, "a value" },
	{ "\v1", 0, "a value" },
	{ "{", 1, "too early" },
	{ "{1:2}", 1, "a string" },
	{ "{a:1}", 1, "a string" },
	{ "{\"a\"}", 4, "a colon" },
	{ "{\"a\" 1}", 5, "a colon" },
	{ "{\"a\":}", 5, "a value" },
	{ "{\"a\":1,}", 7, "a string" },
	{ "{\"a\":1 \"b\":2}", 7, "a comma or }" },
	{ "{\"a\":1]", 6, "a comma or }" },
	{ "{,}", 1, "a string" },
	{ "// c\n1", 0, "a value" },
	{ "[1/**/]", 2, "a comma" },
	{ "{\"a\":1,\"a\":1}", 8, "same name" },
	{ "{\"a\":1,\"b\":2,\"\\u0061\":3}", 14, "same name" },
	{ "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\uDE00\":2}", 11, "same name" },
	{ "[{\"x\":{\"k\":1,\"k\":2}}]", 14, "same name" },
	{ "{\"k\":{\"k\":1},\"k\":2}", 14, "same name" },
	{ "{\"/\":1,\"\\/\":2}", 8, "same name" },
};

static void good_texts_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct error err = { .kind = ERROR_NONE };
		auto_json value = NULL;

		if (!json_scan(good[i], strlen(good[i]), &err))
			fail_msg("%s: %s", good[i], err.text);
		value = json_parse(good[i], strlen(good[i]), &err);
		if (!value)
			fail_msg("%s: %s", good[i], err.text);
	}
}

static void bad_texts_are_refused_at_the_right_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { .kind = ERROR_NONE };
		char where[32];

		snprintf(where, sizeof(where), "at byte %zu:", bad[i].at);
		if (json_scan(bad[i].text, strlen(bad[i].text), &err))
			fail_msg("accepted: %s", bad[i].text);
		assert_int_equal(err.kind, ERROR_INVALID);
		if (!strstr(err.text, where) || !strstr(err.text, bad[i].fault))
			fail_msg("%s: %s (wanted %s %s)", bad[i].text, err.text, where,
				 bad[i].fault);
	}
}

static void every_beginning_of_a_good_text_is_looked_at_within_its_bounds(void **state)
{
	static const char text[] = "{\"a\\ud83d\\ude00\":[1.5e+3,true,null,\"\\n\xed\x95\x9c\"]}";
	struct error err;

	(void)state;
	/* Each copy has exactly its size, so that a read behind it is found. */
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, text, len);
		assert_false(json_scan(copy, len, &err));
		free(copy);
	}
}

static void a_zero_byte_is_not_an_end(void **state)
{
	struct error err;

	(void)state;
	assert_false(json_scan("1\0", 2, &err));
	assert_false(json_scan("\"a\0b\"", 5, &err));
	assert_false(json_scan("[\0]", 3, &err));
	assert_false(json_scan("\"\\\0\"", 4, &err));
}

static bool scan_nested(size_t depth, char open, char close)
{
	char text[2 * JSON_DEPTH_MAX + 16];
	struct error err;

	memset(text, open, depth);
	memset(text + depth, close, depth);
	return json_scan(text, 2 * depth, &err);
}

static void nesting_has_a_bound(void **state)
{
	struct error err;
	auto_buf deep = BUF_INIT(1 << 20);

	(void)state;
	assert_true(scan_nested(JSON_DEPTH_MAX, '[', ']'));
	assert_false(scan_nested(JSON_DEPTH_MAX + 1, '[', ']'));
	for (int i = 0; i < 100000; i++)
		buf_add_text(&deep, "[");
	assert_false(json_scan(deep.data, deep.len, &err));
	assert_non_null(strstr(err.text, "nested too deeply"));
	buf_clear(&deep);
	for (int i = 0; i < 100000; i++)
		buf_add_text(&deep, "{\"a\":");
	assert_false(json_scan(deep.data, deep.len, &err));
}

static void many_members_are_compared_in_reasonable_time(void **state)
{
	auto_buf text = BUF_INIT(64 << 20);
	int64_t start = clock_mono_ms();
	struct error err;

	(void)state;
	buf_add_text(&text, "{");
	for (int i = 0; i < 100000; i++)
		buf_addf(&text, "\"a-name-with-a-common-beginning-%d\":0,", i);
	buf_add_text(&text, "\"z\":0}");
	assert_true(json_scan(text.data, text.len, &err));
	text.len -= 6;
	buf_add_text(&text, "\"a-name-with-a-common-beginning-500\":1}");
	assert_false(json_scan(text.data, text.len, &err));
	assert_non_null(strstr(err.text, "same name"));
	assert_true(clock_mono_ms() - start < 20000);
}

static void the_number_of_values_has_a_bound(void **state)
{
	auto_buf text = BUF_INIT(1 << 20);
	struct error err;

	(void)state;
	buf_add_text(&text, "[0");
	for (int i = 0; i < JSON_VALUES_MAX; i++)
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]");
	assert_false(json_scan(text.data, text.len, &err));
	assert_non_null(strstr(err.text, "too many values"));
}

static void raw_is(const char *text, const char *key, const char *wanted)
{
	struct error err;
	const char *start = NULL;
	size_t len = 0;
	bool found;

	assert_true(json_scan(text, strlen(text), &err));
	found = json_raw_member(text, strlen(text), key, &start, &len);
	assert_int_equal(found, wanted != NULL);
	if (!wanted)
		return;
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(start, wanted, len);
}

static void a_member_is_found_as_it_was_sent(void **state)
{
	(void)state;
	raw_is("{\"id\":1.0}", "id", "1.0");
	raw_is(" { \"x\" : {\"id\":2} , \"id\" :\t12345678901234567890 } ", "id",
	       "12345678901234567890");
	raw_is("{\"id\":\"a\\u0062 \"}", "id", "\"a\\u0062 \"");
	raw_is("{\"\\u0069d\":null}", "id", "null");
	raw_is("{\"id\":[ 1, {} ] }", "id", "[ 1, {} ]");
	raw_is("{\"Id\":1,\"i\":2,\"idd\":3}", "id", NULL);
	raw_is("{}", "id", NULL);
	raw_is("[\"id\"]", "id", NULL);
	raw_is("7", "id", NULL);
	raw_is("{\"\":5}", "", "5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_texts_pass),
		cmocka_unit_test(bad_texts_are_refused_at_the_right_byte),
		cmocka_unit_test(every_beginning_of_a_good_text_is_looked_at_within_its_bounds),
		cmocka_unit_test(a_zero_byte_is_not_an_end),
		cmocka_unit_test(nesting_has_a_bound),
		cmocka_unit_test(many_members_are_compared_in_reasonable_time),
		cmocka_unit_test(the_number_of_values_has_a_bound),
		cmocka_unit_test(a_member_is_found_as_it_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
