/* Bodies in pieces: back-pressure, memory, cuts that a client can see, clients that leave. */
#include "fixture.h"
#include "internal.h"

/* What was freed must not count as memory held. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

enum { PIECE = 32 * 1024, LARGE = 8 * 1024 * 1024, READERS = 20 };
#define BIG (200 * 1024 * 1024)

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void pour(struct fixture *fixture)
{
	static const char piece[PIECE] = { 'p' };
	size_t room = 1;

	while (fixture->left > 0 && room > 0) {
		size_t len = fixture->left < PIECE ? (size_t)fixture->left : PIECE;

		fixture->left -= len;
		room = http_stream_write(fixture->stream, piece, len);
	}
	if (fixture->left == 0 && fixture->cutting)
		http_stream_abort(fixture->stream);
	else if (fixture->left == 0)
		http_stream_finish(fixture->stream);
}

static void on_room(void *ctx)
{
	struct fixture *fixture = ctx;

	fixture->handled++;
	pour(fixture);
}

static void on_over(void *ctx, bool whole)
{
	struct fixture *fixture = ctx;

	fixture->stream = NULL;
	fixture->wholes += whole;
	__atomic_add_fetch(&fixture->overs, 1, __ATOMIC_SEQ_CST);
}

static struct http_stream *open_stream(struct fixture *fixture, struct http_request *req,
				       int64_t length)
{
	struct http_stream_options options = { .status = 200,
					       .content_type = "application/octet-stream",
					       .length = length,
					       .on_room = on_room,
					       .on_over = on_over,
					       .ctx = fixture };

	return http_stream_open(req, &options);
}

static void on_tick(void *ctx)
{
	struct fixture *fixture = ctx;

	if (fixture->stream && fixture->left > 0) {
		fixture->left--;
		http_stream_write(fixture->stream, "data: x\n\n", 9);
	} else if (fixture->stream) {
		http_stream_finish(fixture->stream);
	}
}

static void on_abort_time(void *ctx)
{
	struct fixture *fixture = ctx;

	timer_stop(take(fixture->timer));
	fixture->left = 1;
	http_stream_abort(fixture->stream);
}

static void on_later(void *ctx)
{
	struct fixture *fixture = ctx;

	timer_stop(fixture->timer);
	fixture->timer = NULL;
	fixture->left = 10;
	fixture->stream = open_stream(fixture, take(fixture->held), 10);
	pour(fixture);
}

static void handle(void *ctx, struct http_request *req)
{
	struct fixture *fixture = ctx;
	const char *path = http_path(req);

	fixture->cutting = strstr(path, "cut") != NULL;
	if (!strcmp(path, "/events")) {
		fixture->left = 20;
		fixture->stream = open_stream(fixture, req, -1);
		fixture->timer = timer_start(fixture->loop, 1, 1, on_tick, fixture);
	} else if (!strcmp(path, "/later")) {
		fixture->held = req;
		fixture->timer = timer_start(fixture->loop, 1, 0, on_later, fixture);
	} else if (!strcmp(path, "/empty")) {
		fixture->stream = open_stream(fixture, req, 0);
	} else if (!strcmp(path, "/large")) {
		auto_str body = mem_zeroed(1, LARGE);

		http_reply(req, 200, "application/octet-stream", body, LARGE);
	} else if (!strcmp(path, "/silent")) {
		fixture->stream = open_stream(fixture, req, -1);
	} else if (!strcmp(path, "/flood")) {
		fixture->stream = open_stream(fixture, req, -1);
		for (int i = 0; i < 64; i++) {
			static const char piece[PIECE] = { 'p' };

			http_stream_write(fixture->stream, piece, PIECE);
		}
	} else if (!strncmp(path, "/stuck", strlen("/stuck"))) {
		fixture->left = BIG;
		fixture->stream = open_stream(fixture, req, strcmp(path, "/stuck") ? -1 : BIG);
		fixture->timer = timer_start(fixture->loop, 50, 0, on_abort_time, fixture);
		pour(fixture);
	} else if (strstr(path, "known")) {
		fixture->left = BIG - (fixture->cutting ? 1 : 0);
		fixture->stream = open_stream(fixture, req, BIG);
		pour(fixture);
	} else {
		fixture->left = 1000 * 1000;
		fixture->stream = open_stream(fixture, req, -1);
		pour(fixture);
	}
}

static void open_and_play(struct fixture *fixture, void (*client)(struct fixture *fixture))
{
	fixture_open(fixture, handle);
	play(fixture, client);
}

/* Counts without keeping. */
static ssize_t count_all(int fd, uint64_t *ret_bytes)
{
	static char piece[256 * 1024];
	ssize_t len;

	*ret_bytes = 0;
	while ((len = recv(fd, piece, sizeof(piece), 0)) > 0)
		*ret_bytes += (uint64_t)len;
	return len;
}

