/* Containers: rows come back as they went in, what must be unique is, walks and moves. */
#include "fixture.h"

static void assert_text(const char *one, const char *other)
{
	if (!one || !other)
		assert_ptr_equal(one, other);
	else
		assert_string_equal(one, other);
}

static void assert_same(const struct container_row *one, const struct container_row *other)
{
	assert_string_equal(one->id, other->id);
	assert_string_equal(one->owner, other->owner);
	assert_string_equal(one->state, other->state);
	assert_text(one->name, other->name);
	assert_text(one->request_id, other->request_id);
	assert_text(one->image, other->image);
	assert_text(one->podman_id, other->podman_id);
	assert_text(one->network, other->network);
	assert_text(one->workdir, other->workdir);
	assert_text(one->env, other->env);
	assert_text(one->posture, other->posture);
	assert_text(one->gone_reason, other->gone_reason);
	assert_text(one->shape, other->shape);
	assert_int_equal(one->uid_slot, other->uid_slot);
	assert_int_equal(one->memory, other->memory);
	assert_int_equal(one->cpu_milli, other->cpu_milli);
	assert_int_equal(one->pids, other->pids);
	assert_int_equal(one->disk, other->disk);
	assert_int_equal(one->next_stream, other->next_stream);
	assert_int_equal(one->created_at, other->created_at);
	assert_int_equal(one->expires_at, other->expires_at);
	assert_int_equal(one->gone_at, other->gone_at);
}

static void a_row_comes_back_as_it_went_in(void **state)
{
	auto_container_row row = container_sample("c-1", 7);
	auto_container_row found = { 0 };

	row.name = mem_strdup(awkward);
	row.request_id = mem_strdup("");
	row.podman_id = mem_strdup("0123456789abcdef");
	row.env = mem_strdup("{\"A\":\"b'c\"}");
	row.posture = mem_strdup("{}");
	row.shape = mem_strdup("round");
	row.memory = INT64_MAX;
	row.disk = 11;
	row.next_stream = 42;
	(void)snprintf(row.owner, sizeof(row.owner), "%079d", 5);
	must(store_container_add(*state, &row, &err));
	must(store_container_find(*state, "c-1", &found, &err));
	assert_same(&row, &found);
}

static void absent_texts_stay_absent(void **state)
{
	auto_container_row row = container_sample("c-1", 7);
	auto_container_row found = { 0 };

	must(store_container_add(*state, &row, &err));
	must(store_container_find(*state, "c-1", &found, &err));
	assert_null(found.name);
	assert_null(found.request_id);
	assert_null(found.podman_id);
	assert_null(found.env);
	assert_null(found.posture);
	assert_null(found.gone_reason);
	assert_same(&row, &found);
}

static void an_unknown_id_is_not_found_and_leaves_the_row_untouched(void **state)
{
	struct container_row row = { .pids = 5 };
	int64_t stream = 5;

	must_fail(store_container_find(*state, "c-0", &row, &err), ERROR_NOT_FOUND);
	must_fail(store_container_find_request(*state, "key:one", "r", &row, &err),
		  ERROR_NOT_FOUND);
	assert_int_equal(row.pids, 5);
	must_fail(store_container_take_streams(*state, "c-0", 1, &stream, &err), ERROR_NOT_FOUND);
	assert_int_equal(stream, 5);
	must_fail(store_container_set_state(*state, "c-0", "gone", &err), ERROR_NOT_FOUND);
	must_fail(store_container_set_podman_id(*state, "c-0", "a", &err), ERROR_NOT_FOUND);
	must_fail(store_container_set_posture(*state, "c-0", "{}", &err), ERROR_NOT_FOUND);
	must_fail(store_container_set_expiry(*state, "c-0", 1, &err), ERROR_NOT_FOUND);
	must_fail(store_container_set_reason(*state, "c-0", "expired", &err), ERROR_NOT_FOUND);
	must_fail(store_container_gone(*state, "c-0", 1, &err), ERROR_NOT_FOUND);
}

static void an_id_is_taken_once(void **state)
{
	auto_container_row row = container_sample("c-1", 2);

	add_container(*state, "c-1", 1);
	must_fail(store_container_add(*state, &row, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "container.id"));
}

static void a_uid_slot_is_taken_until_its_container_is_gone(void **state)
{
	auto_container_row row = container_sample("c-2", 1);

	add_container(*state, "c-1", 1);
	must_fail(store_container_add(*state, &row, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "uid_slot"));
	must(store_container_gone(*state, "c-1", 1790000009000, &err));
	must(store_container_add(*state, &row, &err));
}

static struct container_row request_sample(const char *id, int64_t slot, const char *owner)
{
	struct container_row row = container_sample(id, slot);

	row.request_id = mem_strdup("r-1");
	(void)snprintf(row.owner, sizeof(row.owner), "%s", owner);
	return row;
}

