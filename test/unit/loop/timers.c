/* Timers and deferred calls: order, repetition, and that nothing keeps the loop from polling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "buf.h"
#include "clock.h"
#include "loop.h"

struct scene {
	struct loop *loop;
	char seen[64];
	struct timer *timer;
	struct deferred *deferred;
	int count;
};

static int scene_open(void **state)
{
	struct scene *scene = mem_new(struct scene);
	struct error err;

	scene->loop = loop_new(&err);
	*state = scene;
	return scene->loop ? 0 : -1;
}

static int scene_close(void **state)
{
	struct scene *scene = *state;

	loop_free(scene->loop);
	free(scene);
	return 0;
}

static void note(struct scene *scene, char c)
{
	scene->seen[strlen(scene->seen)] = c;
}

static void see_a(void *ctx)
{
	note(ctx, 'a');
}

static void see_b(void *ctx)
{
	note(ctx, 'b');
}

static void see_c(void *ctx)
{
	note(ctx, 'c');
}

static void see_end(void *ctx)
{
	struct scene *scene = ctx;

	note(scene, '.');
	loop_stop(scene->loop);
}

static void timers_fire_in_the_order_of_their_due_times(void **state)
{
	struct scene *s = *state;
	struct timer *end = timer_start(s->loop, 12, 0, see_end, s);
	struct timer *b = timer_start(s->loop, 5, 0, see_b, s);
	struct timer *c = timer_start(s->loop, 9, 0, see_c, s);
	struct timer *a = timer_start(s->loop, 0, 0, see_a, s);

	assert_string_equal(s->seen, "");
	loop_run(s->loop);
	assert_string_equal(s->seen, "abc.");
	timer_stop(a);
	timer_stop(b);
	timer_stop(c);
	timer_stop(end);
}

static void a_timer_never_fires_early(void **state)
{
	struct scene *s = *state;
	int64_t start = clock_mono_ms();
	struct timer *end;

	/* The loop's own clock stands still here; a delay must count from the call all the same. */
	while (clock_mono_ms() - start < 8)
		;
	start = clock_mono_ms();
	end = timer_start(s->loop, 10, 0, see_end, s);
	loop_run(s->loop);
	assert_true(clock_mono_ms() - start >= 9);
	timer_stop(end);
}

static void on_third_stop(void *ctx)
{
	struct scene *s = ctx;

	note(s, 'r');
	if (++s->count < 3)
		return;
	timer_stop(s->timer);
	s->timer = timer_start(s->loop, 5, 0, see_end, s);
}

static void a_repeating_timer_repeats_until_it_is_stopped(void **state)
{
	struct scene *s = *state;

	s->timer = timer_start(s->loop, 0, 1, on_third_stop, s);
	loop_run(s->loop);
	assert_string_equal(s->seen, "rrr.");
	timer_stop(s->timer);
}

static void a_stopped_timer_never_fires(void **state)
{
	struct scene *s = *state;
	struct timer *now = timer_start(s->loop, 0, 0, see_a, s);
	struct timer *later = timer_start(s->loop, 1, 1, see_b, s);
	struct timer *end = timer_start(s->loop, 5, 0, see_end, s);

	timer_stop(now);
	timer_stop(later);
	timer_stop(NULL);
	loop_run(s->loop);
	assert_string_equal(s->seen, ".");
	timer_stop(end);
}

static void a_reset_timer_waits_anew(void **state)
{
	struct scene *s = *state;
	struct timer *a = timer_start(s->loop, 1, 0, see_a, s);
	struct timer *b = timer_start(s->loop, 50000, 0, see_b, s);
	struct timer *end = timer_start(s->loop, 10, 0, see_end, s);

	timer_reset(a, 50000);
	timer_reset(b, 0);
	loop_run(s->loop);
	assert_string_equal(s->seen, "b.");
	timer_stop(a);
	timer_stop(b);
	timer_stop(end);
}

static void start_again(void *ctx)
{
	struct scene *s = ctx;

	s->count++;
	timer_reset(s->timer, 0);
}

