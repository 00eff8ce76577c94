/* One running container whose agent is the test: what the server sends is gathered frame by frame,
 * and the test says what the agent answers.  The store, the loop and everything in src/sandbox are
 * the real ones. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "internal.h"

enum { SAID_MAX = 512, PATIENCE_MS = 10000 };

/* A frame that the server sent. */
struct said {
	enum wire_type type;
	uint32_t stream;
	uint32_t length;
	uint8_t payload[WIRE_PAYLOAD_MAX];
};

/* How the last command operation came out, copied. */
struct outcome {
	int calls;
	struct error err; /* kind ERROR_NONE: a view came */
	char id[ID_SIZE];
	char state[STORE_STATE_SIZE];
	char reason[200];
	char hint[300];
	int64_t exit_code, signal, stdout_bytes, stderr_bytes;
	int64_t kept, tail_from;
	bool matched;
	int64_t limit;
	char out[128 * 1024];
	size_t out_len;
};

struct house {
	char dir[64];
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandbox_settings settings;
	struct sandboxes *all;
	struct sandbox *sb;
	char container_id[ID_SIZE];
	/* The carrier's other end. */
	const struct podman_link_events *events;
	void *events_ctx;
	bool open;
	int opens;
	int clears;
	bool refuse;
	struct error refusal;
	size_t queued; /* what write() claims is not taken yet */
	struct wire_reader reader;
	struct said *said;
	int said_count;
	int said_read;
	uint64_t boot;
	uint64_t life_ms; /* what it was last told about its end */
	struct outcome outcome;
};

static struct house *house;

/* --- the carrier --------------------------------------------------------------------------- */

static void *fake_open(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
		       struct error *err)
{
	(void)sb;
	house->opens++;
	if (house->refuse) {
		*err = house->refusal;
		return NULL;
	}
	assert_false(house->open);
	house->open = true;
	house->events = events;
	house->events_ctx = ctx;
	wire_reader_init(&house->reader);
	return house;
}

static bool note_frame(void *ctx, const struct wire_frame *frame)
{
	struct said *said;

	(void)ctx;
	if (frame->type == WIRE_LIFE) { /* at each link, and beside the point of most tests */
		assert_true(wire_get_life(frame, &house->life_ms));
		return true;
	}
	said = &house->said[house->said_count++ % SAID_MAX];
	assert_true(house->said_count - house->said_read <= SAID_MAX);
	said->type = frame->type;
	said->stream = frame->stream;
	said->length = frame->length;
	memcpy(said->payload, frame->payload, frame->length);
	return true;
}

static size_t fake_write(void *stream, const void *data, size_t len)
{
	assert_ptr_equal(stream, house);
	assert_true(house->open);
	assert_true(wire_feed(&house->reader, data, len, note_frame, NULL));
	return house->queued;
}

static void fake_close(void *stream)
{
	assert_ptr_equal(stream, house);
	house->open = false;
}

static void fake_clear(struct sandbox *sb)
{
	assert_ptr_equal(sb, house->sb);
	house->clears++;
}

static const struct link_carrier fake_carrier = {
	.open = fake_open,
	.write = fake_write,
	.close = fake_close,
	.clear = fake_clear,
};

/* --- the loop ------------------------------------------------------------------------------ */

static inline void stop_loop(void *ctx)
{
	loop_stop(ctx);
}

/* Everything that was put off until later happens. */
static inline void settle(void)
{
	for (int i = 0; i < 3; i++) {
		loop_defer(house->loop, stop_loop, house->loop);
		loop_run(house->loop);
	}
}

/* Runs until the condition holds; a test that waits in vain fails. */
static inline void run_until(bool (*holds)(void))
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	struct timer *timer = timer_start(house->loop, 1, 1, stop_loop, house->loop);

	while (!holds() && clock_mono_ms() < end)
		loop_run(house->loop);
	timer_stop(timer);
	assert_true(holds());
}

static inline bool is_open(void)
{
	return house->open;
}

static inline bool has_outcome(void)
{
	return house->outcome.calls > 0;
}

/* --- what the agent says ------------------------------------------------------------------- */

static inline void say(enum wire_type type, uint32_t stream, const void *payload, size_t len)
{
	uint8_t whole[WIRE_HEADER + WIRE_PAYLOAD_MAX];

	assert_true(house->open);
	wire_put_header(whole, type, stream, (uint32_t)len);
	if (len > 0)
		memcpy(whole + WIRE_HEADER, payload, len);
	house->events->on_data(house->events_ctx, whole, WIRE_HEADER + len);
}