static void a_request_makes_one_living_container_for_each_owner(void **state)
{
	auto_container_row first = request_sample("c-1", 1, "key:one");
	auto_container_row again = request_sample("c-2", 2, "key:one");
	auto_container_row other = request_sample("c-3", 3, "key:two");

	must(store_container_add(*state, &first, &err));
	must_fail(store_container_add(*state, &again, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "request_id"));
	must(store_container_add(*state, &other, &err));
	must(store_container_gone(*state, "c-1", 1790000009000, &err));
	must(store_container_add(*state, &again, &err));
}

static void a_request_is_found_living_before_gone_and_newest_before_older(void **state)
{
	auto_container_row one = request_sample("c-1", 1, "key:one");
	auto_container_row two = request_sample("c-2", 2, "key:one");
	auto_container_row three = request_sample("c-3", 3, "key:one");
	auto_container_row found = { 0 };

	must(store_container_add(*state, &one, &err));
	must(store_container_gone(*state, "c-1", 1790000009000, &err));
	must(store_container_add(*state, &three, &err));
	must(store_container_gone(*state, "c-3", 1790000009000, &err));
	must(store_container_find_request(*state, "key:one", "r-1", &found, &err));
	assert_string_equal(found.id, "c-3");
	must(store_container_add(*state, &two, &err));
	container_row_release(&found);
	must(store_container_find_request(*state, "key:one", "r-1", &found, &err));
	assert_string_equal(found.id, "c-2");
	must_fail(store_container_find_request(*state, "key:two", "r-1", &found, &err),
		  ERROR_NOT_FOUND);
}

static void each_setter_changes_its_column_of_its_container_alone(void **state)
{
	auto_container_row expected = container_sample("c-1", 1);
	auto_container_row bystander = container_sample("c-2", 2);
	auto_container_row found = { 0 }, other = { 0 };

	must(store_container_add(*state, &expected, &err));
	must(store_container_add(*state, &bystander, &err));
	must(store_container_set_state(*state, "c-1", "running", &err));
	must(store_container_set_podman_id(*state, "c-1", "abc", &err));
	must(store_container_set_posture(*state, "c-1", awkward, &err));
	must(store_container_set_expiry(*state, "c-1", 99, &err));
	must(store_container_set_reason(*state, "c-1", "expired", &err));
	memcpy(expected.state, "running", 8);
	expected.podman_id = mem_strdup("abc");
	expected.posture = mem_strdup(awkward);
	expected.expires_at = 99;
	expected.gone_reason = mem_strdup("expired");
	must(store_container_find(*state, "c-1", &found, &err));
	assert_same(&expected, &found);
	must(store_container_find(*state, "c-2", &other, &err));
	assert_same(&bystander, &other);
}

static void no_stream_number_is_given_twice(void **state)
{
	int64_t stream = 0;
	auto_container_row found = { 0 };

	add_container(*state, "c-1", 1);
	add_container(*state, "c-2", 2);
	for (int64_t wanted = 1; wanted < 10; wanted += 3) {
		must(store_container_take_streams(*state, "c-1", 3, &stream, &err));
		assert_int_equal(stream, wanted);
	}
	must(store_container_take_streams(*state, "c-2", 1, &stream, &err));
	assert_int_equal(stream, 1);
	must(store_container_find(*state, "c-1", &found, &err));
	assert_int_equal(found.next_stream, 10);
}

static void a_tombstone_keeps_its_reason_and_its_time(void **state)
{
	auto_container_row found = { 0 };

	add_container(*state, "c-1", 1);
	must(store_container_set_reason(*state, "c-1", "destroyed", &err));
	must(store_container_gone(*state, "c-1", 1000, &err));
	must(store_container_gone(*state, "c-1", 2000, &err));
	must(store_container_find(*state, "c-1", &found, &err));
	assert_string_equal(found.state, "gone");
	assert_string_equal(found.gone_reason, "destroyed");
	assert_int_equal(found.gone_at, 1000);
}

struct walk {
	struct store *store;
	char ids[100];
	size_t most; /* rows to see before ending the walk */
	size_t seen;
};

static bool note(void *ctx, const struct container_row *row)
{
	struct walk *walk = ctx;

	walk->ids[walk->seen++] = row->id[2];
	return walk->seen < walk->most;
}

static void walk_is(struct store *store, const char *owner, bool include_gone, const char *wanted)
{
	struct walk walk = { .most = 100 };

	must(store_container_each(store, owner, include_gone, note, &walk, &err));
	assert_string_equal(walk.ids, wanted);
}

static void add_many(struct store *store)
{
	static const char *const owners[] = { "key:one", "key:two" };

	/* c-5 is the oldest, c-0 the newest; the even ones belong to the first owner. */
	for (int i = 0; i < 6; i++) {
		char id[] = { 'c', '-', (char)('0' + i), '\0' };
		auto_container_row row = container_sample(id, 10 - i);

		memcpy(row.owner, owners[i % 2], 8);
		must(store_container_add(store, &row, &err));
	}
	must(store_container_gone(store, "c-3", 5000, &err));
	must(store_container_gone(store, "c-4", 5000, &err));
}

static void a_walk_shows_whom_it_should_oldest_first(void **state)
{
	walk_is(*state, NULL, true, "");
	add_many(*state);
	walk_is(*state, NULL, true, "543210");
	walk_is(*state, NULL, false, "5210");
	walk_is(*state, "key:one", true, "420");
	walk_is(*state, "key:one", false, "20");
	walk_is(*state, "key:two", false, "51");
	walk_is(*state, "key:three", true, "");
}

