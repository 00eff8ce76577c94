/* Children: what they print, how they end, what they are fed; and work in helper threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "buf.h"
#include "clock.h"
#include "loop.h"

enum { DEADLINE_MS = 20000 };

struct scene {
	struct loop *loop;
	struct timer *deadline;
	struct child *child;
	struct buf output;
	int exit_code, signal, exits;
	bool late;
};

static void on_deadline(void *ctx)
{
	struct scene *s = ctx;

	s->late = true;
	loop_stop(s->loop);
}

static int scene_open(void **state)
{
	struct scene *s = mem_new(struct scene);
	struct error err;

	s->loop = loop_new(&err);
	s->output = BUF_INIT(8 << 20);
	s->deadline = timer_start(s->loop, DEADLINE_MS, 0, on_deadline, s);
	s->exit_code = -2;
	*state = s;
	return 0;
}

static int scene_close(void **state)
{
	struct scene *s = *state;

	timer_stop(s->deadline);
	loop_free(s->loop);
	buf_release(&s->output);
	free(s);
	return 0;
}

static void on_output(void *ctx, const char *data, size_t len)
{
	struct scene *s = ctx;

	assert_int_equal(s->exits, 0);
	assert_true(buf_add(&s->output, data, len));
}

static void on_exit_(void *ctx, int exit_code, int number)
{
	struct scene *s = ctx;

	s->exits++;
	s->exit_code = exit_code;
	s->signal = number;
	loop_stop(s->loop);
}

static void run(struct scene *s, const char *script, const char *input)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child_options options = {
		.argv = argv,
		.stdin_text = input,
		.on_output = on_output,
		.on_exit = on_exit_,
		.ctx = s,
	};
	struct error err;

	s->child = child_spawn(s->loop, &options, &err);
	assert_non_null(s->child);
	assert_int_equal(s->exits, 0);
	loop_run(s->loop);
	assert_false(s->late);
	assert_int_equal(s->exits, 1);
}

static void both_streams_and_the_exit_code_arrive(void **state)
{
	struct scene *s = *state;

	run(s, "echo out; echo err >&2; exit 7", NULL);
	assert_string_equal(buf_text(&s->output), "out\nerr\n");
	assert_int_equal(s->exit_code, 7);
	assert_int_equal(s->signal, 0);
}

static void a_signal_is_told_apart_from_an_exit(void **state)
{
	struct scene *s = *state;

	run(s, "kill -TERM $$", NULL);
	assert_int_equal(s->exit_code, -1);
	assert_int_equal(s->signal, SIGTERM);
}

static void standard_input_is_fed_and_closed(void **state)
{
	struct scene *s = *state;
	auto_str text = mem_array(char, (1 << 20) + 1);

	memset(text, 'x', 1 << 20);
	run(s, "cat", text);
	assert_int_equal(s->output.len, 1 << 20);
	assert_string_equal(buf_text(&s->output), text);
}

static void input_that_nobody_reads_does_no_harm(void **state)
{
	struct scene *s = *state;
	auto_str text = mem_array(char, (1 << 20) + 1);

	memset(text, 'x', 1 << 20);
	run(s, "exit 3", text);
	assert_int_equal(s->exit_code, 3);
}

static void without_input_there_is_the_null_device(void **state)
{
	struct scene *s = *state;

	run(s, "cat; readlink /proc/self/fd/0", NULL);
	assert_string_equal(buf_text(&s->output), "/dev/null\n");
}

static void the_last_byte_of_much_output_comes_before_the_exit(void **state)
{
	struct scene *s = *state;

	run(s, "head -c 3000000 /dev/zero | tr '\\0' y; echo end", NULL);
	assert_int_equal(s->output.len, 3000004);
	assert_string_equal(buf_text(&s->output) + 3000000, "end\n");
}

static void output_just_after_the_exit_is_not_lost(void **state)
{
	struct scene *s = *state;

	/* The grandchild speaks once its parent has been reaped, and not before. */
	run(s, "p=$$; (while kill -0 $p; do :; done 2>/dev/null; echo late) & exit 4", NULL);
	assert_string_equal(buf_text(&s->output), "late\n");
	assert_int_equal(s->exit_code, 4);
}

static void a_grandchild_that_holds_the_pipe_does_not_hold_us(void **state)
{
	struct scene *s = *state;
	int64_t start = clock_mono_ms();
	int grandchild;

	run(s, "tail -f /dev/null & echo $!", NULL);
	assert_true(clock_mono_ms() - start < 10000);
	grandchild = (int)strtol(buf_text(&s->output), NULL, 10);
	assert_true(grandchild > 1);
	kill(grandchild, SIGKILL);
}

