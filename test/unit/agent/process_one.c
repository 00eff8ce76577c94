/* The agent as process 1: commands, links, files that are read or written as streams, and how it is
 * met.  What is done with paths is in files.c. */
#include "house.h"

/* --- running ----------------------------------------------------------------------------- */

static void a_command_gives_its_output_and_its_exit_code(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = run(link, 1, "pwd; echo oops >&2; exit 7");

	assert_string_equal(result->out, "/tmp\n");
	assert_string_equal(result->err, "oops\n");
	assert_int_equal(result->exited.exit_code, 7);
	assert_int_equal(result->exited.signal, 0);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_NONE);
	assert_true(result->exited.memory_peak > 0);
	free(result);
	link_drop(link);
}

static void started_comes_first_and_exited_last(void **state)
{
	struct link *link = link_make(*state);

	begin(link, 1, "echo x");
	expect(link, WIRE_STARTED, 1);
	expect(link, WIRE_STDOUT, 1);
	expect(link, WIRE_EXITED, 1);
	link_drop(link);
}

static void the_environment_is_defaults_and_what_was_asked(void **state)
{
	static const char *const env[] = { "HOME=/elsewhere", "WORD=a b" };
	struct link *link = link_make(*state);
	struct wire_start start = { .command = "echo $HOME:$WORD:$LANG:$USER:$TERM",
				    .workdir = "",
				    .env = env,
				    .env_count = 2 };
	struct result *result;

	order_start(link, 1, &start);
	result = finish(link, 1, result_new());
	assert_string_equal(result->out, "/elsewhere:a b:C.UTF-8:root:dumb\n");
	free(result);
	link_drop(link);
}

static void a_command_gets_nothing_of_ours_but_its_three_streams(void **state)
{
	struct link *link = link_make(*state);

	assert_out(link, 1, "for i in {0..99} 255; do [ -e /proc/$$/fd/$i ] && echo $i; done",
		   "0\n1\n2\n");
	assert_out(link, 2, "grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2 | sort -u",
		   "0000000000000000\n");
	link_drop(link);
}

static void a_command_may_begin_with_a_hyphen(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = run(link, 1, "--help");

	/* The program of that name is looked for, and the shell's own options are not meant. */
	assert_int_equal(result->exited.exit_code, 127);
	free(result);
	link_drop(link);
}

static void a_missing_directory_is_a_failure_with_its_place(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;

	order_start(link, 1, &(struct wire_start){ .command = "true", .workdir = "/nowhere" });
	result = finish(link, 1, result_new());
	assert_int_equal(result->failed.number, ENOENT);
	assert_string_equal(result->failed.where, "chdir");
	free(result);
	link_drop(link);
}

static void standard_input_is_taken_and_ends(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;
	uint8_t chunk[WIRE_CHUNK_HEADER + 6];

	order_start(link, 1, &(struct wire_start){ .command = "cat; echo end", .workdir = "" });
	wire_put_chunk(chunk, 0);
	memcpy(chunk + WIRE_CHUNK_HEADER, "hello\n", 6);
	order(link, WIRE_INPUT, 1, chunk, sizeof(chunk));
	order(link, WIRE_INPUT, 1, chunk, sizeof(chunk)); /* sent again: known by its offset */
	order(link, WIRE_INPUT_END, 1, NULL, 0);
	result = finish(link, 1, result_new());
	assert_string_equal(result->out, "hello\nend\n");
	free(result);
	link_drop(link);
}

static void forty_commands_at_once_do_not_mix(void **state)
{
	enum { MANY = 40 };
	struct link *link = link_make(*state);
	struct result *results[MANY + 1];
	int left = MANY;

	for (uint32_t i = 1; i <= MANY; i++) {
		char command[64];

		results[i] = result_new();
		snprintf(command, sizeof(command), "echo %u; exit %u", i, i);
		begin(link, i, command);
	}
	while (left > 0) {
		uint32_t stream = next(link)->stream;

		assert_in_range(stream, 1, MANY);
		result_take(results[stream], link, stream);
		left -= results[stream]->ended;
	}
	for (uint32_t i = 1; i <= MANY; i++) {
		assert_int_equal(strtoul(results[i]->out, NULL, 10), i);
		assert_int_equal(results[i]->exited.exit_code, i);
		free(results[i]);
	}
	link_drop(link);
}

/* --- flow control and links -------------------------------------------------------------- */

static void a_full_window_waits_blocks_nobody_and_loses_nothing(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = result_new();

	begin(link, 1, "head -c 200000 /dev/zero; printf end");
	fill_window(link, 1, result, QUIET_MS);
	assert_out(link, 2, "echo other", "other\n");
	order_offsets(link, WIRE_ACK, 1, result->out_len, 0);
	finish(link, 1, result);
	assert_int_equal(result->out_len, 200003);
	assert_memory_equal(result->out + 200000, "end", 3);
	free(result);
	link_drop(link);
}

