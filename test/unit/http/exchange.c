/* Requests and answers: bodies, late answers, clients that leave, limits, the end of the server. */
#include "fixture.h"
#include "internal.h"

#include <netinet/tcp.h>
#include "clock.h"

#define GET(path)          "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define LAST(method, path) method " " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void echo(struct http_request *req)
{
	size_t len;
	const char *body = http_body(req, &len);
	auto_buf text = BUF_INIT(1024 * 1024);

	assert_true(buf_addf(&text, "%s %s ", http_method(req), http_path(req)));
	assert_true(buf_addf(&text, "key=%s sse=%d ",
			     http_header(req, "AUTHORIZATION") ? http_header(req, "AUTHORIZATION")
							       : "-",
			     http_accepts(req, "text/event-stream")));
	assert_true(buf_add(&text, body, len));
	http_add_header(req, "X-One", "1");
	http_add_header(req, "X-Two", "a\r\nX-Evil: 1");
	http_reply(req, 200, "text/plain; charset=utf-8", buf_text(&text), text.len);
}

static void on_timer(void *ctx)
{
	struct fixture *fixture = ctx;

	timer_stop(fixture->timer);
	fixture->timer = NULL;
	echo(take(fixture->held));
}

static void on_gone(void *ctx)
{
	struct fixture *fixture = ctx;

	fixture->gone++;
}

static void handle(void *ctx, struct http_request *req)
{
	struct fixture *fixture = ctx;

	fixture->handled++;
	if (!strcmp(http_path(req), "/none")) {
		http_reply(req, 204, NULL, NULL, 0);
	} else if (!strcmp(http_path(req), "/later")) {
		fixture->held = req;
		fixture->timer = timer_start(fixture->loop, 1, 0, on_timer, fixture);
	} else if (!strcmp(http_path(req), "/never")) {
		fixture->held = req;
		http_on_gone(req, on_gone, fixture);
	} else {
		echo(req);
	}
}

static void open_and_play(struct fixture *fixture, void (*client)(struct fixture *fixture))
{
	fixture_open(fixture, handle);
	play(fixture, client);
}

/* --- one connection, several requests ------------------------------------------------------ */

static void keep_alive(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	for (int i = 0; i < 3; i++) {
		client_say(fd, i == 1 ? GET("/later") : GET("/%EA%B0%80+b?x=%EA&y"));
		fixture->note[0] += client_read_answer(fd, &fixture->got);
		fixture->note[i + 1] = strstr(buf_text(&fixture->got), "GET /") != NULL;
	}
	close(fd);
}

static void a_connection_is_used_again_also_after_a_late_answer(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, keep_alive);
	assert_int_equal(fixture.note[0], 3);
	assert_int_equal(fixture.note[1] + fixture.note[2] + fixture.note[3], 3);
	assert_non_null(strstr(buf_text(&fixture.got), "GET /\xea\xb0\x80+b key=- "));
	assert_non_null(strstr(buf_text(&fixture.got), "X-One: 1\r\n"));
	assert_null(strstr(buf_text(&fixture.got), "X-Evil"));
	fixture_close(&fixture);
}

static void ask_head(struct fixture *fixture)
{
	client_ask(fixture, LAST("HEAD", "/a"));
}

static void a_HEAD_request_gets_the_length_and_no_body(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, ask_head);
	assert_non_null(strstr(buf_text(&fixture.got), "Content-Length: "));
	assert_null(strstr(buf_text(&fixture.got), "Content-Length: 0"));
	assert_string_equal(strstr(buf_text(&fixture.got), "\r\n\r\n"), "\r\n\r\n");
	fixture_close(&fixture);
}

static void ask_none(struct fixture *fixture)
{
	client_ask(fixture, LAST("DELETE", "/none"));
}

static void an_answer_without_a_body_has_no_type(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, ask_none);
	assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 204", 12);
	assert_null(strstr(buf_text(&fixture.got), "Content-Type"));
	fixture_close(&fixture);
}

static void ask_headers(struct fixture *fixture)
{
	client_ask(fixture, "GET /a HTTP/1.1\r\nHost: x\r\nauthorization: \tBearer k \t\r\n"
			    "Accept: application/json\r\nAccept: text/event-stream\r\n"
			    "Connection: close\r\n\r\n");
}

static void headers_are_found_in_any_case_and_trimmed(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, ask_headers);
	assert_non_null(strstr(buf_text(&fixture.got), "key=Bearer k sse=1 "));
	fixture_close(&fixture);
}

/* --- bodies -------------------------------------------------------------------------------- */

static void post(struct fixture *fixture, size_t declared, size_t sent)
{
	int fd = client_connect(fixture);
	auto_buf head = BUF_INIT(1024);
	char *body = mem_zeroed(sent + 1, 1);

	(void)!buf_addf(&head,
			"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n\r\n",
			declared);
	client_send(fd, buf_text(&head), head.len);
	memset(body, 'b', sent);
	fixture->note[0] = client_send(fd, body, sent);
	free(body);
	fixture->note[1] = (int)client_read_all(fd, &fixture->got);
	close(fd);
}

