/* When a life is over: arithmetic on rows from an earlier run, with no Podman in sight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "internal.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, TTL = 2 * HOUR, NEAR = 200 };

struct house {
	char dir[32];
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandboxes *all;
	char id[ID_SIZE];
	int64_t slot;
};

static int house_open(void **state)
{
	struct house *house = mem_new(struct house);
	struct error err;

	snprintf(house->dir, sizeof(house->dir), "/tmp/sandpod-expiry-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	house->loop = loop_new(&err);
	house->store = store_open(":memory:", &err);
	house->podman = podman_open(house->loop, "/nowhere/podman.sock", &err);
	assert_non_null(house->podman);
	house->slot = 16;
	*state = house;
	return 0;
}

static int house_close(void **state)
{
	static const char *const made[] = {
		"etc/passwd", "etc/group", "etc", "spool", "link", "."
	};
	struct house *house = *state;

	sandboxes_close(house->all);
	podman_close(house->podman);
	store_close(house->store);
	loop_free(house->loop);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		auto_str path = mem_format("%s/%s", house->dir, made[i]);

		assert_int_equal(remove(strcmp(made[i], ".") == 0 ? house->dir : path), 0);
	}
	free(house);
	return 0;
}

static void add(struct house *house, const char *word, int64_t born_ago, int64_t left)
{
	int64_t now = clock_wall_ms();
	struct container_row row = { .uid_slot = house->slot++,
				     .image = "i",
				     .network = "none",
				     .workdir = "/",
				     .next_stream = 1,
				     .created_at = now - born_ago,
				     .expires_at = now + left };
	struct error err;

	id_new("c-", row.id);
	snprintf(row.owner, sizeof(row.owner), "me");
	snprintf(row.state, sizeof(row.state), "%s", word);
	assert_true(store_container_add(house->store, &row, &err));
	snprintf(house->id, sizeof(house->id), "%s", row.id);
}

static struct sandbox *open_all(struct house *house)
{
	struct sandbox_settings settings = { .data_dir = house->dir,
					     .agent_path = "/nowhere/agent",
					     .image = "i",
					     .memory = 64 << 20,
					     .cpu_milli = 500,
					     .pids = 50,
					     .ttl_ms = TTL,
					     .network = "none",
					     .max_containers = 4 };
	struct error err;

	house->all = sandboxes_open(house->loop, house->store, house->podman, &settings, &err);
	if (!house->all)
		fail_msg("%s", err.text);
	return registry_find(house->all, "me", house->id);
}

/* How far the end is, on the clock that decides. */
static int64_t left_of(const struct sandbox *sb)
{
	return sb->expires_mono - clock_mono_ms();
}

static void assert_near(int64_t number, int64_t wanted)
{
	assert_true(number > wanted - NEAR && number < wanted + NEAR);
}

static void on_turned(void *ctx)
{
	loop_stop(ctx);
}

/* Turns the loop for so long. */
static void turn(struct house *house, int64_t ms)
{
	struct timer *timer = timer_start(house->loop, ms, 0, on_turned, house->loop);

	loop_run(house->loop);
	timer_stop(timer);
}

static void what_was_left_before_a_restart_is_left_after_it(void **state)
{
	struct house *house = *state;

	add(house, "running", HOUR, HOUR / 2);
	assert_near(left_of(open_all(house)), HOUR / 2);
}

static void a_clock_set_back_between_two_runs_gives_no_second_life(void **state)
{
	struct house *house = *state;

	add(house, "running", -100 * (int64_t)HOUR, 102 * (int64_t)HOUR);
	assert_near(left_of(open_all(house)), TTL);
}

static void a_clock_set_forward_between_two_runs_ends_it(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;

	add(house, "running", 1000 * (int64_t)HOUR, -998 * (int64_t)HOUR);
	sb = open_all(house);
	assert_int_equal(sb->state, SANDBOX_RUNNING);
	turn(house, 20);
	assert_int_equal(sb->state, SANDBOX_DESTROYING);
	assert_string_equal(sb->row.gone_reason, REASON_EXPIRED);
}

