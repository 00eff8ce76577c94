/* Errors, log lines, times and identifiers: the small facts everything else is told with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "error.h"
#include "id.h"
#include "log.h"
#include "own.h"
#include "utf8.h"

static void an_error_is_wrapped_and_keeps_its_kind(void **state)
{
	struct error err;

	(void)state;
	assert_false(error_set(&err, ERROR_LIMIT, "%d of %d\n", 5, 4));
	assert_string_equal(err.text, "5 of 4");
	assert_false(error_wrap(&err, "making %s", "c-1"));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_string_equal(err.text, "making c-1: 5 of 4");
	assert_null(err.next);
	assert_false(err.retryable);
	assert_false(error_advise(&err, "wait", true));
	error_wrap(&err, "then");
	assert_string_equal(err.next, "wait");
	assert_true(err.retryable);
	assert_false(error_set_errno(&err, ERROR_UNAVAILABLE, ENOENT, "opening %s", "x"));
	assert_string_equal(err.text, "opening x: No such file or directory");
	assert_null(err.next);
	assert_true(err.retryable);
	assert_false(error_set(&err, ERROR_INVALID, "again: %s", err.text));
	assert_string_equal(err.text, "again: opening x: No such file or directory");
}

static void a_long_error_is_cut_at_a_character(void **state)
{
	char text[2000];
	struct error err;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xed\x95\x9c", 4);
		error_set(&err, ERROR_INTERNAL, "%s", text);
		assert_true(strlen(err.text) >= sizeof(err.text) - 4);
		assert_true(utf8_is_valid(err.text, strlen(err.text)));
		error_wrap(&err, "a");
		assert_true(utf8_is_valid(err.text, strlen(err.text)));
	}
}

static void kinds_have_stable_names(void **state)
{
	(void)state;
	assert_string_equal(error_kind_name(ERROR_NOT_FOUND), "not_found");
	assert_string_equal(error_kind_name(ERROR_GONE), "gone");
	assert_string_equal(error_kind_name(ERROR_INTERNAL), "internal");
	assert_true(error_kind_is_retryable(ERROR_TIMEOUT));
	assert_true(error_kind_is_retryable(ERROR_UNAVAILABLE));
	assert_false(error_kind_is_retryable(ERROR_INVALID));
	assert_false(error_kind_is_retryable(ERROR_GONE));
}

static const struct {
	int64_t ms;
	const char *iso, *http, *hm;
} dates[] = {
	{ 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "00:00" },
	{ 784111777000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT", "08:49" },
	{ 951782399999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT", "23:59" },
	{ 951782400000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT", "00:00" },
	{ 1795168923456, "2026-11-20T10:02:03.456Z", "Fri, 20 Nov 2026 10:02:03 GMT", "10:02" },
	{ -1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT", "23:59" },
	{ -62135596800000, "0001-01-01T00:00:00.000Z", "Mon, 01 Jan 0001 00:00:00 GMT", "00:00" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT", "23:59" },
	{ 253402300800000, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "00:00" },
	{ INT64_MAX, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "00:00" },
	{ INT64_MIN, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "00:00" },
};

static void known_dates_are_written_in_all_forms(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		clock_format(dates[i].ms, text);
		assert_string_equal(text, dates[i].iso);
		clock_format_http(dates[i].ms, text);
		assert_string_equal(text, dates[i].http);
		clock_format_hm(dates[i].ms, text);
		assert_string_equal(text, dates[i].hm);
	}
}

static void clocks_agree_with_themselves(void **state)
{
	int64_t ms = clock_mono_ms();

	(void)state;
	assert_in_range(clock_mono_ms() - ms, 0, 10000);
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void ids_have_their_form_and_do_not_repeat(void **state)
{
	enum { COUNT = 10000 };
	char(*ids)[ID_SIZE] = mem_zeroed(COUNT, ID_SIZE);

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		id_new("c-", ids[i]);
		assert_int_equal(strlen(ids[i]), 28);
		assert_true(id_is_formed("c-", ids[i]));
	}
	qsort(ids, COUNT, ID_SIZE, compare_ids);
	for (size_t i = 1; i < COUNT; i++)
		assert_true(strcmp(ids[i - 1], ids[i]) != 0);
	free(ids);
}

static void every_character_of_the_alphabet_occurs_in_ids(void **state)
{
	int seen[256] = { 0 };
	int different = 0;
	char id[ID_SIZE];

	(void)state;
	for (int i = 0; i < 400; i++) {
		id_new("", id);
		for (const char *c = id; *c; c++)
			seen[(unsigned char)*c]++;
	}
	for (int i = 0; i < 256; i++)
		different += seen[i] > 0;
	assert_int_equal(different, 32);
}

static void what_is_not_of_the_form_of_an_id_is_known(void **state)
{
	static const char fine[] = "c-abcdefghijklmnopqrstuvwx23";

	(void)state;
	assert_true(id_is_formed("c-", fine));
	assert_false(id_is_formed("x-", fine));
	assert_false(id_is_formed("", fine));
	assert_false(id_is_formed("c-", ""));
	assert_false(id_is_formed("c-", "c-"));
	assert_false(id_is_formed("c-", "c-abc"));
	assert_false(id_is_formed("c-", "c-abcdefghijklmnopqrstuvwx234"));
	assert_false(id_is_formed("c-", "c-abcdefghijklmnopqrstuvwx2"));
	assert_false(id_is_formed("c-", "c-Abcdefghijklmnopqrstuvwx23"));
	assert_false(id_is_formed("c-", "c-abcdefghijklmnopqrstuvwx21"));
	assert_false(id_is_formed("c-", "c-abcdefghijklmnopqrstuvwx2\n"));
}

/* What log_write puts on standard error, without its time. */
static char *logged(enum log_level level, const char *subject, const char *fact)
{
	int ends[2];
	int saved = dup(STDERR_FILENO);
	char line[8192];
	ssize_t len;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	log_write(level, subject, "%s", fact);
	dup2(saved, STDERR_FILENO);
	len = read(ends[0], line, sizeof(line));
	close(ends[0]);
	close(ends[1]);
	close(saved);
	return mem_strndup(line, len < 0 ? 0 : (size_t)len);
}

