/* Code in a container on a real Podman with the real agent: the server's half and the agent's
 * together.  The driver is one of our own in sh, which is what the built-in image has. */
#include "house.h"

static const char driver[] = "cut() { dd bs=1 count=\"$1\" <&3 2>/dev/null; echo .; }\n"
			     "unset SANDPOD_DRIVER\n"
			     "trap 'hit=1' INT\n"
			     "while read -r word length <&3; do\n"
			     "  code=$(cut \"$length\")\n"
			     "  hit=0\n"
			     "  eval \"${code%.}\"\n"
			     "  status=$?\n"
			     "  [ $hit = 0 ] || status=1\n"
			     "  echo \"done $status\" >&4\n"
			     "done\n";

static const struct driver table[] = {
	{ "test", "sh", "exec sh -c \"$SANDPOD_DRIVER\"", driver },
	{ "absent", "no-such-program", "exec no-such-program", "" },
	{ .language = NULL },
};

static struct house *house;

/* The last answer, copied. */
static struct answer {
	bool came;
	struct error err;
	char id[ID_SIZE];
	char state[STORE_STATE_SIZE];
	char reason[300], hint[300], state_lost[100], context[80];
	int64_t exit_code, signal, stdout_bytes;
	bool fresh, over, cut;
	struct buf out, error, lines;
} answer;

static void forget_answer(void)
{
	buf_release(&answer.out);
	buf_release(&answer.error);
	buf_release(&answer.lines);
	answer = (struct answer){ .out = BUF_INIT(32 << 20),
				  .error = BUF_INIT(32 << 20),
				  .lines = BUF_INIT(CODE_OUTCOME_MAX) };
}

static void copy(char *room, size_t size, const char *text)
{
	snprintf(room, size, "%s", text ? text : "");
}

static bool read_outcome(const struct command_view *view, struct error *err)
{
	struct code_outcome outcome;
	const char *line;
	size_t len;

	if (!code_outcome_open(view, &outcome, err))
		return false;
	while ((line = code_outcome_line(&outcome, &len))) {
		assert_true(len <= CODE_LINE_MAX && outcome.held.len <= 2 * CODE_LINE_MAX);
		assert_true(buf_add(&answer.lines, line, len) && buf_add(&answer.lines, "\n", 1));
	}
	answer.cut = outcome.cut;
	code_outcome_close(&outcome);
	return true;
}

static void on_answer(void *ctx, const struct command_view *view, const struct error *err)
{
	const struct command_row *row = view ? view->row : NULL;
	struct error why;

	(void)ctx;
	answer.came = true;
	if (err) {
		answer.err = *err;
		return;
	}
	copy(answer.id, ID_SIZE, row->id);
	copy(answer.state, sizeof(answer.state), row->state);
	copy(answer.reason, sizeof(answer.reason), row->reason);
	copy(answer.hint, sizeof(answer.hint), view->hint);
	copy(answer.state_lost, sizeof(answer.state_lost), row->state_lost);
	copy(answer.context, sizeof(answer.context), row->context);
	answer.exit_code = row->exit_code;
	answer.signal = row->signal;
	answer.stdout_bytes = row->stdout_bytes;
	answer.fresh = row->fresh;
	answer.over = row->context_over;
	if (!command_output(view, COMMAND_STDOUT, 0, INT64_MAX / 2, &answer.out, &why) ||
	    !command_output(view, COMMAND_STDERR, 0, INT64_MAX / 2, &answer.error, &why) ||
	    !read_outcome(view, &why))
		fail_msg("%s", why.text);
}

static void await_answer(void)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &answer.came));
}

static void run_request(const struct code_request *wish)
{
	struct code_request request = *wish;
	struct error err;

	request.owner = "me";
	request.container_id = house->id;
	request.language = request.language ? request.language : "test";
	request.len = request.len ? request.len : strlen(request.code);
	forget_answer();
	if (!code_run(house->all, &request, on_answer, NULL, &err))
		fail_msg("%s", err.text);
	await_answer();
}

static void run(const char *code)
{
	run_request(&(struct code_request){ .code = code, .wait_ms = 30 * SECONDS });
	if (answer.err.kind != ERROR_NONE)
		fail_msg("%s", answer.err.text);
}

static void begin(const char *code)
{
	run_request(&(struct code_request){ .code = code });
	if (answer.err.kind != ERROR_NONE)
		fail_msg("%s", answer.err.text);
	assert_string_equal(answer.state, "running");
}

/* --- state --------------------------------------------------------------------------------- */

