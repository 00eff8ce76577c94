/* Calls of code: interpreters that process 1 begins, keeps and ends.  The driver is a small one of
 * our own, which like any driver lets the code do what it wants, its descriptors included. */
#include "house.h"

static const char driver[] =
	"import os, sys, signal\n"
	"g = {'__name__': '__main__', 'os': os, 'sys': sys, 'signal': signal}\n"
	"def say(data):\n"
	"  while data: data = data[os.write(4, data):]\n"
	"g['say'] = say\n"
	"def line():\n"
	"  text = b''\n"
	"  while not text.endswith(b'\\n'):\n"
	"    byte = os.read(3, 1)\n"
	"    if not byte: os._exit(9)\n"
	"    text += byte\n"
	"  return text\n"
	"def body(length):\n"
	"  code = b''\n"
	"  while len(code) < length: code += os.read(3, length - len(code))\n"
	"  return code\n"
	"signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
	"while True:\n"
	"  length, status = int(line().split()[1]), 0\n"
	"  code = body(length)\n"
	"  try:\n"
	"    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
	"    exec(compile(code, '<code>', 'exec'), g)\n"
	"  except BaseException as e:\n"
	"    say(b'{\"error\":\"' + type(e).__name__.encode() + b'\"}\\n')\n"
	"    status = 1\n"
	"  signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
	"  sys.stdout.flush()\n"
	"  say(b'done %d\\n' % status)\n";

static const char line[] =
	"exec python3 -I -S -u -c 'import os; exec(compile(os.environ.pop(\"SANDPOD_DRIVER\"), "
	"\"<sandpod>\", \"exec\"))'";

struct outcome {
	struct result output;
	char lines[KEPT];
	uint64_t lines_len;
	bool ended;
	struct wire_began began;
	struct wire_ended end;
};

/* --- orders -------------------------------------------------------------------------------- */

struct wish {
	const char *context;
	const char *code;
	size_t len; /* 0: a text */
	uint64_t kill_after_ms;
	const char *command; /* NULL: the driver */
};

static void order_input(struct link *link, uint32_t stream, uint64_t offset, const char *data,
			size_t len)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];

	wire_put_chunk(payload, offset);
	memcpy(payload + WIRE_CHUNK_HEADER, data, len);
	order(link, WIRE_INPUT, stream, payload, WIRE_CHUNK_HEADER + len);
}

static void order_call(struct link *link, uint32_t stream, const struct wish *wish)
{
	struct wire_writer writer = fresh();
	struct wire_call call = { .language = "test",
				  .code_len = wish->len ? wish->len : strlen(wish->code),
				  .start = { .command = wish->command ? wish->command : line,
					     .workdir = "/tmp",
					     .kill_after_ms = wish->kill_after_ms } };

	snprintf(call.context, sizeof(call.context), "%s",
		 wish->context ? wish->context : "default");
	order(link, WIRE_DRIVER, stream, driver, strlen(driver));
	wire_put_call(&writer, &call);
	order(link, WIRE_CALL, stream, writer.data, writer.len);
	if (call.code_len <= WIRE_CHUNK_MAX)
		order_input(link, stream, 0, wish->code, (size_t)call.code_len);
}

static void order_retire(struct link *link, uint32_t stream, const char *context)
{
	struct wire_retire retire = { .language = "test" };
	struct wire_writer writer = fresh();

	snprintf(retire.context, sizeof(retire.context), "%s", context);
	wire_put_retire(&writer, &retire);
	order(link, WIRE_RETIRE, stream, writer.data, writer.len);
}

static void order_call_offsets(struct link *link, enum wire_type type, uint32_t stream,
			       const struct outcome *outcome)
{
	struct wire_writer writer = fresh();
	const struct wire_call_offsets offsets = {
		.output = { outcome->output.out_len, outcome->output.err_len },
		.outcome = outcome->lines_len,
	};

	wire_put_call_offsets(&writer, &offsets);
	order(link, type, stream, writer.data, writer.len);
}

/* --- answers ------------------------------------------------------------------------------- */

static struct outcome *outcome_new(void)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));

	assert_non_null(outcome);
	outcome->output.acknowledge = true;
	return outcome;
}

static void add_lines(struct outcome *outcome, const struct wire_frame *frame)
{
	const uint8_t *data;
	uint64_t offset;
	size_t len;

	assert_true(wire_get_chunk(frame, &offset, &data, &len));
	assert_int_equal(offset, outcome->lines_len);
	if (outcome->lines_len + len < sizeof(outcome->lines))
		memcpy(outcome->lines + outcome->lines_len, data, len);
	outcome->lines_len += len;
}

