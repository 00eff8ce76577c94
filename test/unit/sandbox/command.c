/* A command's life, told by a scripted agent: its start, its output, its end, and every way in
 * which a link can break in between. */
#include <errno.h>
#include <signal.h>
#include "fixture.h"

static void a_command_that_ends_in_time_answers_with_all_it_printed(void **state)
{
	(void)state;
	start("echo hi", 3000);
	expect_said(WIRE_START, 1);
	say(WIRE_STARTED, 1, NULL, 0);
	say_output(WIRE_STDOUT, 1, 0, "hi\n", 3);
	say_output(WIRE_STDERR, 1, 0, "oh\n", 3);
	say_exited(1, 3, 3, 3);
	assert_int_equal(house->outcome.calls, 0); /* never from inside */
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "exited");
	assert_int_equal(house->outcome.exit_code, 3);
	assert_string_equal(house->outcome.out, "hi\n");
	assert_int_equal(house->outcome.stderr_bytes, 3);
	expect_forgotten(1);
	expect_silence();
	assert_null(house->sb->commands);
}

static void the_start_carries_the_environment_of_container_and_command(void **state)
{
	static const char *const env[] = { "B=own", "C=3", NULL };
	struct command_request request = { .owner = "me",
					   .container_id = house->container_id,
					   .command = "env",
					   .workdir = "sub",
					   .env = env };
	char room[WIRE_PAYLOAD_MAX + 600];
	const char *list[8];
	struct wire_start start_;
	const struct said *said;
	struct error err;

	(void)state;
	assert_non_null(command_start(house->all, &request, on_view, &house->outcome, &err));
	said = expect_said(WIRE_START, 1);
	assert_true(
		wire_get_start(&(struct wire_frame){ said->type, 1, said->payload, said->length },
			       room, list, 8, &start_));
	assert_string_equal(start_.command, "env");
	assert_string_equal(start_.workdir, "/workspace/sub");
	assert_int_equal(start_.env_count, 3);
	assert_string_equal(list[0], "A=1");
	assert_string_equal(list[1], "B=own");
	assert_string_equal(list[2], "C=3");
	assert_int_equal(start_.kill_after_ms, 60000);
}

static void note_end(void *ctx, const char *owner, const char *command_id)
{
	auto_command_row row = { .command = NULL };
	struct error err;

	assert_true(store_command_find(house->all->store, command_id, &row, &err));
	assert_string_equal(row.state, "exited");
	assert_string_equal(owner, "me");
	++*(int *)ctx;
}

static void an_end_is_told_once_it_is_written_down(void **state)
{
	int told = 0;

	(void)state;
	sandboxes_on_command_end(house->all, note_end, &told);
	start("true", 3000);
	expect_said(WIRE_START, 1);
	say(WIRE_STARTED, 1, NULL, 0);
	assert_int_equal(told, 0);
	say_exited(1, 0, 0, 0);
	settle();
	assert_int_equal(told, 1);
}

static void a_command_that_takes_longer_is_handed_back_running(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("sleep 5");
	check(house->outcome.id, 2000, NULL);
	settle();
	assert_int_equal(house->outcome.calls, 0);
	say_exited(stream, 0, 0, 0);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "exited");
}

static void a_look_without_waiting_answers_at_once(void **state)
{
	(void)state;
	start_running("sleep 5");
	check(house->outcome.id, 0, NULL);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "running");
}

static void one_that_is_over_answers_from_its_row_and_file(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("echo hi");
	say_output(WIRE_STDOUT, stream, 0, "hi\n", 3);
	say_exited(stream, 0, 3, 0);
	settle();
	assert_null(house->sb->commands);
	check(house->outcome.id, 5000, NULL);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "exited");
	assert_string_equal(house->outcome.out, "hi\n");
	assert_int_equal(house->outcome.kept, 3);
}

