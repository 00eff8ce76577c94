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
	int64_t exit_code, signal, cpu_ms;
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
	answer.cpu_ms = row->cpu_ms;
	answer.fresh = row->fresh;
	answer.over = row->context_over;
	if (!command_output(view, COMMAND_STDOUT, 0, INT64_MAX / 2, &answer.out, &why) ||
	    !command_output(view, COMMAND_STDERR, 0, INT64_MAX / 2, &answer.error, &why) ||
	    !code_outcome(view, &answer.lines, &answer.cut, &why))
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

static void an_interrupt_leaves_the_state(void **state)
{
	(void)state;
	run("x=7");
	begin("sleep 100");
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
	};

	return cmocka_run_group_tests(tests, open_one, close_one);
}
