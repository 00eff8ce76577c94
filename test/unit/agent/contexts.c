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

	if (frame->type == WIRE_TAKEN) /* also of code that was refused */
		return;
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
	} else {
		assert_int_equal(frame->type, WIRE_FAILED);
		assert_true(wire_get_failed(frame, &outcome->output.failed));
		outcome->ended = true;
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

static void forget_last(void)
{
	free(last);
	last = NULL;
}

static const struct outcome *call(struct link *link, uint32_t stream, const struct wish *wish)
{
	forget_last();
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

static void await_retired(struct link *link, uint32_t stream)
{
	while (next(link)->type == WIRE_TAKEN)
		;
	assert_int_equal(link->frame.type, WIRE_RETIRED);
	assert_int_equal(link->frame.stream, stream);
}

static int forget(void **state)
{
	forget_last();
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

static void each_call_is_charged_its_own_processor_time(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "import time\nwhile time.process_time() < 0.2: pass");
	assert_true(last->end.exited.cpu_us >= 100000);
	assert_true(last->end.exited.memory_peak > 0);
	eval(link, 2, "pass");
	assert_true(last->end.exited.cpu_us < 100000);
	eval(link, 3, "os._exit(0)");
	assert_true(last->end.exited.cpu_us < 100000);
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
	forget_last();
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

	forget_last();
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

	forget_last();
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
	await_retired(link, 2);
	assert_out(link, 3, "grep -l python3 /proc/[0-9]*/comm; true", "");
	eval(link, 4, "pass");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.cause, WIRE_CAUSE_RETIRED);
	order_retire(link, 5, "never-was");
	await_retired(link, 5);
	link_drop(link);
}

/* --- drivers that break the rules ---------------------------------------------------------- */

static void assert_broken(struct link *link, uint32_t stream, const struct wish *wish,
			  enum wire_fault fault)
{
	call(link, stream, wish);
	assert_int_equal(last->end.fault, fault);
	assert_int_equal(last->end.exited.cause, WIRE_CAUSE_DRIVER);
	assert_int_equal(last->end.exited.signal, SIGKILL);
	assert_int_equal(last->end.alive, 0);
	/* And the next one is none the worse for it. */
	assert_prints(link, stream + 1, "print('again')", "again\n");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.cause, WIRE_CAUSE_DRIVER);
}

static void what_is_neither_object_nor_done_ends_the_interpreter(void **state)
{
	static const char *const said[] = {
		"say(b'rubbish\\n')",
		"say(b'\\n')",
		"say(os.urandom(64).replace(b'{', b''))",
		"say(b'done 256\\n')",
		"say(b'done -1\\n')",
		"say(b'done \\n')",
		"say(b'done 1 2\\n')",
		"say(b'done x\\n')",
		"say(b'[1]\\n')",
		"say(b'{\"a\":1}\\n done 0\\n')",
	};
	struct link *link = link_make(*state);

	for (uint32_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_broken(link, 2 * i + 1, &(struct wish){ .code = said[i] }, WIRE_FAULT_LINE);
	link_drop(link);
}

static void a_line_without_an_end_ends_the_interpreter(void **state)
{
	struct link *link = link_make(*state);

	assert_broken(link, 1, &(struct wish){ .code = "say(b'{')\nwhile True: say(b'x' * 65536)" },
		      WIRE_FAULT_LONG);
	link_drop(link);
}

static void a_flood_of_outcomes_ends_the_interpreter(void **state)
{
	struct link *link = link_make(*state);

	assert_broken(link, 1,
		      &(struct wish){ .code = "while True: say(b'{' + b'x' * 65534 + b'\\n')" },
		      WIRE_FAULT_FLOOD);
	link_drop(link);
}

static void what_comes_behind_done_ends_the_interpreter(void **state)
{
	struct link *link = link_make(*state);

	assert_broken(link, 1, &(struct wish){ .code = "say(b'done 0\\n{}\\n')" },
		      WIRE_FAULT_STALE);
	link_drop(link);
}

/* The code ends its own call; the driver's "done" then comes when nobody asked. */
static void an_interpreter_that_speaks_unasked_is_replaced(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1, "import time; say(b'done 7\\n'); time.sleep(0.02)");
	assert_int_equal(last->end.exited.exit_code, 7);
	assert_int_equal(last->end.alive, 1);
	assert_out(link, 2,
		   "while grep -l python3 /proc/[0-9]*/comm; do sleep 0.01; done >/dev/null", "");
	assert_prints(link, 3, "print('again')", "again\n");
	assert_int_equal(last->began.fresh, 1);
	assert_int_equal(last->began.cause, WIRE_CAUSE_DRIVER);
	link_drop(link);
}

