/* The server's half of a call of code, over an agent that the test plays: turns, what is sent
 * before CALL, and what of an agent's words is believed. */
#include <errno.h>
#include <signal.h>
#include "fixture.h"

static const struct driver table[] = {
	{ "test", "sh", "the command line", "the source" },
	{ "rare", "absent", "the command line", "the source" },
	{ .language = NULL },
};

static int open_house(void **state)
{
	int bad = house_open(state);

	house->all->drivers = table;
	return bad;
}

static const char *asked_language = "test";

static void run_in(const char *context, const char *code, bool fresh, int64_t wait_ms)
{
	struct code_request request = { .owner = "me",
					.container_id = house->container_id,
					.language = asked_language,
					.context = context,
					.code = code,
					.len = strlen(code),
					.fresh = fresh,
					.wait_ms = wait_ms };
	struct error err;

	house->outcome.calls = 0;
	if (!code_run(house->all, &request, on_view, &house->outcome, &err))
		fail_msg("%s", err.text);
}

static uint32_t last_stream(void)
{
	return (uint32_t)house->sb->row.next_stream - 1;
}

static void expect_call(uint32_t stream)
{
	const char *env[8];
	static char room[WIRE_PAYLOAD_MAX + 16];
	const struct said *said = expect_said(WIRE_DRIVER, stream);
	struct wire_frame frame;
	struct wire_call call;

	assert_int_equal(said->length, strlen("the source"));
	said = expect_said(WIRE_CALL, stream);
	frame = (struct wire_frame){ WIRE_CALL, stream, said->payload, said->length };
	assert_true(wire_get_call(&frame, room, env, 8, &call));
	assert_string_equal(call.language, asked_language);
	assert_string_equal(call.start.command, "the command line");
	assert_true(call.start.kill_after_ms > 0);
}

static void say_began(uint32_t stream, bool fresh)
{
	SAY(WIRE_BEGAN, stream, wire_put_began, &(struct wire_began){ .fresh = fresh });
}

static void say_ended(uint32_t stream, uint64_t out, uint64_t outcome)
{
	struct wire_ended ended = { .exited = { .out_total = out },
				    .outcome_total = outcome,
				    .alive = 1 };

	SAY(WIRE_ENDED, stream, wire_put_ended, &ended);
}

static void say_failed(uint32_t stream, const char *where)
{
	struct wire_failed failed = { .number = EBUSY };

	snprintf(failed.where, sizeof(failed.where), "%s", where);
	SAY(WIRE_FAILED, stream, wire_put_failed, &failed);
}

static void say_taken(uint32_t stream, uint64_t offset)
{
	uint8_t payload[16];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	wire_put_taken(&writer, offset);
	say(WIRE_TAKEN, stream, payload, writer.len);
}

/* It is running, its code sent. */
static uint32_t begin(const char *context)
{
	uint32_t stream;

	run_in(context, "code", false, 0);
	stream = last_stream();
	expect_call(stream);
	say_began(stream, true);
	expect_said(WIRE_INPUT, stream);
	expect_said(WIRE_INPUT_END, stream);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "running");
	return stream;
}

/* --- the talk ------------------------------------------------------------------------------ */

static void a_call_is_driver_call_and_code(void **state)
{
	uint32_t stream;

	(void)state;
	run_in("default", "the code", false, 1000);
	stream = last_stream();
	expect_call(stream);
	expect_silence();
	say_began(stream, true);
	assert_int_equal(expect_said(WIRE_INPUT, stream)->length, WIRE_CHUNK_HEADER + 8);
	expect_said(WIRE_INPUT_END, stream);
	say_output(WIRE_STDOUT, stream, 0, "hi", 2);
	say_output(WIRE_OUTCOME, stream, 0, "{}\n", 3);
	say_ended(stream, 2, 3);
	settle();
	assert_string_equal(house->outcome.state, "exited");
	assert_string_equal(house->outcome.out, "hi");
	expect_forgotten(stream);
}

static void an_agent_of_an_earlier_version_is_not_asked(void **state)
{
	(void)state;
	house->sb->hello.version = WIRE_VERSION_CALLS - 1;
	run_in("default", "code", false, 1000);
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(house->outcome.err.text, "earlier version"));
	expect_silence();
}

static void an_interpreter_is_retired_before_a_fresh_one(void **state)
{
	uint32_t stream;

	(void)state;
	run_in("default", "code", true, 1000);
	stream = last_stream();
	expect_said(WIRE_RETIRE, stream);
	expect_silence();
	say(WIRE_RETIRED, stream, NULL, 0);
	expect_call(stream);
	say(WIRE_RETIRED, stream, NULL, 0); /* said twice does no harm */
	expect_silence();
	assert_true(house->open);
}

