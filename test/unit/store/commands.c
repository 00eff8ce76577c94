/* Commands: rows come back as they went in, ends and walks. */
#include "fixture.h"

static int setup(void **state)
{
	if (memory_setup(state) != 0)
		return -1;
	add_container(*state, "c-1", 1);
	add_container(*state, "c-2", 2);
	return 0;
}

static void assert_same(const struct command_row *one, const struct command_row *other)
{
	assert_string_equal(one->id, other->id);
	assert_string_equal(one->container_id, other->container_id);
	assert_string_equal(one->command, other->command);
	assert_string_equal(one->state, other->state);
	assert_string_equal(one->reason ? one->reason : "-", other->reason ? other->reason : "-");
	assert_int_equal(one->stream, other->stream);
	assert_int_equal(one->exit_code, other->exit_code);
	assert_int_equal(one->signal, other->signal);
	assert_int_equal(one->started_at, other->started_at);
	assert_int_equal(one->ended_at, other->ended_at);
	assert_int_equal(one->duration_ms, other->duration_ms);
	assert_int_equal(one->cpu_ms, other->cpu_ms);
	assert_int_equal(one->memory_peak, other->memory_peak);
	assert_int_equal(one->stdout_bytes, other->stdout_bytes);
	assert_int_equal(one->stderr_bytes, other->stderr_bytes);
	assert_int_equal(one->kill_after_ms, other->kill_after_ms);
	assert_int_equal(one->input_closed, other->input_closed);
	assert_string_equal(one->language ? one->language : "-",
			    other->language ? other->language : "-");
	assert_string_equal(one->context ? one->context : "-",
			    other->context ? other->context : "-");
	assert_string_equal(one->state_lost ? one->state_lost : "-",
			    other->state_lost ? other->state_lost : "-");
	assert_int_equal(one->outcome_bytes, other->outcome_bytes);
	assert_int_equal(one->fresh, other->fresh);
	assert_int_equal(one->context_over, other->context_over);
}

static void end(struct command_row *row)
{
	memcpy(row->state, "killed", 7);
	row->reason = mem_strdup("the group was killed");
	row->exit_code = 3;
	row->signal = 9;
	row->ended_at = 1790000005000;
	row->duration_ms = 4000;
	row->cpu_ms = 17;
	row->memory_peak = 1 << 20;
	row->stdout_bytes = 5000000000;
	row->stderr_bytes = 6;
	row->outcome_bytes = 7;
	row->fresh = true;
	row->state_lost = mem_strdup("it ended with exit code 3");
	row->context_over = true;
}

static void a_row_comes_back_as_it_went_in(void **state)
{
	auto_command_row row = command_sample("x-1", "c-1", 1);
	auto_command_row found = { 0 };

	free(row.command);
	row.command = mem_strdup(awkward);
	row.input_closed = true;
	row.language = mem_strdup("python");
	row.context = mem_strdup(awkward);
	end(&row);
	must(store_command_add(*state, &row, &err));
	must(store_command_find(*state, "x-1", &found, &err));
	assert_same(&row, &found);
}

static void a_command_as_long_as_a_request_may_be_is_kept_whole(void **state)
{
	auto_command_row row = command_sample("x-1", "c-1", 1);
	auto_command_row found = { 0 };

	free(row.command);
	row.command = mem_zeroed(1, 4000001);
	memset(row.command, 'z', 4000000);
	must(store_command_add(*state, &row, &err));
	must(store_command_find(*state, "x-1", &found, &err));
	assert_same(&row, &found);
}

static void the_end_is_written_whole_and_to_one_row_alone(void **state)
{
	auto_command_row row = command_sample("x-1", "c-1", 1);
	auto_command_row bystander = command_sample("x-2", "c-1", 2);
	auto_command_row found = { 0 }, other = { 0 };
	struct command_row ended = { .id = "x-1" };

	row.input_closed = true;
	must(store_command_add(*state, &row, &err));
	must(store_command_add(*state, &bystander, &err));
	end(&ended);
	must(store_command_end(*state, &ended, &err));
	end(&row);
	must(store_command_find(*state, "x-1", &found, &err));
	assert_same(&row, &found);
	must(store_command_find(*state, "x-2", &other, &err));
	assert_same(&bystander, &other);
	command_row_release(&ended);
}