static void done_before_the_code_was_read_ends_the_interpreter(void **state)
{
	static char code[WIRE_WINDOW * 2];
	struct link *link = link_make(*state);
	const struct wish wish = { .code = code,
				   .len = sizeof(code),
				   .command = "echo done 0 >&4; sleep 100" };

	memset(code, '#', sizeof(code));
	assert_broken(link, 1, &wish, WIRE_FAULT_EARLY);
	link_drop(link);
}

static void an_interpreter_that_cannot_answer_any_more_ends(void **state)
{
	struct link *link = link_make(*state);

	assert_broken(link, 1, &(struct wish){ .code = "os.close(4)\nwhile True: signal.pause()" },
		      WIRE_FAULT_CLOSED);
	link_drop(link);
}

static void code_that_closes_or_fills_what_it_can_harms_only_itself(void **state)
{
	static const char *const codes[] = {
		"os.closerange(0, 1000)",
		"os.close(3)",
		"os.dup2(1, 4)",
		"os.dup2(4, 1); print('rubbish', flush=True)",
		"os.kill(os.getppid(), 9)",
		"os.kill(os.getpid(), 19)",
		"import threading; threading.Thread(target=lambda: os._exit(5)).start()",
		"raise SystemExit",
		"say(b'{\"half')\nos._exit(0)",
	};
	struct link *link = link_make(*state);

	for (uint32_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		call(link, 10 * i + 1, &(struct wish){ .code = codes[i], .kill_after_ms = 150 });
		order_retire(link, 10 * i + 2, "default");
		await_retired(link, 10 * i + 2);
		assert_prints(link, 10 * i + 3, "print('again')", "again\n");
	}
	link_drop(link);
}

static void a_fork_bomb_can_be_killed(void **state)
{
	struct link *link = link_make(*state);

	forget_last();
	last = begun(link, 1,
		     "import resource\n"
		     "resource.setrlimit(resource.RLIMIT_NPROC, (60, 60))\n"
		     "print('go', flush=True)\n"
		     "while True:\n"
		     "  try: os.fork()\n"
		     "  except OSError: pass");
	order_kill(link, 1, SIGTERM, 200);
	await(link, 1, last);
	/* Each of them may have heeded the interrupt, and then said that it is done. */
	order_retire(link, 2, "default");
	await_retired(link, 2);
	assert_out(link, 3, "grep -l python3 /proc/[0-9]*/comm; true", "");
	link_drop(link);
}

/* --- much of everything -------------------------------------------------------------------- */

static void a_mebibyte_of_code_goes_in(void **state)
{
	struct link *link = link_make(*state);
	char *code = malloc(WIRE_CODE_MAX);
	struct outcome *outcome = outcome_new();
	uint64_t sent = 0, taken = 0;

	assert_non_null(code);
	memset(code, '#', WIRE_CODE_MAX);
	memcpy(code, "print(len(code))\n", 17);
	memcpy(code + WIRE_CODE_MAX - 11, "\nprint('e')", 11);
	order_call(link, 1, &(struct wish){ .code = code, .len = WIRE_CODE_MAX });
	while (!outcome->ended) {
		while (sent < WIRE_CODE_MAX && sent - taken + 16 * 1024 <= WIRE_WINDOW) {
			order_input(link, 1, sent, code + sent, 16 * 1024);
			sent += 16 * 1024;
		}
		next(link);
		if (link->frame.type == WIRE_TAKEN)
			assert_true(wire_get_taken(&link->frame, &taken));
		outcome_take(outcome, link, 1);
	}
	assert_string_equal(outcome->lines, "{\"error\":\"NameError\"}\n");
	free(outcome);
	free(code);
	link_drop(link);
}

/* One window of each stream, not one byte of them acknowledged; then all of it. */
static void nothing_is_lost_when_nobody_takes_it(void **state)
{
	struct link *link = link_make(*state);
	struct outcome *outcome = outcome_new();

	outcome->output.acknowledge = false;
	order_call(link, 1,
		   &(struct wish){
			   .code = "import threading\n"
				   "t = threading.Thread(target=lambda: say(b'{}\\n' * 40000))\n"
				   "t.start()\n"
				   "print('x' * 199999)\n"
				   "t.join()" });
	while (outcome->output.out_len < WIRE_WINDOW || outcome->lines_len < WIRE_WINDOW) {
		next(link);
		outcome_take(outcome, link, 1);
	}
	assert_false(try_next(link, QUIET_MS));
	assert_int_equal(outcome->output.out_len, WIRE_WINDOW);
	assert_int_equal(outcome->lines_len, WIRE_WINDOW);
	outcome->output.acknowledge = true;
	order_call_offsets(link, WIRE_CALL_ACK, 1, outcome);
	await(link, 1, outcome);
	assert_int_equal(outcome->output.out_len, 200000);
	assert_int_equal(outcome->lines_len, 120000);
	assert_int_equal(outcome->end.alive, 1);
	free(outcome);
	link_drop(link);
}

