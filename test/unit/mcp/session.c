/* Sessions, keys and origins: who asks, and whether they may. */
#include "fixture.h"

static struct session *begin(struct fixture *f, const char *owner, char ret_id[ID_SIZE])
{
	struct error err;
	static const struct hello hello = { .version = "2025-06-18", .client = "tester" };
	struct session *session = session_new(f->mcp, owner, &hello, ret_id, &err);

	assert_non_null(session);
	return session;
}

static struct session *find(struct fixture *f, const char *id, const char *owner)
{
	struct error err;
	struct session *session = session_find(f->mcp, id, owner, &err);

	if (!session)
		assert_int_equal(err.kind, ERROR_NOT_FOUND);
	return session;
}

static void a_session_is_found_by_its_id(void **state)
{
	struct fixture *f = *state;
	char id[ID_SIZE];
	struct session *session = begin(f, NULL, id);

	assert_memory_equal(id, "s-", 2);
	assert_memory_equal(session->owner, "session:", 8);
	assert_ptr_equal(find(f, id, ""), session);
	assert_string_equal(session->hello.version, "2025-06-18");
}

static void a_session_survives_a_restart(void **state)
{
	struct fixture *f = *state;
	char id[ID_SIZE];
	char owner[STORE_OWNER_SIZE];
	struct session *session = begin(f, NULL, id);

	memcpy(owner, session->owner, sizeof(owner));
	mcp_free(f->mcp);
	mcp_start(f, false);
	session = find(f, id, "");
	assert_non_null(session);
	assert_string_equal(session->owner, owner);
	assert_string_equal(session->hello.version, "2025-06-18");
	assert_string_equal(session->hello.client, "tester");
}

static void an_ended_session_is_gone_also_after_a_restart(void **state)
{
	struct fixture *f = *state;
	char id[ID_SIZE];
	struct session *session = begin(f, NULL, id);
	struct error err;

	assert_true(session_end(f->mcp, session, &err));
	assert_null(find(f, id, ""));
	mcp_free(f->mcp);
	mcp_start(f, false);
	assert_null(find(f, id, ""));
}

static void ids_that_were_never_given_are_not_found(void **state)
{
	struct fixture *f = *state;
	char id[ID_SIZE];

	assert_null(find(f, "", ""));
	assert_null(find(f, "s-", ""));
	assert_null(find(f, "x' OR 1=1 --", ""));
	id_new("s-", id);
	assert_null(find(f, id, ""));
}

static void the_session_of_a_key_is_for_that_key_only(void **state)
{
	struct fixture *f = *state;
	char keyed[ID_SIZE], open[ID_SIZE];
	struct session *session = begin(f, "key:k-a", keyed);

	assert_string_equal(session->owner, "key:k-a");
	begin(f, NULL, open);
	assert_non_null(find(f, keyed, "key:k-a"));
	assert_null(find(f, keyed, "key:k-b"));
	assert_null(find(f, keyed, ""));
	assert_null(find(f, open, "key:k-a"));
}

static void memory_holds_a_bounded_number_and_the_database_the_rest(void **state)
{
	struct fixture *f = *state;
	char first[ID_SIZE], id[ID_SIZE];

	begin(f, NULL, first);
	for (int i = 0; i < SESSIONS_CACHED + 10; i++)
		begin(f, NULL, id);
	assert_int_equal(HASH_COUNT(f->mcp->sessions), SESSIONS_CACHED);
	assert_non_null(find(f, first, ""));
	assert_int_equal(HASH_COUNT(f->mcp->sessions), SESSIONS_CACHED);
}

static void handshakes_have_a_rate(void **state)
{
	struct fixture *f = *state;
	const struct hello hello = { .version = "2025-06-18" };
	char id[ID_SIZE];
	struct error err;
	int begun = 0;

	while (begun < 2 * SESSION_BURST && session_new(f->mcp, NULL, &hello, id, &err))
		begun++;
	assert_in_range(begun, SESSION_BURST, SESSION_BURST + 30 * SESSION_PER_SECOND);
	assert_int_equal(err.kind, ERROR_LIMIT);
}

/* --- keys --- */