static void a_timer_of_no_delay_that_starts_itself_does_not_starve_others(void **state)
{
	struct scene *s = *state;
	struct timer *end = timer_start(s->loop, 5, 0, see_end, s);

	s->timer = timer_start(s->loop, 0, 0, start_again, s);
	loop_run(s->loop);
	assert_true(s->count > 1);
	timer_stop(s->timer);
	timer_stop(end);
}

static void count_turns(void *ctx)
{
	struct scene *s = ctx;

	note(s, 't');
	if (strlen(s->seen) < 20)
		loop_defer(s->loop, count_turns, s);
	else
		loop_stop(s->loop);
}

static void a_timer_of_no_delay_fires_once_a_turn(void **state)
{
	struct scene *s = *state;

	s->timer = timer_start(s->loop, 0, 0, start_again, s);
	loop_defer(s->loop, count_turns, s);
	loop_run(s->loop);
	assert_in_range(s->count, 19, 21);
	timer_stop(s->timer);
}

static void deferred_calls_run_once_in_order_and_never_at_once(void **state)
{
	struct scene *s = *state;

	loop_defer(s->loop, see_a, s);
	loop_defer(s->loop, see_b, s);
	loop_defer(s->loop, see_c, s);
	loop_defer(s->loop, see_end, s);
	assert_string_equal(s->seen, "");
	loop_run(s->loop);
	assert_string_equal(s->seen, "abc.");
}

static void defer_more(void *ctx)
{
	struct scene *s = ctx;

	note(s, 'm');
	deferred_cancel(s->deferred);
	loop_defer(s->loop, see_end, s);
}

static void a_deferred_call_may_cancel_and_defer_others(void **state)
{
	struct scene *s = *state;

	loop_defer(s->loop, see_a, s);
	loop_defer(s->loop, defer_more, s);
	s->deferred = loop_defer(s->loop, see_b, s);
	loop_defer(s->loop, see_c, s);
	loop_run(s->loop);
	assert_string_equal(s->seen, "amc.");
}

static void a_cancelled_call_never_runs(void **state)
{
	struct scene *s = *state;
	struct deferred *first = loop_defer(s->loop, see_a, s);
	struct deferred *last;

	loop_defer(s->loop, see_end, s);
	last = loop_defer(s->loop, see_b, s);
	deferred_cancel(first);
	deferred_cancel(last);
	deferred_cancel(NULL);
	loop_run(s->loop);
	assert_string_equal(s->seen, ".");
}

static void stop_then_count(void *ctx)
{
	struct scene *s = ctx;

	if (++s->count < 1000)
		loop_defer(s->loop, stop_then_count, s);
	else
		loop_stop(s->loop);
}

static void deferring_does_not_wait_for_anything(void **state)
{
	struct scene *s = *state;
	int64_t start = clock_mono_ms();

	loop_defer(s->loop, stop_then_count, s);
	loop_run(s->loop);
	assert_int_equal(s->count, 1000);
	assert_true(clock_mono_ms() - start < 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

static void ignore(void *ctx)
{
	(void)ctx;
}

static void a_loop_that_was_stopped_and_not_run_again_can_be_freed(void **state)
{
	struct error err;
	struct loop *loop = loop_new(&err);
	struct timer *timer = timer_start(loop, 0, 0, ignore, NULL);

	(void)state;
	assert_non_null(loop);
	timer_stop(timer);
	loop_stop(loop);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_that_was_stopped_and_not_run_again_can_be_freed),
		TEST(timers_fire_in_the_order_of_their_due_times),
		TEST(a_timer_never_fires_early),
		TEST(a_repeating_timer_repeats_until_it_is_stopped),
		TEST(a_stopped_timer_never_fires),
		TEST(a_reset_timer_waits_anew),
		TEST(a_timer_of_no_delay_that_starts_itself_does_not_starve_others),
		TEST(a_timer_of_no_delay_fires_once_a_turn),
		TEST(deferred_calls_run_once_in_order_and_never_at_once),
		TEST(a_deferred_call_may_cancel_and_defer_others),
		TEST(a_cancelled_call_never_runs),
		TEST(deferring_does_not_wait_for_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
