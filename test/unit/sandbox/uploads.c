/* Upload links and the writing of files, against a scripted agent. */
#include <errno.h>
#include "fixture.h"

struct offered {
	int calls;
	char id[ID_SIZE];
	char url[200], path[200];
	bool replaces;
	int64_t max_bytes, expires_at;
	struct error err;
};
static struct offered offered;

static void on_offered(void *ctx, const struct upload_view *view, const struct error *err)
{
	(void)ctx;
	offered = (struct offered){ .calls = offered.calls + 1 };
	if (err) {
		offered.err = *err;
		return;
	}
	memcpy(offered.id, view->id, ID_SIZE);
	snprintf(offered.url, sizeof(offered.url), "%s", view->url);
	snprintf(offered.path, sizeof(offered.path), "%s", view->path);
	offered.replaces = view->replaces;
	offered.max_bytes = view->max_bytes;
	offered.expires_at = view->expires_at;
}

static struct sandbox_op *offer(const char *path, int64_t ttl_ms, int64_t max_bytes)
{
	struct upload_request request = { .owner = "me",
					  .container_id = house->container_id,
					  .path = path,
					  .ttl_ms = ttl_ms,
					  .max_bytes = max_bytes };
	struct sandbox_op *op;
	struct error err;

	offered.calls = 0;
	op = upload_offer(house->all, &request, on_offered, NULL, &err);
	if (!op)
		fail_msg("%s", err.text);
	return op;
}

static uint32_t next_stream(void)
{
	return WIRE_FILE_STREAM | house->sb->next_file_stream;
}

static void say_created(uint32_t stream, const char *path, bool replaces)
{
	struct wire_created created = { .replaces = replaces };

	snprintf(created.path, sizeof(created.path), "%s", path);
	SAY(WIRE_CREATED, stream, wire_put_created, &created);
}

static void say_taken(uint32_t stream, uint64_t offset)
{
	SAY(WIRE_TAKEN, stream, wire_put_taken, offset);
}

static void say_saved(uint32_t stream, uint64_t size, bool replaced)
{
	struct wire_saved saved = { .size = size, .replaced = replaced };

	SAY(WIRE_SAVED, stream, wire_put_saved, &saved);
}

static void say_failed(uint32_t stream, int number)
{
	struct wire_failed failed = { .number = (uint32_t)number, .where = "write" };

	SAY(WIRE_FAILED, stream, wire_put_failed, &failed);
}

/* Makes a link to /workspace/data; nothing is left to be looked at. */
static void make_link(int64_t max_bytes)
{
	uint32_t stream = next_stream();

	offer("data", 0, max_bytes);
	say_created(stream, "/workspace/data", false);
	settle();
	assert_int_equal(offered.err.kind, ERROR_NONE);
	house->said_read = house->said_count;
}

struct writing {
	int opened, rooms, over;
	bool replaces, replaced;
	struct error err; /* kind ERROR_NONE: saved */
	enum file_fault fault;
	uint64_t size;
	char path[100];
	struct file_writer *writer;
};
static struct writing writing;

static void on_open(void *ctx, const char *path, bool replaces)
{
	struct writing *it = ctx;

	it->opened++;
	it->replaces = replaces;
	snprintf(it->path, sizeof(it->path), "%s", path);
}

static void on_room(void *ctx)
{
	((struct writing *)ctx)->rooms++;
}

static void on_over(void *ctx, const struct file_written *written)
{
	struct writing *it = ctx;

	it->over++;
	if (written->err) {
		it->err = *written->err;
		it->fault = written->fault;
		return;
	}
	it->size = written->size;
	it->replaced = written->replaced;
	snprintf(it->path, sizeof(it->path), "%s", written->path);
}

static const struct file_writer_events events = { on_open, on_room, on_over };

static uint32_t open_as(struct writing *it, const char *id, int64_t length)
{
	uint32_t stream = next_stream();

	*it = (struct writing){ 0 };
	it->writer = file_writer_open(house->all, id, length, &events, it);
	return stream;
}

static uint32_t open_link(int64_t length)
{
	return open_as(&writing, offered.id, length);
}

/* Begun, and the agent is ready. */
static uint32_t open_whole(int64_t length)
{
	uint32_t stream = open_link(length);

	expect_said(WIRE_CREATE, stream);
	say_created(stream, "/workspace/data", true);
	assert_int_equal(writing.opened, 1);
	return stream;
}

static bool can_be_used(void)
{
	auto_upload_row row = { 0 };
	struct error err;

	return store_upload_find(house->store, offered.id, clock_wall_ms(), &row, &err);
}