static void state_lives_from_call_to_call(void **state)
{
	(void)state;
	run("x=41; echo one; echo '{\"a\":1}' >&4");
	assert_string_equal(answer.state, "exited");
	assert_string_equal(answer.context, "default");
	assert_string_equal(buf_text(&answer.out), "one\n");
	assert_string_equal(buf_text(&answer.lines), "{\"a\":1}\n");
	assert_true(answer.fresh);
	assert_string_equal(answer.state_lost, "");
	run("echo $((x + 1)) >&2; false");
	assert_string_equal(buf_text(&answer.error), "42\n");
	assert_string_equal(buf_text(&answer.lines), "");
	assert_int_equal(answer.exit_code, 1);
	assert_false(answer.fresh);
	assert_false(answer.over);
}

/* --- kills --------------------------------------------------------------------------------- */

static void kill_with(int signal)
{
	struct error err;
	char id[ID_SIZE];

	memcpy(id, answer.id, ID_SIZE);
	forget_answer();
	if (!command_kill(house->all, "me", id, signal, 30 * SECONDS, on_answer, NULL, &err))
		fail_msg("%s", err.text);
	await_answer();
}

/* A driver hears no interrupt before it runs the code. */
static void await_text(const char *text)
{
	struct command_watch watch = { .owner = "me", .wait_ms = 30 * SECONDS, .wait_for = text };
	char id[ID_SIZE];
	struct error err;

	memcpy(id, answer.id, ID_SIZE);
	watch.command_id = id;
	forget_answer();
	assert_non_null(command_check(house->all, &watch, on_answer, NULL, &err));
	await_answer();
	assert_string_equal(answer.state, "running");
}

static void an_interrupt_leaves_the_state(void **state)
{
	(void)state;
	run("x=7");
	begin("echo going; sleep 100");
	await_text("going");
	kill_with(SIGTERM);
	assert_string_equal(answer.state, "killed");
	assert_int_equal(answer.signal, SIGINT);
	assert_false(answer.over);
	run("echo $x");
	assert_string_equal(buf_text(&answer.out), "7\n");
	assert_false(answer.fresh);
}

static void a_killed_interpreter_is_told_by_the_next_call(void **state)
{
	(void)state;
	begin("sleep 100");
	kill_with(SIGKILL);
	assert_string_equal(answer.state, "killed");
	assert_true(answer.over);
	run("true");
	assert_true(answer.fresh);
	assert_string_equal(answer.state_lost, "it was killed");
}

/* --- ends of an interpreter ---------------------------------------------------------------- */

static void code_that_ends_its_interpreter_says_so(void **state)
{
	(void)state;
	run("exit 3");
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.exit_code, 3);
	assert_true(answer.over);
	run("true");
	assert_true(answer.fresh);
	assert_string_equal(answer.state_lost, "it ended with exit code 3");
}

static void a_fresh_one_is_begun_where_it_is_asked_for(void **state)
{
	(void)state;
	run("x=before; sleep 1000 & echo $!");
	run_request(&(struct code_request){ .code = "echo ${x-gone}; ls /proc/*/cmdline | wc -l; "
						    "grep -l sleep /proc/[0-9]*/comm",
					    .fresh = true,
					    .wait_ms = 30 * SECONDS });
	assert_string_equal(answer.state, "exited");
	assert_int_equal(strncmp(buf_text(&answer.out), "gone\n", 5), 0);
	assert_null(strstr(buf_text(&answer.out), "comm"));
	assert_true(answer.fresh);
	assert_string_equal(answer.state_lost, "a fresh one was asked for");
}

static void code_out_of_time_is_interrupted(void **state)
{
	(void)state;
	run("x=9");
	run_request(&(struct code_request){
		.code = "sleep 100", .wait_ms = 30 * SECONDS, .kill_after_ms = 300 });
	assert_string_equal(answer.state, "timed_out");
	assert_false(answer.over);
	run("echo $x");
	assert_string_equal(buf_text(&answer.out), "9\n");
}

static void code_out_of_memory_says_so(void **state)
{
	(void)state;
	run("x=$(head -c 100000000 /dev/zero | tr '\\0' x)");
	assert_string_equal(answer.state, "oom_killed");
	assert_true(answer.over);
	run("true");
	assert_string_equal(answer.state_lost, "the memory limit of the container killed it");
}

static void a_driver_out_of_step_is_ended_with_a_sentence(void **state)
{
	(void)state;
	run("echo rubbish >&4; sleep 100");
	assert_string_equal(answer.state, "killed");
	assert_true(answer.over);
	assert_non_null(strstr(answer.reason, "something else than results came"));
	run("true");
	assert_true(answer.fresh);
}

static void a_language_that_the_image_has_not_names_what_it_has(void **state)
{
	(void)state;
	run_request(&(struct code_request){
		.language = "absent", .code = "x", .wait_ms = 30 * SECONDS });
	assert_int_equal(answer.err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(answer.err.text, "no-such-program is not in this image"));
	assert_non_null(strstr(answer.err.text, "there are: sh"));
}

