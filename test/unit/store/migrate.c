/* Migrations: from nothing and from every older number, failures in the middle, newer databases. */
#include "fixture.h"

#include <fcntl.h>
#include <glob.h>

/* How many migrations there are, by a look at the folder. */
static int migration_count(void)
{
	glob_t found;
	int count;

	assert_int_equal(glob("migrations/*.sql", 0, NULL, &found), 0);
	count = (int)found.gl_pathc;
	globfree(&found);
	return count;
}

static void copy_file(const char *from, const char *to)
{
	auto_fd in = open(from, O_RDONLY | O_CLOEXEC);
	auto_fd out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char bytes[65536];
	ssize_t len;

	if (in < 0 || out < 0)
		fail_msg("%s cannot be copied to %s", from, to);
	while ((len = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)len), len);
	assert_int_equal(len, 0);
}

static struct store *open_old(const struct place *place, int number)
{
	struct store *store;
	char path[64];

	(void)snprintf(path, sizeof(path), "test/databases/%04d.db", number);
	copy_file(path, place->path);
	store = must_open(place->path);
	assert_int_equal(number_of(store, "PRAGMA user_version"), migration_count());
	return store;
}

static void find_old_containers(struct store *store)
{
	auto_container_row living = { 0 }, gone = { 0 };
	char id[ID_SIZE];

	must(store_instance_id(store, id, &err));
	assert_string_equal(id, "i-oldoldoldoldoldoldoldoldol");
	must(store_container_find(store, "c-living", &living, &err));
	assert_string_equal(living.name, "it's \"한국어\" 😀");
	assert_string_equal(living.owner, "key:one");
	assert_string_equal(living.state, "running");
	assert_string_equal(living.env, "{\"A\":\"b\"}");
	assert_int_equal(living.next_stream, 4);
	assert_int_equal(living.expires_at, 1790007200000);
	must(store_container_find(store, "c-gone", &gone, &err));
	assert_string_equal(gone.gone_reason, "destroyed");
	assert_int_equal(gone.gone_at, 1780000005000);
}

static void find_old_commands(struct store *store)
{
	auto_command_row running = { 0 }, ended = { 0 };

	must(store_command_find(store, "x-running", &running, &err));
	assert_string_equal(running.command, "sleep 100 # it's");
	assert_string_equal(running.state, "running");
	assert_true(running.input_closed);
	must(store_command_find(store, "x-ended", &ended, &err));
	assert_int_equal(ended.exit_code, 3);
	assert_int_equal(ended.stdout_bytes, 5000000000);
	assert_string_equal(ended.reason, "it ended");
}

static void find_old_file(struct store *store)
{
	auto_file_row file = { 0 };

	must(store_file_find(store, "f-old", &file, &err));
	assert_string_equal(file.path, "/workspace/보고서.pdf");
	assert_int_equal(file.expires_at, 1790007200000);
}

static bool note_key(void *ctx, const struct key_row *row)
{
	assert_string_equal(row->id, "k-old");
	++*(int *)ctx;
	return true;
}

static void find_old_session(struct store *store)
{
	struct session_row session;
	int keys = 0;

	must(store_session_find(store,
				"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
				&session, &err));
	assert_int_equal(session.seen_at, 200);
	must(store_key_each(store, note_key, &keys, &err));
	assert_int_equal(keys, 1);
}

static void find_no_more(struct store *store)
{
	(void)store;
}

static void find_old_upload(struct store *store)
{
	auto_upload_row upload = { 0 };

	must(store_upload_find(store, "u-old", 1780000000000, &upload, &err));
	assert_string_equal(upload.path, "/workspace/보고서.pdf");
	must_fail(store_upload_find(store, "u-used", 1780000000000, &upload, &err),
		  ERROR_NOT_FOUND);
}

static void find_old_task(struct store *store)
{
	auto_task_row task = { .tool = NULL };

	must(store_task_find(store, "t-aaaaaaaaaaaaaaaaaaaaaaaaaa", &task, &err));
	assert_string_equal(task.handle, "x-1");
	assert_string_equal(task.state, "working");
}

static void find_old_client(struct store *store)
{
	struct session_row session;

	must(store_session_find(store,
				"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
				&session, &err));
	assert_string_equal(session.client_name, "claude-code");
}

static void find_old_code(struct store *store)
{
	auto_command_row line = { 0 }, code = { 0 };

	must(store_command_find(store, "x-ended", &line, &err));
	assert_null(line.language);
	must(store_command_find(store, "x-code", &code, &err));
	assert_string_equal(code.language, "python");
	assert_string_equal(code.context, "default");
	assert_string_equal(code.state_lost, "it ended with exit code 3");
	assert_int_equal(code.outcome_bytes, 77);
	assert_true(code.fresh);
	assert_true(code.context_over);
}