static void what_the_pipe_holds_at_the_end_waits_for_the_server(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = result_new();

	/* A window full and most of a pipe full: the command can end, its output cannot. */
	begin(link, 1, "head -c 130000 /dev/zero");
	fill_window(link, 1, result, 4 * QUIET_MS);
	order_offsets(link, WIRE_ACK, 1, result->out_len, 0);
	finish(link, 1, result);
	assert_int_equal(result->out_len, 130000);
	free(result);
	link_drop(link);
}

static void output_goes_on_where_a_broken_link_left_off(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = result_new();
	uint64_t boot = link->hello.boot;

	begin(link, 1, "head -c 150000 /dev/zero; echo end; exit 3");
	while (result->out_len < 50000) {
		next(link);
		result_take(result, link, 1);
	}
	for (int i = 0; i < 3; i++) {
		link_drop(link);
		link = link_make(*state);
		assert_int_equal(link->hello.boot, boot);
		assert_int_equal(link->listed, 1);
		assert_true(link->listed_command.out_kept <= result->out_len);
		order_offsets(link, WIRE_RESUME, 1, result->out_len, 0);
		if (!result->ended) {
			next(link);
			result_take(result, link, 1);
		}
	}
	finish(link, 1, result);
	assert_int_equal(result->out_len, 150004);
	assert_int_equal(result->exited.exit_code, 3);
	free(result);
	link_drop(link);
}

static void nothing_of_a_listed_command_flows_before_resume(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = result_new();

	begin(link, 5, "echo kept; exit 9");
	while (next(link)->type != WIRE_EXITED)
		;
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->listed, 1);
	assert_int_equal(link->listed_stream, 5);
	assert_int_equal(link->listed_command.over, 1);
	assert_false(try_next(link, QUIET_MS));
	assert_false(link->at_end);
	order_offsets(link, WIRE_RESUME, 5, 0, 0);
	finish(link, 5, result);
	assert_string_equal(result->out, "kept\n");
	assert_int_equal(result->exited.exit_code, 9);
	free(result);
	link_drop(link);
}

static void a_command_is_remembered_until_forget(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 5, "true"));
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->listed, 1);
	order(link, WIRE_FORGET, 5, NULL, 0);
	order(link, WIRE_PING, 0, NULL, 0);
	expect(link, WIRE_PONG, 0);
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->listed, 0);
	link_drop(link);
}

static void a_new_link_replaces_the_old_one(void **state)
{
	struct link *old = link_make(*state);
	struct link *link = link_make(*state);

	assert_false(try_next(old, PATIENCE_MS));
	assert_true(old->at_end);
	order(link, WIRE_PING, 0, NULL, 0);
	expect(link, WIRE_PONG, 0);
	link_drop(old);
	link_drop(link);
}

static void a_bad_frame_ends_its_link_and_nothing_else(void **state)
{
	struct link *link = link_make(*state);
	uint64_t boot = link->hello.boot;

	begin(link, 1, "read line");
	order(link, WIRE_HELLO, 0, NULL, 0);
	while (try_next(link, PATIENCE_MS))
		;
	assert_true(link->at_end);
	link_drop(link);
	link = link_make(*state);
	assert_int_equal(link->hello.boot, boot);
	assert_int_equal(link->listed, 1);
	link_drop(link);
}

static void a_process_from_inside_may_not_link(void **state)
{
	struct link *link = link_make(*state);

	assert_out(link, 1,
		   "/agent link 2>&1 >/dev/null </dev/null | cut -c1-19; (setsid /agent link &)",
		   "agent link: refused\n");
	assert_out(link, 2, "/agent init 2>&1", "agent init must be process 1\n");
	order(link, WIRE_PING, 0, NULL, 0);
	expect(link, WIRE_PONG, 0);
	link_drop(link);
}

/* --- ending ------------------------------------------------------------------------------ */

static const char count_sleepers[] = "n=0; for i in /proc/[0-9]*/cmdline; do "
				     "read -r -d '' p < $i; [ \"$p\" = sleep ] && n=$((n+1)); done "
				     "2>/dev/null; echo $n";

static void killing_takes_children_that_left_the_session(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;

	begin(link, 1,
	      "setsid sleep 100 & (setsid sh -c 'sleep 100 & sleep 100; :' &); "
	      "(trap '' TERM; sleep 100 & :); sleep 100 & echo go; sleep 100; :");
	result = until(link, 1, "go");
	order_kill(link, 1, SIGKILL, 0);
	finish(link, 1, result);
	assert_int_equal(result->exited.signal, SIGKILL);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_KILL);
	assert_out(link, 2, count_sleepers, "0\n");
	free(result);
	link_drop(link);
}

