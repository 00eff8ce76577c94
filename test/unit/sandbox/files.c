/* Links to files and the reading of them, against a scripted agent. */
#include <errno.h>
#include "fixture.h"

struct shared {
	int calls;
	char id[ID_SIZE];
	char url[200], name[200], path[200];
	uint64_t size;
	int64_t expires_at;
	struct error err;
};
static struct shared shared;

static void on_shared(void *ctx, const struct file_view *view, const struct error *err)
{
	(void)ctx;
	shared = (struct shared){ .calls = shared.calls + 1 };
	if (err) {
		shared.err = *err;
		return;
	}
	memcpy(shared.id, view->id, ID_SIZE);
	snprintf(shared.url, sizeof(shared.url), "%s", view->url);
	snprintf(shared.name, sizeof(shared.name), "%s", view->name);
	snprintf(shared.path, sizeof(shared.path), "%s", view->path);
	shared.size = view->size;
	shared.expires_at = view->expires_at;
}

static bool is_shared(void)
{
	return shared.calls > 0;
}

static struct sandbox_op *share(const char *path, int64_t ttl_ms)
{
	struct file_request request = {
		.owner = "me", .container_id = house->container_id, .path = path, .ttl_ms = ttl_ms
	};
	struct sandbox_op *op;
	struct error err;

	shared.calls = 0;
	op = file_share(house->all, &request, on_shared, NULL, &err);
	if (!op)
		fail_msg("%s", err.text);
	return op;
}

static void say_opened(uint32_t stream, const char *path, uint64_t size)
{
	struct wire_opened opened = { .size = size, .modified_ns = 5000000000, .inode = 7 };

	snprintf(opened.path, sizeof(opened.path), "%s", path);
	SAY(WIRE_OPENED, stream, wire_put_opened, &opened);
}

/* Makes a link; the next file stream is the second. */
static void share_report(void)
{
	share("out/report.txt", 0);
	say_opened(WIRE_FILE_STREAM, "/workspace/out/report.txt", 100000);
	settle();
	assert_int_equal(shared.err.kind, ERROR_NONE);
	house->said_read = house->said_count;
}

struct reading {
	int opened, over;
	struct error err;
	uint64_t size, version;
	char name[100];
	size_t got;
	struct file_reader *reader;
	bool close_in_data;
};
static struct reading reading;

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	(void)ctx;
	reading.opened++;
	if (err) {
		reading.err = *err;
		return;
	}
	reading.size = file->size;
	reading.version = file->version;
	snprintf(reading.name, sizeof(reading.name), "%s", file->name);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	reading.got += len;
	if (reading.close_in_data) {
		file_reader_close(reading.reader);
		reading.reader = NULL;
	}
}

static void on_over(void *ctx, const struct error *err)
{
	(void)ctx;
	reading.over++;
	if (err)
		reading.err = *err;
}

static const struct file_events reading_events = { on_open, on_data, on_over };

static uint32_t open_reader(void)
{
	struct error err;
	uint32_t stream = WIRE_FILE_STREAM | house->sb->next_file_stream;

	reading = (struct reading){ 0 };
	reading.reader = file_reader_open(house->all, shared.id, &reading_events, NULL, &err);
	if (!reading.reader)
		fail_msg("%s", err.text);
	return stream;
}

static void say_data(uint32_t stream, uint64_t offset, size_t len)
{
	static char zeros[WIRE_FILE_WINDOW * 2];

	say_output(WIRE_DATA, stream, offset, zeros, len);
}

static void say_end(uint32_t stream, int number)
{
	struct wire_failed failed = { .number = (uint32_t)number };

	SAY(WIRE_END, stream, wire_put_failed, &failed);
}

static void a_file_that_is_there_gets_a_link(void **state)
{
	const struct said *said;
	struct wire_open open;

	(void)state;
	share("out/보고서 1.txt", 60000);
	said = expect_said(WIRE_OPEN, WIRE_FILE_STREAM);
	assert_true(wire_get_open(
		&(struct wire_frame){ said->type, 0, said->payload, said->length }, &open));
	assert_string_equal(open.base, "/workspace");
	assert_string_equal(open.path, "out/보고서 1.txt");
	say_opened(WIRE_FILE_STREAM, "/workspace/real.txt", 12);
	settle();
	assert_int_equal(shared.calls, 1);
	assert_string_equal(shared.name, "보고서 1.txt");
	assert_string_equal(shared.path, "/workspace/real.txt");
	assert_int_equal(shared.size, 12);
	assert_true(id_is_formed("f-", shared.id));
	assert_non_null(strstr(shared.url, "http://localhost:1/files/f-"));
	assert_true(shared.expires_at <= clock_wall_ms() + 60000);
	expect_said(WIRE_CLOSE, WIRE_FILE_STREAM);
}

