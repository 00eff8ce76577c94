/* The link's states against a scripted carrier: what opens it, what ends it, what follows. */
#include "fixture.h"
#include "link_state.h"

static bool opened_twice(void)
{
	return house->opens >= 2 && house->open;
}

static void expect_reopened(void)
{
	assert_false(house->open);
	assert_false(link_is_up(house->sb));
	run_until(opened_twice);
}

static void a_link_is_up_after_hello_and_list(void **state)
{
	(void)state;
	break_link();
	run_until(is_open);
	assert_false(link_is_up(house->sb));
	say_hello();
	assert_false(link_is_up(house->sb));
	assert_false(link_send(house->sb, WIRE_PING, 0, NULL, 0));
	say_listed();
	assert_true(link_is_up(house->sb));
	assert_true(house->sb->measured);
	assert_true(link_send(house->sb, WIRE_PING, 0, NULL, 0));
	expect_said(WIRE_PING, 0);
}

static void process_1_is_told_at_each_link_when_its_time_is_over(void **state)
{
	int64_t left = house->sb->expires_mono - clock_mono_ms();

	(void)state;
	/* After we would have ended it, for then we are not there. */
	assert_true(house->life_ms > (uint64_t)left);
	assert_true(house->life_ms < (uint64_t)left + 60000);
	house->life_ms = 0;
	say(WIRE_HELLO, 0, NULL, 0);
	expect_reopened();
	say_hello();
	say_listed();
	assert_true(house->life_ms > 0);
}

static void frames_may_come_in_pieces_of_any_size(void **state)
{
	uint8_t whole[WIRE_HEADER + 100];
	struct wire_writer writer = { .data = whole + WIRE_HEADER, .room = 100 };
	struct wire_exited exited = { .exit_code = 4 };
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	check(house->outcome.id, 5000, NULL);
	wire_put_exited(&writer, &exited);
	wire_put_header(whole, WIRE_EXITED, stream, (uint32_t)writer.len);
	for (size_t i = 0; i < WIRE_HEADER + writer.len; i++)
		house->events->on_data(house->events_ctx, whole + i, 1);
	settle();
	assert_int_equal(house->outcome.exit_code, 4);
}

static void the_front_of_a_frame_does_not_outlive_its_link(void **state)
{
	uint8_t header[WIRE_HEADER];

	(void)state;
	wire_put_header(header, WIRE_PONG, 0, 0);
	house->events->on_data(house->events_ctx, header, WIRE_HEADER / 2);
	break_link();
	run_until(is_open);
	say_hello();
	say_listed();
	assert_true(link_is_up(house->sb));
}

static void garbage_ends_the_link_and_nothing_else(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	house->events->on_data(house->events_ctx, "garbage garbage garbage garbage", 31);
	expect_reopened();
	say_hello();
	say_command(stream, false, 0, 0);
	say_listed();
	assert_true(link_is_up(house->sb));
	assert_non_null(command_find(house->sb, stream));
}

static void what_follows_a_bad_frame_in_the_same_piece_is_not_looked_at(void **state)
{
	uint8_t piece[WIRE_HEADER * 3];

	(void)state;
	wire_put_header(piece, WIRE_HELLO, 0, 0);
	wire_put_header(piece + WIRE_HEADER, WIRE_HELLO, 0, 0);
	wire_put_header(piece + 2 * WIRE_HEADER, WIRE_LISTED, 0, 0);
	house->events->on_data(house->events_ctx, piece, sizeof(piece));
	assert_false(house->open);
	run_until(opened_twice);
	/* One fault, one new link. */
	assert_int_equal(house->opens, 2);
}

static void frames_out_of_place_end_the_link(void **state)
{
	static const enum wire_type types[] = { WIRE_HELLO, WIRE_LISTED, WIRE_COMMAND, WIRE_PONG,
						WIRE_PING,  WIRE_START,  WIRE_EXITED,  WIRE_DATA };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		say(types[i], 1, NULL, 0);
		assert_false(house->open);
		link_pause(house->sb); /* Podman says it is up: at once, without back-off */
		link_up();
	}
}

static void nothing_may_come_before_hello(void **state)
{
	(void)state;
	break_link();
	run_until(is_open);
	say_listed();
	assert_false(house->open);
}

static void another_version_is_not_spoken_to(void **state)
{
	struct wire_hello hello = { .version = WIRE_VERSION + 1, .boot = house->boot };

	(void)state;
	break_link();
	run_until(is_open);
	SAY(WIRE_HELLO, 0, wire_put_hello, &hello);
	assert_false(house->open);
}

static void another_process_1_means_that_the_container_is_over(void **state)
{
	struct sandbox *sb = house->sb;

	(void)state;
	break_link();
	run_until(is_open);
	house->all->podman_up = false; /* nobody to ask for the removal */
	house->boot = 2;
	say_hello();
	assert_int_equal(sb->state, SANDBOX_DESTROYING);
	assert_null(sb->link);
	assert_false(house->open);
}

