/* Every record: there and back, cut off at every length, with a byte too many, and with each field
 * that has a rule set against it. */
#include "payload.h"
#include "wire_file.h"

static struct wire_hello got_hello;
static bool decode_hello(const struct wire_frame *frame)
{
	return wire_get_hello(frame, &got_hello);
}

static void hello_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();
	struct wire_hello hello = {
		.version = WIRE_VERSION,
		.boot = 0x0123456789abcdef,
		.memory_limit = 1,
		.swap_limit = UINT64_MAX,
		.cpu_milli = 500,
		.pids_limit = 100,
		.cap_bounding = 3,
		.cap_effective = 4,
		.uid_host = 1000000,
		.uid_count = 65536,
		.no_new_privs = 1,
		.seccomp = 2,
		.proc_writable = 1,
		.runtimes = "sh bash python3.11",
	};

	(void)state;
	wire_put_hello(&writer, &hello);
	assert_only_whole(decode_hello, &writer);
	assert_int_equal(got_hello.boot, hello.boot);
	assert_int_equal(got_hello.swap_limit, UINT64_MAX);
	assert_int_equal(got_hello.uid_count, 65536);
	assert_int_equal(got_hello.seccomp, 2);
	assert_int_equal(got_hello.proc_writable, 1);
	assert_string_equal(got_hello.runtimes, hello.runtimes);
}

static void runtimes_that_would_forge_a_line_are_refused(void **state)
{
	struct wire_writer writer = fresh_writer();
	struct wire_hello hello = { .runtimes = "sh\nbash" };

	(void)state;
	wire_put_hello(&writer, &hello);
	assert_false(decode_exact(decode_hello, writer.len));
}

static struct wire_command got_command;
static bool decode_command(const struct wire_frame *frame)
{
	return wire_get_command(frame, &got_command);
}

static void command_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();
	struct wire_command command = {
		.over = 1, .out_kept = 5, .err_kept = 6, .in_taken = 7, .in_held = 8
	};

	(void)state;
	wire_put_command(&writer, &command);
	assert_only_whole(decode_command, &writer);
	assert_int_equal(got_command.over, 1);
	assert_int_equal(got_command.out_kept, 5);
	assert_int_equal(got_command.err_kept, 6);
	assert_int_equal(got_command.in_taken, 7);
	assert_int_equal(got_command.in_held, 8);
	payload[0] = 2;
	assert_false(decode_exact(decode_command, writer.len));
}

static void stdin_that_was_taken_was_held(void **state)
{
	static const struct {
		uint64_t taken, held;
		bool good;
	} cases[] = { { 7, 7, true },
		      { 7, 6, false },
		      { 7, 7 + WIRE_WINDOW, true },
		      { 7, 8 + WIRE_WINDOW, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_writer writer = fresh_writer();
		struct wire_command command = { .in_taken = cases[i].taken,
						.in_held = cases[i].held };

		wire_put_command(&writer, &command);
		assert_int_equal(decode_exact(decode_command, writer.len), cases[i].good);
	}
}

enum { ENV_MAX = 4 };
static struct wire_start got_start;
static const char *got_env[ENV_MAX];
static char *got_room;

/* The room is as small as the contract allows. */
static bool decode_start(const struct wire_frame *frame)
{
	free(got_room);
	got_room = malloc(frame->length + 3 + ENV_MAX);
	assert_non_null(got_room);
	return wire_get_start(frame, got_room, got_env, ENV_MAX, &got_start);
}

static void start_goes_there_and_back(void **state)
{
	static const char *const env[] = { "A=1", "EMPTY=", "B=2", "C=3" };
	struct wire_writer writer = fresh_writer();
	struct wire_start start = { .command = "echo hello",
				    .workdir = "/workspace",
				    .env = env,
				    .env_count = ENV_MAX,
				    .kill_after_ms = 3600000 };

	(void)state;
	wire_put_start(&writer, &start);
	assert_only_whole(decode_start, &writer);
	assert_true(decode_exact(decode_start, writer.len));
	assert_string_equal(got_start.command, "echo hello");
	assert_string_equal(got_start.workdir, "/workspace");
	assert_int_equal(got_start.kill_after_ms, 3600000);
	assert_int_equal(got_start.env_count, ENV_MAX);
	for (int i = 0; i < ENV_MAX; i++)
		assert_string_equal(got_start.env[i], env[i]);
	free(got_room);
	got_room = NULL;
}

static void start_with_more_variables_than_there_is_room_for_is_refused(void **state)
{
	static const char *const env[] = { "A=1", "B=2", "C=3", "D=4", "E=5" };
	struct wire_writer writer = fresh_writer();
	struct wire_start start = { .command = "", .workdir = "", .env = env, .env_count = 5 };

	(void)state;
	wire_put_start(&writer, &start);
	assert_false(decode_exact(decode_start, writer.len));
	free(got_room);
	got_room = NULL;
}

static void a_text_with_a_nul_inside_is_refused(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_bytes(&writer, "echo\0rm", 7);
	wire_put_text(&writer, "/");
	wire_put_u64(&writer, 0);
	wire_put_u32(&writer, 0);
	assert_false(decode_exact(decode_start, writer.len));
	free(got_room);
	got_room = NULL;
}

static struct wire_offsets got_offsets;
static bool decode_offsets(const struct wire_frame *frame)
{
	return wire_get_offsets(frame, &got_offsets);
}

static void offsets_go_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_offsets(&writer, &(struct wire_offsets){ .out = 1ull << 40, .err = 3 });
	assert_only_whole(decode_offsets, &writer);
	assert_int_equal(got_offsets.out, 1ull << 40);
	assert_int_equal(got_offsets.err, 3);
}

