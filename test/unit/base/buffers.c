/* Capped buffers and small allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "buf.h"

static void an_empty_buffer_reads_as_empty_text(void **state)
{
	auto_buf buf = BUF_INIT(10);
	auto_str taken = NULL;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	assert_true(buf_add(&buf, NULL, 0));
	taken = buf_take(&buf);
	assert_string_equal(taken, "");
}

static void adding_up_to_the_cap_works_and_past_it_changes_nothing(void **state)
{
	auto_buf buf = BUF_INIT(5);

	(void)state;
	assert_true(buf_add_text(&buf, "abc"));
	assert_false(buf_add_text(&buf, "def"));
	assert_string_equal(buf_text(&buf), "abc");
	assert_false(buf_addf(&buf, "%d", 123));
	assert_string_equal(buf_text(&buf), "abc");
	assert_true(buf_addf(&buf, "%d", 45));
	assert_string_equal(buf_text(&buf), "abc45");
	assert_int_equal(buf.len, 5);
	assert_true(buf.room <= 6);
	assert_false(buf_add(&buf, "x", 1));
	assert_true(buf_add(&buf, "x", 0));
}

static void a_cap_of_nothing_holds_nothing(void **state)
{
	auto_buf buf = BUF_INIT(0);

	(void)state;
	assert_false(buf_add(&buf, "x", 1));
	assert_true(buf_add_text(&buf, ""));
	assert_string_equal(buf_text(&buf), "");
}

static void a_length_that_no_memory_has_is_refused(void **state)
{
	auto_buf buf = BUF_INIT(SIZE_MAX);

	(void)state;
	assert_true(buf_add_text(&buf, "abc"));
	assert_false(buf_add(&buf, "x", SIZE_MAX));
	assert_false(buf_add(&buf, "x", SIZE_MAX - 3));
	assert_string_equal(buf_text(&buf), "abc");
}

static void many_small_pieces_arrive_in_order(void **state)
{
	auto_buf buf = BUF_INIT(1 << 20);

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_true(buf_addf(&buf, "%d,", i));
	assert_int_equal(buf.len, 48890);
	assert_memory_equal(buf.data, "0,1,2,3,", 8);
	assert_string_equal(buf.data + buf.len - 5, "9999,");
}

static void bytes_are_dropped_from_the_front(void **state)
{
	auto_buf buf = BUF_INIT(100);

	(void)state;
	buf_drop(&buf, 0);
	buf_add_text(&buf, "abcdef");
	buf_drop(&buf, 2);
	assert_string_equal(buf_text(&buf), "cdef");
	buf_drop(&buf, 4);
	assert_string_equal(buf_text(&buf), "");
	assert_true(buf_add_text(&buf, "x"));
	buf_clear(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf_text(&buf), "");
}

static void taking_gives_the_contents_away(void **state)
{
	auto_buf buf = BUF_INIT(100);
	auto_str text = NULL;

	(void)state;
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.len, 3);
	text = buf_take(&buf);
	assert_memory_equal(text, "a\0b", 4);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_true(buf_add_text(&buf, "again"));
	assert_string_equal(buf_text(&buf), "again");
}

static void small_allocations_are_zeroed_and_never_null(void **state)
{
	auto_str none = mem_array(char, 0);
	auto_str copy = mem_strndup("abcdef", 3);
	auto_str text = mem_format("%s-%d", copy, 7);
	auto_str taken = take(text);

	(void)state;
	assert_non_null(none);
	assert_string_equal(copy, "abc");
	assert_null(text);
	assert_string_equal(taken, "abc-7");
	assert_null(mem_strdup(NULL));
	assert_null(mem_strndup(NULL, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_reads_as_empty_text),
		cmocka_unit_test(adding_up_to_the_cap_works_and_past_it_changes_nothing),
		cmocka_unit_test(a_cap_of_nothing_holds_nothing),
		cmocka_unit_test(a_length_that_no_memory_has_is_refused),
		cmocka_unit_test(many_small_pieces_arrive_in_order),
		cmocka_unit_test(bytes_are_dropped_from_the_front),
		cmocka_unit_test(taking_gives_the_contents_away),
		cmocka_unit_test(small_allocations_are_zeroed_and_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
