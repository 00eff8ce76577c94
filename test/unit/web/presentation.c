/* What a browser is told about a file, and the page for a link that does not work. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "internal.h"

static void text_is_said_to_be_UTF_8(void **state)
{
	char *type = file_content_type("a.txt");

	(void)state;
	assert_string_equal(type, "text/plain; charset=utf-8");
	free(type);
	type = file_content_type("a.html");
	assert_string_equal(type, "text/html; charset=utf-8");
	free(type);
	type = file_content_type("a.png");
	assert_string_equal(type, "image/png");
	free(type);
}

static void only_inert_types_are_shown(void **state)
{
	static const char *const live[] = { "a.html", "a.svg", "a.xml", "a.pdf",
					    "a.js",   "a",     "",      "a.xhtml" };

	(void)state;
	assert_string_equal(file_disposition("a.png", "auto"), "inline");
	assert_string_equal(file_disposition("a.txt", "inline"), "inline");
	assert_string_equal(file_disposition("a.txt", NULL), "inline");
	assert_string_equal(file_disposition("a.txt", "attachment"), "attachment");
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
		assert_string_equal(file_disposition(live[i], "inline"), "attachment");
		assert_string_equal(file_disposition(live[i], "auto"), "attachment");
	}
}

static void a_page_escapes_what_it_says(void **state)
{
	char *page = failure_page(404, "<script>alert(\"1\")</script> & 'x'", "</p>");

	(void)state;
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "</p></p>"));
	assert_non_null(strstr(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; "
				     "&#39;x&#39;"));
	assert_non_null(strstr(page, "&lt;/p&gt;"));
	assert_non_null(strstr(page, "There is nothing behind this link"));
	free(page);
}

static void a_page_is_for_who_names_its_type(void **state)
{
	(void)state;
	assert_true(accept_names("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"));
	assert_false(accept_names("*/*", "text/html"));
	assert_false(accept_names(NULL, "text/html"));
	assert_false(accept_names("application/json", "text/html"));
}

static void each_kind_of_failure_has_its_status(void **state)
{
	(void)state;
	assert_int_equal(failure_status(ERROR_NOT_FOUND), 404);
	assert_int_equal(failure_status(ERROR_GONE), 404);
	assert_int_equal(failure_status(ERROR_CONFLICT), 409);
	assert_int_equal(failure_status(ERROR_UNAVAILABLE), 503);
	assert_int_equal(failure_status(ERROR_TIMEOUT), 503);
	assert_int_equal(failure_status(ERROR_INTERNAL), 500);
	for (int kind = ERROR_NONE; kind <= ERROR_INTERNAL; kind++)
		assert_true(strlen(failure_next((enum error_kind)kind)) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_said_to_be_UTF_8),
		cmocka_unit_test(only_inert_types_are_shown),
		cmocka_unit_test(a_page_escapes_what_it_says),
		cmocka_unit_test(a_page_is_for_who_names_its_type),
		cmocka_unit_test(each_kind_of_failure_has_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