static void a_chunk_has_an_offset_and_the_rest_is_bytes(void **state)
{
	struct wire_frame frame = { .payload = payload, .length = WIRE_CHUNK_HEADER + 3 };
	const uint8_t *data = NULL;
	uint64_t offset = 0;
	size_t len = 0;

	(void)state;
	wire_put_chunk(payload, 0x1122334455667788);
	memcpy(payload + WIRE_CHUNK_HEADER, "abc", 3);
	assert_true(wire_get_chunk(&frame, &offset, &data, &len));
	assert_int_equal(offset, 0x1122334455667788);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "abc", 3);
	for (uint32_t i = 0; i < WIRE_CHUNK_HEADER; i++) {
		frame.length = i;
		assert_false(wire_get_chunk(&frame, &offset, &data, &len));
	}
}

static void a_chunk_whose_end_would_wrap_around_is_refused(void **state)
{
	struct wire_frame frame = { .payload = payload, .length = WIRE_CHUNK_HEADER + 2 };
	const uint8_t *data;
	uint64_t offset;
	size_t len;

	(void)state;
	wire_put_chunk(payload, UINT64_MAX - 1);
	assert_false(wire_get_chunk(&frame, &offset, &data, &len));
	wire_put_chunk(payload, UINT64_MAX - 2);
	assert_true(wire_get_chunk(&frame, &offset, &data, &len));
}

static uint64_t got_taken;
static bool decode_taken(const struct wire_frame *frame)
{
	return wire_get_taken(frame, &got_taken);
}

static void taken_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_taken(&writer, 77);
	assert_only_whole(decode_taken, &writer);
	assert_int_equal(got_taken, 77);
}

static uint64_t got_left_ms;
static bool decode_life(const struct wire_frame *frame)
{
	return wire_get_life(frame, &got_left_ms);
}

static void life_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_life(&writer, 7200000);
	assert_only_whole(decode_life, &writer);
	assert_int_equal(got_left_ms, 7200000);
}

static struct wire_kill got_kill;
static bool decode_kill(const struct wire_frame *frame)
{
	return wire_get_kill(frame, &got_kill);
}

static void kill_goes_there_and_back_and_its_signal_is_one(void **state)
{
	static const uint32_t bad[] = { 0, 65, 0xffffffff };
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_kill(&writer, &(struct wire_kill){ .signal = 15, .escalate_ms = 2000 });
	assert_only_whole(decode_kill, &writer);
	assert_int_equal(got_kill.signal, 15);
	assert_int_equal(got_kill.escalate_ms, 2000);
	for (int i = 0; i < 3; i++) {
		writer = fresh_writer();
		wire_put_kill(&writer, &(struct wire_kill){ .signal = bad[i] });
		assert_false(decode_exact(decode_kill, writer.len));
	}
}

static struct wire_exited got_exited;
static bool decode_exited(const struct wire_frame *frame)
{
	return wire_get_exited(frame, &got_exited);
}

static bool exited_is_taken(struct wire_exited exited)
{
	struct wire_writer writer = fresh_writer();

	wire_put_exited(&writer, &exited);
	return decode_exact(decode_exited, writer.len);
}

static void exited_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();
	struct wire_exited exited = { .exit_code = 0,
				      .signal = 9,
				      .cause = WIRE_CAUSE_OOM,
				      .oom_seen = 1,
				      .pids_seen = 1,
				      .duration_ms = 11,
				      .cpu_us = 12,
				      .memory_peak = 13,
				      .out_total = 14,
				      .err_total = 15 };

	(void)state;
	wire_put_exited(&writer, &exited);
	assert_only_whole(decode_exited, &writer);
	assert_int_equal(got_exited.signal, 9);
	assert_int_equal(got_exited.cause, WIRE_CAUSE_OOM);
	assert_int_equal(got_exited.oom_seen, 1);
	assert_int_equal(got_exited.pids_seen, 1);
	assert_int_equal(got_exited.duration_ms, 11);
	assert_int_equal(got_exited.err_total, 15);
}

