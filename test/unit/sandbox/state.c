/* The state table, pair by pair, and the one function that moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { STATES = SANDBOX_GONE + 1 };

/* Rows: from; columns: to; in the order of the enum. */
static const char *const allowed[STATES] = {
	[SANDBOX_CREATING] = ".WRF..",   [SANDBOX_WARM] = "C.R.D.",
	[SANDBOX_RUNNING] = "...FD.",    [SANDBOX_FAILED] = "....D.",
	[SANDBOX_DESTROYING] = ".....G", [SANDBOX_GONE] = "......",
};

static void exactly_the_moves_of_the_diagram_are_allowed(void **state)
{
	(void)state;
	for (int from = 0; from < STATES; from++)
		for (int to = 0; to < STATES; to++)
			assert_int_equal(sandbox_may_become((enum sandbox_state)from,
							    (enum sandbox_state)to),
					 allowed[from][to] != '.');
}

static void every_name_reads_back(void **state)
{
	enum sandbox_state parsed;

	(void)state;
	for (int i = 0; i < STATES; i++) {
		assert_true(
			sandbox_state_parse(sandbox_state_name((enum sandbox_state)i), &parsed));
		assert_int_equal(parsed, i);
	}
}

static void a_word_that_is_no_state_is_refused(void **state)
{
	enum sandbox_state parsed = SANDBOX_FAILED;

	(void)state;
	assert_false(sandbox_state_parse("cold", &parsed));
	assert_false(sandbox_state_parse("", &parsed));
	assert_false(sandbox_state_parse("Running", &parsed));
	assert_int_equal(parsed, SANDBOX_FAILED);
}

/* A container in a store that is in memory. */
struct house {
	struct sandboxes all;
	struct sandbox sb;
};

static int house_open(void **state)
{
	struct house *house = mem_new(struct house);
	struct error err;
	struct container_row row = { .uid_slot = 20, .created_at = 1, .expires_at = 2 };

	house->all.store = store_open(":memory:", &err);
	assert_non_null(house->all.store);
	house->sb.all = &house->all;
	id_new("c-", row.id);
	snprintf(row.owner, sizeof(row.owner), "me");
	snprintf(row.state, sizeof(row.state), "creating");
	row.image = "i";
	row.network = "none";
	row.workdir = "/";
	assert_true(store_container_add(house->all.store, &row, &err));
	assert_true(store_container_find(house->all.store, row.id, &house->sb.row, &err));
	*state = house;
	return 0;
}

static int house_close(void **state)
{
	struct house *house = *state;

	container_row_release(&house->sb.row);
	store_close(house->all.store);
	free(house);
	return 0;
}

static void assert_stored(struct house *house, const char *word)
{
	auto_container_row row = { 0 };
	struct error err;

	assert_true(store_container_find(house->all.store, house->sb.row.id, &row, &err));
	assert_string_equal(row.state, word);
}

static void a_move_is_in_the_database_and_in_memory(void **state)
{
	struct house *house = *state;
	struct error err;

	assert_true(sandbox_move(&house->sb, SANDBOX_RUNNING, &err));
	assert_int_equal(house->sb.state, SANDBOX_RUNNING);
	assert_string_equal(house->sb.row.state, "running");
	assert_stored(house, "running");
}

static void a_move_that_is_not_in_the_table_changes_nothing(void **state)
{
	struct house *house = *state;
	struct error err;

	assert_false(sandbox_move(&house->sb, SANDBOX_GONE, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "is creating and cannot become gone"));
	assert_int_equal(house->sb.state, SANDBOX_CREATING);
	assert_stored(house, "creating");
}

static void what_is_gone_has_the_time_when_its_end_began(void **state)
{
	struct house *house = *state;
	auto_container_row row = { 0 };
	struct error err;

	sandbox_move_anyway(&house->sb, SANDBOX_FAILED);
	sandbox_move_anyway(&house->sb, SANDBOX_DESTROYING);
	house->sb.row.gone_at = 12345;
	assert_true(sandbox_move(&house->sb, SANDBOX_GONE, &err));
	assert_true(store_container_find(house->all.store, house->sb.row.id, &row, &err));
	assert_string_equal(row.state, "gone");
	assert_int_equal(row.gone_at, 12345);
}

static void an_end_comes_even_when_it_cannot_be_written(void **state)
{
	struct house *house = *state;
	struct error err;

	assert_true(sandbox_move(&house->sb, SANDBOX_RUNNING, &err));
	snprintf(house->sb.row.id, sizeof(house->sb.row.id), "c-not-in-the-store");
	sandbox_move_anyway(&house->sb, SANDBOX_DESTROYING);
	assert_int_equal(house->sb.state, SANDBOX_DESTROYING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_moves_of_the_diagram_are_allowed),
		cmocka_unit_test(every_name_reads_back),
		cmocka_unit_test(a_word_that_is_no_state_is_refused),
		cmocka_unit_test_setup_teardown(a_move_is_in_the_database_and_in_memory, house_open,
						house_close),
		cmocka_unit_test_setup_teardown(a_move_that_is_not_in_the_table_changes_nothing,
						house_open, house_close),
		cmocka_unit_test_setup_teardown(what_is_gone_has_the_time_when_its_end_began,
						house_open, house_close),
		cmocka_unit_test_setup_teardown(an_end_comes_even_when_it_cannot_be_written,
						house_open, house_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
