/* File links: rows come back as they went in; what counts is what has not expired. */
#include "fixture.h"

static int setup(void **state)
{
	if (memory_setup(state) != 0)
		return -1;
	add_container(*state, "c-1", 1);
	add_container(*state, "c-2", 2);
	return 0;
}

static void a_row_comes_back_as_it_went_in(void **state)
{
	auto_file_row row = file_sample("f-1", "c-1");
	auto_file_row found = { 0 };

	free(row.name);
	row.name = mem_strdup(awkward);
	must(store_file_add(*state, &row, &err));
	must(store_file_find(*state, "f-1", &found, &err));
	assert_string_equal(found.id, "f-1");
	assert_string_equal(found.container_id, "c-1");
	assert_string_equal(found.path, row.path);
	assert_string_equal(found.name, row.name);
	assert_string_equal(found.disposition, row.disposition);
	assert_int_equal(found.created_at, row.created_at);
	assert_int_equal(found.expires_at, row.expires_at);
}

static void an_unknown_id_is_not_found(void **state)
{
	struct file_row row = { .expires_at = 5 };

	must_fail(store_file_find(*state, "f-0", &row, &err), ERROR_NOT_FOUND);
	assert_int_equal(row.expires_at, 5);
}

static void an_id_is_taken_once_and_needs_its_container(void **state)
{
	auto_file_row again = file_sample("f-1", "c-2");
	auto_file_row orphan = file_sample("f-2", "c-0");

	add_file(*state, "f-1", "c-1");
	must_fail(store_file_add(*state, &again, &err), ERROR_CONFLICT);
	must_fail(store_file_add(*state, &orphan, &err), ERROR_CONFLICT);
}

static void links_are_counted_until_they_expire(void **state)
{
	auto_file_row early = file_sample("f-3", "c-1");
	int64_t count = -1;

	early.expires_at = 1790000003000;
	add_file(*state, "f-1", "c-1");
	add_file(*state, "f-2", "c-2");
	must(store_file_add(*state, &early, &err));
	must(store_file_count(*state, "c-1", 1790000002999, &count, &err));
	assert_int_equal(count, 2);
	must(store_file_count(*state, "c-1", 1790000003000, &count, &err));
	assert_int_equal(count, 1);
	must(store_file_count(*state, "c-1", 1790007200000, &count, &err));
	assert_int_equal(count, 0);
	must(store_file_count(*state, "c-0", 0, &count, &err));
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_went_in),
		TEST(an_unknown_id_is_not_found),
		TEST(an_id_is_taken_once_and_needs_its_container),
		TEST(links_are_counted_until_they_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