static void exited_with_a_value_that_cannot_be_is_refused(void **state)
{
	(void)state;
	assert_true(exited_is_taken((struct wire_exited){ .exit_code = 255 }));
	assert_false(exited_is_taken((struct wire_exited){ .exit_code = 256 }));
	assert_false(exited_is_taken((struct wire_exited){ .signal = 65 }));
	assert_false(exited_is_taken((struct wire_exited){ .cause = WIRE_CAUSE_OOM + 1 }));
	assert_false(exited_is_taken((struct wire_exited){ .oom_seen = 2 }));
	assert_false(exited_is_taken((struct wire_exited){ .pids_seen = 2 }));
}

static struct wire_failed got_failed;
static bool decode_failed(const struct wire_frame *frame)
{
	return wire_get_failed(frame, &got_failed);
}

static void failed_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_failed(&writer, &(struct wire_failed){ .number = 2, .where = "chdir" });
	assert_only_whole(decode_failed, &writer);
	assert_int_equal(got_failed.number, 2);
	assert_string_equal(got_failed.where, "chdir");
}

static void a_text_longer_than_its_place_is_refused(void **state)
{
	struct wire_writer writer = fresh_writer();
	char where[65];

	(void)state;
	memset(where, 'x', 64);
	where[64] = '\0';
	wire_put_u32(&writer, 1);
	wire_put_text(&writer, where + 1);
	assert_true(decode_exact(decode_failed, writer.len));
	writer = fresh_writer();
	wire_put_u32(&writer, 1);
	wire_put_text(&writer, where);
	assert_false(decode_exact(decode_failed, writer.len));
}

static struct wire_open got_open;
static bool decode_open(const struct wire_frame *frame)
{
	return wire_get_open(frame, &got_open);
}

static void open_goes_there_and_back_with_any_bytes_in_its_path(void **state)
{
	struct wire_writer writer = fresh_writer();
	static struct wire_open open = { .base = "/workspace", .path = "a\n\xff" };

	(void)state;
	wire_put_open(&writer, &open);
	assert_only_whole(decode_open, &writer);
	assert_string_equal(got_open.base, "/workspace");
	assert_string_equal(got_open.path, "a\n\xff");
}

static struct wire_opened got_opened;
static bool decode_opened(const struct wire_frame *frame)
{
	return wire_get_opened(frame, &got_opened);
}

static void opened_goes_there_and_back_and_its_path_is_absolute(void **state)
{
	struct wire_writer writer = fresh_writer();
	static struct wire_opened opened = {
		.size = 1, .modified_ns = 2, .inode = 3, .path = "/a"
	};

	(void)state;
	wire_put_opened(&writer, &opened);
	assert_only_whole(decode_opened, &writer);
	assert_int_equal(got_opened.modified_ns, 2);
	assert_string_equal(got_opened.path, "/a");
	memcpy(opened.path, "aa", 2);
	writer = fresh_writer();
	wire_put_opened(&writer, &opened);
	assert_false(decode_exact(decode_opened, writer.len));
}

static struct wire_read got_read;
static bool decode_read(const struct wire_frame *frame)
{
	return wire_get_read(frame, &got_read);
}

static void read_goes_there_and_back_unless_its_end_wraps_around(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_read(&writer, &(struct wire_read){ .offset = 5, .length = UINT64_MAX - 5 });
	assert_only_whole(decode_read, &writer);
	assert_int_equal(got_read.offset, 5);
	writer = fresh_writer();
	wire_put_read(&writer, &(struct wire_read){ .offset = 6, .length = UINT64_MAX - 5 });
	assert_false(decode_exact(decode_read, writer.len));
}

static struct wire_used got_used;
static bool decode_used(const struct wire_frame *frame)
{
	return wire_get_used(frame, &got_used);
}

static void used_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();
	struct wire_used used = { 1, 2, 3, 4, UINT64_MAX, 6 };

	(void)state;
	wire_put_used(&writer, &used);
	assert_only_whole(decode_used, &writer);
	assert_memory_equal(&got_used, &used, sizeof(used));
}

static struct wire_create got_create;
static bool decode_create(const struct wire_frame *frame)
{
	return wire_get_create(frame, &got_create);
}

static void create_goes_there_and_back_with_any_bytes_in_its_path(void **state)
{
	struct wire_writer writer = fresh_writer();
	static struct wire_create create = { .base = "/workspace",
					     .path = "a\n\xff",
					     .size = UINT64_MAX };

	(void)state;
	wire_put_create(&writer, &create);
	assert_only_whole(decode_create, &writer);
	assert_string_equal(got_create.base, "/workspace");
	assert_string_equal(got_create.path, "a\n\xff");
	assert_int_equal(got_create.size, UINT64_MAX);
}

