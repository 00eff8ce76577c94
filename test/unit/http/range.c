/* The Range header: the examples of RFC 9110 section 14 and what attackers make of it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "http.h"

static const struct {
	const char *header;
	uint64_t size;
	enum http_range_result result;
	uint64_t first, length;
} cases[] = {
	{ NULL, 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=0-499", 10000, HTTP_RANGE_PART, 0, 500 },
	{ "bytes=500-999", 10000, HTTP_RANGE_PART, 500, 500 },
	{ "bytes=-500", 10000, HTTP_RANGE_PART, 9500, 500 },
	{ "bytes=9500-", 10000, HTTP_RANGE_PART, 9500, 500 },
	{ "bytes=0-0", 10000, HTTP_RANGE_PART, 0, 1 },
	{ "bytes=-1", 10000, HTTP_RANGE_PART, 9999, 1 },
	{ "bytes=0-", 10000, HTTP_RANGE_PART, 0, 10000 },
	{ "bytes=0-9999", 10000, HTTP_RANGE_PART, 0, 10000 },
	{ "bytes=0-10000", 10000, HTTP_RANGE_PART, 0, 10000 },
	{ "bytes=9999-99999", 10000, HTTP_RANGE_PART, 9999, 1 },
	{ "bytes=-99999", 10000, HTTP_RANGE_PART, 0, 10000 },
	{ "BYTES=1-2", 10000, HTTP_RANGE_PART, 1, 2 },
	{ "bytes= 1-2 ", 10000, HTTP_RANGE_PART, 1, 2 },
	{ "bytes=0-0,-1", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=0-1,", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=10000-", 10000, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=10000-10001", 10000, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=-0", 10000, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=5-4", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=-", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=--1", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=1", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=a-b", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=0x1-2", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=1-2x", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=+1-2", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes 0-1", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "items=0-1", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "", 10000, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=0-0", 0, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=0-", 0, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=-5", 0, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=18446744073709551615-", UINT64_MAX, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=0-18446744073709551615", UINT64_MAX, HTTP_RANGE_PART, 0, UINT64_MAX },
	{ "bytes=1-99999999999999999999999", 3, HTTP_RANGE_PART, 1, 2 },
	{ "bytes=99999999999999999999999-", 3, HTTP_RANGE_WRONG, 0, 0 },
	{ "bytes=-99999999999999999999999", 3, HTTP_RANGE_PART, 0, 3 },
	{ "bytes=18446744073709551616-18446744073709551617", 3, HTTP_RANGE_WRONG, 0, 0 },
};

static void each_header_selects_what_the_RFC_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t first = 0, length = 0;
		enum http_range_result result =
			http_range_parse(cases[i].header, cases[i].size, &first, &length);

		if (result != cases[i].result || first != cases[i].first ||
		    length != cases[i].length)
			fail_msg("%s: %d %ju+%ju", cases[i].header ? cases[i].header : "(none)",
				 (int)result, (uintmax_t)first, (uintmax_t)length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_selects_what_the_RFC_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