#define SAY(type, stream, put, record)                                                             \
	do {                                                                                       \
		uint8_t payload_[WIRE_PAYLOAD_MAX];                                                \
		struct wire_writer writer_ = { .data = payload_, .room = sizeof(payload_) };       \
		put(&writer_, record);                                                             \
		say(type, stream, payload_, writer_.len);                                          \
	} while (0)

static inline void say_hello(void)
{
	struct wire_hello hello = {
		.version = WIRE_VERSION,
		.boot = house->boot,
		.memory_limit = 64 << 20,
		.swap_limit = 64 << 20,
		.cpu_milli = 500,
		.pids_limit = 50,
		.uid_host = 65536,
		.uid_count = 65536,
		.no_new_privs = 1,
		.seccomp = 2,
		.runtimes = "sh awk",
	};

	SAY(WIRE_HELLO, 0, wire_put_hello, &hello);
}

static inline void say_listed(void)
{
	say(WIRE_LISTED, 0, NULL, 0);
}

static inline void say_output(enum wire_type type, uint32_t stream, uint64_t offset,
			      const char *text, size_t len)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];

	while (len > 0) {
		size_t some = len < WIRE_CHUNK_MAX ? len : WIRE_CHUNK_MAX;

		wire_put_chunk(payload, offset);
		memcpy(payload + WIRE_CHUNK_HEADER, text, some);
		say(type, stream, payload, WIRE_CHUNK_HEADER + some);
		offset += some;
		text += some;
		len -= some;
	}
}

static inline void say_exited(uint32_t stream, uint32_t code, uint64_t out, uint64_t error)
{
	struct wire_exited exited = {
		.exit_code = code, .out_total = out, .err_total = error, .duration_ms = 7
	};

	SAY(WIRE_EXITED, stream, wire_put_exited, &exited);
}

static inline void say_command(uint32_t stream, bool over, uint64_t out_kept, uint64_t in_taken)
{
	struct wire_command command = {
		.over = over, .out_kept = out_kept, .in_taken = in_taken, .in_held = in_taken
	};

	SAY(WIRE_COMMAND, stream, wire_put_command, &command);
}

/* --- what the server said ------------------------------------------------------------------ */

/* The next frame that was not looked at; NULL when there is none. */
static inline const struct said *next_said(void)
{
	if (house->said_read == house->said_count)
		return NULL;
	return &house->said[house->said_read++ % SAID_MAX];
}

static inline const struct said *expect_said(enum wire_type type, uint32_t stream)
{
	const struct said *said = next_said();

	assert_non_null(said);
	assert_int_equal(said->type, type);
	assert_int_equal(said->stream, stream);
	return said;
}

static inline struct wire_offsets expect_offsets(enum wire_type type, uint32_t stream)
{
	const struct said *said = expect_said(type, stream);
	struct wire_frame frame = { type, stream, said->payload, said->length };
	struct wire_offsets offsets;

	assert_true(wire_get_offsets(&frame, &offsets));
	return offsets;
}

static inline bool has_said(void)
{
	return house->said_read < house->said_count;
}

/* That is said with the next word, or by itself soon. */
static inline void expect_forgotten(uint32_t stream)
{
	run_until(has_said);
	expect_said(WIRE_FORGET, stream);
}

static inline void expect_silence(void)
{
	assert_null(next_said());
}

/* --- a house ------------------------------------------------------------------------------- */

static inline void link_up(void)
{
	run_until(is_open);
	say_hello();
	say_listed();
	assert_true(link_is_up(house->sb));
}

static inline void open_sandboxes(void)
{
	struct error err;

	house->all =
		sandboxes_open(house->loop, house->store, house->podman, &house->settings, &err);
	assert_non_null(house->all);
	house->all->carrier = &fake_carrier;
	house->all->podman_up = true;
	house->sb = registry_find(house->all, NULL, house->container_id);
	assert_non_null(house->sb);
	link_keep(house->sb);
}

/* As a kill -9 of the server: what is in memory only is lost. */
static inline void restart_server(void)
{
	sandboxes_close(house->all);
	open_sandboxes();
}

static inline void break_link(void)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, "the stream ended");
	house->events->on_over(house->events_ctx, &err);
	assert_false(house->open);
}

static inline void add_container(const char *owner, char ret_id[ID_SIZE], int64_t slot)
{
	struct container_row row = {
		.image = (char *)"alpine",
		.state = "running",
		.podman_id = (char *)"0123",
		.uid_slot = slot,
		.memory = 64 << 20,
		.cpu_milli = 500,
		.pids = 50,
		.network = (char *)"internet",
		.workdir = (char *)"/workspace",
		.env = (char *)"{\"A\":\"1\",\"B\":\"2\"}",
		.next_stream = 1,
		.created_at = clock_wall_ms(),
		.expires_at = clock_wall_ms() + 3600 * 1000,
	};
	struct error err;

	id_new("c-", row.id);
	snprintf(row.owner, sizeof(row.owner), "%s", owner);
	assert_true(store_container_add(house->store, &row, &err));
	memcpy(ret_id, row.id, ID_SIZE);
}