static void anothers_command_is_not_found_in_the_same_words(void **state)
{
	struct command_watch watch = { .owner = "you" };
	struct error mine, never;
	char id[ID_SIZE], other[ID_SIZE];
	char *at;

	(void)state;
	start_running("sleep 5");
	memcpy(id, house->outcome.id, ID_SIZE);
	watch.command_id = id;
	assert_null(command_check(house->all, &watch, on_view, &house->outcome, &mine));
	id_new("x-", other);
	watch.command_id = other;
	assert_null(command_check(house->all, &watch, on_view, &house->outcome, &never));
	assert_int_equal(mine.kind, ERROR_NOT_FOUND);
	assert_int_equal(never.kind, ERROR_NOT_FOUND);
	at = strstr(never.text, other);
	assert_non_null(at);
	memcpy(at, id, strlen(id));
	assert_string_equal(mine.text, never.text);
	watch.command_id = "../../etc/passwd";
	assert_null(command_check(house->all, &watch, on_view, &house->outcome, &never));
	assert_int_equal(never.kind, ERROR_NOT_FOUND);
}

static void a_working_directory_that_is_missing_is_told_to_who_started(void **state)
{
	struct wire_failed failed = { .number = ENOENT, .where = "chdir" };

	(void)state;
	start("true", 3000);
	SAY(WIRE_FAILED, 1, wire_put_failed, &failed);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_int_equal(house->outcome.err.kind, ERROR_INVALID);
	assert_non_null(strstr(house->outcome.err.text, "workdir: /workspace cannot be entered"));
	assert_non_null(strstr(house->outcome.err.text, "No such file"));
	assert_null(house->sb->commands);
}

static void a_container_full_of_processes_names_its_limit(void **state)
{
	struct wire_failed failed = { .number = EAGAIN, .where = "fork" };

	(void)state;
	start("true", 3000);
	SAY(WIRE_FAILED, 1, wire_put_failed, &failed);
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_LIMIT);
	assert_non_null(strstr(house->outcome.err.text, "all 50 processes"));
}

static void every_cause_of_an_end_has_its_state(void **state)
{
	static const struct {
		struct wire_exited exited;
		const char *state;
	} ends[] = {
		{ { .exit_code = 1 }, "exited" },
		{ { .signal = SIGSEGV }, "killed" },
		{ { .signal = SIGTERM, .cause = WIRE_CAUSE_KILL }, "killed" },
		{ { .exit_code = 0, .cause = WIRE_CAUSE_KILL }, "exited" },
		{ { .signal = SIGKILL, .cause = WIRE_CAUSE_TIMEOUT }, "timed_out" },
		{ { .signal = SIGKILL, .cause = WIRE_CAUSE_OOM, .oom_seen = 1 }, "oom_killed" },
		{ { .exit_code = 1, .oom_seen = 1 }, "exited" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		uint32_t stream = start_running("x");

		house->outcome.calls = 0;
		check(house->outcome.id, 3000, NULL);
		SAY(WIRE_EXITED, stream, wire_put_exited, &ends[i].exited);
		settle();
		assert_string_equal(house->outcome.state, ends[i].state);
		assert_int_equal(house->outcome.signal, ends[i].exited.signal);
		expect_forgotten(stream);
	}
	assert_string_equal(house->outcome.reason, REASON_OOM);
}

static void output_is_acknowledged_only_when_it_is_on_disk(void **state)
{
	static char text[40000];
	uint32_t stream;
	struct wire_offsets acked;

	(void)state;
	memset(text, 'a', sizeof(text));
	stream = start_running("yes");
	say_output(WIRE_STDOUT, stream, 0, text, SPOOL_MEMORY);
	expect_silence();
	say_output(WIRE_STDOUT, stream, SPOOL_MEMORY, text, 1000);
	acked = expect_offsets(WIRE_ACK, stream);
	assert_int_equal(acked.out, SPOOL_MEMORY + 1000);
	say_output(WIRE_STDOUT, stream, SPOOL_MEMORY + 1000, text, 10000);
	expect_silence();
	say_output(WIRE_STDOUT, stream, SPOOL_MEMORY + 11000, text, 10000);
	assert_int_equal(expect_offsets(WIRE_ACK, stream).out, SPOOL_MEMORY + 21000);
}

static void a_gap_in_the_output_ends_the_link(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 5, "late", 4);
	assert_false(house->open);
	run_until(is_open);
	assert_int_equal(house->opens, 2);
}