static void a_link_never_outlives_its_container(void **state)
{
	(void)state;
	share("a", 24 * 3600 * 1000LL);
	say_opened(WIRE_FILE_STREAM, "/workspace/a", 1);
	settle();
	assert_int_equal(shared.expires_at, house->sb->row.expires_at);
}

static void a_directory_is_told_what_to_do(void **state)
{
	struct wire_failed failed = { .number = EISDIR, .where = "open" };

	(void)state;
	share("out", 0);
	SAY(WIRE_FAILED, WIRE_FILE_STREAM, wire_put_failed, &failed);
	settle();
	assert_int_equal(shared.err.kind, ERROR_INVALID);
	assert_non_null(strstr(shared.err.text, "archive"));
}

static void each_reason_against_a_file_has_its_next_step(void **state)
{
	static const struct {
		uint32_t number;
		enum error_kind kind;
		const char *text, *next;
		bool retryable;
	} cases[] = {
		{ ENOENT, ERROR_NOT_FOUND, "there is no file out", "list_files", false },
		{ EACCES, ERROR_CONFLICT, "may not be read", "chmod", false },
		{ EMFILE, ERROR_LIMIT, "too many files", "again", true },
		{ EAGAIN, ERROR_CONFLICT, "lease", "copy the file", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_failed failed = { .number = cases[i].number, .where = "open" };
		struct error err;

		assert_false(path_error(&failed, "out", &err));
		assert_int_equal(err.kind, cases[i].kind);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_non_null(strstr(err.next, cases[i].next));
		assert_int_equal(err.retryable, cases[i].retryable);
	}
}

static bool note_file(void *ctx, const struct file_view *view)
{
	assert_string_equal(view->path, "/workspace/out/report.txt");
	assert_non_null(strstr(view->url, shared.id));
	assert_true(view->expires_at <= house->sb->row.expires_at);
	++*(int *)ctx;
	return true;
}

static void the_links_of_a_container_are_listed_for_its_owner(void **state)
{
	struct error err;
	int count = 0;

	(void)state;
	assert_true(file_each(house->all, "me", house->container_id, note_file, &count, &err));
	assert_int_equal(count, 0);
	share_report();
	assert_true(file_each(house->all, "me", house->container_id, note_file, &count, &err));
	assert_int_equal(count, 1);
	assert_false(file_each(house->all, "you", house->container_id, note_file, &count, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void a_file_is_read_within_the_window(void **state)
{
	uint32_t stream;
	uint64_t size = 3 * (uint64_t)WIRE_FILE_WINDOW;

	(void)state;
	share_report();
	stream = open_reader();
	expect_said(WIRE_OPEN, stream);
	say_opened(stream, "/workspace/out/report.txt", size);
	assert_int_equal(reading.opened, 1);
	assert_string_equal(reading.name, "report.txt");
	file_reader_read(reading.reader, 0, size);
	expect_said(WIRE_READ, stream);
	say_data(stream, 0, WIRE_FILE_WINDOW);
	assert_int_equal(reading.got, WIRE_FILE_WINDOW);
	expect_silence(); /* nothing was passed on yet */
	file_reader_taken(reading.reader, 1000);
	expect_silence();
	file_reader_taken(reading.reader, WIRE_FILE_WINDOW / 2);
	assert_int_equal(expect_offsets(WIRE_ACK, stream).out, WIRE_FILE_WINDOW / 2 + 1000);
	say_data(stream, WIRE_FILE_WINDOW, WIRE_FILE_WINDOW / 2);
	/* An agent that goes beyond the window fills no memory. */
	say_data(stream, WIRE_FILE_WINDOW + WIRE_FILE_WINDOW / 2, 1001);
	assert_false(house->open);
	assert_int_equal(reading.over, 1);
	assert_int_equal(reading.err.kind, ERROR_UNAVAILABLE);
	file_reader_close(reading.reader);
}

static void a_range_ends_when_its_last_byte_came(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 500, 100);
	say_data(stream, 500, 100);
	assert_int_equal(reading.over, 0);
	say_end(stream, 0);
	assert_int_equal(reading.over, 1);
	assert_int_equal(reading.err.kind, ERROR_NONE);
	assert_int_equal(reading.got, 100);
	file_reader_close(reading.reader);
}

static void a_file_that_becomes_shorter_is_told(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 0, 100000);
	say_data(stream, 0, 10);
	say_end(stream, ENODATA);
	assert_int_equal(reading.over, 1);
	assert_non_null(strstr(reading.err.text, "became shorter"));
	file_reader_close(reading.reader);
}

static void an_end_before_the_last_byte_is_not_believed(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 0, 100000);
	say_data(stream, 0, 10);
	say_end(stream, 0);
	assert_false(house->open);
	assert_int_equal(reading.err.kind, ERROR_UNAVAILABLE);
	file_reader_close(reading.reader);
}

static void a_reader_may_be_closed_in_its_own_callback(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 0, 100000);
	house->said_read = house->said_count;
	reading.close_in_data = true;
	say_data(stream, 0, 10);
	expect_said(WIRE_CLOSE, stream);
	say_data(stream, 10, 10); /* was on its way */
	assert_true(house->open);
	assert_int_equal(reading.got, 10);
	assert_int_equal(reading.over, 0);
}