static void what_is_printed_between_two_calls_comes_with_the_next(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1,
	     "if os.fork() == 0:\n"
	     "  os.close(3); os.close(4); os.setsid()\n"
	     "  print('late', flush=True)\n"
	     "  open('/tmp/said', 'w').close()\n"
	     "  signal.pause()\n"
	     "import time\n"
	     "while not os.path.exists('/tmp/said'): time.sleep(0.001)\n"
	     "os.unlink('/tmp/said')");
	free(last);
	last = outcome_new();
	order_call(link, 2, &(struct wish){ .code = "print('now')" });
	await(link, 2, last);
	assert_non_null(strstr(last->output.out, "now\n"));
	link_drop(link);
}

/* A server in the background that writes a log. */
static void what_prints_much_between_two_calls_is_not_stopped(void **state)
{
	struct link *link = link_make(*state);

	eval(link, 1,
	     "if os.fork() == 0:\n"
	     "  os.close(3); os.close(4); os.setsid()\n"
	     "  while not os.path.exists('/tmp/go'): signal.sigtimedwait([], 0.001)\n"
	     "  for i in range(2000): os.write(1, b'%0999d\\n' % i)\n"
	     "  open('/tmp/all-said', 'w').close()\n"
	     "  signal.pause()");
	assert_out(link, 2,
		   "touch /tmp/go; while [ ! -e /tmp/all-said ]; do sleep 0.01; done; echo ok",
		   "ok\n");
	/* The latest of it, and never all. */
	eval(link, 3, "pass");
	assert_true(last->output.out_len > 0 && last->output.out_len <= 65536);
	assert_non_null(strstr(last->output.out, "001999\n"));
	link_drop(link);
}

/* --- places -------------------------------------------------------------------------------- */

static void a_context_runs_one_call_at_a_time(void **state)
{
	struct link *link = link_make(*state);
	struct outcome *running = begun(link, 1, "print('go', flush=True)\nsignal.pause()");

	order_call(link, 2, &(struct wish){ .code = "pass" });
	while (next(link)->type != WIRE_FAILED)
		outcome_take(running, link, 1);
	assert_int_equal(link->frame.stream, 2);
	order_kill(link, 1, SIGKILL, 0);
	free(await(link, 1, running));
	link_drop(link);
}

static void there_is_a_bound_on_interpreters_that_live(void **state)
{
	struct link *link = link_make(*state);
	char name[16];

	for (uint32_t i = 0; i < WIRE_CONTEXTS; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		call(link, i + 1, &(struct wish){ .context = name, .code = "pass" });
		assert_int_equal(last->end.alive, 1);
	}
	call(link, 100, &(struct wish){ .context = "more", .code = "pass" });
	assert_string_equal(last->output.failed.where, "contexts");
	call(link, 101, &(struct wish){ .context = "c3", .code = "os._exit(0)" });
	call(link, 102, &(struct wish){ .context = "more", .code = "pass" });
	assert_int_equal(last->end.alive, 1);
	link_drop(link);
}

/* --- links --------------------------------------------------------------------------------- */

static void a_call_goes_on_over_a_break_of_the_link(void **state)
{
	struct link *link = link_make(*state);
	struct outcome *outcome;

	outcome = begun(link, 1,
			"x = 3\nprint('go', flush=True)\nsay(b'{\"a\":1}\\n')\n"
			"while not os.path.exists('/tmp/on'): signal.sigtimedwait([], 0.001)\n"
			"print('on')\nsay(b'{\"b\":2}\\n')");
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->listed, 1);
	assert_int_equal(link->frame.type, WIRE_LISTED);
	assert_int_equal(link->listed_call.command.over, 0);
	assert_int_equal(link->listed_call.began.fresh, 1);
	assert_int_equal(link->listed_call.command.in_held, link->listed_call.command.in_taken);
	order_call_offsets(link, WIRE_CALL_RESUME, 1, outcome);
	begin(link, 2, "touch /tmp/on");
	while (!outcome->ended) {
		next(link);
		if (link->frame.stream == 1)
			outcome_take(outcome, link, 1);
	}
	assert_string_equal(outcome->output.out, "go\non\n");
	assert_string_equal(outcome->lines, "{\"a\":1}\n{\"b\":2}\n");
	free(outcome);
	link_drop(link);
	link = link_make(*state);
	assert_prints(link, 3, "print(x)", "3\n");
	link_drop(link);
}