static void a_log_line_is_one_line_whatever_it_quotes(void **state)
{
	auto_str line = NULL;

	(void)state;
	log_open(LOG_INFO, LOG_TEXT);
	line = logged(LOG_WARN, "c-1", "a \"b\"\n\x1b[2Jc\xff\xed\x95\x9c");
	assert_int_equal(line[23], 'Z');
	assert_string_equal(line + 24, " warn  c-1: a \"b\"\\u000a\\u001b[2Jc\xef\xbf\xbd"
				       "\xed\x95\x9c\n");
}

static void a_log_line_can_be_json(void **state)
{
	auto_str line = NULL;

	(void)state;
	log_open(LOG_DEBUG, LOG_JSON);
	line = logged(LOG_DEBUG, "x\"y", "a\\b\nc");
	assert_memory_equal(line, "{\"time\":\"", 9);
	assert_string_equal(line + 33, "\",\"level\":\"debug\",\"subject\":\"x\\\"y\","
				       "\"fact\":\"a\\\\b\\u000ac\"}\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
	auto_str line = NULL;

	(void)state;
	log_open(LOG_WARN, LOG_TEXT);
	line = logged(LOG_INFO, "x", "y");
	assert_string_equal(line, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_wrapped_and_keeps_its_kind),
		cmocka_unit_test(a_long_error_is_cut_at_a_character),
		cmocka_unit_test(kinds_have_stable_names),
		cmocka_unit_test(known_dates_are_written_in_all_forms),
		cmocka_unit_test(clocks_agree_with_themselves),
		cmocka_unit_test(ids_have_their_form_and_do_not_repeat),
		cmocka_unit_test(every_character_of_the_alphabet_occurs_in_ids),
		cmocka_unit_test(what_is_not_of_the_form_of_an_id_is_known),
		cmocka_unit_test(a_log_line_is_one_line_whatever_it_quotes),
		cmocka_unit_test(a_log_line_can_be_json),
		cmocka_unit_test(lines_below_the_level_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