static inline int house_open(void **state)
{
	struct error err;

	(void)state;
	log_open(LOG_ERROR, LOG_TEXT);
	house = mem_new(struct house);
	house->said = mem_array(struct said, SAID_MAX);
	house->boot = 1;
	snprintf(house->dir, sizeof(house->dir), "/tmp/sandpod-unit-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	house->loop = loop_new(&err);
	house->store = store_open(":memory:", &err);
	house->podman = podman_open(house->loop, "/nonexistent.sock", &err);
	assert_non_null(house->podman);
	house->settings = (struct sandbox_settings){
		.data_dir = house->dir,
		.agent_path = "/bin/true",
		.base_url = "http://localhost:1",
		.image = "alpine",
		.memory = 256 << 20,
		.cpu_milli = 500,
		.pids = 50,
		.ttl_ms = 7200 * 1000,
		.network = "internet",
		.command_timeout_ms = 60000,
		.output_limit = 16384,
		.output_spool = 100000,
		.upload_limit = 1 << 20,
		.max_containers = 4,
	};
	add_container("me", house->container_id, 1);
	open_sandboxes();
	link_up();
	return 0;
}

static inline void remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_str inner = mem_format("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (entry->d_type == DT_DIR)
			remove_dir(inner);
		else
			unlink(inner);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static inline int house_close(void **state)
{
	(void)state;
	sandboxes_close(house->all);
	podman_close(house->podman);
	store_close(house->store);
	loop_free(house->loop);
	remove_dir(house->dir);
	free(house->said);
	free(house);
	return 0;
}

/* --- commands ------------------------------------------------------------------------------ */

static inline void on_view(void *ctx, const struct command_view *view, const struct error *err)
{
	struct outcome *outcome = ctx;
	auto_buf data = BUF_INIT(sizeof(outcome->out) - 1);
	struct error why;

	*outcome = (struct outcome){ .calls = outcome->calls + 1 };
	if (err) {
		outcome->err = *err;
		return;
	}
	memcpy(outcome->id, view->row->id, ID_SIZE);
	memcpy(outcome->state, view->row->state, sizeof(outcome->state));
	snprintf(outcome->reason, sizeof(outcome->reason), "%s",
		 view->row->reason ? view->row->reason : "");
	snprintf(outcome->hint, sizeof(outcome->hint), "%s", view->hint ? view->hint : "");
	outcome->exit_code = view->row->exit_code;
	outcome->signal = view->row->signal;
	outcome->stdout_bytes = view->row->stdout_bytes;
	outcome->stderr_bytes = view->row->stderr_bytes;
	outcome->kept = view->kept[COMMAND_STDOUT];
	outcome->tail_from = view->tail_from[COMMAND_STDOUT];
	outcome->limit = view->spool_limit;
	outcome->matched = view->matched;
	assert_true(command_output(view, COMMAND_STDOUT, 0, (int64_t)sizeof(outcome->out) - 1,
				   &data, &why));
	memcpy(outcome->out, buf_text(&data), data.len + 1);
	outcome->out_len = data.len;
}

static inline void start(const char *command, int64_t wait_ms)
{
	struct command_request request = {
		.owner = "me",
		.container_id = house->container_id,
		.command = command,
		.wait_ms = wait_ms,
	};
	struct error err;

	house->outcome.calls = 0;
	if (!command_start(house->all, &request, on_view, &house->outcome, &err))
		fail_msg("%s", err.text);
}

/* Started and handed back running; its id is in the outcome. */
static inline uint32_t start_running(const char *command)
{
	uint32_t stream;

	start(command, 0);
	stream = (uint32_t)house->sb->row.next_stream - 1;
	expect_said(WIRE_START, stream);
	say(WIRE_STARTED, stream, NULL, 0);
	settle();
	assert_int_equal(house->outcome.calls, 1);
	assert_string_equal(house->outcome.state, "running");
	return stream;
}

static inline struct sandbox_op *check(const char *id, int64_t wait_ms, const char *wait_for)
{
	struct command_watch watch = {
		.owner = "me", .command_id = id, .wait_ms = wait_ms, .wait_for = wait_for
	};
	struct sandbox_op *op;
	struct error err;

	house->outcome.calls = 0;
	op = command_check(house->all, &watch, on_view, &house->outcome, &err);
	if (!op)
		fail_msg("%s", err.text);
	return op;
}

#endif