static long resident_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all, resident = 0;

	if (fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void read_big(struct fixture *fixture)
{
	uint64_t bytes;
	int fd = client_connect_sized(fixture, 64 * 1024);

	client_say(fd, GET("/known"));
	(void)!recv(fd, &bytes, 1, 0);
	fixture->note[2] = (int)resident_kb();
	fixture->note[0] = (int)count_all(fd, &bytes);
	fixture->note[1] = bytes > BIG && bytes < BIG + 1024;
	fixture->note[3] = (int)resident_kb();
	close(fd);
}

static void a_big_body_with_a_slow_reader_stays_within_memory(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_big);
	assert_int_equal(fixture.note[0], 0);
	assert_true(fixture.note[1]);
	assert_true(fixture.handled > 100);
	assert_in_range(fixture.note[3], 0, fixture.note[2] + 8 * 1024);
	assert_int_equal(fixture.overs, 1);
	assert_int_equal(fixture.wholes, 1);
	assert_int_equal(http_pending(fixture.server), 0);
	fixture_close(&fixture);
}

static void let_answers_wait(struct fixture *fixture)
{
	int fds[READERS];
	uint64_t bytes;

	for (int i = 0; i < READERS; i++) {
		fds[i] = client_connect_sized(fixture, 4096);
		client_say(fds[i], GET("/large"));
		(void)!recv(fds[i], &bytes, 1, 0);
	}
	fixture->note[2] = (int)(fixture->server->reply_bytes / LARGE);
	count_all(fds[0], &bytes);
	fixture->note[0] = bytes >= LARGE;
	count_all(fds[READERS - 1], &bytes);
	fixture->note[1] = bytes >= LARGE;
	for (int i = 0; i < READERS; i++)
		close(fds[i]);
}

static void answers_that_nobody_takes_are_bounded_together(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, let_answers_wait);
	assert_int_equal(fixture.note[2], REPLIES_MAX / LARGE);
	assert_false(fixture.note[0]);
	assert_true(fixture.note[1]);
	fixture_close(&fixture);
}

static void read_cut_known(struct fixture *fixture)
{
	uint64_t bytes;
	int fd = client_connect(fixture);

	client_say(fd, GET("/cut-known"));
	fixture->note[0] = (int)count_all(fd, &bytes);
	fixture->note[1] = bytes < BIG;
	close(fd);
}

static void read_cut_chunked(struct fixture *fixture)
{
	client_ask(fixture, GET("/cut"));
	fixture->note[1] = !strstr(buf_text(&fixture->got), "\r\n0\r\n");
}

static void read_cut_old(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, "GET /cut HTTP/1.0\r\n\r\n");
	fixture->note[1] = client_read_all(fd, &fixture->got) < 0;
	close(fd);
}

static void an_aborted_body_is_incomplete_for_the_client(void **state)
{
	void (*const clients[])(struct fixture *) = { read_cut_known, read_cut_chunked,
						      read_cut_old };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fixture fixture;

		open_and_play(&fixture, clients[i]);
		assert_true(fixture.note[1]);
		assert_int_equal(fixture.overs, 1);
		assert_int_equal(fixture.wholes, 0);
		fixture_close(&fixture);
	}
}

static void read_old(struct fixture *fixture)
{
	client_ask(fixture, "GET /whole HTTP/1.0\r\n\r\n");
	fixture->note[0] = (int)strlen(strstr(buf_text(&fixture->got), "\r\n\r\n") + 4);
}

static void an_old_client_gets_a_body_without_chunks(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_old);
	assert_null(strstr(buf_text(&fixture.got), "chunked"));
	assert_true(fixture.got.len > 1000 * 1000);
	assert_int_equal(fixture.wholes, 1);
	fixture_close(&fixture);
}

static void read_events(struct fixture *fixture)
{
	client_ask(fixture, GET("/events"));
}

static void events_are_delivered_one_by_one_and_ended(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_events);
	assert_int_equal(count_of(buf_text(&fixture.got), "data: x\n\n"), 20);
	assert_non_null(strstr(buf_text(&fixture.got), "\r\n0\r\n\r\n"));
	assert_int_equal(fixture.wholes, 1);
	fixture_close(&fixture);
}

static void read_later(struct fixture *fixture)
{
	client_ask(fixture, GET("/later"));
}

static void a_stream_may_be_opened_after_the_handler_returned(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_later);
	assert_non_null(strstr(buf_text(&fixture.got), "Content-Length: 10\r\n"));
	assert_int_equal(fixture.wholes, 1);
	fixture_close(&fixture);
}

static void read_head_and_empty(struct fixture *fixture)
{
	const char *const asked[] = {
		"HEAD /known HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"HEAD /silent HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", GET("/empty")
	};

	for (size_t i = 0; i < 3; i++) {
		client_ask(fixture, asked[i]);
		fixture->note[i] = fixture->overs;
	}
}

