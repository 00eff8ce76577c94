/* Conditional and partial downloads: which answer, which bytes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "internal.h"

static void an_entity_tag_is_quoted_and_of_one_length(void **state)
{
	char etag[ETAG_SIZE];

	(void)state;
	etag_format(0, etag);
	assert_string_equal(etag, "\"0000000000000000\"");
	etag_format(UINT64_MAX, etag);
	assert_string_equal(etag, "\"ffffffffffffffff\"");
}

static void a_list_of_tags_is_read_by_the_RFC(void **state)
{
	static const struct {
		const char *list;
		bool strong, weak;
	} cases[] = {
		{ "\"a\"", true, true },
		{ "*", true, true },
		{ " * ", false, false },
		{ "W/\"a\"", false, true },
		{ "\"b\", \"a\"", true, true },
		{ "\"b\",W/\"a\"", false, true },
		{ "\"b\"", false, false },
		{ "\"ab\"", false, false },
		{ "a", false, false },
		{ "\"a", false, false },
		{ "", false, false },
		{ "w/\"a\"", false, false },
		{ "\"b\" x \"a\"", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (etag_is_listed(cases[i].list, "\"a\"", false) != cases[i].strong ||
		    etag_is_listed(cases[i].list, "\"a\"", true) != cases[i].weak)
			fail_msg("%s", cases[i].list);
	}
}

static void each_wish_gets_its_answer(void **state)
{
	static const struct {
		struct file_wish wish;
		struct file_plan wanted;
	} cases[] = {
		{ { 0 }, { 200, 0, 100 } },
		{ { .range = "bytes=10-19" }, { 206, 10, 10 } },
		{ { .range = "bytes=100-" }, { 416, 0, 0 } },
		{ { .range = "bytes=0-1,5-6" }, { 200, 0, 100 } },
		{ { .range = "bytes=10-19", .if_range = "\"a\"" }, { 206, 10, 10 } },
		{ { .range = "bytes=10-19", .if_range = "\"b\"" }, { 200, 0, 100 } },
		{ { .range = "bytes=10-19", .if_range = "W/\"a\"" }, { 200, 0, 100 } },
		{ { .range = "bytes=10-19", .if_range = "*" }, { 200, 0, 100 } },
		{ { .range = "bytes=500-", .if_range = "\"b\"" }, { 200, 0, 100 } },
		{ { .range = "bytes=10-19", .if_range = "Fri, 20 Nov 2026 10:02:03 GMT" },
		  { 200, 0, 100 } },
		{ { .if_none_match = "\"a\"" }, { 304, 0, 0 } },
		{ { .if_none_match = "W/\"a\"" }, { 304, 0, 0 } },
		{ { .if_none_match = "*" }, { 304, 0, 0 } },
		{ { .if_none_match = "\"b\"" }, { 200, 0, 100 } },
		{ { .if_none_match = "\"a\"", .range = "bytes=0-1" }, { 304, 0, 0 } },
		{ { .if_match = "\"a\"" }, { 200, 0, 100 } },
		{ { .if_match = "\"b\"", .range = "bytes=0-1" }, { 412, 0, 0 } },
		{ { .if_match = "W/\"a\"" }, { 412, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file_plan plan;

		file_plan_make(&cases[i].wish, "\"a\"", 100, &plan);
		if (plan.status != cases[i].wanted.status || plan.first != cases[i].wanted.first ||
		    plan.length != cases[i].wanted.length)
			fail_msg("case %zu: %d %ju+%ju", i, plan.status, (uintmax_t)plan.first,
				 (uintmax_t)plan.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entity_tag_is_quoted_and_of_one_length),
		cmocka_unit_test(a_list_of_tags_is_read_by_the_RFC),
		cmocka_unit_test(each_wish_gets_its_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