static void after_a_broken_link_the_output_goes_on_without_loss_or_doubles(void **state)
{
	static char text[20000];
	uint32_t stream;

	(void)state;
	memset(text, 'b', sizeof(text));
	memcpy(text, "begin", 5);
	memcpy(text + sizeof(text) - 3, "end", 3);
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 0, text, 18000);
	expect_offsets(WIRE_ACK, stream);
	break_link();
	run_until(is_open);
	say_hello();
	say_command(stream, true, 17000, 0);
	say_listed();
	assert_int_equal(expect_offsets(WIRE_RESUME, stream).out, 18000);
	say_output(WIRE_STDOUT, stream, 17000, text + 17000, 3000);
	say_exited(stream, 0, sizeof(text), 0);
	check(house->outcome.id, 0, NULL);
	settle();
	assert_string_equal(house->outcome.state, "exited");
	assert_int_equal(house->outcome.out_len, sizeof(text));
	assert_memory_equal(house->outcome.out, text, sizeof(text));
}

static void after_a_restart_of_the_server_the_output_goes_on_from_the_file(void **state)
{
	static char text[30000];
	uint32_t stream;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 0, text, 20000);
	expect_offsets(WIRE_ACK, stream);
	restart_server();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 20000, 0);
	say_listed();
	assert_int_equal(expect_offsets(WIRE_RESUME, stream).out, 20000);
	say_output(WIRE_STDOUT, stream, 20000, text + 20000, 10000);
	say_exited(stream, 0, sizeof(text), 0);
	check(house->outcome.id, 0, NULL);
	settle();
	assert_string_equal(house->outcome.state, "exited");
	assert_int_equal(house->outcome.out_len, sizeof(text));
	assert_memory_equal(house->outcome.out, text, sizeof(text));
}

static void what_was_only_in_memory_at_a_crash_is_sent_again(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 0, "hello", 5);
	restart_server();
	run_until(is_open);
	say_hello();
	say_command(stream, true, 0, 0);
	say_listed();
	assert_int_equal(expect_offsets(WIRE_RESUME, stream).out, 0);
	say_output(WIRE_STDOUT, stream, 0, "hello", 5);
	say_exited(stream, 0, 5, 0);
	check(house->outcome.id, 0, NULL);
	settle();
	assert_string_equal(house->outcome.out, "hello");
}

static void begin_and_end_one(uint32_t *last)
{
	uint32_t stream = start_running("x");

	assert_true(stream > *last);
	*last = stream;
	say_exited(stream, 0, 0, 0);
	settle();
	expect_forgotten(stream);
}

static void what_is_forgotten_is_said_with_the_next_word(void **state)
{
	uint32_t first = start_running("x");
	uint32_t second;

	(void)state;
	say_exited(first, 0, 0, 0);
	settle();
	expect_silence();
	start("y", 0);
	second = (uint32_t)house->sb->row.next_stream - 1;
	expect_said(WIRE_FORGET, first);
	expect_said(WIRE_START, second);
	expect_silence();
}

static void no_command_gets_the_stream_of_an_earlier_one(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (int i = 0; i < 70; i++)
		begin_and_end_one(&last);
	restart_server();
	run_until(is_open);
	say_hello();
	say_listed();
	begin_and_end_one(&last);
}

static void a_start_that_did_not_arrive_is_sent_again(void **state)
{
	(void)state;
	start("true", 3000);
	expect_said(WIRE_START, 1);
	break_link();
	run_until(is_open);
	expect_silence();
	say_hello();
	say_listed();
	expect_said(WIRE_START, 1);
	say(WIRE_STARTED, 1, NULL, 0);
	say_exited(1, 0, 0, 0);
	settle();
	assert_string_equal(house->outcome.state, "exited");
}