static void who_ignores_term_is_killed_in_the_end(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;
	uint64_t before;

	begin(link, 1, "(trap '' TERM; sleep 100 & :) ; echo go; sleep 100; :");
	result = until(link, 1, "go");
	before = now_ms();
	order_kill(link, 1, SIGTERM, 300);
	finish(link, 1, result);
	assert_true(now_ms() - before >= 300);
	assert_int_equal(result->exited.signal, SIGTERM);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_KILL);
	assert_out(link, 2, count_sleepers, "0\n");
	free(result);
	link_drop(link);
}

static void order_life(struct link *link, uint64_t left_ms)
{
	uint8_t payload[8];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	wire_put_life(&writer, left_ms);
	order(link, WIRE_LIFE, 0, payload, writer.len);
}

static void when_its_time_is_over_everything_ends_with_nobody_left_to_end_it(void **state)
{
	struct house *house = *state;
	struct link *link = link_make(*state);
	struct pollfd gone = { .fd = (int)syscall(SYS_pidfd_open, house->init, 0),
			       .events = POLLIN };
	uint64_t before = now_ms();

	assert_true(gone.fd >= 0);
	begin(link, 1, "trap '' TERM; sleep 1000");
	order_life(link, 3600 * 1000);
	order_life(link, 400);
	/* The server is gone. */
	link_drop(link);
	assert_int_equal(poll(&gone, 1, PATIENCE_MS), 1);
	assert_true(now_ms() - before >= 400);
	close(gone.fd);
}

static void walls_are_measured_again_when_asked(void **state)
{
	struct link *link = link_make(*state);
	const struct wire_frame *frame;
	struct wire_hello hello;

	order(link, WIRE_MEASURE, 0, NULL, 0);
	frame = expect(link, WIRE_MEASURED, 0);
	assert_true(wire_get_hello(frame, &hello));
	assert_int_equal(hello.boot, link->hello.boot);
	assert_string_equal(hello.runtimes, link->hello.runtimes);
	link_drop(link);
}

static void a_signal_alone_ends_nothing_by_itself(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;

	begin(link, 1,
	      "trap 'echo heard; exit 5' USR1; echo go; while :; do read -t 1 x < /dev/zero; done");
	result = until(link, 1, "go");
	order_kill(link, 1, SIGUSR1, 0);
	finish(link, 1, result);
	assert_string_equal(result->out, "go\nheard\n");
	assert_int_equal(result->exited.exit_code, 5);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_NONE);
	free(result);
	link_drop(link);
}

static void a_command_is_killed_when_its_time_is_up(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;

	order_start(link, 1,
		    &(struct wire_start){ .command = "setsid sleep 100 & sleep 100; :",
					  .workdir = "",
					  .kill_after_ms = 200 });
	result = finish(link, 1, result_new());
	assert_int_equal(result->exited.cause, WIRE_CAUSE_TIMEOUT);
	assert_int_equal(result->exited.signal, SIGKILL);
	assert_true(result->exited.duration_ms >= 200);
	assert_out(link, 2, count_sleepers, "0\n");
	free(result);
	link_drop(link);
}

static void a_background_child_neither_holds_the_end_back_nor_dies_of_it(void **state)
{
	struct link *link = link_make(*state);
	struct result *result;

	/* It writes on after the end, and says so in the pipe of names only when that went well. */
	assert_out(link, 1, "mkfifo gate done", "");
	begin(link, 2, "(read x < gate; echo late; echo well > done) & echo hi");
	result = finish(link, 2, result_new());
	assert_string_equal(result->out, "hi\n");
	assert_in_range(result->exited.duration_ms, 0, 5000);
	assert_out(link, 3, "echo > gate; cat done", "well\n");
	free(result);
	link_drop(link);
}

static void a_supervisor_killed_from_inside_ends_only_its_command(void **state)
{
	struct link *link = link_make(*state);
	struct result *result = run(link, 1, "sleep 100 & kill -9 $PPID; sleep 100; :");

	assert_int_equal(result->exited.signal, SIGKILL);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_NONE);
	assert_out(link, 2, count_sleepers, "0\n");
	free(result);
	link_drop(link);
}

static void process_one_cannot_be_ended_from_inside(void **state)
{
	struct link *link = link_make(*state);

	assert_out(link, 1,
		   "for s in TERM KILL INT HUP QUIT USR1 STOP SEGV; do kill -$s 1; done; echo on",
		   "on\n");
	assert_out(link, 2, "kill -TERM -1; echo on", "on\n");
	assert_out(link, 3, "echo still", "still\n");
	link_drop(link);
}