static void the_end_of_input_is_written_to_one_row_alone(void **state)
{
	auto_command_row one = { 0 }, other = { 0 };

	add_command(*state, "x-1", "c-1", 1);
	add_command(*state, "x-2", "c-1", 2);
	must(store_command_set_input_closed(*state, "x-1", &err));
	must(store_command_find(*state, "x-1", &one, &err));
	must(store_command_find(*state, "x-2", &other, &err));
	assert_true(one.input_closed);
	assert_false(other.input_closed);
	must_fail(store_command_set_input_closed(*state, "x-0", &err), ERROR_NOT_FOUND);
}

static void an_unknown_id_is_not_found_and_leaves_the_row_untouched(void **state)
{
	struct command_row row = { .signal = 5, .id = "x-0" };

	must_fail(store_command_find(*state, "x-0", &row, &err), ERROR_NOT_FOUND);
	assert_int_equal(row.signal, 5);
	must_fail(store_command_end(*state, &row, &err), ERROR_NOT_FOUND);
}

static void an_id_and_a_stream_are_taken_once(void **state)
{
	auto_command_row same_id = command_sample("x-1", "c-1", 2);
	auto_command_row same_stream = command_sample("x-2", "c-1", 1);

	add_command(*state, "x-1", "c-1", 1);
	must_fail(store_command_add(*state, &same_id, &err), ERROR_CONFLICT);
	must_fail(store_command_add(*state, &same_stream, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "stream"));
	add_command(*state, "x-2", "c-2", 1);
}

static void a_command_needs_its_container(void **state)
{
	auto_command_row row = command_sample("x-1", "c-0", 1);

	must_fail(store_command_add(*state, &row, &err), ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "container"));
}

static void a_row_without_a_command_is_refused(void **state)
{
	auto_command_row row = command_sample("x-1", "c-1", 1);

	free(row.command);
	row.command = NULL;
	must_fail(store_command_add(*state, &row, &err), ERROR_INTERNAL);
}

struct walk {
	struct store *store;
	char ids[20];
	size_t most;
	size_t seen;
};

static bool note(void *ctx, const struct command_row *row)
{
	struct walk *walk = ctx;

	walk->ids[walk->seen++] = row->id[2];
	return walk->seen < walk->most;
}

static void walk_is(struct store *store, const char *container_id, bool running_only,
		    const char *wanted)
{
	struct walk walk = { .most = 20 };

	must(store_command_each(store, container_id, running_only, note, &walk, &err));
	assert_string_equal(walk.ids, wanted);
}

static void add_many(struct store *store)
{
	auto_command_row row = command_sample("x-3", "c-1", 2);

	add_command(store, "x-4", "c-1", 4);
	add_command(store, "x-1", "c-1", 1);
	end(&row);
	must(store_command_add(store, &row, &err));
	add_command(store, "x-5", "c-2", 1);
}

static void a_walk_shows_the_commands_of_one_container_oldest_first(void **state)
{
	walk_is(*state, "c-1", false, "");
	add_many(*state);
	walk_is(*state, "c-1", false, "134");
	walk_is(*state, "c-1", true, "14");
	walk_is(*state, "c-2", false, "5");
	walk_is(*state, "c-0", false, "");
}

static void a_walk_ends_when_told_to(void **state)
{
	struct walk walk = { .most = 2 };

	add_many(*state);
	must(store_command_each(*state, "c-1", false, note, &walk, &err));
	assert_string_equal(walk.ids, "13");
}

static bool end_each(void *ctx, const struct command_row *row)
{
	struct walk *walk = ctx;
	struct command_row over = *row;

	end(&over);
	must(store_command_end(walk->store, &over, &err));
	free(over.reason);
	free(over.state_lost);
	return note(ctx, row);
}

static void a_walk_may_write_to_what_it_walks(void **state)
{
	struct walk walk = { .store = *state, .most = 20 };

	add_many(*state);
	must(store_command_each(*state, "c-1", true, end_each, &walk, &err));
	assert_string_equal(walk.ids, "14");
	walk_is(*state, "c-1", true, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_comes_back_as_it_went_in),
		TEST(a_command_as_long_as_a_request_may_be_is_kept_whole),
		TEST(the_end_is_written_whole_and_to_one_row_alone),
		TEST(the_end_of_input_is_written_to_one_row_alone),
		TEST(an_unknown_id_is_not_found_and_leaves_the_row_untouched),
		TEST(an_id_and_a_stream_are_taken_once),
		TEST(a_command_needs_its_container),
		TEST(a_row_without_a_command_is_refused),
		TEST(a_walk_shows_the_commands_of_one_container_oldest_first),
		TEST(a_walk_ends_when_told_to),
		TEST(a_walk_may_write_to_what_it_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