/* The end of a transfer, which the caller has brought about. */
static void assert_over(enum error_kind kind, enum file_fault fault)
{
	settle();
	assert_int_equal(writing.over, 1);
	assert_int_equal(writing.err.kind, kind);
	assert_int_equal(writing.fault, fault);
	file_writer_close(writing.writer);
}

static size_t write_zeros(size_t len)
{
	static char zeros[2 * WIRE_UPLOAD_WINDOW];

	assert_true(len <= sizeof(zeros));
	return file_writer_write(writing.writer, zeros, len);
}

/* How many bytes the server sent since it was last asked. */
static uint64_t count_written(uint32_t stream)
{
	const struct said *said;
	uint64_t sum = 0;

	while ((said = next_said())) {
		assert_int_equal(said->type, WIRE_WRITE);
		assert_int_equal(said->stream, stream);
		sum += said->length - WIRE_CHUNK_HEADER;
	}
	return sum;
}

static void a_place_that_is_one_gets_a_link(void **state)
{
	uint32_t stream = next_stream();
	struct wire_create create;
	const struct said *said;

	(void)state;
	offer("in/보고서.txt", 60000, 1000);
	said = expect_said(WIRE_CREATE, stream);
	assert_true(wire_get_create(
		&(struct wire_frame){ said->type, 0, said->payload, said->length }, &create));
	assert_string_equal(create.base, "/workspace");
	assert_string_equal(create.path, "in/보고서.txt");
	assert_int_equal(create.size, UINT64_MAX);
	say_created(stream, "/real/보고서.txt", true);
	settle();
	assert_int_equal(offered.calls, 1);
	assert_true(id_is_formed("u-", offered.id));
	assert_non_null(strstr(offered.url, "http://localhost:1/uploads/u-"));
	assert_string_equal(offered.path, "/real/보고서.txt");
	assert_true(offered.replaces);
	assert_int_equal(offered.max_bytes, 1000);
	assert_true(offered.expires_at <= clock_wall_ms() + 60000);
	expect_said(WIRE_CLOSE, stream); /* nothing of the trial stays */
	offer("a", 24 * 3600 * 1000LL, 1LL << 40);
	say_created(next_stream() - 1, "/workspace/a", false);
	settle();
	assert_int_equal(offered.expires_at, house->sb->row.expires_at);
	assert_int_equal(offered.max_bytes, house->settings.upload_limit);
}