static void post_most(struct fixture *fixture)
{
	post(fixture, 100 * 1000, 100 * 1000);
}

static void post_too_much(struct fixture *fixture)
{
	post(fixture, 100 * 1000 + 1, 100 * 1000 + 1);
}

static void post_far_too_much(struct fixture *fixture)
{
	post(fixture, 1000 * 1000 * 1000, 8 * 1000 * 1000);
}

static void post_chunks(struct fixture *fixture)
{
	int fd = client_connect(fixture);
	char piece[4096];

	client_say(fd, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	memset(piece, 'c', sizeof(piece));
	for (int i = 0; i < 1000 && client_say(fd, "1000\r\n"); i++)
		if (!client_send(fd, piece, sizeof(piece)) || !client_say(fd, "\r\n"))
			break;
	client_say(fd, "0\r\n\r\n");
	fixture->note[1] = (int)client_read_all(fd, &fixture->got);
	close(fd);
}

static void a_body_of_the_most_bytes_arrives_whole(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, post_most);
	assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 200", 12);
	assert_true(fixture.got.len > 100 * 1000);
	fixture_close(&fixture);
}

static void a_larger_body_gives_413_and_the_client_gets_to_see_it(void **state)
{
	void (*const clients[])(struct fixture *) = { post_too_much, post_far_too_much,
						      post_chunks };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fixture fixture;

		open_and_play(&fixture, clients[i]);
		assert_int_equal(fixture.note[1], 0);
		assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 413", 12);
		assert_non_null(strstr(buf_text(&fixture.got), "\r\n\r\nThe request body is too "
							       "large; at most "));
		assert_int_equal(count_of(buf_text(&fixture.got), "HTTP/1.1"), 1);
		assert_int_equal(fixture.handled, 0);
		fixture_close(&fixture);
	}
}

/* --- clients that leave -------------------------------------------------------------------- */

static void leave(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	/* A connection that waited before is watched again. */
	client_say(fd, GET("/later"));
	client_read_answer(fd, &fixture->got);
	client_say(fd, GET("/never"));
	client_say(fd, GET("/behind"));
	/* The answer to another connection says that the first was read. */
	client_ask(fixture, LAST("GET", "/a"));
	close(fd);
	while (!__atomic_load_n(&fixture->gone, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void half_close(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, GET("/never"));
	shutdown(fd, SHUT_WR);
	fixture->note[0] = (int)client_read_all(fd, &fixture->got);
	close(fd);
}

static void reset(struct fixture *fixture)
{
	struct linger hard = { .l_onoff = 1 };
	int fd = client_connect(fixture);

	client_say(fd, GET("/never"));
	client_ask(fixture, LAST("GET", "/a"));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	while (!__atomic_load_n(&fixture->gone, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void a_client_that_leaves_is_noticed_and_answering_it_is_harmless(void **state)
{
	void (*const clients[])(struct fixture *) = { leave, half_close, reset };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fixture fixture;

		open_and_play(&fixture, clients[i]);
		assert_int_equal(fixture.gone, 1);
		assert_non_null(fixture.held);
		assert_int_equal(http_pending(fixture.server), 1);
		assert_string_equal(http_path(fixture.held), "/never");
		assert_string_equal(http_header(fixture.held, "Host"), "x");
		echo(fixture.held);
		assert_int_equal(http_pending(fixture.server), 0);
		assert_int_equal(fixture.gone, 1);
		fixture_close(&fixture);
	}
}

static void an_unanswered_request_outlives_the_server(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, half_close);
	http_close(fixture.server);
	fixture.server = NULL;
	echo(fixture.held);
	fixture_close(&fixture);
}

static void ask_and_stop(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, GET("/never"));
	client_ask(fixture, LAST("GET", "/a"));
	fixture->note[0] = fd;
}

static void closing_the_server_closes_what_waits(void **state)
{
	struct fixture fixture;
	char c;

	(void)state;
	open_and_play(&fixture, ask_and_stop);
	assert_int_equal(http_pending(fixture.server), 1);
	http_close(fixture.server);
	fixture.server = NULL;
	assert_int_equal(recv(fixture.note[0], &c, 1, 0), 0);
	assert_int_equal(fixture.gone, 0);
	close(fixture.note[0]);
	echo(fixture.held);
	fixture_close(&fixture);
}

/* --- deadlines and limits ------------------------------------------------------------------ */

static void drip_header(struct fixture *fixture)
{
	int fd = client_connect(fixture);
	int64_t start = clock_mono_ms();
	struct timeval beat = { .tv_usec = 100 * 1000 };
	char c;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &beat, sizeof(beat));
	client_say(fd, "GET /a HTTP/1.1\r\n");
	/* The receive timeout is the pace: a byte every 100 ms. */
	while (client_say(fd, "X") && recv(fd, &c, 1, 0) < 0 && clock_mono_ms() - start < 15000)
		continue;
	fixture->note[0] = (int)(clock_mono_ms() - start);
	close(fd);
}

static void a_header_that_drips_is_cut_off(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, handle);
	fixture.options.idle_seconds = 1;
	play(&fixture, drip_header);
	assert_in_range(fixture.note[0], 900, 4000);
	fixture_close(&fixture);
}