/* Takes one frame of the call in. */
static void outcome_take(struct outcome *outcome, struct link *link, uint32_t stream)
{
	const struct wire_frame *frame = &link->frame;

	assert_int_equal(frame->stream, stream);
	if (frame->type == WIRE_STDOUT || frame->type == WIRE_STDERR) {
		result_chunk(&outcome->output, frame);
	} else if (frame->type == WIRE_OUTCOME) {
		add_lines(outcome, frame);
	} else if (frame->type == WIRE_BEGAN) {
		assert_true(wire_get_began(frame, &outcome->began));
	} else if (frame->type == WIRE_ENDED) {
		assert_true(wire_get_ended(frame, &outcome->end));
		assert_int_equal(outcome->end.outcome_total, outcome->lines_len);
		assert_int_equal(outcome->end.exited.out_total, outcome->output.out_len);
		assert_int_equal(outcome->end.exited.err_total, outcome->output.err_len);
		outcome->ended = true;
		return;
	} else if (frame->type == WIRE_FAILED) {
		assert_true(wire_get_failed(frame, &outcome->output.failed));
		outcome->ended = true;
		return;
	} else {
		assert_int_equal(frame->type, WIRE_TAKEN);
		return;
	}
	if (outcome->output.acknowledge)
		order_call_offsets(link, WIRE_CALL_ACK, stream, outcome);
}

static struct outcome *await(struct link *link, uint32_t stream, struct outcome *outcome)
{
	while (!outcome->ended) {
		next(link);
		outcome_take(outcome, link, stream);
	}
	order(link, WIRE_FORGET, stream, NULL, 0);
	return outcome;
}

/* Until text has come out of it. */
static struct outcome *await_text(struct link *link, uint32_t stream, const char *text)
{
	struct outcome *outcome = outcome_new();

	while (!strstr(outcome->output.out, text)) {
		next(link);
		outcome_take(outcome, link, stream);
		assert_false(outcome->ended);
	}
	return outcome;
}

/* The last call; a test that wants to look at it does so before the next. */
static struct outcome *last;

static const struct outcome *call(struct link *link, uint32_t stream, const struct wish *wish)
{
	free(last);
	order_call(link, stream, wish);
	last = await(link, stream, outcome_new());
	return last;
}

static const struct outcome *eval(struct link *link, uint32_t stream, const char *code)
{
	return call(link, stream, &(struct wish){ .code = code });
}

static void assert_prints(struct link *link, uint32_t stream, const char *code, const char *out)
{
	const struct outcome *outcome = eval(link, stream, code);

	assert_string_equal(outcome->output.out, out);
	assert_int_equal(outcome->end.alive, 1);
	assert_int_equal(outcome->end.exited.exit_code, 0);
	assert_int_equal(outcome->end.fault, WIRE_FAULT_NONE);
}

static int forget(void **state)
{
	free(last);
	last = NULL;
	return house_demolish(state);
}

/* --- state --------------------------------------------------------------------------------- */

static void state_lives_from_call_to_call(void **state)
{
	struct link *link = link_make(*state);

	assert_prints(link, 1, "x = 41; print('one')", "one\n");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.lost, 0);
	assert_prints(link, 2, "x += 1; print(x)", "42\n");
	assert_int_equal(last->began.fresh, 0);
	link_drop(link);
}

static void outcomes_come_apart_from_what_is_printed(void **state)
{
	struct link *link = link_make(*state);

	assert_prints(link, 1, "print('{}'); say(b'{\"a\":1}\\n{\"b\":2}\\n')", "{}\n");
	assert_string_equal(last->lines, "{\"a\":1}\n{\"b\":2}\n");
	eval(link, 2, "1/0");
	assert_string_equal(last->lines, "{\"error\":\"ZeroDivisionError\"}\n");
	assert_int_equal(last->end.exited.exit_code, 1);
	assert_int_equal(last->end.exited.signal, 0);
	assert_int_equal(last->end.alive, 1);
	link_drop(link);
}

static void contexts_know_nothing_of_each_other(void **state)
{
	struct link *link = link_make(*state);

	call(link, 1, &(struct wish){ .context = "a", .code = "x = 1" });
	call(link, 2, &(struct wish){ .context = "b", .code = "print('x' in globals())" });
	assert_string_equal(last->output.out, "False\n");
	assert_int_equal(last->began.fresh, 1);
	call(link, 3, &(struct wish){ .context = "a", .code = "print(x)" });
	assert_string_equal(last->output.out, "1\n");
	link_drop(link);
}

static void a_command_line_beside_it_is_not_disturbed(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "x = 1");
	assert_out(link, 2, "echo hello", "hello\n");
	assert_prints(link, 3, "print(x)", "1\n");
	link_drop(link);
}

static void an_interpreter_gets_nothing_of_ours_but_its_five(void **state)
{
	struct link *link = link_make(*state);

	assert_prints(
		link, 1,
		"print(sorted(map(int, os.listdir('/proc/self/fd')))[:6], "
		"os.readlink('/proc/self/fd/0'), os.getcwd(), 'SANDPOD_DRIVER' in os.environ)",
		"[0, 1, 2, 3, 4, 5] /dev/null /tmp False\n"); /* 5: the listing itself */
	link_drop(link);
}

/* --- the end of an interpreter ------------------------------------------------------------- */