static void a_start_that_arrived_when_the_link_broke_is_not_sent_again(void **state)
{
	(void)state;
	start("true", 3000);
	expect_said(WIRE_START, 1);
	break_link();
	run_until(is_open);
	say_hello();
	say_command(1, true, 0, 0);
	say_listed();
	expect_offsets(WIRE_RESUME, 1);
	expect_silence();
	say_exited(1, 9, 0, 0);
	settle();
	assert_int_equal(house->outcome.exit_code, 9);
}

static void one_that_the_agent_does_not_know_any_more_is_lost(void **state)
{
	(void)state;
	start_running("x");
	check(house->outcome.id, 5000, NULL);
	break_link();
	run_until(is_open);
	say_hello();
	say_listed();
	settle();
	assert_string_equal(house->outcome.state, "lost");
	assert_true(house->outcome.reason[0]);
}

static void a_command_that_nobody_began_is_killed_and_forgotten(void **state)
{
	struct wire_exited exited = { .signal = SIGKILL };
	const struct said *said;
	struct wire_kill order;

	(void)state;
	break_link();
	run_until(is_open);
	say_hello();
	say_command(7, false, 100, 0);
	say_command(8, true, 0, 0);
	say_listed();
	said = expect_said(WIRE_KILL, 7);
	assert_true(wire_get_kill(&(struct wire_frame){ WIRE_KILL, 7, said->payload, said->length },
				  &order));
	assert_int_equal(order.signal, SIGKILL);
	assert_int_equal(expect_offsets(WIRE_RESUME, 7).out, 100);
	expect_said(WIRE_FORGET, 8);
	say_output(WIRE_STDOUT, 7, 100, "noise", 5);
	assert_int_equal(expect_offsets(WIRE_ACK, 7).out, 105);
	SAY(WIRE_EXITED, 7, wire_put_exited, &exited);
	expect_said(WIRE_FORGET, 7);
	assert_null(house->sb->commands);
}

static void one_that_is_over_is_told_from_its_row_while_the_agent_still_lists_it(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	say_exited(stream, 5, 0, 0);
	break_link();
	run_until(is_open);
	say_hello();
	say_command(stream, true, 0, 0);
	check(house->outcome.id, 0, NULL);
	settle();
	assert_string_equal(house->outcome.state, "exited");
	assert_int_equal(house->outcome.exit_code, 5);
}