static void a_break_of_the_link_while_it_is_retired_is_made_good(void **state)
{
	uint32_t stream;

	(void)state;
	run_in("default", "code", true, 1000);
	stream = last_stream();
	expect_said(WIRE_RETIRE, stream);
	break_link();
	link_up();
	expect_said(WIRE_RETIRE, stream);
	say(WIRE_RETIRED, stream, NULL, 0);
	expect_call(stream);
}

static void an_interpreter_of_no_use_is_retired_once(void **state)
{
	uint32_t stream;

	(void)state;
	run_in("default", "code", false, 1000);
	stream = last_stream();
	expect_call(stream);
	say_failed(stream, "context");
	expect_said(WIRE_RETIRE, stream);
	say(WIRE_RETIRED, stream, NULL, 0);
	expect_call(stream);
	say_failed(stream, "context");
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_CONFLICT);
}

static void too_many_interpreters_say_what_to_do(void **state)
{
	uint32_t stream;

	(void)state;
	run_in("default", "code", false, 1000);
	stream = last_stream();
	expect_call(stream);
	say_failed(stream, "contexts");
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_LIMIT);
	assert_non_null(strstr(house->outcome.err.text, "16 interpreters"));
}

/* What the agent had said before it knew of the end may come while the image's index is read. */
static void words_on_their_way_do_no_harm_while_its_hint_is_looked_for(void **state)
{
	const struct wire_ended ended = { .exited = { .exit_code = 127 } };
	const struct wire_failed none = { .number = ENOENT, .where = "open" };
	uint32_t stream, index;

	(void)state;
	asked_language = "rare";
	run_in("default", "code", false, 1000);
	stream = last_stream();
	expect_call(stream);
	asked_language = "test";
	say_began(stream, true);
	expect_said(WIRE_INPUT, stream);
	expect_said(WIRE_INPUT_END, stream);
	SAY(WIRE_ENDED, stream, wire_put_ended, &ended);
	index = WIRE_FILE_STREAM | (house->sb->next_file_stream - 1);
	expect_said(WIRE_OPEN, index);
	say_taken(stream, 4);
	settle();
	assert_true(house->open);
	assert_int_equal(house->outcome.calls, 0);
	SAY(WIRE_FAILED, index, wire_put_failed, &none);
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(house->outcome.err.text, "absent is not in this image"));
}

/* --- turns --------------------------------------------------------------------------------- */

static void one_call_of_a_context_waits_for_the_other(void **state)
{
	uint32_t first, second;

	(void)state;
	first = begin("default");
	run_in("default", "code", false, 1000);
	second = last_stream();
	settle();
	expect_silence();
	begin("other");
	say_ended(first, 0, 0);
	settle();
	expect_said(WIRE_FORGET, first);
	expect_call(second);
}

static void a_new_link_does_not_change_whose_turn_it_is(void **state)
{
	struct wire_called called = { .command = { .in_taken = 4, .in_held = 4 },
				      .began = { .fresh = 1 } };
	uint32_t first;

	(void)state;
	first = begin("default");
	run_in("default", "code", false, 1000);
	break_link();
	run_until(is_open);
	say_hello();
	SAY(WIRE_CALLED, first, wire_put_called, &called);
	say_listed();
	expect_said(WIRE_CALL_RESUME, first);
	expect_said(WIRE_INPUT_END, first);
	expect_silence();
}

static void a_call_that_waits_for_its_turn_can_be_killed(void **state)
{
	char busy[ID_SIZE], waits[ID_SIZE];
	struct code_request request = { .owner = "me",
					.container_id = house->container_id,
					.language = "test",
					.code = "code",
					.len = 4,
					.turn_ms = 60000 };
	struct error err;

	(void)state;
	begin("default");
	memcpy(busy, house->outcome.id, ID_SIZE);
	house->outcome.calls = 0;
	assert_non_null(code_run(house->all, &request, on_view, &house->outcome, &err));
	settle();
	assert_string_equal(house->outcome.state, "running");
	assert_non_null(strstr(house->outcome.hint, busy));
	memcpy(waits, house->outcome.id, ID_SIZE);
	house->outcome.calls = 0;
	assert_non_null(command_kill(house->all, "me", waits, SIGTERM, 1000, on_view,
				     &house->outcome, &err));
	settle();
	assert_string_equal(house->outcome.state, "killed");
	expect_forgotten(last_stream());
	expect_silence();
}

/* --- a restart of the server --------------------------------------------------------------- */

