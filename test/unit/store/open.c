/* The connection: opening files, what else may hold or damage them, the probe, and that no query
 * grows with what is long gone. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include "buf.h"

static void what_was_written_is_there_after_reopening(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);
	auto_container_row found = { 0 };
	char id[ID_SIZE], again[ID_SIZE];

	add_container(store, "c-1", 1);
	must(store_instance_id(store, id, &err));
	store_close(store);
	store = must_open(place->path);
	must(store_container_find(store, "c-1", &found, &err));
	must(store_instance_id(store, again, &err));
	assert_string_equal(id, again);
	assert_true(id_is_formed("i-", id));
	store_close(store);
}

static void what_was_written_survives_a_crash(void **state)
{
	const struct place *place = *state;
	struct store *crashed = must_open(place->path), *store;
	auto_container_row found = { 0 };

	/* Not closed: what a second connection sees is what a crash leaves behind. */
	add_container(crashed, "c-1", 1);
	store = must_open(place->path);
	must(store_container_find(store, "c-1", &found, &err));
	store_close(store);
	store_close(crashed);
}

static void each_database_has_its_own_id(void **state)
{
	struct store *one = must_open(":memory:"), *other = must_open(":memory:");
	char id[ID_SIZE], other_id[ID_SIZE];

	(void)state;
	must(store_instance_id(one, id, &err));
	must(store_instance_id(other, other_id, &err));
	assert_string_not_equal(id, other_id);
	store_close(one);
	store_close(other);
}

static void closing_nothing_is_allowed(void **state)
{
	(void)state;
	store_close(NULL);
}