static void a_changed_file_has_another_version(void **state)
{
	uint32_t stream;
	uint64_t version;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	version = reading.version;
	file_reader_close(reading.reader);
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100001);
	assert_int_not_equal(reading.version, version);
	file_reader_close(reading.reader);
}

static void a_broken_link_is_waited_for(void **state)
{
	(void)state;
	break_link();
	share("a", 0);
	link_up();
	expect_said(WIRE_OPEN, WIRE_FILE_STREAM);
	say_opened(WIRE_FILE_STREAM, "/workspace/a", 1);
	run_until(is_shared);
	assert_int_equal(shared.err.kind, ERROR_NONE);
}

static void a_link_that_breaks_while_reading_ends_the_reading(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 0, 100000);
	break_link();
	assert_int_equal(reading.over, 1);
	assert_int_equal(reading.err.kind, ERROR_UNAVAILABLE);
	file_reader_close(reading.reader);
}

static void links_that_are_unknown_over_or_of_a_dead_container_say_so(void **state)
{
	struct error err;
	char id[ID_SIZE];

	(void)state;
	id_new("f-", id);
	assert_null(file_reader_open(house->all, id, &reading_events, NULL, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_null(file_reader_open(house->all, "x", &reading_events, NULL, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	share("a", 1);
	say_opened(WIRE_FILE_STREAM, "/workspace/a", 1);
	run_until(is_shared);
	for (int64_t until = shared.expires_at; clock_wall_ms() < until;)
		;
	assert_null(file_reader_open(house->all, shared.id, &reading_events, NULL, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_non_null(strstr(err.text, "this link ended at "));
	house->all->podman_up = false;
	destroy_begin(house->sb, REASON_ASKED);
	assert_null(file_reader_open(house->all, shared.id, &reading_events, NULL, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_non_null(strstr(err.next, "create_container"));
}

static void a_container_that_goes_ends_the_reading(void **state)
{
	uint32_t stream;

	(void)state;
	share_report();
	stream = open_reader();
	say_opened(stream, "/workspace/out/report.txt", 100000);
	file_reader_read(reading.reader, 0, 100000);
	house->all->podman_up = false;
	destroy_begin(house->sb, REASON_ASKED);
	assert_int_equal(reading.over, 1);
	file_reader_close(reading.reader);
}

static void sharing_may_be_taken_back(void **state)
{
	struct sandbox_op *op;

	(void)state;
	op = share("a", 0);
	sandbox_cancel(op);
	say_opened(WIRE_FILE_STREAM, "/workspace/a", 1);
	settle();
	assert_int_equal(shared.calls, 1);
	assert_int_equal(shared.err.kind, ERROR_CANCELLED);
}

#define test(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_file_that_is_there_gets_a_link),
		test(a_link_never_outlives_its_container),
		test(a_directory_is_told_what_to_do),
		test(each_reason_against_a_file_has_its_next_step),
		test(the_links_of_a_container_are_listed_for_its_owner),
		test(a_file_is_read_within_the_window),
		test(a_range_ends_when_its_last_byte_came),
		test(a_file_that_becomes_shorter_is_told),
		test(an_end_before_the_last_byte_is_not_believed),
		test(a_reader_may_be_closed_in_its_own_callback),
		test(a_changed_file_has_another_version),
		test(a_broken_link_is_waited_for),
		test(a_link_that_breaks_while_reading_ends_the_reading),
		test(links_that_are_unknown_over_or_of_a_dead_container_say_so),
		test(a_container_that_goes_ends_the_reading),
		test(sharing_may_be_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
