/* A full disk: every write may be the one that finds it; each says so, and nothing is lost. */
#include "fixture.h"

/* The database may not grow past its present size and so many pages more. */
static void leave_pages(struct store *store, int64_t pages)
{
	char sql[64];

	pages += number_of(store, "PRAGMA page_count");
	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)pages);
	must(db_exec(store->db, sql, &err));
}

static struct command_row long_command(const char *id, int64_t stream)
{
	struct command_row row = command_sample(id, "c-1", stream);

	free(row.command);
	row.command = mem_zeroed(1, 20001);
	memset(row.command, 'z', 20000);
	return row;
}

static void a_full_disk_is_a_limit_and_loses_nothing(void **state)
{
	const struct place *place = *state;
	struct store *store = must_open(place->path);
	auto_command_row row = long_command("x-2", 2);
	auto_command_row found = { 0 };

	add_container(store, "c-1", 1);
	add_command(store, "x-1", "c-1", 1);
	leave_pages(store, 0);
	must_fail(store_command_add(store, &row, &err), ERROR_LIMIT);
	assert_string_equal(err.text, "the server's disk is full; its operator must free space");
	assert_true(err.retryable);
	assert_non_null(strstr(err.next, "operator"));
	must(store_command_find(store, "x-1", &found, &err));
	must_fail(store_command_find(store, "x-2", &found, &err), ERROR_NOT_FOUND);
	must(store_command_set_input_closed(store, "x-1", &err));
	leave_pages(store, 100);
	must(store_command_add(store, &row, &err));
	store_close(store);
}

/* A little of everything, until something fails. */
static bool write_a_lot(struct store *store)
{
	auto_container_row container = container_sample("c-2", 2);
	struct session_row session = { .id_hash = "h", .owner = "a", .seen_at = 5 };
	struct key_row key = { .id = "k-1" };

	for (int64_t i = 2; i < 6; i++) {
		char id[] = { 'x', '-', (char)('0' + i), '\0' };
		auto_command_row command = long_command(id, i);
		auto_file_row file = file_sample(id, "c-1");

		if (!store_command_add(store, &command, &err) ||
		    !store_file_add(store, &file, &err))
			return false;
	}
	return store_container_add(store, &container, &err) &&
	       store_session_add(store, &session, &err) && store_key_add(store, &key, &err) &&
	       store_container_gone(store, "c-1", 1000, &err);
}

static void assert_sound(struct store *store)
{
	auto_container_row container = { 0 };
	auto_command_row command = { 0 };

	assert_true(sqlite3_get_autocommit(store->db));
	assert_int_equal(number_of(store, "SELECT count(*) FROM pragma_integrity_check"
					  " WHERE integrity_check <> 'ok'"),
			 0);
	assert_int_equal(number_of(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	must(store_container_find(store, "c-1", &container, &err));
	must(store_command_find(store, "x-1", &command, &err));
}

static void the_disk_may_fill_at_any_page(void **state)
{
	bool whole = false;

	(void)state;
	for (int64_t pages = 0; !whole; pages++) {
		struct store *store = must_open(":memory:");

		assert_in_range(pages, 0, 100);
		add_container(store, "c-1", 1);
		add_command(store, "x-1", "c-1", 1);
		leave_pages(store, pages);
		err = (struct error){ 0 };
		whole = write_a_lot(store);
		assert_int_equal(err.kind, whole ? ERROR_NONE : ERROR_LIMIT);
		assert_sound(store);
		leave_pages(store, 1000);
		must(store_probe(store, &err));
		must(store_container_gone(store, "c-1", 1000, &err));
		must(store_sweep(store, 2000, NULL, NULL, &err));
		assert_int_equal(number_of(store, "SELECT count(*) FROM command"), 0);
		store_close(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_disk_is_a_limit_and_loses_nothing,
						place_setup, place_teardown),
		cmocka_unit_test(the_disk_may_fill_at_any_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