static void a_signal_from_outside_clears_the_house(void **state)
{
	const struct house *house = *state;
	struct link *link = link_make(house);
	struct result *result;

	begin(link, 1, "setsid sleep 100 & echo go; sleep 100; :");
	result = until(link, 1, "go");
	assert_int_equal(kill(house->init, SIGUSR1), 0);
	/* The link process is gone with the rest; process 1 remembers. */
	while (try_next(link, PATIENCE_MS))
		;
	link_drop(link);
	link = link_make(house);
	assert_int_equal(link->listed, 1);
	order_offsets(link, WIRE_RESUME, 1, 3, 0);
	finish(link, 1, result);
	assert_int_equal(result->exited.signal, SIGKILL);
	assert_int_equal(result->exited.cause, WIRE_CAUSE_KILL);
	free(result);
	link_drop(link);
}

static void term_from_outside_ends_process_one(void **state)
{
	const struct house *house = *state;

	link_drop(link_make(house)); /* it is up and listens to signals */
	assert_int_equal(kill(house->init, SIGTERM), 0);
	assert_int_equal(waitpid(house->builder, NULL, 0), house->builder);
}

/* --- files ------------------------------------------------------------------------------- */

static const uint32_t file_stream = WIRE_FILE_STREAM | 1;

static const struct wire_frame *open_file(struct link *link, const char *path)
{
	static struct wire_open open;
	struct wire_writer writer = fresh();

	snprintf(open.base, sizeof(open.base), "/tmp");
	snprintf(open.path, sizeof(open.path), "%s", path);
	wire_put_open(&writer, &open);
	order(link, WIRE_OPEN, file_stream, writer.data, writer.len);
	return next(link);
}

static void assert_refused(struct link *link, const char *path, int number)
{
	struct wire_failed failed;

	assert_int_equal(open_file(link, path)->type, WIRE_FAILED);
	assert_true(wire_get_failed(&link->frame, &failed));
	assert_int_equal(failed.number, number);
}

static void only_plain_files_can_be_opened(void **state)
{
	static struct wire_opened opened;
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "printf hello > plain; ln -s plain link; mkfifo fifo; "
		 "ln -s /proc/self/exe magic; ln -s self self"));
	assert_refused(link, "none", ENOENT);
	assert_refused(link, ".", EISDIR);
	assert_refused(link, "fifo", ENXIO);
	assert_refused(link, "/dev/zero", ENXIO);
	assert_refused(link, "/proc/version", EACCES);
	assert_refused(link, "magic", ELOOP);
	assert_refused(link, "self", ELOOP);
	assert_refused(link, "plain/x", ENOTDIR);
	assert_int_equal(open_file(link, "../tmp/link")->type, WIRE_OPENED);
	assert_true(wire_get_opened(&link->frame, &opened));
	assert_string_equal(opened.path, "/tmp/plain");
	assert_int_equal(opened.size, 5);
	link_drop(link);
}

static void order_read(struct link *link, uint64_t offset, uint64_t length)
{
	struct wire_writer writer = fresh();

	wire_put_read(&writer, &(struct wire_read){ .offset = offset, .length = length });
	order(link, WIRE_READ, file_stream, writer.data, writer.len);
}

static void assert_end(struct link *link, int number)
{
	struct wire_failed failed;

	assert_true(wire_get_failed(expect(link, WIRE_END, file_stream), &failed));
	assert_int_equal(failed.number, number);
}

static void a_range_is_read_and_a_short_file_says_so(void **state)
{
	struct link *link = link_make(*state);
	const uint8_t *data;
	uint64_t offset;
	size_t len;

	free(run(link, 1, "printf hello > plain"));
	assert_int_equal(open_file(link, "plain")->type, WIRE_OPENED);
	order_read(link, 1, 3);
	assert_true(wire_get_chunk(expect(link, WIRE_DATA, file_stream), &offset, &data, &len));
	assert_int_equal(offset, 1);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "ell", 3);
	assert_end(link, 0);
	order_read(link, 4, 100);
	expect(link, WIRE_DATA, file_stream);
	assert_end(link, ENODATA);
	order_read(link, 0, 0);
	assert_end(link, 0);
	order(link, WIRE_CLOSE, file_stream, NULL, 0);
	assert_int_equal(open_file(link, "plain")->type, WIRE_OPENED);
	link_drop(link);
}

static void a_file_waits_for_its_window_and_commands_pass(void **state)
{
	struct link *link = link_make(*state);
	uint64_t sum = 0;

	free(run(link, 1, "truncate -s 3M big"));
	assert_int_equal(open_file(link, "big")->type, WIRE_OPENED);
	order_read(link, 0, 3 * 1024 * 1024);
	while (sum < WIRE_FILE_WINDOW)
		sum += expect(link, WIRE_DATA, file_stream)->length - WIRE_CHUNK_HEADER;
	assert_int_equal(sum, WIRE_FILE_WINDOW);
	assert_false(try_next(link, QUIET_MS));
	assert_out(link, 2, "echo other", "other\n");
	while (sum < 3 * 1024 * 1024) {
		order_offsets(link, WIRE_ACK, file_stream, sum, 0);
		sum += expect(link, WIRE_DATA, file_stream)->length - WIRE_CHUNK_HEADER;
	}
	assert_end(link, 0);
	link_drop(link);
}

