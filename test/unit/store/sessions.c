/* Sessions and keys. */
#include "fixture.h"

static const struct session_row sample = {
	.id_hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	.owner = "session:it's \"한국어\"",
	.protocol_version = "2025-11-25",
	.client_can = 5,
	.client_name = "claude-code",
	.created_at = 100,
	.seen_at = 200,
};

static void a_session_comes_back_as_it_went_in(void **state)
{
	struct session_row found;

	must(store_session_add(*state, &sample, &err));
	must(store_session_find(*state, sample.id_hash, &found, &err));
	assert_string_equal(found.id_hash, sample.id_hash);
	assert_string_equal(found.owner, sample.owner);
	assert_string_equal(found.protocol_version, sample.protocol_version);
	assert_int_equal(found.client_can, 5);
	assert_string_equal(found.client_name, "claude-code");
	assert_int_equal(found.created_at, 100);
	assert_int_equal(found.seen_at, 200);
}

static void a_session_is_added_once(void **state)
{
	must(store_session_add(*state, &sample, &err));
	must_fail(store_session_add(*state, &sample, &err), ERROR_CONFLICT);
}

static void a_session_that_is_used_is_seen(void **state)
{
	struct session_row found;

	must(store_session_add(*state, &sample, &err));
	must(store_session_seen(*state, sample.id_hash, 300, &err));
	must(store_session_find(*state, sample.id_hash, &found, &err));
	assert_int_equal(found.seen_at, 300);
	assert_int_equal(found.created_at, 100);
}

static void a_session_that_is_removed_is_not_found(void **state)
{
	struct session_row found = { .seen_at = 5 };

	must(store_session_add(*state, &sample, &err));
	must(store_session_remove(*state, sample.id_hash, &err));
	must_fail(store_session_find(*state, sample.id_hash, &found, &err), ERROR_NOT_FOUND);
	assert_int_equal(found.seen_at, 5);
	must_fail(store_session_seen(*state, sample.id_hash, 300, &err), ERROR_NOT_FOUND);
	must_fail(store_session_remove(*state, sample.id_hash, &err), ERROR_NOT_FOUND);
}

struct walk {
	struct key_row rows[4];
	size_t seen;
	size_t most;
};

static bool note(void *ctx, const struct key_row *row)
{
	struct walk *walk = ctx;

	walk->rows[walk->seen++] = *row;
	return walk->seen < walk->most;
}

static void add_key(struct store *store, const char *id, int64_t created_at)
{
	struct key_row row = { .salt = "salt", .created_at = created_at };

	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	(void)snprintf(row.hash, sizeof(row.hash), "hash of %s", id);
	must(store_key_add(store, &row, &err));
}

static void keys_are_walked_oldest_first(void **state)
{
	struct walk walk = { .most = 4 };

	must(store_key_each(*state, note, &walk, &err));
	assert_int_equal(walk.seen, 0);
	add_key(*state, "k-2", 20);
	add_key(*state, "k-1", 10);
	must(store_key_each(*state, note, &walk, &err));
	assert_int_equal(walk.seen, 2);
	assert_string_equal(walk.rows[0].id, "k-1");
	assert_string_equal(walk.rows[0].salt, "salt");
	assert_string_equal(walk.rows[0].hash, "hash of k-1");
	assert_int_equal(walk.rows[0].created_at, 10);
	assert_string_equal(walk.rows[1].id, "k-2");
}

static void a_walk_over_keys_ends_when_told_to(void **state)
{
	struct walk walk = { .most = 1 };

	add_key(*state, "k-1", 10);
	add_key(*state, "k-2", 20);
	must(store_key_each(*state, note, &walk, &err));
	assert_int_equal(walk.seen, 1);
}

static void a_key_is_added_once(void **state)
{
	struct key_row row = { .id = "k-1", .created_at = 1 };

	add_key(*state, "k-1", 10);
	must_fail(store_key_add(*state, &row, &err), ERROR_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_comes_back_as_it_went_in),
		TEST(a_session_is_added_once),
		TEST(a_session_that_is_used_is_seen),
		TEST(a_session_that_is_removed_is_not_found),
		TEST(keys_are_walked_oldest_first),
		TEST(a_walk_over_keys_ends_when_told_to),
		TEST(a_key_is_added_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