static void a_container_that_may_not_run_is_looked_for_in_podmans_list(void **state)
{
	(void)state;
	break_link();
	house->refuse = true;
	error_set(&house->refusal, ERROR_CONFLICT, "container is not running");
	link_pause(house->sb);
	loop_defer(house->loop, stop_loop, house->loop);
	loop_run(house->loop);
	assert_int_equal(house->opens, 2);
	assert_non_null(house->all->reconcile);
}

/* Its first link is long ago: that says nothing of how long the next one takes. */
static void a_spare_container_is_kept_when_its_link_breaks_once(void **state)
{
	(void)state;
	house->sb->state = SANDBOX_WARM;
	house->sb->link->begun_mono_ms -= 3600 * 1000;
	break_link();
	assert_int_equal(house->sb->state, SANDBOX_WARM);
	expect_reopened();
	house->sb->state = SANDBOX_RUNNING;
}

static void a_link_that_cannot_be_had_is_tried_again(void **state)
{
	(void)state;
	break_link();
	house->refuse = true;
	error_set(&house->refusal, ERROR_UNAVAILABLE, "no process is left");
	link_pause(house->sb);
	settle();
	assert_int_equal(house->sb->state, SANDBOX_RUNNING);
	house->refuse = false;
	run_until(is_open);
	link_up();
}

static bool tried_five_times(void)
{
	return house->opens >= 5;
}

static void fail_five_times(enum error_kind kind)
{
	break_link();
	house->refuse = true;
	error_set(&house->refusal, kind, "no process is left");
	house->opens = 0;
	link_pause(house->sb); /* the first comes at once */
	run_until(tried_five_times);
}

static void a_container_without_a_process_for_the_link_is_cleared_once(void **state)
{
	(void)state;
	house->all->clear_after_ms = 100;
	fail_five_times(ERROR_LIMIT);
	assert_int_equal(house->clears, 1);
	house->refuse = false;
	link_up();
	/* Who was let in again starts anew. */
	fail_five_times(ERROR_LIMIT);
	assert_int_equal(house->clears, 2);
}

static void a_container_is_not_cleared_early_nor_for_another_reason(void **state)
{
	(void)state;
	fail_five_times(ERROR_LIMIT);
	assert_int_equal(house->clears, 0);
	house->refuse = false;
	link_up();
	house->all->clear_after_ms = 0;
	fail_five_times(ERROR_UNAVAILABLE);
	assert_int_equal(house->clears, 0);
}

static void while_podman_is_down_nothing_is_tried(void **state)
{
	int opens;

	(void)state;
	house->all->podman_up = false;
	link_pause(house->sb);
	assert_false(house->open);
	opens = house->opens;
	settle();
	assert_int_equal(house->opens, opens);
	house->all->podman_up = true;
	link_pause(house->sb);
	link_up();
}

static void a_stream_that_takes_nothing_any_more_is_given_up(void **state)
{
	(void)state;
	house->queued = 100 * 1024 * 1024;
	assert_true(link_send(house->sb, WIRE_PING, 0, NULL, 0));
	assert_true(house->open); /* not from inside the sender's call */
	settle();
	assert_false(house->open);
	house->queued = 0;
	expect_reopened();
}

static void a_dropped_link_stays_down(void **state)
{
	int opens = house->opens;

	(void)state;
	link_drop(house->sb);
	assert_false(house->open);
	assert_null(house->sb->link);
	settle();
	assert_int_equal(house->opens, opens);
	link_drop(house->sb);
}

#define test(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_link_is_up_after_hello_and_list),
		test(process_1_is_told_at_each_link_when_its_time_is_over),
		test(frames_may_come_in_pieces_of_any_size),
		test(the_front_of_a_frame_does_not_outlive_its_link),
		test(garbage_ends_the_link_and_nothing_else),
		test(what_follows_a_bad_frame_in_the_same_piece_is_not_looked_at),
		test(frames_out_of_place_end_the_link),
		test(nothing_may_come_before_hello),
		test(another_version_is_not_spoken_to),
		test(another_process_1_means_that_the_container_is_over),
		test(a_container_that_may_not_run_is_looked_for_in_podmans_list),
		test(a_spare_container_is_kept_when_its_link_breaks_once),
		test(a_link_that_cannot_be_had_is_tried_again),
		test(a_container_without_a_process_for_the_link_is_cleared_once),
		test(a_container_is_not_cleared_early_nor_for_another_reason),
		test(while_podman_is_down_nothing_is_tried),
		test(a_stream_that_takes_nothing_any_more_is_given_up),
		test(a_dropped_link_stays_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