/* --- files that are written ---------------------------------------------------------------- */

static const uint32_t upload_stream = WIRE_FILE_STREAM | 77;

static void order_create(struct link *link, uint32_t stream, const char *path, uint64_t size)
{
	static struct wire_create create;
	struct wire_writer writer = fresh();

	snprintf(create.base, sizeof(create.base), "/tmp");
	snprintf(create.path, sizeof(create.path), "%s", path);
	create.size = size;
	wire_put_create(&writer, &create);
	order(link, WIRE_CREATE, stream, writer.data, writer.len);
}

/* The path of the place; it must be one. */
static const char *create(struct link *link, const char *path, bool replaces)
{
	static struct wire_created created;

	order_create(link, upload_stream, path, UINT64_MAX);
	assert_true(wire_get_created(expect(link, WIRE_CREATED, upload_stream), &created));
	assert_int_equal(created.replaces, replaces);
	return created.path;
}

static void assert_no_place(struct link *link, const char *path, uint64_t size, int number,
			    const char *where)
{
	struct wire_failed failed;

	order_create(link, upload_stream, path, size);
	assert_true(wire_get_failed(expect(link, WIRE_FAILED, upload_stream), &failed));
	assert_int_equal(failed.number, number);
	assert_string_equal(failed.where, where);
}

static void order_write(struct link *link, uint64_t offset, const char *data, size_t len)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];

	assert_true(len <= WIRE_CHUNK_MAX);
	wire_put_chunk(payload, offset);
	memcpy(payload + WIRE_CHUNK_HEADER, data, len);
	order(link, WIRE_WRITE, upload_stream, payload, WIRE_CHUNK_HEADER + len);
}

static void order_save(struct link *link, uint64_t size)
{
	struct wire_writer writer = fresh();

	wire_put_taken(&writer, size);
	order(link, WIRE_SAVE, upload_stream, writer.data, writer.len);
}

/* The next frame that is no TAKEN. */
static const struct wire_frame *expect_last(struct link *link, enum wire_type type)
{
	while (next(link)->type == WIRE_TAKEN)
		assert_int_equal(link->frame.stream, upload_stream);
	assert_int_equal(link->frame.type, type);
	assert_int_equal(link->frame.stream, upload_stream);
	return &link->frame;
}

static void assert_saved(struct link *link, uint64_t size, bool replaced)
{
	struct wire_saved saved;

	order_save(link, size);
	assert_true(wire_get_saved(expect_last(link, WIRE_SAVED), &saved));
	assert_int_equal(saved.size, size);
	assert_int_equal(saved.replaced, replaced);
	order(link, WIRE_CLOSE, upload_stream, NULL, 0);
}

static void assert_lost(struct link *link, int number, const char *where)
{
	struct wire_failed failed;

	assert_true(wire_get_failed(expect_last(link, WIRE_FAILED), &failed));
	assert_int_equal(failed.number, number);
	assert_string_equal(failed.where, where);
	order(link, WIRE_CLOSE, upload_stream, NULL, 0);
}

static void a_file_is_seen_when_all_of_it_is_there(void **state)
{
	struct link *link = link_make(*state);

	assert_string_equal(create(link, "new/sub/file", false), "/tmp/new/sub/file");
	order_write(link, 0, "hel", 3);
	assert_out(link, 1, "cd new/sub; ls; cat .upload-*; stat -c %a .upload-*", "hel600\n");
	order_write(link, 3, "lo", 2);
	assert_saved(link, 5, false);
	assert_out(link, 2, "cd new/sub; ls -A; cat file; stat -c %a file", "file\nhello644\n");
	link_drop(link);
}

static void a_file_of_no_bytes_is_a_file(void **state)
{
	struct link *link = link_make(*state);

	create(link, "/empty", false);
	assert_saved(link, 0, false);
	assert_out(link, 1, "stat -c %s /empty", "0\n");
	link_drop(link);
}

static void who_reads_the_old_file_goes_on_reading_it(void **state)
{
	struct link *link = link_make(*state);
	const uint8_t *data;
	uint64_t offset;
	size_t len;

	free(run(link, 1, "printf old > plain; chmod 751 plain"));
	assert_int_equal(open_file(link, "plain")->type, WIRE_OPENED);
	create(link, "plain", true);
	order_write(link, 0, "newer", 5);
	assert_saved(link, 5, true);
	order_read(link, 0, 3);
	assert_true(wire_get_chunk(expect(link, WIRE_DATA, file_stream), &offset, &data, &len));
	assert_memory_equal(data, "old", 3);
	assert_end(link, 0);
	assert_out(link, 2, "cat plain; stat -c %a plain", "newer751\n");
	link_drop(link);
}