/* --- much of everything -------------------------------------------------------------------- */

static void output_past_the_limits_of_the_spool_is_counted(void **state)
{
	(void)state;
	run("yes | head -c 5000000; echo last");
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.out.len, house->settings.output_spool);
	assert_int_equal(answer.stdout_bytes, 5000005);
	run("echo small");
	assert_string_equal(buf_text(&answer.out), "small\n");
	assert_false(answer.fresh);
}

static void outcomes_are_whole_lines_up_to_a_limit(void **state)
{
	(void)state;
	run("echo '{\"a\":1}' >&4; printf '{\"half' >&4; exit 1");
	assert_string_equal(buf_text(&answer.lines), "{\"a\":1}\n");
	assert_false(answer.cut);
	run("l=$(printf '{%099999d' 0); i=0; while [ $i -lt 180 ]; do echo \"$l\" >&4; "
	    "i=$((i + 1)); done");
	assert_string_equal(answer.state, "exited");
	assert_true(answer.cut);
	assert_true(answer.lines.len <= CODE_OUTCOME_MAX);
	assert_true(answer.lines.len > CODE_OUTCOME_MAX - 200000);
	assert_int_equal(answer.lines.data[answer.lines.len - 1], '\n');
}

static void long_code_goes_in_whole_and_too_long_code_does_not(void **state)
{
	static char code[120 * 1024];
	struct code_request request = { .owner = "me",
					.container_id = house->id,
					.language = "test" };
	struct error err;

	(void)state;
	memset(code, ' ', sizeof(code) - 1);
	memcpy(code + sizeof(code) - 9, "echo end", 8);
	run(code);
	assert_string_equal(buf_text(&answer.out), "end\n");
	request.code = code;
	request.len = CODE_MAX + 1;
	assert_null(code_run(house->all, &request, on_answer, NULL, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
}

/* --- turns --------------------------------------------------------------------------------- */

struct turn {
	bool came;
	int place;
	struct error err;
};
static int places;

static void on_turn(void *ctx, const struct command_view *view, const struct error *err)
{
	struct turn *turn = ctx;

	(void)view;
	turn->came = true;
	turn->place = ++places;
	if (err)
		turn->err = *err;
	else
		assert_string_equal(view->row->state, "exited");
}

static void calls_of_a_context_run_in_the_order_in_which_they_came(void **state)
{
	struct turn turns[4] = { 0 };
	struct error err;

	(void)state;
	places = 0;
	run("n=");
	for (int i = 0; i < 4; i++) {
		auto_str code = mem_format("n=${n}%d; sleep 0.05", i);
		struct code_request request = { .owner = "me",
						.container_id = house->id,
						.language = "test",
						.code = code,
						.len = strlen(code),
						.wait_ms = 30 * SECONDS };

		assert_non_null(code_run(house->all, &request, on_turn, &turns[i], &err));
	}
	for (int i = 0; i < 4; i++)
		assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &turns[i].came));
	for (int i = 0; i < 4; i++)
		assert_int_equal(turns[i].place, i + 1);
	run("echo $n");
	assert_string_equal(buf_text(&answer.out), "0123\n");
}

static void who_waits_too_long_for_a_context_hears_who_has_it(void **state)
{
	char busy[ID_SIZE];

	(void)state;
	begin("sleep 100");
	memcpy(busy, answer.id, ID_SIZE);
	run_request(&(struct code_request){ .code = "touch /tmp/never", .wait_ms = 200 });
	assert_int_equal(answer.err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(answer.err.text, busy));
	assert_non_null(strstr(answer.err.text, "the code has not run"));
	/* Another context is free. */
	run_request(&(struct code_request){
		.context = "other", .code = "echo hello", .wait_ms = 30 * SECONDS });
	assert_string_equal(buf_text(&answer.out), "hello\n");
	/* Who can wait longer than its answer is told that it waits, and gets its turn. */
	run_request(&(struct code_request){
		.code = "echo late", .wait_ms = 50, .turn_ms = 30 * SECONDS });
	assert_string_equal(answer.state, "running");
	assert_non_null(strstr(answer.hint, busy));
	{
		struct command_watch watch = { .owner = "me", .wait_ms = 30 * SECONDS };
		char late[ID_SIZE];
		struct error err;

		memcpy(late, answer.id, ID_SIZE);
		memcpy(answer.id, busy, ID_SIZE);
		kill_with(SIGINT);
		watch.command_id = late;
		forget_answer();
		assert_non_null(command_check(house->all, &watch, on_answer, NULL, &err));
		await_answer();
	}
	assert_string_equal(buf_text(&answer.out), "late\n");
	run("ls /tmp");
	assert_null(strstr(buf_text(&answer.out), "never"));
}