static void the_file_and_its_journal_are_for_their_owner_alone(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);
	struct stat info;
	char log[80];

	assert_int_equal(stat(place->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	(void)snprintf(log, sizeof(log), "%s-wal", place->path);
	assert_int_equal(stat(log, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	store_close(store);
}

static void the_pragmas_are_in_force(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);

	assert_int_equal(number_of(store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number_of(store, "PRAGMA synchronous"), 1);
	assert_int_equal(number_of(store, "PRAGMA busy_timeout"), 100);
	assert_int_equal(number_of(store, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number_of(store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"),
			 1);
	store_close(store);
}

static void a_folder_that_is_missing_is_unavailable(void **state)
{
	(void)state;
	must_fail(store_open("/nonexistent/sandpod.db", &err), ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "opening the database"));
}

static void a_file_that_is_no_database_is_called_damaged(void **state)
{
	const struct place *place = *state;
	auto_fd fd = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char bytes[8192];

	memset(bytes, 'z', sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	must_fail(store_open(place->path, &err), ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "damaged"));
}

static void a_database_that_another_program_holds_is_unavailable_until_it_lets_go(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);
	auto_container_row row = container_sample("c-1", 1);
	sqlite3 *other;

	assert_int_equal(sqlite3_open(place->path, &other), SQLITE_OK);
	must(db_begin(other, &err));
	must_fail(store_container_add(store, &row, &err), ERROR_UNAVAILABLE);
	must_fail(store_probe(store, &err), ERROR_UNAVAILABLE);
	must_fail(store_sweep(store, 1, NULL, NULL, &err), ERROR_UNAVAILABLE);
	must(db_commit(other, &err));
	must(store_container_add(store, &row, &err));
	must(store_probe(store, &err));
	(void)sqlite3_close(other);
	store_close(store);
}

static void a_probe_writes(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);

	must(store_probe(store, &err));
	must(store_probe(store, &err));
	assert_int_equal(number_of(store, "SELECT probes FROM instance"), 2);
	must(db_exec(store->db, "PRAGMA query_only = ON", &err));
	must_fail(store_probe(store, &err), ERROR_UNAVAILABLE);
	store_close(store);
}

static bool on_container(void *ctx, const struct container_row *row)
{
	(void)ctx;
	(void)row;
	return true;
}

static bool on_command(void *ctx, const struct command_row *row)
{
	(void)ctx;
	(void)row;
	return true;
}

/* Runs every query that may run while a tenant waits. */
static void run_all_queries(struct store *store)
{
	auto_container_row container = { 0 };
	auto_command_row command = { 0 };
	auto_file_row file = { 0 };
	struct session_row session = { .id_hash = "h" };
	int64_t number;

	add_container(store, "c-1", 1);
	add_command(store, "x-1", "c-1", 1);
	add_file(store, "f-1", "c-1");
	must(store_session_add(store, &session, &err));
	must(store_container_set_state(store, "c-1", "running", &err));
	must(store_container_set_podman_id(store, "c-1", "a", &err));
	must(store_container_set_posture(store, "c-1", "{}", &err));
	must(store_container_set_expiry(store, "c-1", 1, &err));
	must(store_container_set_reason(store, "c-1", "expired", &err));
	must(store_container_take_streams(store, "c-1", 1, &number, &err));
	must(store_container_find(store, "c-1", &container, &err));
	assert_false(store_container_find_request(store, "a", "b", &container, &err));
	must(store_container_each(store, NULL, false, on_container, NULL, &err));
	must(store_container_each(store, "a", false, on_container, NULL, &err));
	must(store_container_each(store, "a", true, on_container, NULL, &err));
	must(store_command_find(store, "x-1", &command, &err));
	must(store_command_end(store, &command, &err));
	must(store_command_each(store, "c-1", false, on_command, NULL, &err));
	must(store_command_each(store, "c-1", true, on_command, NULL, &err));
	must(store_file_find(store, "f-1", &file, &err));
	must(store_file_count(store, "c-1", 1, &number, &err));
	must(store_session_seen(store, "h", 1, &err));
	must(store_session_find(store, "h", &session, &err));
	must(store_session_remove(store, "h", &err));
	must(store_container_gone(store, "c-1", 1, &err));
	must(store_sweep(store, 2, NULL, NULL, &err));
}

/* An index of the living alone may be walked. */
static bool walks_a_whole_table(const char *plan)
{
	static const char *const tables[] = { "SCAN container", "SCAN command", "SCAN file",
					      "SCAN session" };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		if (strncmp(plan, tables[i], strlen(tables[i])) == 0)
			return !strstr(plan, "INDEX container_living") &&
			       !strstr(plan, "INDEX container_uid_slot");
	return false;
}

static void check_plan(struct store *store, const char *sql)
{
	enum { COLUMN_DETAIL = 3 };
	auto_buf explain = BUF_INIT(4096);
	sqlite3_stmt *handle;
	bool walks = false;

	assert_true(buf_add_text(&explain, "EXPLAIN QUERY PLAN ") && buf_add_text(&explain, sql));
	assert_int_equal(sqlite3_prepare_v2(store->db, explain.data, -1, &handle, NULL), SQLITE_OK);
	while (sqlite3_step(handle) == SQLITE_ROW)
		walks |= walks_a_whole_table(
			(const char *)sqlite3_column_text(handle, COLUMN_DETAIL));
	(void)sqlite3_finalize(handle);
	if (walks)
		fail_msg("walks a whole table: %s", sql);
}

static void no_query_walks_a_whole_table(void **state)
{
	struct store *store = *state;

	run_all_queries(store);
	assert_in_range(store->statement_count, 30, STATEMENTS_MAX - 1);
	for (size_t i = 0; i < store->statement_count; i++)
		check_plan(store, store->statements[i].sql);
}

static void each_query_is_prepared_once(void **state)
{
	struct store *store = *state;
	size_t count;

	run_all_queries(store);
	count = store->statement_count;
	run_all_queries(store);
	assert_int_equal(store->statement_count, count);
}

#define IN_PLACE(name)  cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
#define IN_MEMORY(name) cmocka_unit_test_setup_teardown(name, memory_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(what_was_written_is_there_after_reopening),
		IN_PLACE(what_was_written_survives_a_crash),
		cmocka_unit_test(each_database_has_its_own_id),
		cmocka_unit_test(closing_nothing_is_allowed),
		IN_PLACE(the_file_and_its_journal_are_for_their_owner_alone),
		IN_PLACE(the_pragmas_are_in_force),
		cmocka_unit_test(a_folder_that_is_missing_is_unavailable),
		IN_PLACE(a_file_that_is_no_database_is_called_damaged),
		IN_PLACE(a_database_that_another_program_holds_is_unavailable_until_it_lets_go),
		IN_PLACE(a_probe_writes),
		IN_MEMORY(no_query_walks_a_whole_table),
		IN_MEMORY(each_query_is_prepared_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