static void a_link_is_followed_inside_and_stays_a_link(void **state)
{
	struct link *link = link_make(*state);
	struct stat info;

	free(run(link, 1,
		 "ln -s ../../../../../../../climbed out; ln -s deep/er/x far; ln -s far further"));
	assert_string_equal(create(link, "out", false), "/climbed");
	assert_saved(link, 0, false);
	assert_string_equal(create(link, "further", false), "/tmp/deep/er/x");
	assert_saved(link, 0, false);
	assert_string_equal(create(link, "/../../tmp/./deep/../up", false), "/tmp/up");
	assert_saved(link, 0, false);
	assert_out(link, 2, "readlink out far; ls /climbed deep/er/x up",
		   "../../../../../../../climbed\ndeep/er/x\n/climbed\ndeep/er/x\nup\n");
	assert_int_equal(stat("/climbed", &info), -1);
	link_drop(link);
}

static void only_a_place_for_a_plain_file_is_one(void **state)
{
	struct link *link = link_make(*state);
	char name[300];

	free(run(link, 1,
		 "mkdir dir ro; printf x > plain; mkfifo fifo; ln -s /proc/self/root magic; "
		 "ln -s self self; ln -s dir to_dir; touch under over; mount --bind under over; "
		 "mount -t tmpfs -o ro none ro"));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_no_place(link, "dir", UINT64_MAX, EISDIR, "open");
	assert_no_place(link, "to_dir", UINT64_MAX, EISDIR, "open");
	assert_no_place(link, "dir/..", UINT64_MAX, EISDIR, "open");
	assert_no_place(link, "/", UINT64_MAX, EISDIR, "open");
	assert_no_place(link, "fifo", UINT64_MAX, ENXIO, "open");
	assert_no_place(link, "/dev/zero", UINT64_MAX, ENXIO, "open");
	assert_no_place(link, "/proc/new", UINT64_MAX, EACCES, "kernel file");
	assert_no_place(link, "/proc/self/cwd", UINT64_MAX, EACCES, "kernel file");
	assert_no_place(link, "magic/tmp/x", UINT64_MAX, ELOOP, "open");
	assert_no_place(link, "self", UINT64_MAX, ELOOP, "open");
	assert_no_place(link, "plain/x", UINT64_MAX, ENOTDIR, "open");
	assert_no_place(link, "ro/x", UINT64_MAX, EROFS, "create");
	assert_no_place(link, "ro/new/x", UINT64_MAX, EROFS, "open");
	assert_no_place(link, "over", UINT64_MAX, EBUSY, "mount");
	assert_no_place(link, name, UINT64_MAX, ENAMETOOLONG, "open");
	assert_out(link, 2, "find . -name '.upload*'", "");
	link_drop(link);
}

static void a_full_disk_is_told_and_left_as_it_was(void **state)
{
	static char data[WIRE_CHUNK_MAX];
	struct link *link = link_make(*state);

	free(run(link, 1,
		 "mkdir small; mount -t tmpfs -o size=64k none small; printf old > small/file"));
	assert_no_place(link, "small/file", 100000, ENOSPC, "room");
	create(link, "small/file", true);
	for (uint64_t i = 0; i < 3; i++)
		order_write(link, i * sizeof(data), data, sizeof(data));
	assert_lost(link, ENOSPC, "write");
	assert_out(link, 2, "ls -A small; cat small/file", "file\nold");
	link_drop(link);
}

static void what_is_not_saved_leaves_nothing(void **state)
{
	struct link *link = link_make(*state);

	free(run(link, 1, "printf old > kept"));
	create(link, "kept", true);
	order_write(link, 0, "new", 3);
	order(link, WIRE_CLOSE, upload_stream, NULL, 0);
	assert_out(link, 2, "ls -A; cat kept", "kept\nold");
	create(link, "kept", true);
	order_write(link, 0, "new", 3);
	link_drop(link);
	link = link_make(*state);
	assert_out(link, 3, "ls -A; cat kept", "kept\nold");
	create(link, "kept", true);
	order_write(link, 1, "gap", 3);
	assert_false(try_next(link, PATIENCE_MS));
	assert_true(link->at_end);
	link_drop(link);
	link = link_make(*state);
	create(link, "kept", true);
	order_write(link, 0, "new", 3);
	order_save(link, 4); /* not what came */
	assert_false(try_next(link, PATIENCE_MS));
	assert_true(link->at_end);
	link_drop(link);
	link = link_make(*state);
	assert_out(link, 4, "ls -A; cat kept", "kept\nold");
	link_drop(link);
}

