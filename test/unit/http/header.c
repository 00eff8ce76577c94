/* The pure readers: media types, Accept, the target. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "internal.h"

static void a_media_type_follows_the_ending(void **state)
{
	(void)state;
	assert_string_equal(http_media_type("a.PNG"), "image/png");
	assert_string_equal(http_media_type("a.tar.gz"), "application/gzip");
	assert_string_equal(http_media_type("a.txt"), "text/plain");
	assert_string_equal(http_media_type("png"), "application/octet-stream");
	assert_string_equal(http_media_type("a."), "application/octet-stream");
	assert_string_equal(http_media_type(""), "application/octet-stream");
	assert_string_equal(http_media_type("a.pn"), "application/octet-stream");
}

static void a_parameter_of_the_query_is_found_and_decoded(void **state)
{
	static const struct {
		const char *target, *name, *value;
	} cases[] = {
		{ "/a?raw=png", "raw", "png" },   { "/a?b=1&raw=p%6eg", "raw", "png" },
		{ "/a?raw", "raw", "" },          { "/a?raw=", "raw", "" },
		{ "/a?raw=1&raw=2", "raw", "1" }, { "/a?rawest=1&raw=2", "raw", "2" },
		{ "/a?raw=b=c", "raw", "b=c" },   { "/a", "raw", NULL },
		{ "/a?", "raw", NULL },           { "/a?b", "raw", NULL },
		{ "/raw=1", "raw", NULL },        { "/a?raw=%", "raw", NULL },
		{ "/a?&&raw=1&", "raw", "1" },    { "/a?b=?raw=1", "raw", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *value = target_query(cases[i].target, strlen(cases[i].target), cases[i].name);

		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
		free(value);
	}
}

static void only_what_cannot_run_anything_is_inert(void **state)
{
	static const char *const live[] = { "text/html",
					    "image/svg+xml",
					    "application/pdf",
					    "text/javascript",
					    "application/xml",
					    "text/css",
					    "application/json",
					    "image/pngx",
					    "image/",
					    "",
					    "application/octet-stream" };

	(void)state;
	assert_true(http_media_is_inert("text/plain"));
	assert_true(http_media_is_inert("Text/Plain; charset=utf-8"));
	assert_true(http_media_is_inert("image/png"));
	assert_true(http_media_is_inert("video/mp4"));
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
		assert_false(http_media_is_inert(live[i]));
}

static void the_closest_range_of_Accept_decides(void **state)
{
	(void)state;
	assert_true(accept_allows(NULL, "text/html"));
	assert_true(accept_allows("*/*", "text/html"));
	assert_true(accept_allows("text/*;q=0.1", "text/html"));
	assert_true(accept_allows("application/json, text/event-stream", "text/event-stream"));
	assert_true(accept_allows("a/b;q=0,\ttext/html ; level=1;q=0.5", "TEXT/HTML"));
	assert_false(accept_allows("", "text/html"));
	assert_false(accept_allows("application/json", "text/html"));
	assert_false(accept_allows("text/html;q=0, */*", "text/html"));
	assert_false(accept_allows("*/*, text/html; q=0.000 ", "text/html"));
	assert_true(accept_allows("*/*;q=0, text/html", "text/html"));
	assert_true(accept_allows("text/html;q=0.001", "text/html"));
	assert_false(accept_allows("text/htmlx, xtext/html, text", "text/html"));
	assert_false(accept_allows(",,;,", "text/html"));
}

static void check_target(const char *target, bool wanted)
{
	if ((guard_check_target(target, strlen(target)) == NULL) != wanted)
		fail_msg("%s", target);
}

static void a_target_is_a_clean_path_and_a_query(void **state)
{
	static const char *const good[] = {
		"/",
		"/a/b",
		"/a?b=c",
		"/a%20b",
		"/%EA%B0%80",
		"/a/...",
		"/.well-known/x",
		"/a//b",
		"/a?x=../..&y=%2f%00",
		"/a?",
		"/a.b/..c",
		"/~u/(1)'!",
	};
	static const char *const bad[] = {
		"",      "a",        "*",       "http://x/a", "/a/../b", "/..",    "/.",
		"/a/.",  "/%2e%2e/", "/a%2Fb",  "/a%5cb",     "/a%00",   "/a%0ab", "/a%7f",
		"/a%",   "/a%4",     "/a%zz",   "/a b",       "/a\xea",  "/a#b",   "/%ff",
		"/a\\b", "/a?b c",   "/a?\x80", "/\"",        "/<x>",    "/a?b#c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_target(good[i], true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_target(bad[i], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_media_type_follows_the_ending),
		cmocka_unit_test(a_parameter_of_the_query_is_found_and_decoded),
		cmocka_unit_test(only_what_cannot_run_anything_is_inert),
		cmocka_unit_test(the_closest_range_of_Accept_decides),
		cmocka_unit_test(a_target_is_a_clean_path_and_a_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