static void a_place_that_is_none_gets_none(void **state)
{
	struct upload_request other = { .owner = "you",
					.container_id = house->container_id,
					.path = "a" };
	struct error err;

	(void)state;
	offer("folder", 0, 0);
	say_failed(next_stream() - 1, EISDIR);
	settle();
	assert_int_equal(offered.err.kind, ERROR_INVALID);
	assert_non_null(strstr(offered.err.text, "directory"));
	offer("folder/", 0, 0);
	settle();
	assert_int_equal(offered.err.kind, ERROR_INVALID);
	assert_null(upload_offer(house->all, &other, on_offered, NULL, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void a_file_goes_out_within_the_window_and_is_saved(void **state)
{
	const uint64_t window = WIRE_UPLOAD_WINDOW;
	struct wire_frame frame;
	const struct said *said;
	uint32_t stream;
	uint64_t size;

	(void)state;
	make_link(0);
	stream = open_whole(-1);
	assert_true(writing.replaces);
	assert_false(can_be_used());
	assert_int_equal(write_zeros(window + 5), window);
	assert_int_equal(count_written(stream), window);
	assert_int_equal(write_zeros(5), 0);
	assert_int_equal(writing.rooms, 0);
	say_taken(stream, 1000);
	assert_int_equal(writing.rooms, 1);
	assert_int_equal(write_zeros(5), 5);
	assert_int_equal(count_written(stream), 5);
	say_taken(stream, window);
	assert_int_equal(writing.rooms, 1); /* nobody waited for it */
	file_writer_finish(writing.writer);
	said = expect_said(WIRE_SAVE, stream);
	frame = (struct wire_frame){ said->type, 0, said->payload, said->length };
	assert_true(wire_get_taken(&frame, &size));
	assert_int_equal(size, window + 5);
	say_taken(stream, window + 5);
	say_saved(stream, window + 5, true);
	assert_over(ERROR_NONE, FILE_FAULT_OTHER);
	assert_int_equal(writing.size, window + 5);
	assert_true(writing.replaced);
	assert_string_equal(writing.path, "/workspace/data");
	expect_said(WIRE_CLOSE, stream);
	assert_false(can_be_used());
}

static void a_link_that_is_not_free_says_one_thing(void **state)
{
	struct writing second;
	char first_words[sizeof(writing.err.text)];
	char id[ID_SIZE];
	uint32_t stream;

	(void)state;
	id_new("u-", id);
	open_as(&writing, id, -1);
	assert_over(ERROR_NOT_FOUND, FILE_FAULT_LINK);
	snprintf(first_words, sizeof(first_words), "%s", writing.err.text);
	open_as(&writing, "../etc", -1);
	assert_over(ERROR_NOT_FOUND, FILE_FAULT_LINK);
	assert_string_equal(writing.err.text, first_words);
	make_link(0);
	stream = open_whole(-1);
	open_as(&second, offered.id, -1);
	settle();
	assert_int_equal(second.fault, FILE_FAULT_LINK);
	assert_string_equal(second.err.text, first_words);
	file_writer_close(second.writer);
	file_writer_finish(writing.writer);
	say_saved(stream, 0, false);
	assert_over(ERROR_NONE, FILE_FAULT_OTHER);
	open_link(-1);
	assert_over(ERROR_NOT_FOUND, FILE_FAULT_LINK);
	assert_string_equal(writing.err.text, first_words);
}

static void who_leaves_gives_the_use_back(void **state)
{
	uint32_t stream;

	(void)state;
	make_link(0);
	stream = open_whole(10);
	write_zeros(5);
	assert_int_equal(count_written(stream), 5);
	file_writer_close(writing.writer);
	expect_said(WIRE_CLOSE, stream);
	assert_true(can_be_used());
	say_taken(stream, 5); /* was on its way */
	assert_true(house->open);
	stream = open_link(10);
	expect_said(WIRE_CREATE, stream);
	file_writer_close(writing.writer);
	assert_true(can_be_used());
}

static void who_leaves_after_the_last_byte_is_not_waited_for(void **state)
{
	uint32_t stream;

	(void)state;
	make_link(0);
	stream = open_whole(0);
	file_writer_finish(writing.writer);
	expect_said(WIRE_SAVE, stream);
	file_writer_close(writing.writer);
	expect_silence(); /* it is saved all the same */
	say_saved(stream, 0, false);
	expect_said(WIRE_CLOSE, stream);
	assert_int_equal(writing.over, 0);
	assert_false(can_be_used());
}

static void a_failure_inside_gives_the_use_back_and_says_why(void **state)
{
	static const struct {
		int number;
		enum error_kind kind;
		enum file_fault fault;
	} cases[] = {
		{ ENOSPC, ERROR_LIMIT, FILE_FAULT_ROOM },
		{ EDQUOT, ERROR_LIMIT, FILE_FAULT_ROOM },
		{ EFBIG, ERROR_LIMIT, FILE_FAULT_LARGE },
		{ EROFS, ERROR_CONFLICT, FILE_FAULT_OTHER },
		{ ESTALE, ERROR_CONFLICT, FILE_FAULT_OTHER },
		{ 4095, ERROR_CONFLICT, FILE_FAULT_OTHER },
	};

	(void)state;
	make_link(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t stream = open_whole(-1);

		if (i % 2)
			file_writer_finish(writing.writer);
		say_failed(stream, cases[i].number);
		assert_over(cases[i].kind, cases[i].fault);
		assert_non_null(strstr(writing.err.text, "/workspace/data"));
		assert_true(can_be_used());
		house->said_read = house->said_count;
	}
}

static void a_file_is_as_large_as_the_link_allows_and_not_larger(void **state)
{
	uint32_t stream;

	(void)state;
	make_link(1000);
	open_link(1001);
	assert_over(ERROR_LIMIT, FILE_FAULT_LARGE);
	assert_non_null(strstr(writing.err.text, "1000 bytes"));
	expect_silence();
	assert_true(can_be_used());
	stream = open_whole(-1);
	assert_int_equal(write_zeros(999), 999);
	assert_int_equal(write_zeros(2), 0);
	assert_int_equal(writing.over, 0); /* not inside of the call */
	assert_over(ERROR_LIMIT, FILE_FAULT_LARGE);
	assert_true(can_be_used());
	house->said_read = house->said_count;
	stream = open_whole(1000);
	assert_int_equal(write_zeros(1000), 1000);
	file_writer_finish(writing.writer);
	say_saved(stream, 1000, false);
	assert_over(ERROR_NONE, FILE_FAULT_OTHER);
}

static void a_link_that_breaks_ends_the_writing(void **state)
{
	(void)state;
	make_link(0);
	open_whole(-1);
	write_zeros(5);
	break_link();
	assert_over(ERROR_UNAVAILABLE, FILE_FAULT_OTHER);
	assert_true(can_be_used());
}

static void a_link_that_breaks_while_saving_leaves_it_open(void **state)
{
	(void)state;
	make_link(0);
	open_whole(-1);
	file_writer_finish(writing.writer);
	break_link();
	assert_over(ERROR_UNAVAILABLE, FILE_FAULT_OTHER);
	assert_non_null(strstr(writing.err.text, "not known"));
	assert_false(can_be_used());
}

static void a_link_that_is_down_is_waited_for(void **state)
{
	uint32_t stream;

	(void)state;
	make_link(0);
	break_link();
	stream = open_link(3);
	settle();
	assert_int_equal(writing.over, 0);
	link_up();
	expect_said(WIRE_CREATE, stream);
	say_created(stream, "/workspace/data", false);
	assert_int_equal(writing.opened, 1);
	file_writer_close(writing.writer);
}

static void a_restart_gives_back_what_was_under_way(void **state)
{
	(void)state;
	make_link(0);
	open_whole(-1);
	assert_false(can_be_used());
	restart_server();
	file_writer_close(writing.writer);
	assert_true(can_be_used());
	link_up();
}

static void a_restart_gives_nothing_back_that_was_used(void **state)
{
	uint32_t stream;

	(void)state;
	make_link(0);
	stream = open_whole(-1);
	file_writer_finish(writing.writer);
	say_saved(stream, 0, false);
	assert_over(ERROR_NONE, FILE_FAULT_OTHER);
	restart_server();
	assert_false(can_be_used());
	link_up();
}

static void a_container_that_goes_takes_its_links_along(void **state)
{
	(void)state;
	make_link(0);
	open_whole(-1);
	house->all->podman_up = false;
	destroy_begin(house->sb, REASON_ASKED);
	assert_int_equal(writing.over, 1);
	file_writer_close(writing.writer);
	open_link(-1);
	assert_over(ERROR_GONE, FILE_FAULT_OTHER);
	assert_non_null(strstr(writing.err.text, "destroyed"));
}

static void an_agent_that_lies_loses_its_link(void **state)
{
	struct wire_failed end = { 0 };

	(void)state;
	for (int lie = 0; lie < 5; lie++) {
		uint32_t stream;

		make_link(0);
		stream = open_whole(-1);
		write_zeros(5);
		if (lie == 0)
			say_taken(stream, 6);
		else if (lie == 1)
			say_saved(stream, 5, false);
		else if (lie == 2)
			say_created(stream, "/a", false);
		else if (lie == 3)
			SAY(WIRE_END, stream, wire_put_failed, &end);
		if (lie == 4) {
			file_writer_finish(writing.writer);
			say_saved(stream, 4, false);
		}
		assert_false(house->open);
		assert_over(ERROR_UNAVAILABLE, FILE_FAULT_OTHER);
		link_up();
		house->said_read = house->said_count;
	}
}

static void an_agent_of_an_earlier_version_is_not_asked(void **state)
{
	(void)state;
	house->sb->hello.version = WIRE_VERSION_UPLOADS - 1;
	offer("a", 0, 0);
	settle();
	assert_int_equal(offered.err.kind, ERROR_CONFLICT);
	expect_silence();
}

static void an_offer_may_be_taken_back(void **state)
{
	(void)state;
	sandbox_cancel(offer("a", 0, 0));
	say_created(next_stream() - 1, "/workspace/a", false);
	settle();
	assert_int_equal(offered.calls, 1);
	assert_int_equal(offered.err.kind, ERROR_CANCELLED);
}

#define test(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_place_that_is_one_gets_a_link),
		test(a_place_that_is_none_gets_none),
		test(a_file_goes_out_within_the_window_and_is_saved),
		test(a_link_that_is_not_free_says_one_thing),
		test(who_leaves_gives_the_use_back),
		test(who_leaves_after_the_last_byte_is_not_waited_for),
		test(a_failure_inside_gives_the_use_back_and_says_why),
		test(a_file_is_as_large_as_the_link_allows_and_not_larger),
		test(a_link_that_breaks_ends_the_writing),
		test(a_link_that_breaks_while_saving_leaves_it_open),
		test(a_link_that_is_down_is_waited_for),
		test(a_restart_gives_back_what_was_under_way),
		test(a_restart_gives_nothing_back_that_was_used),
		test(a_container_that_goes_takes_its_links_along),
		test(an_agent_that_lies_loses_its_link),
		test(an_agent_of_an_earlier_version_is_not_asked),
		test(an_offer_may_be_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
