/* The argument reader: what is taken, what is corrected, what is refused and in which words. */
#include "fixture.h"

static void call_picky(struct fixture *f, const char *args)
{
	auto_str text = mem_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
				   "\"params\":{\"name\":\"picky\",\"arguments\":%s}}",
				   args);

	say(f, text);
	assert_int_equal(f->status, 200);
}

static void expect_refusal(struct fixture *f, const char *args, const char *sentence)
{
	call_picky(f, args);
	assert_contains(f->answer, "\"isError\":true");
	assert_contains(f->answer, "\"code\":\"invalid\"");
	assert_contains(f->answer, "\"retryable\":false");
	assert_contains(f->answer, sentence);
}

static void good_arguments_are_read(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{\"command\":\"ls\",\"count\":45,\"ratio\":0.5,\"loud\":true,"
		      "\"env\":{},\"colour\":\"red\"}");
	assert_contains(f->answer,
			"\"structuredContent\":{\"command\":\"ls\",\"count\":45,\"ratio\":0.5,"
			"\"loud\":true,\"colour\":\"red\"}");
	assert_null(strstr(f->answer, "isError"));
	assert_null(strstr(f->answer, "warning"));
}

static void an_alias_stands_for_the_name(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{\"cmd\":\"ls\"}");
	assert_contains(f->answer, "{\"command\":\"ls\"}");
	assert_null(strstr(f->answer, "warning"));
}

static void the_name_wins_over_its_alias(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{\"cmd\":\"no\",\"command\":\"yes\"}");
	assert_contains(f->answer, "\"command\":\"yes\"");
	assert_contains(f->answer, "\\\"cmd\\\" was ignored");
}

static void null_says_the_same_as_absence(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{\"command\":\"ls\",\"count\":null}");
	assert_contains(f->answer, "{\"command\":\"ls\"}");
	expect_refusal(f, "{\"command\":null}",
		       "command is missing: it must be a non-empty string");
}

static void unknown_names_become_warnings_in_both_forms(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{\"command\":\"ls\",\"colour_\":1,\"Count\":3}");
	assert_contains(f->answer, "\"warnings\":[\"the argument \\\"colour_\\\" is unknown");
	assert_contains(f->answer, "\"text\":\"warning: the argument \\\"Count\\\" is unknown");
	assert_contains(f->answer, "known are: command, count, ratio, loud, env, colour");
}

static void a_missing_argument_is_named(void **state)
{
	expect_refusal(*state, "{}", "command is missing: it must be a non-empty string");
}

static void a_wrong_type_is_named_with_the_value(void **state)
{
	struct fixture *f = *state;

	expect_refusal(f, "{\"command\":5}",
		       "command must be a non-empty string, but it is a number 5");
	expect_refusal(f, "{\"command\":\"\"}",
		       "command must be a non-empty string, but it is a string \\\"\\\"");
	expect_refusal(f, "{\"command\":\"x\",\"count\":\"3\"}",
		       "count must be a whole number from 1 to 45, but it is a string \\\"3\\\"");
	expect_refusal(f, "{\"command\":\"x\",\"count\":1.5}", "a whole number from 1 to 45");
	expect_refusal(f, "{\"command\":\"x\",\"ratio\":true}",
		       "ratio must be a number from 0 to 2");
	expect_refusal(f, "{\"command\":\"x\",\"loud\":1}", "loud must be true or false");
	expect_refusal(f, "{\"command\":\"x\",\"env\":[]}", "env must be an object");
	expect_refusal(f, "{\"command\":\"x\",\"colour\":\"blue\"}",
		       "colour must be \\\"red\\\" or \\\"green\\\", but it is a string");
	expect_refusal(f, "{\"command\":\"x\",\"colour\":3}", "but it is a number 3");
}

static void bounds_are_kept(void **state)
{
	struct fixture *f = *state;

	expect_refusal(f, "{\"command\":\"x\",\"count\":0}", "from 1 to 45, but it is a number 0");
	expect_refusal(f, "{\"command\":\"x\",\"count\":46}", "from 1 to 45");
	expect_refusal(f, "{\"command\":\"x\",\"ratio\":2.1}", "from 0 to 2");
	expect_refusal(f, "{\"command\":\"012345678901234567890\"}",
		       "command has 21 bytes; at most 20 are taken");
}

static void a_long_value_is_shown_in_part(void **state)
{
	struct fixture *f = *state;

	/* 61 bytes end inside a character. */
	expect_refusal(f,
		       "{\"command\":\"x\",\"count\":"
		       "\"ééééééééééééééééééééééééééééééééééééééééééééééééééééééééé\"}",
		       "ééééé…");
}

static void the_next_step_is_told(void **state)
{
	struct fixture *f = *state;

	call_picky(f, "{}");
	assert_contains(f->answer, "Next: correct the arguments and call again.");
	assert_contains(f->answer, "Making the same call again will not help.");
	assert_contains(f->answer, "\"next\":\"correct the arguments and call again\"");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(good_arguments_are_read),
		WITH_FIXTURE(an_alias_stands_for_the_name),
		WITH_FIXTURE(the_name_wins_over_its_alias),
		WITH_FIXTURE(null_says_the_same_as_absence),
		WITH_FIXTURE(unknown_names_become_warnings_in_both_forms),
		WITH_FIXTURE(a_missing_argument_is_named),
		WITH_FIXTURE(a_wrong_type_is_named_with_the_value),
		WITH_FIXTURE(bounds_are_kept),
		WITH_FIXTURE(a_long_value_is_shown_in_part),
		WITH_FIXTURE(the_next_step_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