static void the_nearest_end_comes_first_and_alone(void **state)
{
	struct house *house = *state;
	struct sandbox *near, *far;
	char id[ID_SIZE];

	add(house, "running", HOUR, 30);
	memcpy(id, house->id, sizeof(id));
	add(house, "running", HOUR, HOUR);
	far = open_all(house);
	near = registry_find(house->all, "me", id);
	assert_int_equal(near->state, SANDBOX_RUNNING);
	turn(house, 120);
	assert_int_equal(near->state, SANDBOX_DESTROYING);
	assert_int_equal(far->state, SANDBOX_RUNNING);
}

static void an_end_brought_nearer_or_further_moves_the_timer(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;

	add(house, "running", HOUR, 20);
	sb = open_all(house);
	sb->expires_mono = clock_mono_ms() + 150;
	reaper_wake(house->all->reaper);
	turn(house, 60);
	assert_int_equal(sb->state, SANDBOX_RUNNING);
	turn(house, 200);
	assert_int_equal(sb->state, SANDBOX_DESTROYING);
}

static void a_birth_or_an_end_cut_short_is_finished_off_at_the_next_start(void **state)
{
	static const char *const words[] = { "creating", "failed", "destroying", "no such word" };
	struct house *house = *state;

	for (int i = 0; i < 4; i++)
		add(house, words[i], HOUR, HOUR);
	(void)open_all(house);
	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next) {
		assert_int_equal(sb->state, SANDBOX_DESTROYING);
		assert_non_null(sb->destroy);
	}
	assert_int_equal(HASH_COUNT(house->all->living), 4);
	assert_int_equal(registry_active(house->all), 0);
}

static void removals_leave_room_for_who_waits_for_a_container(void **state)
{
	struct house *house = *state;
	int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
	int count = 2 * processors + 4;
	struct sandbox *first;

	for (int i = 0; i < count; i++)
		add(house, "running", HOUR, HOUR);
	first = open_all(house);
	house->all->podman_up = true;
	first->state = SANDBOX_CREATING;
	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next)
		if (sb != first)
			destroy_begin(sb, REASON_ASKED);
	assert_int_equal(house->all->removing, (processors + 1) / 2);
	first->state = SANDBOX_RUNNING;
	destroy_begin(first, REASON_ASKED);
	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next)
		destroy_wake(sb);
	assert_int_equal(house->all->removing, processors);
}

static bool on_view(void *ctx, const struct sandbox_view *view)
{
	(void)view;
	(*(int *)ctx)++;
	return true;
}

static void what_ends_is_listed_only_when_asked_for(void **state)
{
	struct house *house = *state;
	struct error err;
	int count = 0;

	add(house, "running", HOUR, HOUR);
	add(house, "destroying", HOUR, HOUR);
	(void)open_all(house);
	assert_true(sandbox_each(house->all, "me", false, on_view, &count, &err));
	assert_int_equal(count, 1);
	count = 0;
	assert_true(sandbox_each(house->all, "me", true, on_view, &count, &err));
	assert_int_equal(count, 2);
	count = 0;
	assert_true(sandbox_each(house->all, "you", true, on_view, &count, &err));
	assert_int_equal(count, 0);
}

#define HOUSED(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSED(what_was_left_before_a_restart_is_left_after_it),
		HOUSED(a_clock_set_back_between_two_runs_gives_no_second_life),
		HOUSED(a_clock_set_forward_between_two_runs_ends_it),
		HOUSED(the_nearest_end_comes_first_and_alone),
		HOUSED(an_end_brought_nearer_or_further_moves_the_timer),
		HOUSED(a_birth_or_an_end_cut_short_is_finished_off_at_the_next_start),
		HOUSED(removals_leave_room_for_who_waits_for_a_container),
		HOUSED(what_ends_is_listed_only_when_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