static void every_older_database_is_brought_up_to_date_with_all_its_rows(void **state)
{
	void (*const find_rows[])(
		struct store *) = { find_old_containers, find_old_commands, find_old_file,
				    find_old_session,    find_no_more,      find_old_upload,
				    find_old_task,       find_old_client,   find_old_code };

	(void)state;
	for (int number = 1; number <= migration_count(); number++) {
		void *place = NULL;
		struct store *store;

		assert_int_equal(place_setup(&place), 0);
		store = open_old(place, number);
		for (int i = 0; i < number && i < (int)(sizeof(find_rows) / sizeof(*find_rows));
		     i++)
			find_rows[i](store);
		store_close(store);
		(void)place_teardown(&place);
	}
}

/* The text of the whole schema, in a fixed order. */
static char *schema_of(struct store *store)
{
	sqlite3_stmt *handle;
	char *text;

	assert_int_equal(sqlite3_prepare_v2(store->db,
					    "SELECT group_concat(sql, ';') FROM"
					    " (SELECT sql FROM sqlite_schema ORDER BY name)",
					    -1, &handle, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
	text = mem_strdup((const char *)sqlite3_column_text(handle, 0));
	(void)sqlite3_finalize(handle);
	return text;
}

static void an_older_database_ends_with_the_schema_of_a_new_one(void **state)
{
	struct store *fresh = must_open(":memory:");
	struct store *old = open_old(*state, 1);
	auto_str wanted = schema_of(fresh);
	auto_str have = schema_of(old);

	assert_string_equal(have, wanted);
	assert_int_equal(number_of(old, "SELECT count(*) FROM pragma_integrity_check"
					" WHERE integrity_check <> 'ok'"),
			 0);
	store_close(old);
	store_close(fresh);
}

static void a_newer_database_is_refused_and_left_alone(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);

	must(db_exec(store->db, "PRAGMA user_version = 9999", &err));
	store_close(store);
	must_fail(store_open(place->path, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "newer program"));
	assert_non_null(strstr(err.text, "9999"));
}

static const struct migration first = {
	"0001_one.sql",
	"CREATE TABLE one (id INTEGER PRIMARY KEY, other INTEGER REFERENCES one (id)) STRICT;"
	"INSERT INTO one VALUES (1, NULL);"
	"PRAGMA user_version = 1;"
};

static int empty_setup(void **state)
{
	struct store *store = mem_new(struct store);

	*state = store;
	return sqlite3_open(":memory:", &store->db) == SQLITE_OK ? 0 : -1;
}

/* Applies first, then a second one that must fail, and looks that nothing of it stayed. */
static void second_fails(struct store *store, const char *sql, const char *because)
{
	const struct migration list[] = { first, { "0002_two.sql", sql } };

	must_fail(migrate_by(store->db, list, 2, &err), ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "0002_two.sql"));
	assert_non_null(strstr(err.text, because));
	assert_true(sqlite3_get_autocommit(store->db));
	assert_int_equal(number_of(store, "PRAGMA user_version"), 1);
	assert_int_equal(number_of(store, "SELECT count(*) FROM sqlite_schema"), 1);
	assert_int_equal(number_of(store, "SELECT count(*) FROM one"), 1);
}

static void a_migration_that_fails_in_the_middle_leaves_number_and_tables(void **state)
{
	second_fails(*state,
		     "CREATE TABLE two (id TEXT) STRICT; DELETE FROM one; INSERT INTO three"
		     " VALUES (1); PRAGMA user_version = 2;",
		     "three");
}

static void a_migration_that_fails_after_its_number_leaves_the_number(void **state)
{
	second_fails(*state, "PRAGMA user_version = 2; CREATE TABLE one (id TEXT);", "one");
}

static void a_migration_must_set_its_own_number(void **state)
{
	second_fails(*state, "CREATE TABLE two (id TEXT) STRICT;", "number");
	second_fails(*state, "CREATE TABLE two (id TEXT) STRICT; PRAGMA user_version = 3;",
		     "number");
}

static void a_migration_must_leave_no_reference_hanging(void **state)
{
	second_fails(*state, "INSERT INTO one VALUES (2, 77); PRAGMA user_version = 2;", "refer");
}

static void what_failed_can_be_tried_again(void **state)
{
	struct store *store = *state;
	const struct migration list[] = {
		first,
		{ "0002_two.sql", "ALTER TABLE one ADD COLUMN c TEXT; PRAGMA user_version = 2;" }
	};

	second_fails(store, "no SQL", "syntax");
	must(migrate_by(store->db, list, 2, &err));
	must(migrate_by(store->db, list, 2, &err));
	assert_int_equal(number_of(store, "PRAGMA user_version"), 2);
	must_fail(migrate_by(store->db, list, 1, &err), ERROR_CONFLICT);
}

#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
#define EMPTY(name)    cmocka_unit_test_setup_teardown(name, empty_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_older_database_is_brought_up_to_date_with_all_its_rows),
		IN_PLACE(an_older_database_ends_with_the_schema_of_a_new_one),
		IN_PLACE(a_newer_database_is_refused_and_left_alone),
		EMPTY(a_migration_that_fails_in_the_middle_leaves_number_and_tables),
		EMPTY(a_migration_that_fails_after_its_number_leaves_the_number),
		EMPTY(a_migration_must_set_its_own_number),
		EMPTY(a_migration_must_leave_no_reference_hanging),
		EMPTY(what_failed_can_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