static void HEAD_and_empty_bodies_are_over_by_themselves(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_head_and_empty);
	assert_int_equal(fixture.overs, 3);
	assert_int_equal(fixture.wholes, 3);
	assert_non_null(strstr(buf_text(&fixture.got), "Content-Length: 209715200\r\n"));
	assert_non_null(strstr(buf_text(&fixture.got), "Content-Length: 0\r\n"));
	assert_null(strchr(buf_text(&fixture.got), 'p' + 128));
	assert_true(fixture.got.len < 1024);
	fixture_close(&fixture);
}

static void leave_with(struct fixture *fixture, const char *asked, size_t most)
{
	char piece[1024];
	int fd = client_connect(fixture);

	client_say(fd, asked);
	for (size_t got = 0; got < most; got += sizeof(piece))
		(void)!recv(fd, piece, sizeof(piece), MSG_WAITALL);
	/* At least the header: the stream is open. */
	(void)!recv(fd, piece, sizeof(piece), 0);
	close(fd);
	while (!__atomic_load_n(&fixture->overs, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void leave_amid(struct fixture *fixture)
{
	leave_with(fixture, GET("/known"), 100 * 1024);
}

static void leave_silence(struct fixture *fixture)
{
	leave_with(fixture, GET("/silent"), 0);
}

static void a_client_that_leaves_ends_the_stream(void **state)
{
	void (*const clients[])(struct fixture *) = { leave_amid, leave_silence };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture fixture;

		open_and_play(&fixture, clients[i]);
		assert_int_equal(fixture.overs, 1);
		assert_int_equal(fixture.wholes, 0);
		fixture_close(&fixture);
	}
}

static void read_flood(struct fixture *fixture)
{
	client_ask(fixture, GET("/flood"));
}

static void a_writer_that_does_not_stop_is_cut(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, read_flood);
	assert_int_equal(fixture.overs, 1);
	assert_int_equal(fixture.wholes, 0);
	fixture_close(&fixture);
}

static void stall(struct fixture *fixture)
{
	int fd = client_connect_sized(fixture, 4096);

	client_say(fd, GET("/known"));
	while (!__atomic_load_n(&fixture->overs, __ATOMIC_SEQ_CST))
		sched_yield();
	close(fd);
}

static void a_reader_that_stalls_is_cut_off(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, handle);
	fixture.options.idle_seconds = 1;
	play(&fixture, stall);
	assert_int_equal(fixture.overs, 1);
	assert_int_equal(fixture.wholes, 0);
	fixture_close(&fixture);
}

static void never_read(struct fixture *fixture)
{
	int fd = client_connect_sized(fixture, 4096);
	uint64_t bytes;

	client_say(fd, "GET /stuck-unknown HTTP/1.0\r\n\r\n");
	while (!__atomic_load_n(&fixture->overs, __ATOMIC_SEQ_CST))
		sched_yield();
	fixture->note[0] = (int)count_all(fd, &bytes);
	close(fd);
}

static void an_abort_does_not_wait_for_a_reader_that_stalls(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, handle);
	fixture.options.idle_seconds = 60;
	play(&fixture, never_read);
	assert_int_equal(fixture.note[0], -1);
	assert_int_equal(fixture.wholes, 0);
	fixture_close(&fixture);
}

static void stop_amid(struct fixture *fixture)
{
	fixture->note[0] = client_connect(fixture);
	client_say(fixture->note[0], GET("/silent"));
	(void)!recv(fixture->note[0], fixture->note + 1, 1, 0);
}

static void closing_the_server_ends_its_streams(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, stop_amid);
	http_close(fixture.server);
	fixture.server = NULL;
	assert_int_equal(fixture.overs, 1);
	assert_int_equal(fixture.wholes, 0);
	close(fixture.note[0]);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_big_body_with_a_slow_reader_stays_within_memory),
		cmocka_unit_test(answers_that_nobody_takes_are_bounded_together),
		cmocka_unit_test(an_aborted_body_is_incomplete_for_the_client),
		cmocka_unit_test(an_old_client_gets_a_body_without_chunks),
		cmocka_unit_test(events_are_delivered_one_by_one_and_ended),
		cmocka_unit_test(a_stream_may_be_opened_after_the_handler_returned),
		cmocka_unit_test(HEAD_and_empty_bodies_are_over_by_themselves),
		cmocka_unit_test(a_client_that_leaves_ends_the_stream),
		cmocka_unit_test(a_writer_that_does_not_stop_is_cut),
		cmocka_unit_test(a_reader_that_stalls_is_cut_off),
		cmocka_unit_test(an_abort_does_not_wait_for_a_reader_that_stalls),
		cmocka_unit_test(closing_the_server_ends_its_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
