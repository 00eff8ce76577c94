/* Uploads over a real connection, into a container that is played by fakes.h. */
#include "fakes.h"
#include <poll.h>

static int open_web(void **state)
{
	static struct fixture fixture;

	open_fakes(&fixture);
	*state = &fixture;
	return 0;
}

static int close_web(void **state)
{
	fixture_close(*state);
	return sink.opened == sink.closed ? 0 : 1;
}

#define PUT(headers) "PUT /uploads/u-x HTTP/1.1\r\nHost: anything\r\n" headers "\r\n"

static void fill(char *data, size_t len, uint64_t offset)
{
	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(offset + i);
}

/* Up to `end` of the body; false when the connection takes no more. */
static bool send_body(int fd, uint64_t offset, uint64_t end)
{
	static char piece[64 * 1024];

	while (offset < end) {
		size_t len = end - offset < sizeof(piece) ? (size_t)(end - offset) : sizeof(piece);

		fill(piece, len, offset);
		if (!client_send(fd, piece, len))
			return false;
		offset += len;
	}
	return true;
}

/* --- whole ones --------------------------------------------------------------------------- */

enum { BIG = 20 * 1024 * 1024 + 7 };

static void send_two(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 20971527\r\nOrigin: https://other\r\n"));
	fixture->note[0] = send_body(fd, 0, BIG);
	fixture->note[1] = client_read_answer(fd, &fixture->got) &&
			   strstr(buf_text(&fixture->got), "HTTP/1.1 201") != NULL &&
			   strstr(buf_text(&fixture->got),
				  "{\"path\":\"/workspace/x\",\"size\":20971527}") != NULL;
	/* The connection is as good as before. */
	client_say(fd, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
	fixture->note[2] = client_read_answer(fd, &fixture->got);
	close(fd);
}

static void a_big_file_goes_in_with_constant_memory(void **state)
{
	struct fixture *fixture = *state;

	play(fixture, send_two);
	assert_true(fixture->note[0] && fixture->note[1] && fixture->note[2]);
	assert_string_equal(sink.asked, "u-x");
	assert_int_equal(sink.announced, BIG);
	assert_int_equal(sink.got, BIG);
	assert_false(sink.wrong);
	assert_in_range(sink.most_ahead, 1, WINDOW);
}

static void send_chunks(struct fixture *fixture)
{
	static char piece[40000];
	uint64_t offset = 0;
	int fd = client_connect(fixture);

	client_say(fd, PUT("Transfer-Encoding: chunked\r\n"));
	for (size_t len = 1; len < sizeof(piece); len = len * 3 + 1) {
		char size[16];

		snprintf(size, sizeof(size), "%zx\r\n", len);
		client_say(fd, size);
		fill(piece, len, offset);
		client_send(fd, piece, len);
		client_say(fd, "\r\n");
		offset += len;
	}
	client_say(fd, "0\r\n\r\n");
	client_read_all(fd, &fixture->got);
	fixture->note[0] = (int)offset;
	close(fd);
}

static void chunks_without_a_length_are_a_file(void **state)
{
	struct fixture *fixture = *state;

	sink.replaces = true;
	play(fixture, send_chunks);
	assert_has(buf_text(&fixture->got), "HTTP/1.1 200");
	assert_int_equal(sink.announced, -1);
	assert_int_equal(sink.got, fixture->note[0]);
	assert_false(sink.wrong);
	assert_int_equal(sink.finished, 1);
}

static void an_empty_body_is_an_empty_file(void **state)
{
	const char *got = answer_to(*state, PUT("Content-Length: 0\r\nConnection: close\r\n"));

	assert_has(got, "HTTP/1.1 201");
	assert_int_equal(sink.finished, 1);
	assert_int_equal(sink.announced, 0);
	got = answer_to(*state, PUT("Transfer-Encoding: chunked\r\n") "0\r\n\r\n");
	assert_has(got, "HTTP/1.1 201");
	assert_int_equal(sink.finished, 2);
	/* An escaped letter is the same path. */
	got = answer_to(*state, "PUT /%75ploads/u-x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
				"Content-Length: 3\r\n\r\nabc");
	assert_has(got, "HTTP/1.1 201");
	assert_int_equal(sink.got, 3);
}

static void wait_for_continue(struct fixture *fixture)
{
	static const char wanted[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char line[sizeof(wanted)] = "";
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n"));
	fixture->note[0] = recv(fd, line, sizeof(line) - 1, MSG_WAITALL) == sizeof(line) - 1 &&
			   strcmp(line, wanted) == 0;
	client_say(fd, "abcde");
	client_read_all(fd, &fixture->got);
	close(fd);
}

static void who_asks_first_is_told_to_send(void **state)
{
	struct fixture *fixture = *state;

	play(fixture, wait_for_continue);
	assert_true(fixture->note[0]);
	assert_has(buf_text(&fixture->got), "HTTP/1.1 201");
	assert_int_equal(sink.got, 5);
}

/* --- refusals ----------------------------------------------------------------------------- */

static void each_refusal_has_its_status_and_comes_before_the_body(void **state)
{
	static const struct {
		enum error_kind error;
		enum file_fault fault;
		const char *wanted, *also;
	} cases[] = {
		{ ERROR_NOT_FOUND, FILE_FAULT_LINK, "HTTP/1.1 404", "\"code\":\"not_found\"" },
		{ ERROR_LIMIT, FILE_FAULT_LARGE, "HTTP/1.1 413", "larger max_bytes" },
		{ ERROR_LIMIT, FILE_FAULT_ROOM, "HTTP/1.1 507", "Make room" },
		{ ERROR_LIMIT, FILE_FAULT_OTHER, "HTTP/1.1 503", "Retry-After: 5\r\n" },
		{ ERROR_GONE, FILE_FAULT_OTHER, "HTTP/1.1 410", "it is <gone>" },
		{ ERROR_INVALID, FILE_FAULT_OTHER, "HTTP/1.1 409", "another path" },
		{ ERROR_CONFLICT, FILE_FAULT_OTHER, "HTTP/1.1 409", "another path" },
		{ ERROR_UNAVAILABLE, FILE_FAULT_OTHER, "HTTP/1.1 503", "Retry-After: 5\r\n" },
		{ ERROR_INTERNAL, FILE_FAULT_OTHER, "HTTP/1.1 500", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		sink.error = cases[i].error;
		sink.fault = cases[i].fault;
		got = answer_to(*state, PUT("Content-Length: 5\r\nExpect: 100-continue\r\n"));
		assert_int_equal(strncmp(got, cases[i].wanted, strlen(cases[i].wanted)), 0);
		assert_has(got, cases[i].also);
		assert_has(got, "Connection: close\r\n");
	}
	assert_int_equal(sink.got, 0);
}

static void what_is_no_upload_is_refused_without_asking(void **state)
{
	assert_has(answer_to(*state, PUT("")), "HTTP/1.1 411");
	assert_has(answer_to(*state, PUT("Content-Length: 1\r\nContent-Range: bytes 0-0/2\r\n")),
		   "HTTP/1.1 400");
	assert_has(answer_to(*state, PUT("Content-Length: 1\r\nContent-Encoding: gzip\r\n")),
		   "HTTP/1.1 415");
	assert_has(answer_to(*state, PUT("Content-Length: 1\r\nContent-Length: 2\r\n")),
		   "HTTP/1.1 400");
	assert_has(answer_to(*state, PUT("Content-Length: 999999999999999999999\r\n")),
		   "HTTP/1.1 4");
	assert_int_equal(sink.opened, 0);
}

static void send_endlessly(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 20971527\r\n"));
	(void)send_body(fd, 0, BIG);
	client_read_all(fd, &fixture->got);
	close(fd);
}

static void a_refusal_in_the_middle_reaches_who_goes_on_sending(void **state)
{
	struct fixture *fixture = *state;

	sink.fails_at = 1024 * 1024;
	sink.error = ERROR_LIMIT;
	sink.fault = FILE_FAULT_ROOM;
	play(fixture, send_endlessly);
	assert_int_equal(strncmp(buf_text(&fixture->got), "HTTP/1.1 507", 12), 0);
	assert_has(buf_text(&fixture->got), "\"message\":\"it is <gone>\"");
	assert_int_equal(count_of(buf_text(&fixture->got), "HTTP/1.1 "), 1);
	assert_int_equal(sink.finished, 0);
}

static void a_refusal_before_the_body_reaches_who_sends_it_all_the_same(void **state)
{
	struct fixture *fixture = *state;

	sink.error = ERROR_NOT_FOUND;
	sink.fault = FILE_FAULT_LINK;
	play(fixture, send_endlessly);
	assert_int_equal(strncmp(buf_text(&fixture->got), "HTTP/1.1 404", 12), 0);
	assert_has(buf_text(&fixture->got), "\"message\":\"it is <gone>\"");
	assert_int_equal(sink.got, 0);
}

static void send_a_part(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 20971527\r\n"));
	(void)send_body(fd, 0, 1000);
	fixture->note[0] = client_read_answer(fd, &fixture->got);
	close(fd);
}

static void a_refusal_in_the_middle_reaches_who_waits(void **state)
{
	struct fixture *fixture = *state;

	sink.fails_at = 1000;
	sink.fails_unasked = true;
	sink.error = ERROR_UNAVAILABLE;
	play(fixture, send_a_part);
	assert_true(fixture->note[0]);
	assert_int_equal(strncmp(buf_text(&fixture->got), "HTTP/1.1 503", 12), 0);
	assert_has(buf_text(&fixture->got), "Retry-After: 5\r\n");
}

static void who_sends_too_slowly_is_told(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.idle_seconds = 1;
	play(fixture, send_a_part);
	assert_int_equal(strncmp(buf_text(&fixture->got), "HTTP/1.1 408", 12), 0);
	assert_int_equal(sink.got, 1000);
	assert_int_equal(sink.finished, 0);
}

/* --- clients that leave ------------------------------------------------------------------- */

static void wait_for_close(int count)
{
	while (__atomic_load_n(&sink.closed, __ATOMIC_SEQ_CST) < count)
		sched_yield();
}

static void leave_early(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 20971527\r\n"));
	(void)send_body(fd, 0, 1000);
	close(fd);
	wait_for_close(1);
	fd = client_connect(fixture);
	client_say(fd, PUT("Transfer-Encoding: chunked\r\n") "5\r\nabcde\r\n");
	shutdown(fd, SHUT_WR);
	wait_for_close(2);
	close(fd);
}

static void a_body_that_breaks_off_is_no_file(void **state)
{
	play(*state, leave_early);
	assert_int_equal(sink.opened, 2);
	assert_int_equal(sink.finished, 0);
}

static void leave_unopened(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 5\r\n") "abc");
	shutdown(fd, SHUT_WR);
	(void)!recv(fd, &fixture->note, 1, 0);
	close(fd);
	wait_for_close(1);
}

static void who_leaves_before_the_place_is_open_is_noticed(void **state)
{
	sink.silent = true;
	play(*state, leave_unopened);
	assert_int_equal(sink.opened, 1);
	assert_int_equal(sink.got, 0);
}

/* How much goes into a connection whose other end takes nothing. */
static uint64_t stuff(int fd, uint64_t offset)
{
	static char piece[64 * 1024];
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t sent;

	while (poll(&ready, 1, 200) == 1) {
		fill(piece, sizeof(piece), offset);
		sent = send(fd, piece, sizeof(piece), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0)
			offset += (uint64_t)sent;
	}
	return offset;
}

static void send_into_a_wall(struct fixture *fixture)
{
	uint64_t offset;
	int fd = client_connect(fixture);

	client_say(fd, PUT("Content-Length: 209715200\r\nConnection: close\r\n"));
	offset = stuff(fd, 0);
	fixture->note[0] = (int)(offset / 1024);
	fixture->note[1] = (int)__atomic_load_n(&sink.got, __ATOMIC_SEQ_CST);
	__atomic_store_n(&sink.hold, false, __ATOMIC_SEQ_CST);
	fixture->note[2] = send_body(fd, offset, 209715200);
	client_read_all(fd, &fixture->got);
	close(fd);
}

static void a_container_that_is_slow_holds_its_client_back(void **state)
{
	struct fixture *fixture = *state;

	sink.hold = true;
	play(fixture, send_into_a_wall);
	assert_int_equal(fixture->note[1], WINDOW);
	assert_in_range(fixture->note[0], WINDOW / 1024, 32 * 1024); /* sockets hold the rest */
	assert_true(fixture->note[2]);
	assert_has(buf_text(&fixture->got), "HTTP/1.1 201");
	assert_int_equal(sink.got, 209715200);
	/* It waits; it does not ask again and again. */
	assert_in_range(sink.in_vain, 0, 2 * 209715200 / WINDOW);
	assert_false(sink.wrong);
}

#define WEB_TEST(name) cmocka_unit_test_setup_teardown(name, open_web, close_web)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(a_big_file_goes_in_with_constant_memory),
		WEB_TEST(chunks_without_a_length_are_a_file),
		WEB_TEST(an_empty_body_is_an_empty_file),
		WEB_TEST(who_asks_first_is_told_to_send),
		WEB_TEST(each_refusal_has_its_status_and_comes_before_the_body),
		WEB_TEST(what_is_no_upload_is_refused_without_asking),
		WEB_TEST(a_refusal_before_the_body_reaches_who_sends_it_all_the_same),
		WEB_TEST(a_refusal_in_the_middle_reaches_who_goes_on_sending),
		WEB_TEST(a_refusal_in_the_middle_reaches_who_waits),
		WEB_TEST(who_sends_too_slowly_is_told),
		WEB_TEST(a_body_that_breaks_off_is_no_file),
		WEB_TEST(who_leaves_before_the_place_is_open_is_noticed),
		WEB_TEST(a_container_that_is_slow_holds_its_client_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
