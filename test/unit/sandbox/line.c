/* The line in front of the births.  Podman is away, so that a birth begins and gets no further: a
 * place becomes free when the test destroys what is being born. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include "internal.h"

enum { CALLS_MAX = 256, PATIENCE_MS = 10000 };

struct house {
	char dir[64];
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandboxes *all;
	int ended;
	struct error err;
};

static int house_open(void **state)
{
	struct house *house = mem_new(struct house);
	struct sandbox_settings settings = {
		.data_dir = house->dir,
		.agent_path = "/nowhere/agent",
		.base_url = "http://localhost:1",
		.image = "i",
		.memory = 64 << 20,
		.cpu_milli = 500,
		.pids = 50,
		.ttl_ms = 600000,
		.network = "none",
		.max_containers = 1000,
		.births_most = 1,
	};
	struct error err;

	snprintf(house->dir, sizeof(house->dir), "/tmp/sandpod-line-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	house->loop = loop_new(&err);
	house->store = store_open(":memory:", &err);
	house->podman = podman_open(house->loop, "/nowhere/podman.sock", &err);
	house->all = sandboxes_open(house->loop, house->store, house->podman, &settings, &err);
	assert_non_null(house->all);
	*state = house;
	return 0;
}

static int house_close(void **state)
{
	static const char *const made[] = { "etc/passwd", "etc/group", "etc", "spool", "link" };
	struct house *house = *state;

	sandboxes_close(house->all);
	podman_close(house->podman);
	store_close(house->store);
	loop_free(house->loop);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		auto_str path = mem_format("%s/%s", house->dir, made[i]);

		assert_int_equal(remove(path), 0);
	}
	assert_int_equal(rmdir(house->dir), 0);
	free(house);
	return 0;
}

static void on_view(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct house *house = ctx;

	assert_null(view);
	house->ended++;
	house->err = *err;
}

static struct sandbox_op *ask(struct house *house, const char *owner, const char *request_id)
{
	struct sandbox_request request = { .owner = owner, .request_id = request_id };
	struct error err;
	struct sandbox_op *op = sandbox_create(house->all, &request, on_view, house, &err);

	if (!op)
		fail_msg("%s", err.text);
	return op;
}

static void on_destroyed(void *ctx, const struct error *err)
{
	(void)ctx;
	assert_int_equal(err->kind, ERROR_CANCELLED); /* at the end of the test */
}

/* The only one that is being born. */
static struct sandbox *newborn(struct house *house)
{
	struct sandbox *found = NULL;

	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next) {
		if (sb->state != SANDBOX_CREATING)
			continue;
		assert_null(found);
		found = sb;
	}
	return found;
}

struct wait {
	struct house *house;
	bool (*is)(struct house *house);
	int64_t until;
};

static void look(void *ctx)
{
	struct wait *wait = ctx;

	if (wait->is(wait->house) || clock_mono_ms() > wait->until)
		loop_stop(wait->house->loop);
}

static void run_until(struct house *house, bool (*is)(struct house *house))
{
	struct wait wait = { house, is, clock_mono_ms() + PATIENCE_MS };
	struct timer *timer = timer_start(house->loop, 0, 1, look, &wait);

	loop_run(house->loop);
	timer_stop(timer);
	assert_true(is(house));
}

static bool somebody_is_born(struct house *house)
{
	return newborn(house) != NULL;
}

/* Makes room for the next birth, and says whose that is. */
static const char *next_owner(struct house *house)
{
	struct sandbox *sb = newborn(house);

	if (sb)
		destroy_begin(sb, REASON_ASKED);
	run_until(house, somebody_is_born);
	return newborn(house)->row.owner;
}

static void owners_take_turns_however_much_one_asks_for(void **state)
{
	struct house *house = *state;

	for (int i = 0; i < 20; i++)
		ask(house, "greedy", NULL);
	ask(house, "modest", NULL);
	ask(house, "late", NULL);
	ask(house, "modest", NULL);
	assert_string_equal(newborn(house)->row.owner, "greedy");
	assert_string_equal(next_owner(house), "greedy");
	assert_string_equal(next_owner(house), "modest");
	assert_string_equal(next_owner(house), "late");
	assert_string_equal(next_owner(house), "greedy");
	assert_string_equal(next_owner(house), "modest");
	assert_string_equal(next_owner(house), "greedy");
	assert_int_equal(line_length(house->all->line), 16);
}