static struct wire_created got_created;
static bool decode_created(const struct wire_frame *frame)
{
	return wire_get_created(frame, &got_created);
}

static void created_goes_there_and_back_and_its_path_is_absolute(void **state)
{
	struct wire_writer writer = fresh_writer();
	static struct wire_created created = { .replaces = 1, .path = "/a" };

	(void)state;
	wire_put_created(&writer, &created);
	assert_only_whole(decode_created, &writer);
	assert_int_equal(got_created.replaces, 1);
	assert_string_equal(got_created.path, "/a");
	memcpy(created.path, "aa", 2);
	writer = fresh_writer();
	wire_put_created(&writer, &created);
	assert_false(decode_exact(decode_created, writer.len));
	memcpy(created.path, "/a", 2);
	created.replaces = 2;
	writer = fresh_writer();
	wire_put_created(&writer, &created);
	assert_false(decode_exact(decode_created, writer.len));
}

static struct wire_saved got_saved;
static bool decode_saved(const struct wire_frame *frame)
{
	return wire_get_saved(frame, &got_saved);
}

static void saved_goes_there_and_back_and_its_flag_is_one(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_saved(&writer, &(struct wire_saved){ .replaced = 1, .size = 1ull << 40 });
	assert_only_whole(decode_saved, &writer);
	assert_int_equal(got_saved.replaced, 1);
	assert_int_equal(got_saved.size, 1ull << 40);
	writer = fresh_writer();
	wire_put_saved(&writer, &(struct wire_saved){ .replaced = 2 });
	assert_false(decode_exact(decode_saved, writer.len));
}

static void a_refused_record_leaves_the_result_as_it_was(void **state)
{
	struct wire_used used = { 1, 2, 3, 4, 5, 6 };
	struct wire_frame frame = { .payload = payload, .length = 47 };

	(void)state;
	memset(payload, 0xff, 48);
	assert_false(wire_get_used(&frame, &used));
	assert_int_equal(used.memory, 1);
	assert_int_equal(used.uptime_ms, 6);
}

static void a_writer_without_room_says_so_and_writes_nothing_beyond(void **state)
{
	struct wire_hello hello = { .runtimes = "sh" };
	struct wire_writer measure = fresh_writer();

	(void)state;
	wire_put_hello(&measure, &hello);
	for (size_t room = 0; room < measure.len; room++) {
		uint8_t *small = malloc(room > 0 ? room : 1);
		struct wire_writer writer = { .data = small, .room = room };

		assert_non_null(small);
		wire_put_hello(&writer, &hello);
		assert_true(writer.full);
		assert_true(writer.len <= room);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_goes_there_and_back),
		cmocka_unit_test(runtimes_that_would_forge_a_line_are_refused),
		cmocka_unit_test(command_goes_there_and_back),
		cmocka_unit_test(stdin_that_was_taken_was_held),
		cmocka_unit_test(start_goes_there_and_back),
		cmocka_unit_test(start_with_more_variables_than_there_is_room_for_is_refused),
		cmocka_unit_test(a_text_with_a_nul_inside_is_refused),
		cmocka_unit_test(offsets_go_there_and_back),
		cmocka_unit_test(a_chunk_has_an_offset_and_the_rest_is_bytes),
		cmocka_unit_test(a_chunk_whose_end_would_wrap_around_is_refused),
		cmocka_unit_test(taken_goes_there_and_back),
		cmocka_unit_test(life_goes_there_and_back),
		cmocka_unit_test(kill_goes_there_and_back_and_its_signal_is_one),
		cmocka_unit_test(exited_goes_there_and_back),
		cmocka_unit_test(exited_with_a_value_that_cannot_be_is_refused),
		cmocka_unit_test(failed_goes_there_and_back),
		cmocka_unit_test(a_text_longer_than_its_place_is_refused),
		cmocka_unit_test(open_goes_there_and_back_with_any_bytes_in_its_path),
		cmocka_unit_test(opened_goes_there_and_back_and_its_path_is_absolute),
		cmocka_unit_test(read_goes_there_and_back_unless_its_end_wraps_around),
		cmocka_unit_test(used_goes_there_and_back),
		cmocka_unit_test(create_goes_there_and_back_with_any_bytes_in_its_path),
		cmocka_unit_test(created_goes_there_and_back_and_its_path_is_absolute),
		cmocka_unit_test(saved_goes_there_and_back_and_its_flag_is_one),
		cmocka_unit_test(a_refused_record_leaves_the_result_as_it_was),
		cmocka_unit_test(a_writer_without_room_says_so_and_writes_nothing_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
