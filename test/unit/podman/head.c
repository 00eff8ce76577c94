/* The head of the answer to an upgrade. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"

static void the_stream_begins_behind_the_blank_line(void **state)
{
	static const char data[] = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n\1\0\0";
	struct head head;

	(void)state;
	for (size_t len = 0; len < sizeof(data) - 4; len++)
		assert_int_equal(head_read(data, len, &head), HEAD_MORE);
	assert_int_equal(head_read(data, sizeof(data) - 1, &head), HEAD_WHOLE);
	assert_int_equal(head.status, 101);
	assert_int_equal(head.len, sizeof(data) - 4);
	assert_int_equal(head.content_length, -1);
}

static void an_error_tells_the_length_of_its_reason(void **state)
{
	static const char data[] =
		"HTTP/1.1 409 Conflict\r\nX: y\r\ncontent-length:  17\r\n\r\n{\"cause\":\"x\"}";
	struct head head;

	(void)state;
	assert_int_equal(head_read(data, sizeof(data) - 1, &head), HEAD_WHOLE);
	assert_int_equal(head.status, 409);
	assert_int_equal(head.content_length, 17);
}

static void what_is_not_http_is_broken(void **state)
{
	static const char *const bad[] = { "SSH-2.0-x\r\n\r\n", "HTTP/1.1\r\n\r\n",
					   "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/2 200\r\n\r\n",
					   "\r\n\r\n" };
	struct head head;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(head_read(bad[i], strlen(bad[i]), &head), HEAD_BROKEN);
}

static void a_head_without_end_is_broken(void **state)
{
	auto_buf data = BUF_INIT(HEAD_MAX + 1);
	struct head head;

	(void)state;
	assert_true(buf_add_text(&data, "HTTP/1.1 200 OK\r\nX: "));
	while (buf_add_text(&data, "x"))
		;
	assert_int_equal(head_read(data.data, data.len, &head), HEAD_BROKEN);
}

static void a_huge_length_does_not_overflow(void **state)
{
	static const char data[] =
		"HTTP/1.1 500 X\r\nContent-Length: 99999999999999999999999999\r\n\r\n";
	struct head head;

	(void)state;
	assert_int_equal(head_read(data, sizeof(data) - 1, &head), HEAD_WHOLE);
	assert_int_equal(head.content_length, ANSWER_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_begins_behind_the_blank_line),
		cmocka_unit_test(an_error_tells_the_length_of_its_reason),
		cmocka_unit_test(what_is_not_http_is_broken),
		cmocka_unit_test(a_head_without_end_is_broken),
		cmocka_unit_test(a_huge_length_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
