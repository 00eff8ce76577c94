/* The promises of operations: done once, later, whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "internal.h"

struct probe {
	struct sandbox_op op;
	struct bench *bench;
	int number;
	int deadlines;
};

struct bench {
	struct sandboxes all;
	int ended[4];
	enum error_kind kinds[4];
	int to_come; /* the loop stops when so many have ended */
};

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct probe *probe = (struct probe *)op;
	struct bench *bench = probe->bench;

	bench->ended[probe->number]++;
	bench->kinds[probe->number] = err ? err->kind : ERROR_NONE;
	free(probe);
	if (--bench->to_come == 0)
		loop_stop(bench->all.loop);
}

static struct probe *probe_begin(struct bench *bench, int number)
{
	struct probe *probe = mem_new(struct probe);

	probe->bench = bench;
	probe->number = number;
	op_begin(&probe->op, &bench->all, on_end);
	return probe;
}

static void run(struct bench *bench, int count)
{
	bench->to_come = count;
	loop_run(bench->all.loop);
}

static int bench_open(void **state)
{
	struct bench *bench = mem_new(struct bench);
	struct error err;

	bench->all.loop = loop_new(&err);
	assert_non_null(bench->all.loop);
	*state = bench;
	return 0;
}

static int bench_close(void **state)
{
	struct bench *bench = *state;

	assert_null(bench->all.ops);
	loop_free(bench->all.loop);
	free(bench);
	return 0;
}

static void an_end_is_told_after_the_call_has_returned(void **state)
{
	struct bench *bench = *state;
	struct probe *probe = probe_begin(bench, 0);

	op_end(&probe->op, NULL);
	assert_int_equal(bench->ended[0], 0);
	run(bench, 1);
	assert_int_equal(bench->ended[0], 1);
	assert_int_equal(bench->kinds[0], ERROR_NONE);
}

static void the_first_end_counts_and_is_told_once(void **state)
{
	struct bench *bench = *state;
	struct probe *first = probe_begin(bench, 0);
	struct probe *last = probe_begin(bench, 1);
	struct error err;

	error_set(&err, ERROR_LIMIT, "too much");
	op_end(&first->op, &err);
	op_end(&first->op, NULL);
	sandbox_cancel(&first->op);
	op_end(&last->op, NULL);
	run(bench, 2);
	assert_int_equal(bench->ended[0], 1);
	assert_int_equal(bench->kinds[0], ERROR_LIMIT);
}

static void cancelling_ends_with_cancelled(void **state)
{
	struct bench *bench = *state;
	struct probe *probe = probe_begin(bench, 0);

	sandbox_cancel(&probe->op);
	assert_int_equal(bench->ended[0], 0);
	run(bench, 1);
	assert_int_equal(bench->kinds[0], ERROR_CANCELLED);
}

static void a_deadline_ends_with_timeout(void **state)
{
	struct bench *bench = *state;
	struct probe *probe = probe_begin(bench, 0);
	int64_t begun = clock_mono_ms();

	op_deadline(&probe->op, 30, NULL);
	run(bench, 1);
	assert_int_equal(bench->kinds[0], ERROR_TIMEOUT);
	assert_true(clock_mono_ms() - begun >= 29);
}

static void end_well(void *op)
{
	struct probe *probe = op;

	probe->deadlines++;
	assert_int_equal(probe->deadlines, 1);
	op_end(&probe->op, NULL);
}

static void a_deadline_of_ones_own_decides_how_it_ends(void **state)
{
	struct bench *bench = *state;
	struct probe *probe = probe_begin(bench, 0);

	op_deadline(&probe->op, 10, end_well);
	run(bench, 1);
	assert_int_equal(bench->ended[0], 1);
	assert_int_equal(bench->kinds[0], ERROR_NONE);
}

static void a_new_deadline_replaces_the_old_one(void **state)
{
	struct bench *bench = *state;
	struct probe *replaced = probe_begin(bench, 0);
	struct probe *other = probe_begin(bench, 1);

	op_deadline(&replaced->op, 1, NULL);
	op_deadline(&replaced->op, 0, NULL);
	op_deadline(&other->op, 30, NULL);
	run(bench, 1);
	assert_int_equal(bench->ended[0], 0);
	assert_int_equal(bench->ended[1], 1);
	op_end(&replaced->op, NULL);
	run(bench, 1);
	assert_int_equal(bench->kinds[0], ERROR_NONE);
}

static void a_deadline_after_the_end_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct probe *probe = probe_begin(bench, 0);

	op_end(&probe->op, NULL);
	op_deadline(&probe->op, 1, NULL);
	run(bench, 1);
	assert_int_equal(bench->kinds[0], ERROR_NONE);
}

static void closing_ends_each_at_once_with_what_it_had(void **state)
{
	struct bench *bench = *state;
	struct probe *ended = probe_begin(bench, 0);
	struct error err;

	(void)probe_begin(bench, 1);
	(void)probe_begin(bench, 2);
	error_set(&err, ERROR_GONE, "gone");
	op_end(&ended->op, &err);
	bench->to_come = -1;
	op_end_all(&bench->all);
	assert_int_equal(bench->ended[0] + bench->ended[1] + bench->ended[2], 3);
	assert_int_equal(bench->kinds[0], ERROR_GONE);
	assert_int_equal(bench->kinds[1], ERROR_CANCELLED);
	assert_int_equal(bench->kinds[2], ERROR_CANCELLED);
}

#define BENCHED(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCHED(an_end_is_told_after_the_call_has_returned),
		BENCHED(the_first_end_counts_and_is_told_once),
		BENCHED(cancelling_ends_with_cancelled),
		BENCHED(a_deadline_ends_with_timeout),
		BENCHED(a_deadline_of_ones_own_decides_how_it_ends),
		BENCHED(a_new_deadline_replaces_the_old_one),
		BENCHED(a_deadline_after_the_end_changes_nothing),
		BENCHED(closing_ends_each_at_once_with_what_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