static void a_restarted_server_goes_on_with_three_streams(void **state)
{
	struct wire_called called = { .command = { .in_taken = 4, .in_held = 4 },
				      .began = { .fresh = 1, .lost = 1, .exit_code = 3 } };
	struct wire_call_offsets offsets;
	const struct said *said;
	struct wire_frame frame;
	char id[ID_SIZE];
	uint32_t stream;

	(void)state;
	stream = begin("default");
	memcpy(id, house->outcome.id, ID_SIZE);
	restart_server();
	run_until(is_open);
	say_hello();
	SAY(WIRE_CALLED, stream, wire_put_called, &called);
	say_listed();
	said = expect_said(WIRE_CALL_RESUME, stream);
	frame = (struct wire_frame){ WIRE_CALL_RESUME, stream, said->payload, said->length };
	assert_true(wire_get_call_offsets(&frame, &offsets));
	assert_int_equal(offsets.outcome, 0);
	say_output(WIRE_OUTCOME, stream, 0, "{}\n", 3);
	say_ended(stream, 0, 3);
	check(id, 1000, NULL);
	settle();
	assert_string_equal(house->outcome.state, "exited");
}

static void a_call_that_nobody_knows_is_killed_with_all_its_output(void **state)
{
	struct wire_called called = { .outcome_kept = 7 };

	(void)state;
	break_link();
	run_until(is_open);
	say_hello();
	SAY(WIRE_CALLED, 99, wire_put_called, &called);
	say_listed();
	expect_said(WIRE_KILL, 99);
	expect_said(WIRE_CALL_RESUME, 99);
	say_output(WIRE_OUTCOME, 99, 7, "{}\n", 3);
	expect_said(WIRE_CALL_ACK, 99);
	say_ended(99, 0, 10);
	expect_said(WIRE_FORGET, 99);
}

/* --- what is not believed ------------------------------------------------------------------ */

static void words_out_of_place_end_the_link(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("command line");
	say_output(WIRE_OUTCOME, stream, 0, "{}\n", 3);
	assert_false(house->open);
	link_up();
	house->said_read = house->said_count;
	stream = begin("one");
	say_ended(stream, 0, 1); /* a byte that never came */
	assert_false(house->open);
	link_up();
	house->said_read = house->said_count;
	stream = begin("two");
	say_exited(stream, 0, 0, 0); /* as of a command line */
	assert_false(house->open);
	link_up();
	house->said_read = house->said_count;
	stream = begin("three");
	say(WIRE_BEGAN, stream, "short", 5);
	assert_false(house->open);
}

static void what_makes_no_sense_is_refused_at_once(void **state)
{
	struct code_request good = { .owner = "me",
				     .container_id = house->container_id,
				     .language = "test",
				     .code = "code",
				     .len = 4 };
	struct code_request language = good, context = good, empty = good, other = good;
	struct error err;

	(void)state;
	language.language = "cobol";
	assert_null(code_run(house->all, &language, on_view, &house->outcome, &err));
	assert_non_null(strstr(err.text, "there is no \"cobol\", only test"));
	context.context = "two\nlines";
	assert_null(code_run(house->all, &context, on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	context.context = "";
	assert_null(code_run(house->all, &context, on_view, &house->outcome, &err));
	empty.len = 0;
	assert_null(code_run(house->all, &empty, on_view, &house->outcome, &err));
	other.owner = "somebody else";
	assert_null(code_run(house->all, &other, on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	expect_silence();
}

static void every_driver_fits_into_its_frame(void **state)
{
	static const char *const languages[] = { "python", "javascript", "sh", "web" };
	struct error err;

	(void)state;
	house->all->drivers = NULL;
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		const struct driver *driver = driver_find(house->all, languages[i], &err);

		assert_non_null(driver);
		assert_true(strlen(driver->source) <= WIRE_DRIVER_MAX);
	}
}

int main(void)
{
#define IN_HOUSE(name) cmocka_unit_test_setup_teardown(name, open_house, house_close)
	const struct CMUnitTest tests[] = {
		IN_HOUSE(a_call_is_driver_call_and_code),
		IN_HOUSE(an_agent_of_an_earlier_version_is_not_asked),
		IN_HOUSE(an_interpreter_is_retired_before_a_fresh_one),
		IN_HOUSE(a_break_of_the_link_while_it_is_retired_is_made_good),
		IN_HOUSE(an_interpreter_of_no_use_is_retired_once),
		IN_HOUSE(too_many_interpreters_say_what_to_do),
		IN_HOUSE(words_on_their_way_do_no_harm_while_its_hint_is_looked_for),
		IN_HOUSE(one_call_of_a_context_waits_for_the_other),
		IN_HOUSE(a_new_link_does_not_change_whose_turn_it_is),
		IN_HOUSE(a_call_that_waits_for_its_turn_can_be_killed),
		IN_HOUSE(a_restarted_server_goes_on_with_three_streams),
		IN_HOUSE(a_call_that_nobody_knows_is_killed_with_all_its_output),
		IN_HOUSE(words_out_of_place_end_the_link),
		IN_HOUSE(what_makes_no_sense_is_refused_at_once),
		IN_HOUSE(every_driver_fits_into_its_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
