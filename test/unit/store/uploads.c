/* Upload links: one use, whoever asks and in whatever order. */
#include "fixture.h"

static const int64_t now = 1790000003000;
static const int64_t end = 1790007200000;

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
	auto_upload_row row = upload_sample("u-1", "c-1");
	auto_upload_row found = { 0 };

	free(row.path);
	row.path = mem_strdup(awkward);
	must(store_upload_add(*state, &row, &err));
	must(store_upload_find(*state, "u-1", now, &found, &err));
	assert_string_equal(found.id, "u-1");
	assert_string_equal(found.container_id, "c-1");
	assert_string_equal(found.path, awkward);
	assert_int_equal(found.max_bytes, 5000000000);
	assert_int_equal(found.created_at, row.created_at);
	assert_int_equal(found.expires_at, row.expires_at);
}

static void an_id_is_taken_once_and_needs_its_container(void **state)
{
	auto_upload_row again = upload_sample("u-1", "c-2");
	auto_upload_row orphan = upload_sample("u-2", "c-0");

	add_upload(*state, "u-1", "c-1");
	must_fail(store_upload_add(*state, &again, &err), ERROR_CONFLICT);
	must_fail(store_upload_add(*state, &orphan, &err), ERROR_CONFLICT);
}

static void of_two_who_take_a_link_one_gets_it(void **state)
{
	auto_upload_row found = { 0 };

	add_upload(*state, "u-1", "c-1");
	add_upload(*state, "u-2", "c-1");
	must(store_upload_take(*state, "u-1", now, &err));
	must_fail(store_upload_take(*state, "u-1", now, &err), ERROR_NOT_FOUND);
	must_fail(store_upload_find(*state, "u-1", now, &found, &err), ERROR_NOT_FOUND);
	must(store_upload_take(*state, "u-2", now, &err));
}

static void a_link_that_is_unknown_or_over_cannot_be_taken(void **state)
{
	auto_upload_row found = { 0 };

	add_upload(*state, "u-1", "c-1");
	must_fail(store_upload_take(*state, "u-0", now, &err), ERROR_NOT_FOUND);
	must_fail(store_upload_take(*state, "u-1", end, &err), ERROR_NOT_FOUND);
	must_fail(store_upload_find(*state, "u-1", end, &found, &err), ERROR_NOT_FOUND);
	must(store_upload_take(*state, "u-1", end - 1, &err));
}

static void what_failed_may_be_taken_again_and_what_was_used_may_not(void **state)
{
	add_upload(*state, "u-1", "c-1");
	must_fail(store_upload_use(*state, "u-1", &err), ERROR_NOT_FOUND);
	must(store_upload_take(*state, "u-1", now, &err));
	must(store_upload_free(*state, "u-1", &err));
	must_fail(store_upload_free(*state, "u-1", &err), ERROR_NOT_FOUND);
	must(store_upload_take(*state, "u-1", now, &err));
	must(store_upload_use(*state, "u-1", &err));
	must_fail(store_upload_take(*state, "u-1", now, &err), ERROR_NOT_FOUND);
	must(store_upload_free(*state, "u-1", &err));
	must(store_upload_take(*state, "u-1", now, &err));
}

static void a_restart_frees_what_was_taken_and_only_that(void **state)
{
	add_upload(*state, "u-1", "c-1");
	add_upload(*state, "u-2", "c-1");
	must(store_upload_take(*state, "u-1", now, &err));
	must(store_upload_take(*state, "u-2", now, &err));
	must(store_upload_use(*state, "u-2", &err));
	must(store_upload_free_taken(*state, &err));
	must(store_upload_take(*state, "u-1", now, &err));
	must_fail(store_upload_take(*state, "u-2", now, &err), ERROR_NOT_FOUND);
}

static void links_are_counted_until_they_expire(void **state)
{
	int64_t count = -1;

	add_upload(*state, "u-1", "c-1");
	add_upload(*state, "u-2", "c-2");
	must(store_upload_count(*state, "c-1", now, &count, &err));
	assert_int_equal(count, 1);
	must(store_upload_count(*state, "c-1", end, &count, &err));
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_went_in),
		TEST(an_id_is_taken_once_and_needs_its_container),
		TEST(of_two_who_take_a_link_one_gets_it),
		TEST(a_link_that_is_unknown_or_over_cannot_be_taken),
		TEST(what_failed_may_be_taken_again_and_what_was_used_may_not),
		TEST(a_restart_frees_what_was_taken_and_only_that),
		TEST(links_are_counted_until_they_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
