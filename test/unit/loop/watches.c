/* Watched descriptors and signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "loop.h"

struct scene {
	struct loop *loop;
	struct watch *a, *b;
	struct timer *end;
	struct signal_watch *signal;
	int fds[2];
	int calls, other_calls;
	unsigned events;
};

static void on_end(void *ctx)
{
	struct scene *s = ctx;

	loop_stop(s->loop);
}

static int scene_open(void **state)
{
	struct scene *s = mem_new(struct scene);
	struct error err;

	s->loop = loop_new(&err);
	*state = s;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fds);
}

static int scene_close(void **state)
{
	struct scene *s = *state;

	watch_close(s->a);
	watch_close(s->b);
	timer_stop(s->end);
	if (s->fds[0] >= 0)
		close(s->fds[0]);
	if (s->fds[1] >= 0)
		close(s->fds[1]);
	loop_free(s->loop);
	free(s);
	return 0;
}

/* Runs for a few turns. */
static void run_briefly(struct scene *s)
{
	timer_stop(s->end);
	s->end = timer_start(s->loop, 5, 0, on_end, s);
	loop_run(s->loop);
}

static void on_ready(void *ctx, unsigned events)
{
	struct scene *s = ctx;

	s->calls++;
	s->events = events;
	loop_stop(s->loop);
}

static void a_readable_descriptor_is_reported_until_it_is_read(void **state)
{
	struct scene *s = *state;
	struct error err;
	char c;

	s->a = watch_open(s->loop, s->fds[0], LOOP_READ, on_ready, s, &err);
	run_briefly(s);
	assert_int_equal(s->calls, 0);
	assert_int_equal(write(s->fds[1], "x", 1), 1);
	loop_run(s->loop);
	loop_run(s->loop);
	assert_int_equal(s->calls, 2);
	assert_int_equal(s->events, LOOP_READ);
	assert_int_equal(read(s->fds[0], &c, 1), 1);
	run_briefly(s);
	assert_int_equal(s->calls, 2);
}

static void a_watch_can_be_paused_and_changed(void **state)
{
	struct scene *s = *state;
	struct error err;

	s->a = watch_open(s->loop, s->fds[0], LOOP_READ | LOOP_WRITE, on_ready, s, &err);
	loop_run(s->loop);
	assert_int_equal(s->events, LOOP_WRITE);
	watch_set(s->a, 0);
	run_briefly(s);
	assert_int_equal(s->calls, 1);
	watch_set(s->a, LOOP_WRITE);
	loop_run(s->loop);
	assert_int_equal(s->calls, 2);
}

static void a_peer_that_leaves_is_a_hangup(void **state)
{
	struct scene *s = *state;
	struct error err;

	s->a = watch_open(s->loop, s->fds[0], LOOP_HANGUP, on_ready, s, &err);
	assert_int_equal(write(s->fds[1], "x", 1), 1);
	run_briefly(s);
	assert_int_equal(s->calls, 0);
	close(s->fds[1]);
	s->fds[1] = -1;
	loop_run(s->loop);
	assert_int_equal(s->events, LOOP_HANGUP);
}

static void a_broken_descriptor_reports_all_that_was_asked_for_and_goes_on(void **state)
{
	struct scene *s = *state;
	struct error err;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	s->a = watch_open(s->loop, ends[1], LOOP_WRITE | LOOP_HANGUP, on_ready, s, &err);
	loop_run(s->loop);
	assert_int_equal(s->events, LOOP_WRITE | LOOP_HANGUP);
	loop_run(s->loop);
	assert_int_equal(s->calls, 2);
	watch_close(take(s->a));
	/* SIGPIPE is ignored, so this is an error and not our end. */
	assert_int_equal(write(ends[1], "x", 1), -1);
	close(ends[1]);
}

static void close_both(void *ctx, unsigned events)
{
	struct scene *s = ctx;

	(void)events;
	s->calls++;
	watch_close(take(s->a));
	watch_close(take(s->b));
}

static void a_closed_watch_is_never_called_even_if_it_was_ready(void **state)
{
	struct scene *s = *state;
	struct error err;

	/* Both are ready in the same turn; whichever is first closes the other. */
	s->a = watch_open(s->loop, s->fds[0], LOOP_WRITE, close_both, s, &err);
	s->b = watch_open(s->loop, s->fds[1], LOOP_WRITE, close_both, s, &err);
	run_briefly(s);
	assert_int_equal(s->calls, 1);
}

static void a_descriptor_can_be_watched_again_after_its_watch_was_closed(void **state)
{
	struct scene *s = *state;
	struct error err;

	s->a = watch_open(s->loop, s->fds[0], LOOP_WRITE, on_ready, s, &err);
	watch_close(s->a);
	s->a = watch_open(s->loop, s->fds[0], LOOP_WRITE, on_ready, s, &err);
	assert_non_null(s->a);
	loop_run(s->loop);
	assert_int_equal(s->calls, 1);
}

static void a_regular_file_cannot_be_watched(void **state)
{
	struct scene *s = *state;
	struct error err;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	assert_null(watch_open(s->loop, fd, LOOP_READ, on_ready, s, &err));
	assert_non_null(strstr(err.text, "cannot watch"));
	close(fd);
}

static void on_signal(void *ctx, int number)
{
	struct scene *s = ctx;

	s->calls++;
	s->events = (unsigned)number;
	loop_stop(s->loop);
}

static void a_signal_becomes_an_event(void **state)
{
	struct scene *s = *state;
	struct error err;

	s->signal = signal_open(s->loop, SIGUSR1, on_signal, s, &err);
	assert_non_null(s->signal);
	raise(SIGUSR1);
	assert_int_equal(s->calls, 0);
	loop_run(s->loop);
	assert_int_equal(s->events, SIGUSR1);
	signal_close(s->signal);
	assert_null(signal_open(s->loop, SIGKILL, on_signal, s, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_readable_descriptor_is_reported_until_it_is_read),
		TEST(a_watch_can_be_paused_and_changed),
		TEST(a_peer_that_leaves_is_a_hangup),
		TEST(a_broken_descriptor_reports_all_that_was_asked_for_and_goes_on),
		TEST(a_closed_watch_is_never_called_even_if_it_was_ready),
		TEST(a_descriptor_can_be_watched_again_after_its_watch_was_closed),
		TEST(a_regular_file_cannot_be_watched),
		TEST(a_signal_becomes_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
