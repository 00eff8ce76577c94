/* The sweep: what is old goes with all that belongs to it, what is not stays, in bounded bites. */
#include "fixture.h"

struct forgotten {
	struct store *store;
	size_t count;
	char last[ID_SIZE];
};

static void on_command(void *ctx, const char *command_id)
{
	struct forgotten *forgotten = ctx;

	forgotten->count++;
	(void)snprintf(forgotten->last, sizeof(forgotten->last), "%s", command_id);
}

static void sweep(struct store *store, int64_t before, struct forgotten *forgotten)
{
	must(store_sweep(store, before, on_command, forgotten, &err));
}

static void a_tombstone_goes_with_its_commands_and_files(void **state)
{
	struct forgotten forgotten = { 0 };

	add_container(*state, "c-1", 1);
	add_container(*state, "c-2", 2);
	add_command(*state, "x-1", "c-1", 1);
	add_command(*state, "x-2", "c-2", 1);
	add_file(*state, "f-1", "c-1");
	add_upload(*state, "u-1", "c-1");
	add_file(*state, "f-2", "c-2");
	add_upload(*state, "u-2", "c-2");
	must(store_container_gone(*state, "c-1", 1000, &err));
	sweep(*state, 1001, &forgotten);
	assert_int_equal(forgotten.count, 1);
	assert_string_equal(forgotten.last, "x-1");
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM command WHERE id = 'x-2'"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM command"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM file WHERE id = 'f-2'"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM file"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM upload WHERE id = 'u-2'"), 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM upload"), 1);
}

static void what_is_young_or_alive_stays(void **state)
{
	struct forgotten forgotten = { 0 };

	add_container(*state, "c-1", 1);
	add_container(*state, "c-2", 2);
	add_command(*state, "x-1", "c-1", 1);
	must(store_container_gone(*state, "c-1", 1000, &err));
	sweep(*state, 1000, &forgotten);
	assert_int_equal(forgotten.count, 0);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 2);
	sweep(*state, INT64_MAX, &forgotten);
	assert_int_equal(forgotten.count, 1);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 1);
}

static void sessions_that_nobody_used_go(void **state)
{
	struct session_row row = { .id_hash = "one", .owner = "a", .seen_at = 999 };
	struct forgotten forgotten = { 0 };

	must(store_session_add(*state, &row, &err));
	memcpy(row.id_hash, "two", 4);
	row.seen_at = 1000;
	must(store_session_add(*state, &row, &err));
	sweep(*state, 1000, &forgotten);
	must_fail(store_session_find(*state, "one", &row, &err), ERROR_NOT_FOUND);
	must(store_session_find(*state, "two", &row, &err));
}

static void nobody_needs_to_listen(void **state)
{
	add_container(*state, "c-1", 1);
	add_command(*state, "x-1", "c-1", 1);
	must(store_container_gone(*state, "c-1", 1000, &err));
	must(store_sweep(*state, 1001, NULL, NULL, &err));
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 0);
}

static void a_thousand_containers_go_in_one_call_oldest_first(void **state)
{
	struct forgotten forgotten = { 0 };
	char id[ID_SIZE];

	for (int i = 0; i < 1001; i++) {
		(void)snprintf(id, sizeof(id), "c-%d", i);
		add_container(*state, id, i);
		must(store_container_gone(*state, id, 5000 - i, &err));
	}
	sweep(*state, 10000, &forgotten);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 1);
	assert_int_equal(number_of(*state, "SELECT gone_at FROM container"), 5000);
	sweep(*state, 10000, &forgotten);
	assert_int_equal(number_of(*state, "SELECT count(*) FROM container"), 0);
}

static void ten_thousand_commands_go_in_one_call_and_none_is_told_twice(void **state)
{
	static const char many[] =
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10005)"
		" INSERT INTO command (id, container_id, stream, command, state, exit_code, signal,"
		" started_at, ended_at, duration_ms, cpu_ms, memory_peak, stdout_bytes,"
		" stderr_bytes, kill_after_ms, input_closed) SELECT 'x-' || i, 'c-1', i, 'true',"
		" 'exited', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM n";
	struct forgotten forgotten = { 0 };
	struct store *store = *state;

	add_container(store, "c-1", 1);
	add_file(store, "f-1", "c-1");
	must(store_container_gone(store, "c-1", 1000, &err));
	must(db_exec(store->db, many, &err));
	sweep(store, 2000, &forgotten);
	assert_int_equal(forgotten.count, 10000);
	assert_int_equal(number_of(store, "SELECT count(*) FROM command"), 5);
	assert_int_equal(number_of(store, "SELECT count(*) FROM container"), 1);
	sweep(store, 2000, &forgotten);
	assert_int_equal(forgotten.count, 10005);
	assert_int_equal(number_of(store, "SELECT count(*) FROM container"), 0);
	assert_int_equal(number_of(store, "SELECT count(*) FROM file"), 0);
}

static void a_failure_in_the_middle_leaves_the_container_whole(void **state)
{
	struct forgotten forgotten = { 0 };
	struct store *store = *state;

	add_container(store, "c-1", 1);
	add_command(store, "x-1", "c-1", 1);
	add_file(store, "f-1", "c-1");
	must(store_container_gone(store, "c-1", 1000, &err));
	must(db_exec(store->db,
		     "CREATE TRIGGER no BEFORE DELETE ON container BEGIN"
		     " SELECT raise(ABORT, 'no'); END",
		     &err));
	must_fail(store_sweep(store, 2000, on_command, &forgotten, &err), ERROR_INTERNAL);
	assert_int_equal(number_of(store, "SELECT count(*) FROM command"), 1);
	assert_int_equal(number_of(store, "SELECT count(*) FROM file"), 1);
	assert_true(sqlite3_get_autocommit(store->db));
	must(db_exec(store->db, "DROP TRIGGER no", &err));
	sweep(store, 2000, &forgotten);
	assert_int_equal(number_of(store, "SELECT count(*) FROM container"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tombstone_goes_with_its_commands_and_files),
		TEST(what_is_young_or_alive_stays),
		TEST(sessions_that_nobody_used_go),
		TEST(nobody_needs_to_listen),
		TEST(a_thousand_containers_go_in_one_call_oldest_first),
		TEST(ten_thousand_commands_go_in_one_call_and_none_is_told_twice),
		TEST(a_failure_in_the_middle_leaves_the_container_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