static void the_end_of_a_call_is_told_again_on_a_new_link(void **state)
{
	struct link *link = link_make(*state);
	struct outcome *outcome = outcome_new();

	order_call(link, 1, &(struct wish){ .code = "say(b'{}\\n'); print('hello')" });
	outcome->output.acknowledge = false;
	while (!outcome->ended) {
		next(link);
		outcome_take(outcome, link, 1);
	}
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->listed_call.command.over, 1);
	*outcome = (struct outcome){ .output.acknowledge = true };
	order_call_offsets(link, WIRE_CALL_RESUME, 1, outcome);
	await(link, 1, outcome);
	assert_string_equal(outcome->output.out, "hello\n");
	assert_string_equal(outcome->lines, "{}\n");
	assert_int_equal(outcome->end.alive, 1);
	free(outcome);
	link_drop(link);
}

/* --- orders that make no sense ------------------------------------------------------------- */

static void assert_link_ends(struct link *link)
{
	while (try_next(link, PATIENCE_MS))
		;
	assert_true(link->at_end);
	link_drop(link);
}

static void orders_that_make_no_sense_end_the_link(void **state)
{
	static char source[WIRE_DRIVER_MAX + 1];
	struct link *link = link_make(*state);

	memset(source, '#', sizeof(source));
	order(link, WIRE_DRIVER, 1, source, sizeof(source));
	assert_link_ends(link);
	link = link_make(*state);
	order(link, WIRE_DRIVER, 1, "a\0b", 3);
	assert_link_ends(link);
	link = link_make(*state);
	order_retire(link, 0, "x");
	assert_link_ends(link);
	link = link_make(*state);
	eval(link, 1, "x = 8");
	order_call(link, 2, &(struct wish){ .code = "signal.pause()" });
	order_input(link, 2, 14, "more than was said", 18);
	assert_link_ends(link);
	link = link_make(*state);
	order(link, WIRE_OUTCOME, 2, NULL, 0);
	assert_link_ends(link);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
#define IN_HOUSE(name) cmocka_unit_test_setup_teardown(name, house_build, forget)
	const struct CMUnitTest tests[] = {
		IN_HOUSE(state_lives_from_call_to_call),
		IN_HOUSE(outcomes_come_apart_from_what_is_printed),
		IN_HOUSE(contexts_know_nothing_of_each_other),
		IN_HOUSE(a_command_line_beside_it_is_not_disturbed),
		IN_HOUSE(each_call_is_charged_its_own_processor_time),
		IN_HOUSE(an_interpreter_gets_nothing_of_ours_but_its_five),
		IN_HOUSE(an_interpreter_that_ends_says_so_and_another_begins_afresh),
		IN_HOUSE(an_interrupt_ends_the_call_and_not_the_interpreter),
		IN_HOUSE(what_does_not_heed_an_interrupt_is_killed_with_its_whole_tree),
		IN_HOUSE(sigkill_ends_the_interpreter_at_once),
		IN_HOUSE(code_out_of_time_is_interrupted_first),
		IN_HOUSE(a_retired_interpreter_goes_with_what_it_left_in_the_background),
		IN_HOUSE(what_is_neither_object_nor_done_ends_the_interpreter),
		IN_HOUSE(a_line_without_an_end_ends_the_interpreter),
		IN_HOUSE(a_flood_of_outcomes_ends_the_interpreter),
		IN_HOUSE(what_comes_behind_done_ends_the_interpreter),
		IN_HOUSE(an_interpreter_that_speaks_unasked_is_replaced),
		IN_HOUSE(done_before_the_code_was_read_ends_the_interpreter),
		IN_HOUSE(an_interpreter_that_cannot_answer_any_more_ends),
		IN_HOUSE(code_that_closes_or_fills_what_it_can_harms_only_itself),
		IN_HOUSE(a_fork_bomb_can_be_killed),
		IN_HOUSE(a_mebibyte_of_code_goes_in),
		IN_HOUSE(nothing_is_lost_when_nobody_takes_it),
		IN_HOUSE(what_is_printed_between_two_calls_comes_with_the_next),
		IN_HOUSE(what_prints_much_between_two_calls_is_not_stopped),
		IN_HOUSE(a_context_runs_one_call_at_a_time),
		IN_HOUSE(there_is_a_bound_on_interpreters_that_live),
		IN_HOUSE(a_call_goes_on_over_a_break_of_the_link),
		IN_HOUSE(the_end_of_a_call_is_told_again_on_a_new_link),
		IN_HOUSE(orders_that_make_no_sense_end_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