static void who_would_wait_too_long_is_told_how_long(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;
	int64_t places = 0;

	while (sandbox_create(house->all, &request, on_view, house, &err))
		assert_true(++places < CALLS_MAX);
	/* Twenty seconds of births of 200 ms, one after another, and the one that is under way. */
	assert_int_equal(places, 101);
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_non_null(strstr(err.text, "which takes about 21 seconds"));
	assert_true(err.retryable);
	assert_int_equal(house->ended, 0);
}

static void who_asks_for_many_keeps_nobody_out(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "greedy" };
	struct error err;

	while (sandbox_create(house->all, &request, on_view, house, &err))
		;
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_int_equal(sandboxes_line(house->all, "modest").before, 2);
	ask(house, "modest", NULL);
	assert_string_equal(next_owner(house), "greedy");
	assert_string_equal(next_owner(house), "modest");
}

static bool all_ended(struct house *house)
{
	return house->ended == 3;
}

static void nothing_is_begun_once_everything_is_being_destroyed(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	for (int i = 0; i < 3; i++)
		ask(house, "me", NULL);
	sandboxes_destroy_all(house->all, on_destroyed, NULL);
	run_until(house, all_ended);
	assert_null(newborn(house));
	assert_int_equal(sandboxes_count(house->all), 1); /* Podman is away */
	assert_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
}

static void those_in_line_count_as_containers(void **state)
{
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	house->all->settings.max_containers = 3;
	for (int i = 0; i < 3; i++)
		ask(house, "me", NULL);
	assert_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_non_null(strstr(err.text, "its maximum"));
}

static void the_same_request_id_stands_in_line_once(void **state)
{
	struct house *house = *state;

	ask(house, "me", NULL);
	ask(house, "me", "r");
	ask(house, "me", "r");
	ask(house, "you", "r");
	assert_int_equal(line_length(house->all->line), 2);
	assert_string_equal(next_owner(house), "me");
	assert_string_equal(newborn(house)->row.request_id, "r");
	/* Also when it is being born. */
	ask(house, "me", "r");
	assert_int_equal(line_length(house->all->line), 1);
}

static bool one_ended(struct house *house)
{
	return house->ended == 1;
}

static void nothing_is_made_for_those_who_left(void **state)
{
	struct house *house = *state;

	ask(house, "me", NULL);
	sandbox_cancel(ask(house, "left", NULL));
	ask(house, "you", NULL);
	run_until(house, one_ended);
	assert_int_equal(house->err.kind, ERROR_CANCELLED);
	assert_string_equal(next_owner(house), "you");
	assert_int_equal(line_length(house->all->line), 0);
}

static void who_waits_too_long_gets_an_answer(void **state)
{
	struct house *house = *state;

	house->all->line_late_ms = 20;
	ask(house, "me", NULL);
	ask(house, "you", NULL);
	run_until(house, one_ended);
	assert_int_equal(house->err.kind, ERROR_UNAVAILABLE);
	assert_true(house->err.retryable);
	assert_int_equal(line_length(house->all->line), 0);
	assert_string_equal(newborn(house)->row.owner, "me");
}

static void closing_ends_everybody_in_line(void **state)
{
	struct house *house = *state;
	struct sandbox_settings settings = house->all->settings;
	struct error err;

	ask(house, "me", NULL);
	ask(house, "me", NULL);
	ask(house, "you", NULL);
	sandboxes_close(house->all);
	assert_int_equal(house->ended, 3);
	assert_int_equal(house->err.kind, ERROR_CANCELLED);
	house->all = sandboxes_open(house->loop, house->store, house->podman, &settings, &err);
	assert_non_null(house->all);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINE(owners_take_turns_however_much_one_asks_for),
		LINE(who_would_wait_too_long_is_told_how_long),
		LINE(those_in_line_count_as_containers),
		LINE(who_asks_for_many_keeps_nobody_out),
		LINE(nothing_is_begun_once_everything_is_being_destroyed),
		LINE(the_same_request_id_stands_in_line_once),
		LINE(nothing_is_made_for_those_who_left),
		LINE(who_waits_too_long_gets_an_answer),
		LINE(closing_ends_everybody_in_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