static void a_made_key_opens_and_no_other(void **state)
{
	struct fixture *f = *state;
	char key[MCP_KEY_SIZE], owner[STORE_OWNER_SIZE];
	struct error err;
	bool exists;

	mcp_free(f->mcp);
	mcp_start(f, true);
	assert_true(mcp_key_exists(f->store, &exists, &err));
	assert_false(exists);
	assert_true(mcp_key_make(f->store, key, &err));
	assert_true(mcp_key_exists(f->store, &exists, &err));
	assert_true(exists);
	assert_memory_equal(key, "sp_", 3);
	assert_int_equal(strlen(key), 55);

	auto_str good = mem_format("Bearer %s", key);
	auto_str small = mem_format("bearer  %s", key);
	auto_str longer = mem_format("Bearer %sx", key);
	auto_str shorter = mem_format("Bearer %.54s", key);
	auto_str basic = mem_format("Basic %s", key);

	assert_true(identity_of(f->mcp, good, owner, &err));
	assert_memory_equal(owner, "key:k-", 6);
	assert_true(identity_of(f->mcp, small, owner, &err));
	assert_false(identity_of(f->mcp, longer, owner, &err));
	assert_false(identity_of(f->mcp, shorter, owner, &err));
	assert_false(identity_of(f->mcp, basic, owner, &err));
	assert_false(identity_of(f->mcp, key, owner, &err));
	assert_false(identity_of(f->mcp, "Bearer ", owner, &err));
	assert_false(identity_of(f->mcp, NULL, owner, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
}

static bool on_key_row(void *ctx, const struct key_row *row)
{
	struct key_row *copy = ctx;

	*copy = *row;
	return false;
}

static void the_database_does_not_hold_the_key(void **state)
{
	struct fixture *f = *state;
	char key[MCP_KEY_SIZE];
	struct key_row row;
	struct error err;

	assert_true(mcp_key_make(f->store, key, &err));
	assert_true(store_key_each(f->store, on_key_row, &row, &err));
	assert_int_equal(strlen(row.salt), 64);
	assert_int_equal(strlen(row.hash), 64);
	assert_null(strstr(row.hash, key + 3));
}

static void without_a_key_asked_for_nobody_is_refused(void **state)
{
	struct fixture *f = *state;
	char key[MCP_KEY_SIZE], owner[STORE_OWNER_SIZE];
	struct error err;

	assert_true(mcp_key_make(f->store, key, &err));
	assert_true(identity_of(f->mcp, NULL, owner, &err));
	assert_string_equal(owner, "");
	assert_true(identity_of(f->mcp, "Bearer sp_wrong", owner, &err));
	assert_string_equal(owner, "");
}

/* --- origins --- */

static const struct {
	const char *host, *origin;
	bool any_host, allowed;
} origins[] = {
	{ "localhost:3000", NULL, false, true },
	{ "127.0.0.1", NULL, false, true },
	{ "[::1]:3000", NULL, false, true },
	{ "LOCALHOST", NULL, false, true },
	{ "evil.example.com", NULL, false, false },
	{ "localhost.evil.example", NULL, false, false },
	{ "127.0.0.1.nip.io:3000", NULL, false, false },
	{ "127.0.0.2", NULL, false, false },
	{ NULL, NULL, false, false },
	{ "", NULL, false, false },
	{ "localhost:", NULL, false, false },
	{ "localhost:123456", NULL, false, false },
	{ "user@localhost", NULL, false, false },
	{ "localhost:3000/x", NULL, false, false },
	{ "localhost", "http://localhost:5173", false, true },
	{ "localhost", "https://127.0.0.1", false, true },
	{ "localhost", "http://[::1]:80", false, true },
	{ "localhost", "HTTP://LocalHost", false, true },
	{ "localhost", "null", false, false },
	{ "localhost", "", false, false },
	{ "localhost", "http://evil.example.com", false, false },
	{ "localhost", "http://localhost.evil.example", false, false },
	{ "localhost", "https://localhost:443@evil.example", false, false },
	{ "localhost", "http://localhost/", false, false },
	{ "localhost", "file://localhost", false, false },
	{ "sandpod.example", NULL, true, true },
	{ "sandpod.example:8443", "https://sandpod.example", true, true },
	{ "sandpod.example", "https://SANDPOD.example:8443", true, true },
	{ "sandpod.example", "http://localhost:5173", true, true },
	{ "sandpod.example", "https://evil.example", true, false },
	{ "sandpod.example", "https://evil.sandpod.example", true, false },
	{ "sandpod.example", "null", true, false },
};

static void pages_of_others_are_kept_out(void **state)
{
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(*origins); i++) {
		bool allowed = origin_is_allowed(origins[i].host, origins[i].origin,
						 origins[i].any_host, &err);

		if (allowed != origins[i].allowed)
			fail_msg("Host %s, Origin %s: %s", origins[i].host, origins[i].origin,
				 allowed ? "let in" : "kept out");
	}
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_session_is_found_by_its_id),
		WITH_FIXTURE(a_session_survives_a_restart),
		WITH_FIXTURE(an_ended_session_is_gone_also_after_a_restart),
		WITH_FIXTURE(ids_that_were_never_given_are_not_found),
		WITH_FIXTURE(the_session_of_a_key_is_for_that_key_only),
		WITH_FIXTURE(memory_holds_a_bounded_number_and_the_database_the_rest),
		WITH_FIXTURE(handshakes_have_a_rate),
		WITH_FIXTURE(a_made_key_opens_and_no_other),
		WITH_FIXTURE(the_database_does_not_hold_the_key),
		WITH_FIXTURE(without_a_key_asked_for_nobody_is_refused),
		cmocka_unit_test(pages_of_others_are_kept_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
