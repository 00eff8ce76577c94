/* Rows of tasks: written before the client hears of them, kept until their time is over. */
#include "fixture.h"

static struct task_row row_of(const char *id, const char *owner, const char *state)
{
	struct task_row row = { .created_at = 1000, .updated_at = 1000, .expires_at = 5000 };

	snprintf(row.id, sizeof(row.id), "%s", id);
	snprintf(row.owner, sizeof(row.owner), "%s", owner);
	snprintf(row.state, sizeof(row.state), "%s", state);
	row.tool = mem_strdup("run");
	return row;
}

static void add(struct store *store, const char *id, const char *owner, const char *state)
{
	auto_task_row row = row_of(id, owner, state);

	must(store_task_add(store, &row, &err));
}

static void a_task_is_found_as_it_was_written(void **state)
{
	struct store *store = *state;
	auto_task_row row = row_of("t-1", "me", "working");
	auto_task_row found = { .tool = NULL };

	must(store_task_add(store, &row, &err));
	row.handle = mem_strdup("x-1");
	row.answer = mem_strdup("{\"result\":{}}");
	row.updated_at = 2000;
	snprintf(row.state, sizeof(row.state), "completed");
	must(store_task_set(store, &row, &err));
	must(store_task_find(store, "t-1", &found, &err));
	assert_string_equal(found.owner, "me");
	assert_string_equal(found.tool, "run");
	assert_string_equal(found.handle, "x-1");
	assert_string_equal(found.state, "completed");
	assert_string_equal(found.answer, "{\"result\":{}}");
	assert_null(found.message);
	assert_int_equal(found.updated_at, 2000);
	assert_int_equal(found.expires_at, 5000);
}

static bool count_row(void *ctx, const struct task_row *row)
{
	assert_string_equal(row->tool, "run");
	++*(int *)ctx;
	return true;
}

static void each_owner_sees_his_own_until_they_expire(void **state)
{
	struct store *store = *state;
	int seen = 0, open = 0;
	int64_t count;

	add(store, "t-1", "me", "working");
	add(store, "t-2", "me", "completed");
	add(store, "t-3", "you", "input_required");
	must(store_task_each(store, "me", 4999, count_row, &seen, &err));
	assert_int_equal(seen, 2);
	must(store_task_each(store, "me", 5000, count_row, &seen, &err));
	assert_int_equal(seen, 2);
	must(store_task_each_open(store, count_row, &open, &err));
	assert_int_equal(open, 2);
	must(store_task_count(store, "me", &count, &err));
	assert_int_equal(count, 2);
	must(store_task_count(store, NULL, &count, &err));
	assert_int_equal(count, 3);
	must(store_task_sweep(store, 5000, &err));
	must(store_task_count(store, "me", &count, &err));
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_task_is_found_as_it_was_written),
		TEST(each_owner_sees_his_own_until_they_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