static void a_window_of_a_file_is_taken_step_by_step(void **state)
{
	static char data[WIRE_CHUNK_MAX];
	struct link *link = link_make(*state);
	uint64_t sent = 0;
	uint64_t taken = 0;

	create(link, "big", false);
	while (sent < 5 * 1024 * 1024) {
		while (sent + sizeof(data) - taken > WIRE_UPLOAD_WINDOW)
			assert_true(
				wire_get_taken(expect(link, WIRE_TAKEN, upload_stream), &taken));
		assert_true(taken <= sent);
		memset(data, (int)(sent / sizeof(data)), sizeof(data));
		order_write(link, sent, data, sizeof(data));
		sent += sizeof(data);
	}
	assert_saved(link, sent, false);
	assert_out(link, 1, "stat -c %s big; tr -d '\\0' < big | head -c 1 | od -An -tu1",
		   "5274360\n   1\n");
	link_drop(link);
}

static void what_a_program_changes_meanwhile_is_not_put_in_place(void **state)
{
	struct link *link = link_make(*state);

	create(link, "file", false);
	order_write(link, 0, "ours", 4);
	free(run(link, 1, "rm .upload-*"));
	order_save(link, 4);
	assert_lost(link, ESTALE, "rename");
	create(link, "file", false);
	order_write(link, 0, "ours", 4);
	free(run(link, 2, "f=$(ls .upload-*); rm $f; echo theirs > $f; echo $f > name"));
	order_save(link, 4);
	assert_lost(link, ESTALE, "rename");
	assert_out(link, 3, "ls file 2> /dev/null; rm -f $(cat name) name; ls -A", "");
	link_drop(link);
}

static unsigned descriptors_of(const struct house *house)
{
	char path[64];
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)house->init);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void many_files_are_written_at_once_and_no_more(void **state)
{
	enum { MOST = 16 };
	struct link *link = link_make(*state);
	unsigned before;
	struct wire_failed failed;
	char path[16];

	assert_out(link, 1, "echo warm", "warm\n");
	before = descriptors_of(*state);
	for (uint32_t i = 0; i < MOST; i++) {
		snprintf(path, sizeof(path), "f%u", (unsigned)i);
		order_create(link, WIRE_FILE_STREAM | i, path, UINT64_MAX);
		expect(link, WIRE_CREATED, WIRE_FILE_STREAM | i);
	}
	order_create(link, upload_stream, "more", UINT64_MAX);
	assert_true(wire_get_failed(expect(link, WIRE_FAILED, upload_stream), &failed));
	assert_int_equal(failed.number, EMFILE);
	for (uint32_t i = 0; i < MOST; i++)
		order(link, WIRE_CLOSE, WIRE_FILE_STREAM | i, NULL, 0);
	create(link, "more", false);
	assert_saved(link, 0, false);
	assert_out(link, 2, "ls -A", "more\n");
	assert_int_equal(descriptors_of(*state), before);
	link_drop(link);
}

/* --- a server on this machine ------------------------------------------------------------ */