static void crowd(struct fixture *fixture)
{
	int idle[100];

	for (int i = 0; i < 100; i++)
		idle[i] = client_connect(fixture);
	for (int i = 0; i < 20; i++) {
		buf_clear(&fixture->got);
		client_ask(fixture, LAST("GET", "/a"));
		fixture->note[0] += strstr(buf_text(&fixture->got), "GET /a") != NULL;
	}
	for (int i = 0; i < 100; i++)
		close(idle[i]);
}

static void idle_connections_do_not_lock_out_a_client_that_asks(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, handle);
	fixture.options.connections_max = 16;
	play(&fixture, crowd);
	assert_int_equal(fixture.note[0], 20);
	fixture_close(&fixture);
}

static struct connection *stranger(struct http_server *server, const char *address)
{
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 };
	struct connection *conn = mem_new(struct connection);

	inet_pton(AF_INET6, address, &from.sin6_addr);
	address_read((struct sockaddr *)&from, &conn->address);
	conn->next = server->connections;
	server->connections = conn;
	return conn;
}

static bool may_enter(struct http_server *server, const char *address)
{
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 };

	inet_pton(AF_INET6, address, &from.sin6_addr);
	return connection_may_enter(server, (struct sockaddr *)&from, sizeof(from)) == MHD_YES;
}

static void one_address_may_only_hold_its_share_except_loopback(void **state)
{
	struct http_server server = { .per_address_max = 2 };

	(void)state;
	stranger(&server, "2001:db8:1:2::1");
	stranger(&server, "2001:db8:1:2::2");
	stranger(&server, "::ffff:192.0.2.7");
	stranger(&server, "::1");
	stranger(&server, "::1");
	assert_false(may_enter(&server, "2001:db8:1:2::3"));
	assert_true(may_enter(&server, "2001:db8:1:3::3"));
	assert_true(may_enter(&server, "::ffff:192.0.2.7"));
	stranger(&server, "::ffff:192.0.2.7");
	assert_false(may_enter(&server, "::ffff:192.0.2.7"));
	assert_true(may_enter(&server, "::ffff:192.0.2.8"));
	assert_true(may_enter(&server, "::1"));
	assert_true(may_enter(&server, "::ffff:127.0.0.5"));
	while (server.connections) {
		struct connection *conn = server.connections;

		server.connections = conn->next;
		free(conn);
	}
}

/* --- the end ------------------------------------------------------------------------------- */

static void keep_one(struct fixture *fixture)
{
	fixture->note[0] = client_connect(fixture);
	client_say(fixture->note[0], GET("/a"));
	client_read_answer(fixture->note[0], &fixture->got);
}

static void ask_while_draining(struct fixture *fixture)
{
	client_say(fixture->note[0], GET("/a"));
	buf_clear(&fixture->got);
	fixture->note[1] = (int)client_read_all(fixture->note[0], &fixture->got);
	fixture->note[2] = client_connect(fixture);
	close(fixture->note[0]);
}

static void a_draining_server_refuses_new_requests_and_connections(void **state)
{
	struct fixture fixture;

	(void)state;
	open_and_play(&fixture, keep_one);
	http_drain(fixture.server);
	play(&fixture, ask_while_draining);
	assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 503", 12);
	assert_non_null(strstr(buf_text(&fixture.got), "Connection: close"));
	assert_int_equal(fixture.note[2], -1);
	assert_int_equal(fixture.handled, 1);
	fixture_close(&fixture);
}

static void a_port_in_use_is_said_so(void **state)
{
	struct fixture fixture;
	struct error err;

	(void)state;
	open_and_play(&fixture, keep_one);
	fixture.options.port = fixture.port;
	assert_null(http_open(fixture.loop, &fixture.options, &err));
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "in use"));
	fixture.options.host = "example.com";
	assert_null(http_open(fixture.loop, &fixture.options, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	close(fixture.note[0]);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_used_again_also_after_a_late_answer),
		cmocka_unit_test(a_HEAD_request_gets_the_length_and_no_body),
		cmocka_unit_test(an_answer_without_a_body_has_no_type),
		cmocka_unit_test(headers_are_found_in_any_case_and_trimmed),
		cmocka_unit_test(a_body_of_the_most_bytes_arrives_whole),
		cmocka_unit_test(a_larger_body_gives_413_and_the_client_gets_to_see_it),
		cmocka_unit_test(a_client_that_leaves_is_noticed_and_answering_it_is_harmless),
		cmocka_unit_test(an_unanswered_request_outlives_the_server),
		cmocka_unit_test(closing_the_server_closes_what_waits),
		cmocka_unit_test(a_header_that_drips_is_cut_off),
		cmocka_unit_test(idle_connections_do_not_lock_out_a_client_that_asks),
		cmocka_unit_test(one_address_may_only_hold_its_share_except_loopback),
		cmocka_unit_test(a_draining_server_refuses_new_requests_and_connections),
		cmocka_unit_test(a_port_in_use_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