static void a_walk_ends_when_told_to(void **state)
{
	struct walk walk = { .most = 2 };

	add_many(*state);
	must(store_container_each(*state, NULL, true, note, &walk, &err));
	assert_string_equal(walk.ids, "54");
	walk_is(*state, NULL, true, "543210");
}

/* Changes what the walk looks for and sorts by, and walks within the walk. */
static bool disturb(void *ctx, const struct container_row *row)
{
	struct walk *walk = ctx;
	auto_container_row more = container_sample("c-9", 100 + (int64_t)walk->seen);

	more.id[2] = (char)('a' + walk->seen);
	must(store_container_gone(walk->store, row->id, 6000, &err));
	must(store_container_add(walk->store, &more, &err));
	walk_is(walk->store, "key:two", true, "531");
	return note(ctx, row);
}

static void a_walk_may_write_and_walk_again(void **state)
{
	struct walk walk = { .store = *state, .most = 100 };

	add_many(*state);
	must(store_container_each(*state, NULL, false, disturb, &walk, &err));
	assert_string_equal(walk.ids, "5210");
	walk_is(*state, NULL, false, "abcd");
}

static bool walk_again(void *ctx, const struct container_row *row)
{
	struct walk *walk = ctx;

	walk_is(walk->store, NULL, true, "543210");
	return note(ctx, row);
}

static void a_walk_may_run_within_the_same_walk(void **state)
{
	struct store *store = *state;
	struct walk walk = { .store = store, .most = 100 };
	size_t kept;

	add_many(store);
	walk_is(store, NULL, true, "543210");
	kept = store->statement_count;
	must(store_container_each(store, NULL, true, walk_again, &walk, &err));
	assert_string_equal(walk.ids, "543210");
	assert_int_equal(store->statement_count, kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, memory_teardown)

static void when_the_clock_is_set_both_times_move(void **state)
{
	auto_container_row row = container_sample("c-1", 7);
	auto_container_row found = { 0 };

	must(store_container_add(*state, &row, &err));
	must(store_container_shift(*state, "c-1", -5000, &err));
	must(store_container_find(*state, "c-1", &found, &err));
	row.created_at -= 5000;
	row.expires_at -= 5000;
	assert_same(&row, &found);
	assert_false(store_container_shift(*state, "c-2", 1, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

/* What a container that nobody owns becomes when it is given to somebody. */
static void only_a_warm_container_is_given_and_only_what_is_its_owners_changes(void **state)
{
	auto_container_row row = container_sample("c-1", 7);
	auto_container_row wish = container_sample("c-1", 8);
	auto_container_row found = { 0 };

	row.shape = mem_strdup("round");
	(void)snprintf(row.state, sizeof(row.state), "warm");
	must(store_container_add(*state, &row, &err));
	(void)snprintf(wish.owner, sizeof(wish.owner), "key:new");
	(void)snprintf(wish.state, sizeof(wish.state), "running");
	wish.name = mem_strdup(awkward);
	wish.request_id = mem_strdup("r");
	wish.memory = 5;
	wish.cpu_milli = 6;
	wish.pids = 9;
	wish.created_at = 100;
	wish.expires_at = 200;
	must(store_container_give(*state, &wish, &err));
	must(store_container_find(*state, "c-1", &found, &err));
	wish.uid_slot = row.uid_slot;
	assert_same(&wish, &found);
	assert_false(store_container_give(*state, &wish, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void a_container_is_not_given_for_a_request_that_has_one(void **state)
{
	auto_container_row first = container_sample("c-1", 7);
	auto_container_row warm = container_sample("c-2", 8);

	first.request_id = mem_strdup("r");
	(void)snprintf(warm.state, sizeof(warm.state), "warm");
	must(store_container_add(*state, &first, &err));
	must(store_container_add(*state, &warm, &err));
	warm.request_id = mem_strdup("r");
	assert_false(store_container_give(*state, &warm, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_went_in),
		TEST(absent_texts_stay_absent),
		TEST(an_unknown_id_is_not_found_and_leaves_the_row_untouched),
		TEST(an_id_is_taken_once),
		TEST(a_uid_slot_is_taken_until_its_container_is_gone),
		TEST(a_request_makes_one_living_container_for_each_owner),
		TEST(a_request_is_found_living_before_gone_and_newest_before_older),
		TEST(each_setter_changes_its_column_of_its_container_alone),
		TEST(no_stream_number_is_given_twice),
		TEST(a_tombstone_keeps_its_reason_and_its_time),
		TEST(a_walk_shows_whom_it_should_oldest_first),
		TEST(a_walk_ends_when_told_to),
		TEST(a_walk_may_write_and_walk_again),
		TEST(a_walk_may_run_within_the_same_walk),
		TEST(when_the_clock_is_set_both_times_move),
		TEST(only_a_warm_container_is_given_and_only_what_is_its_owners_changes),
		TEST(a_container_is_not_given_for_a_request_that_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