static int listen_there(const struct house *house, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_place(house, "meet"));
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void ring(const struct house *house)
{
	int fd = open(in_place(house, "bell"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
}

static bool somebody_calls(int listener, int wait_ms)
{
	return poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, wait_ms) == 1;
}

static struct link *take_call(int listener)
{
	struct link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	assert_true(somebody_calls(listener, PATIENCE_MS));
	link->to = link->from = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(link->to >= 0);
	close(listener);
	take_greeting(link);
	return link;
}

static void hang_up(struct link *link)
{
	close(link->to);
	free(link);
}

static void process_one_calls_when_it_hears_the_bell_and_not_before(void **state)
{
	struct house *house = *state;
	struct link *link = link_make(house); /* it is awake */
	int listener = listen_there(house, 4);
	struct result *result;

	assert_false(somebody_calls(listener, QUIET_MS));
	ring(house);
	hang_up(take_call(listener));
	link_drop(link);
	listener = listen_there(house, 4);
	assert_false(somebody_calls(listener, QUIET_MS));
	ring(house);
	link = take_call(listener);
	begin(link, 1, "env");
	result = finish(link, 1, result_new());
	assert_null(strstr(result->out, "SANDPOD_LINK"));
	free(result);
	hang_up(link);
}

static void a_call_takes_the_place_of_an_older_link(void **state)
{
	struct house *house = *state;
	struct link *older = link_make(house);
	int listener = listen_there(house, 4);
	struct link *newer;

	begin(older, 1, "sleep 1000");
	expect(older, WIRE_STARTED, 1);
	ring(house);
	newer = take_call(listener);
	assert_int_equal(newer->listed, 1);
	assert_false(try_next(older, PATIENCE_MS));
	assert_true(older->at_end);
	/* The same server again, which lost its end. */
	listener = listen_there(house, 4);
	ring(house);
	hang_up(take_call(listener));
	assert_false(try_next(newer, PATIENCE_MS));
	assert_true(newer->at_end);
	hang_up(newer);
	link_drop(older);
}

static void a_full_queue_is_tried_again(void **state)
{
	struct house *house = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int listener;
	int refused;

	link_drop(link_make(house)); /* it is awake */
	listener = listen_there(house, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_place(house, "meet"));
	assert_int_equal(connect(first, (struct sockaddr *)&address, sizeof(address)), 0);
	ring(house);
	/* It is over its first call when it answers a link. */
	link_drop(link_make(house));
	refused = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(refused);
	close(first);
	hang_up(take_call(listener));
}

static void without_a_bell_it_calls_by_itself(void **state)
{
	struct house *house = *state;
	int bell;

	link_drop(link_make(house));
	bell = open(in_place(house, "bell"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(bell >= 0);
	unlink(in_place(house, "bell"));
	close(bell); /* it rings, and cannot be hung again */
	link_drop(link_make(house));
	hang_up(take_call(listen_there(house, 4)));
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_build, house_demolish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_HOUSE(a_command_gives_its_output_and_its_exit_code),
		IN_A_HOUSE(started_comes_first_and_exited_last),
		IN_A_HOUSE(the_environment_is_defaults_and_what_was_asked),
		IN_A_HOUSE(a_command_gets_nothing_of_ours_but_its_three_streams),
		IN_A_HOUSE(a_command_may_begin_with_a_hyphen),
		IN_A_HOUSE(a_missing_directory_is_a_failure_with_its_place),
		IN_A_HOUSE(standard_input_is_taken_and_ends),
		IN_A_HOUSE(forty_commands_at_once_do_not_mix),
		IN_A_HOUSE(a_full_window_waits_blocks_nobody_and_loses_nothing),
		IN_A_HOUSE(what_the_pipe_holds_at_the_end_waits_for_the_server),
		IN_A_HOUSE(output_goes_on_where_a_broken_link_left_off),
		IN_A_HOUSE(nothing_of_a_listed_command_flows_before_resume),
		IN_A_HOUSE(a_command_is_remembered_until_forget),
		IN_A_HOUSE(a_new_link_replaces_the_old_one),
		IN_A_HOUSE(a_bad_frame_ends_its_link_and_nothing_else),
		IN_A_HOUSE(a_process_from_inside_may_not_link),
		IN_A_HOUSE(killing_takes_children_that_left_the_session),
		IN_A_HOUSE(when_its_time_is_over_everything_ends_with_nobody_left_to_end_it),
		IN_A_HOUSE(walls_are_measured_again_when_asked),
		IN_A_HOUSE(who_ignores_term_is_killed_in_the_end),
		IN_A_HOUSE(a_signal_alone_ends_nothing_by_itself),
		IN_A_HOUSE(a_command_is_killed_when_its_time_is_up),
		IN_A_HOUSE(a_background_child_neither_holds_the_end_back_nor_dies_of_it),
		IN_A_HOUSE(a_supervisor_killed_from_inside_ends_only_its_command),
		IN_A_HOUSE(process_one_cannot_be_ended_from_inside),
		IN_A_HOUSE(a_signal_from_outside_clears_the_house),
		IN_A_HOUSE(term_from_outside_ends_process_one),
		IN_A_HOUSE(only_plain_files_can_be_opened),
		IN_A_HOUSE(a_range_is_read_and_a_short_file_says_so),
		IN_A_HOUSE(a_file_waits_for_its_window_and_commands_pass),
		IN_A_HOUSE(a_file_is_seen_when_all_of_it_is_there),
		IN_A_HOUSE(a_file_of_no_bytes_is_a_file),
		IN_A_HOUSE(who_reads_the_old_file_goes_on_reading_it),
		IN_A_HOUSE(a_link_is_followed_inside_and_stays_a_link),
		IN_A_HOUSE(only_a_place_for_a_plain_file_is_one),
		IN_A_HOUSE(a_full_disk_is_told_and_left_as_it_was),
		IN_A_HOUSE(what_is_not_saved_leaves_nothing),
		IN_A_HOUSE(a_window_of_a_file_is_taken_step_by_step),
		IN_A_HOUSE(what_a_program_changes_meanwhile_is_not_put_in_place),
		IN_A_HOUSE(many_files_are_written_at_once_and_no_more),
		IN_A_HOUSE(process_one_calls_when_it_hears_the_bell_and_not_before),
		IN_A_HOUSE(a_call_takes_the_place_of_an_older_link),
		IN_A_HOUSE(a_full_queue_is_tried_again),
		IN_A_HOUSE(without_a_bell_it_calls_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