static void commands_of_a_container_that_is_gone_can_be_read_by_its_owner_only(void **state)
{
	struct command_row row = {
		.stream = 1, .command = (char *)"x", .state = "exited", .exit_code = 6
	};
	struct command_watch watch = { .owner = "you", .command_id = row.id };
	struct error err;

	(void)state;
	add_container("me", row.container_id, 2);
	assert_true(store_container_gone(house->store, row.container_id, 1, &err));
	id_new("x-", row.id);
	assert_true(store_command_add(house->store, &row, &err));
	check(row.id, 5000, NULL);
	settle();
	assert_int_equal(house->outcome.exit_code, 6);
	assert_null(command_check(house->all, &watch, on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void a_list_that_breaks_off_says_nothing(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	break_link();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, 0);
	say_command(99, false, 0, 0);
	break_link();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, 0);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	expect_silence();
}

static void input_is_fed_within_the_window_and_again_after_a_break(void **state)
{
	static char text[WIRE_WINDOW + 5000];
	uint8_t taken[8];
	struct wire_writer writer = { .data = taken, .room = sizeof(taken) };
	uint32_t stream;
	struct error err;

	(void)state;
	memset(text, 'i', sizeof(text));
	stream = start_running("cat");
	house->outcome.calls = 0;
	assert_non_null(command_input(house->all, "me", house->outcome.id, text, sizeof(text), true,
				      on_view, &house->outcome, &err));
	for (uint32_t sent = 0; sent < WIRE_WINDOW;)
		sent += expect_said(WIRE_INPUT, stream)->length - WIRE_CHUNK_HEADER;
	expect_silence();
	break_link();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, 40000);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	expect_said(WIRE_INPUT, stream);
	assert_int_equal(house->said_read, house->said_count - 1);
	expect_said(WIRE_INPUT_END, stream);
	wire_put_taken(&writer, sizeof(text));
	say(WIRE_TAKEN, stream, taken, writer.len);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_null(command_input(house->all, "me", house->outcome.id, "x", 1, false, on_view,
				  &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void after_a_restart_new_input_comes_behind_what_the_agent_holds(void **state)
{
	struct wire_command listed = { .in_taken = 60, .in_held = 100 };
	const struct said *said;
	uint8_t taken[8];
	struct wire_writer writer = { .data = taken, .room = sizeof(taken) };
	struct wire_frame frame;
	const uint8_t *data;
	uint64_t offset;
	size_t len;
	uint32_t stream;
	struct error err;

	(void)state;
	stream = start_running("cat");
	restart_server();
	run_until(is_open);
	say_hello();
	SAY(WIRE_COMMAND, stream, wire_put_command, &listed);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	house->outcome.calls = 0;
	assert_non_null(command_input(house->all, "me", house->outcome.id, "new", 3, false, on_view,
				      &house->outcome, &err));
	said = expect_said(WIRE_INPUT, stream);
	frame = (struct wire_frame){ said->type, stream, said->payload, said->length };
	assert_true(wire_get_chunk(&frame, &offset, &data, &len));
	assert_int_equal(offset, 100);
	assert_memory_equal(data, "new", 3);
	wire_put_taken(&writer, 80);
	say(WIRE_TAKEN, stream, taken, writer.len);
	settle();
	assert_int_equal(house->outcome.calls, 0);
	writer.len = 0;
	wire_put_taken(&writer, 103);
	say(WIRE_TAKEN, stream, taken, writer.len);
	settle();
	assert_int_equal(house->outcome.calls, 1);
}

static bool input_file_is_there(const char *id)
{
	auto_str path = mem_format("%s/spool/%s.in", house->dir, id);
	struct stat status;

	return stat(path, &status) == 0;
}

static void input_given_with_the_start_outlives_a_crash_of_the_server(void **state)
{
	static char text[40001];
	struct command_request request = { .owner = "me",
					   .container_id = house->container_id,
					   .command = "cat",
					   .stdin_text = text };
	struct wire_command listed = { .in_taken = 100, .in_held = 30000 };
	const struct said *said;
	struct wire_frame frame;
	const uint8_t *data;
	uint64_t offset;
	size_t len;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	assert_non_null(command_start(house->all, &request, on_view, &house->outcome, &err));
	expect_said(WIRE_START, 1);
	assert_true(input_file_is_there(house->sb->commands->row.id));
	restart_server(); /* nothing of the input was sent */
	run_until(is_open);
	say_hello();
	SAY(WIRE_COMMAND, 1, wire_put_command, &listed);
	say_listed();
	expect_offsets(WIRE_RESUME, 1);
	said = expect_said(WIRE_INPUT, 1);
	frame = (struct wire_frame){ said->type, 1, said->payload, said->length };
	assert_true(wire_get_chunk(&frame, &offset, &data, &len));
	assert_int_equal(offset, 30000);
	assert_int_equal(len, 10000);
	assert_memory_equal(data, text + 30000, 10000);
	expect_said(WIRE_INPUT_END, 1);
	assert_true(input_file_is_there(house->sb->commands->row.id));
	check(house->sb->commands->row.id, 5000, NULL);
	say_exited(1, 0, 0, 0);
	settle();
	assert_false(input_file_is_there(house->outcome.id));
}

static bool row_says_closed(const char *id)
{
	auto_command_row row = { 0 };
	struct error err;

	assert_true(store_command_find(house->store, id, &row, &err));
	return row.input_closed;
}

static void closed_input_stays_closed_after_a_crash(void **state)
{
	uint32_t stream = start_running("cat");
	struct error err;

	(void)state;
	assert_non_null(command_input(house->all, "me", house->outcome.id, "x", 1, true, on_view,
				      &house->outcome, &err));
	expect_said(WIRE_INPUT, stream);
	expect_said(WIRE_INPUT_END, stream);
	assert_true(row_says_closed(house->sb->commands->row.id));
	restart_server();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, 1);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	expect_said(WIRE_INPUT_END, stream);
	assert_null(command_input(house->all, "me", house->sb->commands->row.id, "x", 1, false,
				  on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void input_that_a_crash_cut_off_is_not_taken_for_the_whole(void **state)
{
	static char text[2 * WIRE_WINDOW];
	uint32_t stream = start_running("cat");
	struct error err;

	(void)state;
	memset(text, 'i', sizeof(text));
	assert_non_null(command_input(house->all, "me", house->outcome.id, text, sizeof(text), true,
				      on_view, &house->outcome, &err));
	while (next_said())
		;
	assert_false(row_says_closed(house->sb->commands->row.id));
	restart_server();
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, WIRE_WINDOW);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	expect_silence();
}

static void too_much_input_is_refused_with_the_limit(void **state)
{
	static char text[1200000];
	struct error err;

	(void)state;
	memset(text, 'i', sizeof(text));
	start_running("cat");
	assert_null(command_input(house->all, "me", house->outcome.id, text, sizeof(text), false,
				  on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	expect_silence();
}

static void a_kill_while_the_link_is_down_is_sent_when_it_is_up(void **state)
{
	uint32_t stream;
	struct error err;

	(void)state;
	stream = start_running("x");
	break_link();
	assert_non_null(command_kill(house->all, "me", house->outcome.id, SIGTERM, 5000, on_view,
				     &house->outcome, &err));
	run_until(is_open);
	say_hello();
	say_command(stream, false, 0, 0);
	say_listed();
	expect_offsets(WIRE_RESUME, stream);
	expect_said(WIRE_KILL, stream);
}

static void a_container_that_goes_ends_its_commands_and_their_waits(void **state)
{
	(void)state;
	start_running("x");
	check(house->outcome.id, 5000, NULL);
	command_container_over(house->sb, REASON_ASKED);
	settle();
	assert_string_equal(house->outcome.state, "killed");
	assert_int_equal(house->outcome.signal, SIGKILL);
	assert_null(house->sb->commands);
}

static void a_start_that_waits_for_the_link_hears_that_its_container_went(void **state)
{
	(void)state;
	break_link();
	start("x", 5000);
	command_container_over(house->sb, REASON_ASKED);
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_GONE);
}

static void a_wait_that_is_taken_back_leaves_the_command_alone(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("x");
	sandbox_cancel(check(house->outcome.id, 5000, NULL));
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_CANCELLED);
	assert_non_null(command_find(house->sb, stream));
	expect_silence();
}

static void waits_end_before_the_server_closes(void **state)
{
	(void)state;
	start_running("x");
	check(house->outcome.id, 5000, NULL);
	restart_server();
	assert_int_equal(house->outcome.calls, 1);
	assert_int_equal(house->outcome.err.kind, ERROR_CANCELLED);
}

static void the_sixty_fifth_command_is_refused(void **state)
{
	struct command_request request = { .owner = "me",
					   .container_id = house->container_id,
					   .command = "x" };
	struct error err;

	(void)state;
	for (int i = 0; i < 64; i++)
		start_running("x");
	assert_null(command_start(house->all, &request, on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_int_equal(command_running_count(house->sb), 64);
}

static void a_command_that_is_too_long_is_refused_with_the_limit(void **state)
{
	static char text[WIRE_START_MAX + 2];
	struct command_request request = { .owner = "me",
					   .container_id = house->container_id,
					   .command = text };
	struct error err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_null(command_start(house->all, &request, on_view, &house->outcome, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	expect_silence();
}

static void a_match_in_the_output_ends_the_wait(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("server");
	check(house->outcome.id, 5000, "^listening on \\d+$");
	say_output(WIRE_STDOUT, stream, 0, "not listening on 1\nlisten", 25);
	settle();
	assert_int_equal(house->outcome.calls, 0);
	say_output(WIRE_STDOUT, stream, 25, "ing on 80\n", 10);
	run_until(has_outcome);
	assert_true(house->outcome.matched);
	assert_string_equal(house->outcome.state, "running");
}

static void a_match_in_old_output_is_found_without_waiting(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("server");
	say_output(WIRE_STDERR, stream, 0, "ready\n", 6);
	check(house->outcome.id, 0, "rea.y");
	run_until(has_outcome);
	assert_true(house->outcome.matched);
	check(house->outcome.id, 0, "other");
	run_until(has_outcome);
	assert_false(house->outcome.matched);
}

static void where_a_piece_of_the_output_begins_no_line_begins(void **state)
{
	static char text[REGEX_PIECE + 10000];
	uint32_t stream;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = 'y';
	stream = start_running("server");
	say_output(WIRE_STDOUT, stream, 0, text, sizeof(text));
	check(house->outcome.id, 0, "^x");
	run_until(has_outcome);
	assert_false(house->outcome.matched);
	check(house->outcome.id, 0, "^y");
	run_until(has_outcome);
	assert_true(house->outcome.matched);
}

static void an_end_without_a_match_ends_the_wait_too(void **state)
{
	uint32_t stream;

	(void)state;
	stream = start_running("server");
	check(house->outcome.id, 5000, "never");
	say_output(WIRE_STDOUT, stream, 0, "bye\n", 4);
	say_exited(stream, 0, 4, 0);
	run_until(has_outcome);
	assert_false(house->outcome.matched);
	assert_string_equal(house->outcome.state, "exited");
}

static void a_search_that_is_taken_back_comes_to_a_good_end(void **state)
{
	struct sandbox_op *op;
	uint32_t stream;

	(void)state;
	stream = start_running("server");
	say_output(WIRE_STDOUT, stream, 0, "some text\n", 10);
	op = check(house->outcome.id, 5000, "never");
	sandbox_cancel(op);
	settle();
	assert_int_equal(house->outcome.err.kind, ERROR_CANCELLED);
}

struct lines {
	int calls;
	char text[2000];
	int64_t matches;
	int64_t lost_from, lost_end;
	struct error err;
};

static bool lines_came(void);
static struct lines lines;

static void on_lines(void *ctx, const struct command_matches *found, const struct error *err)
{
	(void)ctx;
	lines.calls++;
	if (err) {
		lines.err = *err;
		return;
	}
	lines.matches = found->count;
	lines.lost_from = found->lost_from;
	lines.lost_end = found->lost_end;
	snprintf(lines.text, sizeof(lines.text), "%.*s", (int)found->len, found->lines);
}

static bool lines_came(void)
{
	return lines.calls > 0;
}

static void grep_for(const char *pattern, size_t most)
{
	struct command_grep grep = { .owner = "me",
				     .command_id = house->outcome.id,
				     .pattern = pattern,
				     .stream = COMMAND_STDOUT,
				     .most = most };
	struct error err;

	lines = (struct lines){ 0 };
	assert_non_null(command_grep(house->all, &grep, on_lines, NULL, &err));
	run_until(lines_came);
}

static void lines_that_match_come_with_their_numbers(void **state)
{
	static char text[90000];
	uint32_t stream;

	(void)state;
	memset(text, 'z', sizeof(text));
	for (size_t i = 99; i < sizeof(text); i += 100)
		text[i] = '\n';
	memcpy(text + 100, "error: one\r", 11);
	memcpy(text + 80000, "error: two\n", 11);
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 0, "short error\nlast", 16);
	grep_for("error|last$", 1000);
	assert_string_equal(lines.text, "1:short error\n2:last\n");
	assert_int_equal(lines.matches, 2);
	say_output(WIRE_STDOUT, stream, 16, text, sizeof(text));
	grep_for("^error: two$", 1000);
	assert_string_equal(lines.text, "802:error: two\n");
	grep_for("z", 10);
	assert_string_equal(lines.text, "");
	assert_true(lines.matches > 800);
}

static void lines_behind_a_hole_are_searched_and_have_no_number(void **state)
{
	static char text[200000];
	uint32_t stream;

	(void)state;
	memset(text, 'z', sizeof(text));
	for (size_t i = 99; i < sizeof(text); i += 100)
		text[i] = '\n';
	memcpy(text + 100, "here\n", 5);
	memcpy(text + 120000, "here\n", 5);
	memcpy(text + 199900, "here\n", 5);
	stream = start_running("x");
	say_output(WIRE_STDOUT, stream, 0, text, sizeof(text));
	grep_for("^here$", 1000);
	assert_string_equal(lines.text, "2:here\n?:here\n");
	assert_int_equal(lines.matches, 2);
	assert_int_equal(lines.lost_from, 100000);
	assert_true(lines.lost_end > 150000 && lines.lost_end < 199900);
	say_exited(stream, 0, sizeof(text), 0);
	grep_for("^here$", 1000);
	assert_string_equal(lines.text, "2:here\n?:here\n");
	assert_true(lines.lost_end < 199900);
}

static void a_wrong_expression_is_told_with_its_place(void **state)
{
	struct command_grep grep = { .owner = "me", .pattern = "a(b", .most = 10 };
	struct error err;

	(void)state;
	start_running("x");
	grep.command_id = house->outcome.id;
	grep.stream = COMMAND_STDOUT;
	assert_null(command_grep(house->all, &grep, on_lines, NULL, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.text, "byte 3"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_command_that_ends_in_time_answers_with_all_it_printed),
		test(the_start_carries_the_environment_of_container_and_command),
		test(an_end_is_told_once_it_is_written_down),
		test(a_command_that_takes_longer_is_handed_back_running),
		test(a_look_without_waiting_answers_at_once),
		test(one_that_is_over_answers_from_its_row_and_file),
		test(anothers_command_is_not_found_in_the_same_words),
		test(a_working_directory_that_is_missing_is_told_to_who_started),
		test(a_container_full_of_processes_names_its_limit),
		test(every_cause_of_an_end_has_its_state),
		test(output_is_acknowledged_only_when_it_is_on_disk),
		test(a_gap_in_the_output_ends_the_link),
		test(after_a_broken_link_the_output_goes_on_without_loss_or_doubles),
		test(after_a_restart_of_the_server_the_output_goes_on_from_the_file),
		test(what_was_only_in_memory_at_a_crash_is_sent_again),
		test(what_is_forgotten_is_said_with_the_next_word),
		test(no_command_gets_the_stream_of_an_earlier_one),
		test(a_start_that_did_not_arrive_is_sent_again),
		test(a_start_that_arrived_when_the_link_broke_is_not_sent_again),
		test(one_that_the_agent_does_not_know_any_more_is_lost),
		test(a_command_that_nobody_began_is_killed_and_forgotten),
		test(one_that_is_over_is_told_from_its_row_while_the_agent_still_lists_it),
		test(commands_of_a_container_that_is_gone_can_be_read_by_its_owner_only),
		test(a_list_that_breaks_off_says_nothing),
		test(input_is_fed_within_the_window_and_again_after_a_break),
		test(after_a_restart_new_input_comes_behind_what_the_agent_holds),
		test(input_given_with_the_start_outlives_a_crash_of_the_server),
		test(closed_input_stays_closed_after_a_crash),
		test(input_that_a_crash_cut_off_is_not_taken_for_the_whole),
		test(too_much_input_is_refused_with_the_limit),
		test(a_kill_while_the_link_is_down_is_sent_when_it_is_up),
		test(a_container_that_goes_ends_its_commands_and_their_waits),
		test(a_start_that_waits_for_the_link_hears_that_its_container_went),
		test(a_wait_that_is_taken_back_leaves_the_command_alone),
		test(waits_end_before_the_server_closes),
		test(the_sixty_fifth_command_is_refused),
		test(a_command_that_is_too_long_is_refused_with_the_limit),
		test(a_match_in_the_output_ends_the_wait),
		test(a_match_in_old_output_is_found_without_waiting),
		test(where_a_piece_of_the_output_begins_no_line_begins),
		test(an_end_without_a_match_ends_the_wait_too),
		test(a_search_that_is_taken_back_comes_to_a_good_end),
		test(lines_that_match_come_with_their_numbers),
		test(lines_behind_a_hole_are_searched_and_have_no_number),
		test(a_wrong_expression_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