static void an_interpreter_that_ends_says_so_and_another_begins_afresh(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "x = 1; print('bye', flush=True); os._exit(3)");
	assert_string_equal(last->output.out, "bye\n");
	assert_int_equal(last->end.alive, 0);
	assert_int_equal(last->end.exited.exit_code, 3);
	assert_int_equal(last->end.exited.cause, WIRE_CAUSE_NONE);
	assert_prints(link, 2, "print('x' in globals())", "False\n");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.lost, 1);
	assert_int_equal(last->began.exit_code, 3);
	link_drop(link);
}

/* --- kills --------------------------------------------------------------------------------- */

static struct outcome *begun(struct link *link, uint32_t stream, const char *code)
{
	order_call(link, stream, &(struct wish){ .code = code });
	return await_text(link, stream, "go");
}

static void an_interrupt_ends_the_call_and_not_the_interpreter(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "x = 42");
	free(last);
	last = begun(link, 2, "print('go', flush=True)\nwhile True: pass");
	order_kill(link, 2, SIGTERM, 2000);
	await(link, 2, last);
	assert_string_equal(last->lines, "{\"error\":\"KeyboardInterrupt\"}\n");
	assert_int_equal(last->end.exited.signal, SIGINT);
	assert_int_equal(last->end.exited.cause, WIRE_CAUSE_KILL);
	assert_int_equal(last->end.alive, 1);
	assert_prints(link, 3, "print(x)", "42\n");
	assert_int_equal(last->began.fresh, 0);
	link_drop(link);
}

static void what_does_not_heed_an_interrupt_is_killed_with_its_whole_tree(void **state)
{
	struct link *link = link_make(*state);
	uint64_t ordered;

	free(last);
	last = begun(link, 1,
		     "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
		     "if os.fork() == 0:\n"
		     "  os.setsid()\n"
		     "  while True: signal.pause()\n"
		     "print('go', flush=True)\n"
		     "while True: signal.pause()");
	ordered = now_ms();
	order_kill(link, 1, SIGINT, 300);
	await(link, 1, last);
	assert_true(now_ms() - ordered >= 300);
	assert_int_equal(last->end.exited.signal, SIGKILL);
	assert_int_equal(last->end.exited.cause, WIRE_CAUSE_KILL);
	assert_int_equal(last->end.alive, 0);
	assert_out(link, 2, "grep -l python3 /proc/[0-9]*/comm; true", "");
	eval(link, 3, "pass");
	assert_int_equal(last->began.cause, WIRE_CAUSE_KILL);
	link_drop(link);
}

static void sigkill_ends_the_interpreter_at_once(void **state)
{
	struct link *link = link_make(*state);

	free(last);
	last = begun(link, 1, "print('go', flush=True)\nwhile True: signal.pause()");
	order_kill(link, 1, SIGKILL, 0);
	await(link, 1, last);
	assert_int_equal(last->end.exited.signal, SIGKILL);
	assert_int_equal(last->end.alive, 0);
	link_drop(link);
}

static void code_out_of_time_is_interrupted_first(void **state)
{
	struct link *link = link_make(*state);

	call(link, 1, &(struct wish){ .code = "x = 5\nwhile True: pass", .kill_after_ms = 400 });
	assert_int_equal(last->end.exited.cause, WIRE_CAUSE_TIMEOUT);
	assert_int_equal(last->end.alive, 1);
	assert_prints(link, 2, "print(x)", "5\n");
	link_drop(link);
}

static void a_retired_interpreter_goes_with_what_it_left_in_the_background(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "if os.fork() == 0:\n  os.setsid()\n  while True: signal.pause()\n");
	order_retire(link, 2, "default");
	expect(link, WIRE_RETIRED, 2);
	assert_out(link, 3, "grep -l python3 /proc/[0-9]*/comm; true", "");
	eval(link, 4, "pass");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.cause, WIRE_CAUSE_RETIRED);
	order_retire(link, 5, "never-was");
	expect(link, WIRE_RETIRED, 5);
	link_drop(link);
}

int main(void)
{
#define IN_HOUSE(name) cmocka_unit_test_setup_teardown(name, house_build, forget)
	const struct CMUnitTest tests[] = {
		IN_HOUSE(state_lives_from_call_to_call),
		IN_HOUSE(outcomes_come_apart_from_what_is_printed),
		IN_HOUSE(contexts_know_nothing_of_each_other),
		IN_HOUSE(a_command_line_beside_it_is_not_disturbed),
		IN_HOUSE(an_interpreter_gets_nothing_of_ours_but_its_five),
		IN_HOUSE(an_interpreter_that_ends_says_so_and_another_begins_afresh),
		IN_HOUSE(an_interrupt_ends_the_call_and_not_the_interpreter),
		IN_HOUSE(what_does_not_heed_an_interrupt_is_killed_with_its_whole_tree),
		IN_HOUSE(sigkill_ends_the_interpreter_at_once),
		IN_HOUSE(code_out_of_time_is_interrupted_first),
		IN_HOUSE(a_retired_interpreter_goes_with_what_it_left_in_the_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
