/* Reading members and building values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>
#include "json.h"

static struct json *parse(const char *text)
{
	struct error err;
	struct json *value = json_parse(text, strlen(text), &err);

	if (!value)
		fail_msg("%s: %s", text, err.text);
	return value;
}

static void prints_as(struct json *value, const char *wanted)
{
	auto_json owned = value;
	auto_str text = json_print(owned);

	assert_string_equal(text, wanted);
}

static void members_are_read_by_type_and_with_their_case(void **state)
{
	auto_json v =
		parse("{\"t\":\"x\",\"n\":12,\"b\":true,\"o\":{},\"a\":[],\"z\":null,\"T\":3}");
	int64_t number = -1;

	(void)state;
	assert_string_equal(json_get_text(v, "t"), "x");
	assert_null(json_get_text(v, "n"));
	assert_null(json_get_text(v, "absent"));
	assert_true(json_get_int(v, "n", &number));
	assert_int_equal(number, 12);
	assert_false(json_get_int(v, "t", &number));
	assert_int_equal(number, 12);
	assert_true(json_get_bool(v, "b", false));
	assert_true(json_get_bool(v, "n", true));
	assert_false(json_get_bool(v, "absent", false));
	assert_non_null(json_get_object(v, "o"));
	assert_null(json_get_object(v, "a"));
	assert_non_null(json_get_array(v, "a"));
	assert_null(json_get_array(v, "o"));
	assert_int_equal(json_type(json_get(v, "z")), JSON_NULL);
	assert_true(json_get_int(v, "T", &number));
	assert_null(json_get(json_get(v, "a"), "t"));
	assert_null(json_get(NULL, "t"));
}

static void whole_numbers_are_exact_or_refused(void **state)
{
	auto_json v = parse("[9007199254740992,-9007199254740992,9007199254740994,1.5,1e3,1e400,"
			    "-1e400,\"1\",-0]");
	static const int64_t wanted[] = {
		9007199254740992, -9007199254740992, -1, -1, 1000, -1, -1, -1, 0
	};
	const struct json *item = json_first(v);

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++, item = json_next(item)) {
		int64_t number = -1;

		assert_int_equal(json_whole(item, &number), wanted[i] != -1);
		assert_int_equal(number, wanted[i]);
	}
	assert_null(item);
}

static void huge_and_long_numbers_are_finite(void **state)
{
	static const char text[] =
		"{\"a\":0.333333333333333333333333333333333333333333333333333333333333333333333333,"
		"\"b\":1000000000000000000000000000000000000000000000000000000000000000000000000,"
		"\"c\":1e999,\"d\":-1e999}";
	auto_json v = parse(text);

	(void)state;
	assert_true(json_double(json_get(v, "a")) == 1.0 / 3);
	assert_true(json_double(json_get(v, "b")) == 1e72);
	assert_true(json_double(json_get(v, "c")) == DBL_MAX);
	assert_true(json_double(json_get(v, "d")) == -DBL_MAX);
	assert_true(json_double(v) == 0);
	assert_true(json_double(NULL) == 0);
}

static void types_have_names_for_sentences(void **state)
{
	auto_json v = parse("[null,false,1,\"\",[],{}]");
	static const char *const names[] = { "null",     "a boolean", "a number",
					     "a string", "an array",  "an object" };
	size_t i = 0;

	(void)state;
	for (const struct json *m = json_first(v); m; m = json_next(m), i++) {
		assert_string_equal(json_type_name(m), names[i]);
		assert_null(json_key(m));
	}
	assert_int_equal(i, json_size(v));
	assert_string_equal(json_type_name(NULL), "nothing");
}

static void walking_an_object_gives_keys_in_their_order(void **state)
{
	auto_json v = parse("{\"z\":1,\"a\":2,\"\\u00e9\":3}");
	const struct json *m = json_first(v);

	(void)state;
	assert_string_equal(json_key(m), "z");
	assert_string_equal(json_key(m = json_next(m)), "a");
	assert_string_equal(json_key(m = json_next(m)), "\xc3\xa9");
	assert_null(json_next(m));
	assert_null(json_first(NULL));
	assert_null(json_first(json_get(v, "a")));
	assert_int_equal(json_size(NULL), 0);
}

static void a_faulty_text_gives_an_error_and_no_value(void **state)
{
	struct error err;

	(void)state;
	assert_null(json_parse("{\"a\":1,\"a\":2}", 13, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
}

static void only_the_given_length_is_read(void **state)
{
	struct error err;
	auto_json v = json_parse("[1,2]xyz", 5, &err);

	(void)state;
	assert_int_equal(json_size(v), 2);
}

static void integers_are_printed_exactly(void **state)
{
	(void)state;
	prints_as(json_new_int(0), "0");
	prints_as(json_new_int(-1), "-1");
	prints_as(json_new_int(100000), "100000");
	prints_as(json_new_int(999999999999999), "999999999999999");
	prints_as(json_new_int(1000000000000000), "1000000000000000");
	prints_as(json_new_int(1700000000000), "1700000000000");
	prints_as(json_new_int(INT64_MAX), "9223372036854775807");
	prints_as(json_new_int(INT64_MIN), "-9223372036854775808");
}

static void a_built_integer_can_be_read_back(void **state)
{
	auto_json v = json_object();
	int64_t number = 0;

	(void)state;
	json_put_int(v, "small", 5);
	json_put_int(v, "large", 9007199254740991);
	assert_true(json_get_int(v, "small", &number));
	assert_int_equal(number, 5);
	assert_true(json_get_int(v, "large", &number));
	assert_int_equal(number, 9007199254740991);
	assert_int_equal(json_type(json_get(v, "large")), JSON_NUMBER);
}

static void doubles_that_json_has_no_word_for_are_null(void **state)
{
	(void)state;
	prints_as(json_new_double(0.5), "0.5");
	prints_as(json_new_double(0.1), "0.1");
	prints_as(json_new_double(NAN), "null");
	prints_as(json_new_double(INFINITY), "null");
}

static void text_is_escaped_and_always_valid(void **state)
{
	(void)state;
	prints_as(json_new_text("a\"\\\n\x01\x1f/\xed\x95\x9c"),
		  "\"a\\\"\\\\\\n\\u0001\\u001f/\xed\x95\x9c\"");
	prints_as(json_new_text("a\xff"), "\"a\xef\xbf\xbd\"");
	prints_as(json_new_text(NULL), "null");
}

static void putting_a_key_again_replaces_it(void **state)
{
	struct json *v = json_object();

	(void)state;
	json_put_int(v, "a", 1);
	json_put_text(v, "b", "x");
	json_put_bool(v, "a", true);
	json_put_int(v, "A", 2);
	json_put(v, "c", NULL);
	prints_as(v, "{\"a\":true,\"b\":\"x\",\"A\":2}");
}

static void values_nest_and_raw_text_is_kept(void **state)
{
	struct json *v = json_object();
	struct json *list = json_array();

	(void)state;
	json_append(list, json_new_null());
	json_append(list, json_new_raw("{\"x\": 1.0}, not this", 10));
	json_append(list, NULL);
	json_put(v, "list", list);
	json_put(v, "copy", json_copy(list));
	prints_as(v, "{\"list\":[null,{\"x\": 1.0}],\"copy\":[null,{\"x\": 1.0}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_by_type_and_with_their_case),
		cmocka_unit_test(whole_numbers_are_exact_or_refused),
		cmocka_unit_test(huge_and_long_numbers_are_finite),
		cmocka_unit_test(types_have_names_for_sentences),
		cmocka_unit_test(walking_an_object_gives_keys_in_their_order),
		cmocka_unit_test(a_faulty_text_gives_an_error_and_no_value),
		cmocka_unit_test(only_the_given_length_is_read),
		cmocka_unit_test(integers_are_printed_exactly),
		cmocka_unit_test(a_built_integer_can_be_read_back),
		cmocka_unit_test(doubles_that_json_has_no_word_for_are_null),
		cmocka_unit_test(text_is_escaped_and_always_valid),
		cmocka_unit_test(putting_a_key_again_replaces_it),
		cmocka_unit_test(values_nest_and_raw_text_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