static void code_has_no_input_and_can_be_waited_for_by_what_it_prints(void **state)
{
	struct command_watch watch = { .owner = "me",
				       .wait_ms = 30 * SECONDS,
				       .wait_for = "ready" };
	char id[ID_SIZE];
	struct error err;

	(void)state;
	begin("sleep 0.1; echo ready; sleep 100");
	memcpy(id, answer.id, ID_SIZE);
	assert_null(command_input(house->all, "me", id, "x", 1, false, on_answer, NULL, &err));
	assert_non_null(strstr(err.text, "is code: it has no standard input"));
	watch.command_id = id;
	forget_answer();
	assert_non_null(command_check(house->all, &watch, on_answer, NULL, &err));
	await_answer();
	assert_string_equal(answer.state, "running");
	kill_with(SIGTERM);
}

/* --- breaks -------------------------------------------------------------------------------- */

static void await_end(void)
{
	struct command_watch watch = { .owner = "me", .wait_ms = 30 * SECONDS };
	char id[ID_SIZE];
	struct error err;

	memcpy(id, answer.id, ID_SIZE);
	watch.command_id = id;
	forget_answer();
	assert_non_null(command_check(house->all, &watch, on_answer, NULL, &err));
	await_answer();
}

static const char slow[] =
	"i=0; while [ $i -lt 30 ]; do echo line $i; echo \"{\\\"i\\\":$i}\" >&4; "
	"sleep 0.02; i=$((i + 1)); done; x=kept";

static void assert_slow_is_whole(void)
{
	assert_string_equal(answer.state, "exited");
	assert_non_null(strstr(buf_text(&answer.out), "line 0\n"));
	assert_non_null(strstr(buf_text(&answer.out), "line 28\nline 29\n"));
	assert_int_equal(answer.out.len, 10 * 7 + 20 * 8);
	assert_int_equal(answer.lines.len, 10 * 8 + 20 * 9);
	run("echo $x");
	assert_string_equal(buf_text(&answer.out), "kept\n");
	assert_false(answer.fresh);
}

static bool is_linked(void *ctx)
{
	return link_is_up(ctx);
}

static void a_break_of_the_link_loses_nothing_of_a_call(void **state)
{
	struct sandbox *sb = registry_find(house->all, "me", house->id);

	(void)state;
	begin(slow);
	for (int i = 0; i < 3; i++) {
		link_drop(sb);
		link_keep(sb);
		assert_true(rig_until(rig->loop, 30 * SECONDS, is_linked, sb));
	}
	await_end();
	assert_slow_is_whole();
}

static void a_restart_of_the_server_loses_nothing_of_a_call(void **state)
{
	(void)state;
	begin(slow);
	sandboxes_close(house->all);
	open_all(house);
	house->all->drivers = table;
	await_end();
	assert_slow_is_whole();
}

/* --- the group ----------------------------------------------------------------------------- */

static int open_one(void **state)
{
	group_open(state);
	assert_int_equal(house_open(state), 0);
	house = *state;
	house->all->drivers = table;
	create_default(house);
	return 0;
}

static int close_one(void **state)
{
	*state = house;
	house_close(state);
	forget_answer();
	return group_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_lives_from_call_to_call),
		cmocka_unit_test(an_interrupt_leaves_the_state),
		cmocka_unit_test(a_killed_interpreter_is_told_by_the_next_call),
		cmocka_unit_test(code_that_ends_its_interpreter_says_so),
		cmocka_unit_test(a_fresh_one_is_begun_where_it_is_asked_for),
		cmocka_unit_test(code_out_of_time_is_interrupted),
		cmocka_unit_test(code_out_of_memory_says_so),
		cmocka_unit_test(a_driver_out_of_step_is_ended_with_a_sentence),
		cmocka_unit_test(a_language_that_the_image_has_not_names_what_it_has),
		cmocka_unit_test(output_past_the_limits_of_the_spool_is_counted),
		cmocka_unit_test(outcomes_are_whole_lines_up_to_a_limit),
		cmocka_unit_test(long_code_goes_in_whole_and_too_long_code_does_not),
		cmocka_unit_test(calls_of_a_context_run_in_the_order_in_which_they_came),
		cmocka_unit_test(who_waits_too_long_for_a_context_hears_who_has_it),
		cmocka_unit_test(code_has_no_input_and_can_be_waited_for_by_what_it_prints),
		cmocka_unit_test(a_break_of_the_link_loses_nothing_of_a_call),
		cmocka_unit_test(a_restart_of_the_server_loses_nothing_of_a_call),
	};

	return cmocka_run_group_tests(tests, open_one, close_one);
}