static void a_missing_program_is_an_error_that_names_it(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = { "no-such-program-here", NULL };
	const struct child_options options = { .argv = argv,
					       .stdin_text = "x",
					       .on_output = on_output,
					       .on_exit = on_exit_,
					       .ctx = s };
	struct error err;

	assert_null(child_spawn(s->loop, &options, &err));
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_string_equal(err.text,
			    "cannot start no-such-program-here: no such file or directory");
}

static void an_environment_replaces_ours(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = { "env", NULL };
	const char *const env[] = { "PATH=/usr/bin:/bin", "A=b c", NULL };
	const struct child_options options = {
		.argv = argv, .env = env, .on_output = on_output, .on_exit = on_exit_, .ctx = s
	};
	struct error err;

	assert_non_null(child_spawn(s->loop, &options, &err));
	loop_run(s->loop);
	assert_string_equal(buf_text(&s->output), "PATH=/usr/bin:/bin\nA=b c\n");
}

static void signal_when_ready(void *ctx, const char *data, size_t len)
{
	struct scene *s = ctx;

	(void)data, (void)len;
	assert_int_equal(kill(child_pid(s->child), 0), 0);
	child_signal(s->child, SIGKILL);
}

static void a_child_can_be_signalled(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = { "sh", "-c", "echo ready; exec tail -f /dev/null", NULL };
	const struct child_options options = {
		.argv = argv, .on_output = signal_when_ready, .on_exit = on_exit_, .ctx = s
	};
	struct error err;

	s->child = child_spawn(s->loop, &options, &err);
	loop_run(s->loop);
	assert_int_equal(s->signal, SIGKILL);
}

static void poll_for_end(void *ctx)
{
	struct scene *s = ctx;

	if (kill(s->exit_code, 0) != 0 && errno == ESRCH)
		loop_stop(s->loop);
}

static void a_forgotten_child_is_silent_and_still_reaped(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = { "sh", "-c", "echo a; echo b", NULL };
	const struct child_options options = {
		.argv = argv, .on_output = on_output, .on_exit = on_exit_, .ctx = s
	};
	struct timer *poll = timer_start(s->loop, 0, 2, poll_for_end, s);
	struct child *child;
	struct error err;

	child = child_spawn(s->loop, &options, &err);
	s->exit_code = child_pid(child);
	child_forget(child);
	loop_run(s->loop);
	assert_false(s->late);
	assert_int_equal(s->exits, 0);
	assert_int_equal(s->output.len, 0);
	timer_stop(poll);
}

static void a_forgotten_child_does_not_keep_the_loop_from_being_freed(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = { "tail", "-f", "/dev/null", NULL };
	const struct child_options options = { .argv = argv, .on_exit = on_exit_, .ctx = s };
	struct loop *loop;
	struct child *child;
	struct error err;
	int pid;

	loop = loop_new(&err);
	child = child_spawn(loop, &options, &err);
	pid = child_pid(child);
	child_forget(child);
	loop_free(loop);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

struct job {
	struct loop *loop;
	int in, out, done;
};

static void square(void *ctx)
{
	struct job *job = ctx;

	job->out = job->in * job->in;
}

static void on_squared(void *ctx)
{
	struct job *job = ctx;

	job->done = 1;
	if (job->loop)
		loop_stop(job->loop);
}

static void work_is_done_elsewhere_and_reported_here(void **state)
{
	struct scene *s = *state;
	struct job job = { .loop = s->loop, .in = 12 };

	loop_work(s->loop, square, on_squared, &job);
	assert_int_equal(job.done, 0);
	loop_run(s->loop);
	assert_int_equal(job.out, 144);
	assert_int_equal(job.done, 1);
}

static void freeing_the_loop_waits_for_work(void **state)
{
	struct job job = { .in = 5 };
	struct error err;
	struct loop *loop = loop_new(&err);

	(void)state;
	loop_work(loop, square, on_squared, &job);
	loop_free(loop);
	assert_int_equal(job.out, 25);
	assert_int_equal(job.done, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_streams_and_the_exit_code_arrive),
		TEST(a_signal_is_told_apart_from_an_exit),
		TEST(standard_input_is_fed_and_closed),
		TEST(input_that_nobody_reads_does_no_harm),
		TEST(without_input_there_is_the_null_device),
		TEST(the_last_byte_of_much_output_comes_before_the_exit),
		TEST(output_just_after_the_exit_is_not_lost),
		TEST(a_grandchild_that_holds_the_pipe_does_not_hold_us),
		TEST(a_missing_program_is_an_error_that_names_it),
		TEST(an_environment_replaces_ours),
		TEST(a_child_can_be_signalled),
		TEST(a_forgotten_child_is_silent_and_still_reaped),
		TEST(a_forgotten_child_does_not_keep_the_loop_from_being_freed),
		TEST(work_is_done_elsewhere_and_reported_here),
		TEST(freeing_the_loop_waits_for_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
