/* A server in the test's own loop and a client with blocking sockets in a second thread.  The
 * client only collects; the test looks at what it collected after play() has returned. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "buf.h"
#include "http.h"
#include "loop.h"

enum { FIXTURE_SECONDS = 20 };

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_options options;
	int done; /* eventfd that the client raises */
	void (*client)(struct fixture *fixture);
	bool late; /* the deadline passed */
	uint16_t port;
	struct buf got; /* what the client received */
	/* For handlers. */
	struct http_request *held;
	struct http_stream *stream;
	struct timer *timer;
	uint64_t left; /* bytes to stream */
	size_t most_queued;
	bool cutting;
	int handled, gone, overs, wholes;
	int note[8]; /* from client to test */
};

/* --- client -------------------------------------------------------------------------------- */

static inline int client_connect_sized(const struct fixture *fixture, int receive_buffer)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(fixture->port) };
	struct timeval patience = { .tv_sec = FIXTURE_SECONDS };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline int client_connect(const struct fixture *fixture)
{
	return client_connect_sized(fixture, 0);
}

static inline bool client_send(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		len -= (size_t)sent;
	}
	return true;
}

static inline bool client_say(int fd, const char *text)
{
	return client_send(fd, text, strlen(text));
}

/* Until the server closes.  The result of the last recv: 0 at an orderly end. */
static inline ssize_t client_read_all(int fd, struct buf *got)
{
	char piece[16 * 1024];
	ssize_t len;

	while ((len = recv(fd, piece, sizeof(piece), 0)) > 0)
		if (!buf_add(got, piece, (size_t)len))
			return -1;
	return len;
}

/* One answer with a Content-Length; false when the connection ended first. */
static inline bool client_read_answer(int fd, struct buf *got)
{
	const char *body, *length;
	char c;

	buf_clear(got);
	for (;;) {
		body = strstr(buf_text(got), "\r\n\r\n");
		length = strstr(buf_text(got), "Content-Length: ");
		if (body && length &&
		    got->len >= (size_t)(body + 4 - got->data) + strtoul(length + 16, NULL, 10))
			return true;
		if (recv(fd, &c, 1, 0) != 1 || !buf_add(got, &c, 1))
			return false;
	}
}

/* A connection, the text, everything that comes back. */
static inline void client_ask(struct fixture *fixture, const char *text)
{
	int fd = client_connect(fixture);

	client_say(fd, text);
	client_read_all(fd, &fixture->got);
	close(fd);
}

/* --- server -------------------------------------------------------------------------------- */

static inline void *client_thread(void *ctx)
{
	struct fixture *fixture = ctx;
	uint64_t one = 1;

	fixture->client(fixture);
	(void)!write(fixture->done, &one, sizeof(one));
	return NULL;
}

static inline void on_client_done(void *ctx, unsigned events)
{
	struct fixture *fixture = ctx;
	uint64_t one;

	(void)events;
	(void)!read(fixture->done, &one, sizeof(one));
	loop_stop(fixture->loop);
}

static inline void on_fixture_late(void *ctx)
{
	struct fixture *fixture = ctx;

	fixture->late = true;
	loop_stop(fixture->loop);
}

static inline void fixture_open(struct fixture *fixture, http_handler_fn *handler)
{
	struct error err;

	memset(fixture, 0, sizeof(*fixture));
	fixture->got = BUF_INIT(64 * 1024 * 1024);
	fixture->loop = loop_new(&err);
	fixture->options = (struct http_options){ .host = "127.0.0.1",
						  .body_max = 100 * 1000,
						  .connections_max = 64,
						  .per_address_max = 32,
						  .idle_seconds = 30,
						  .handler = handler,
						  .ctx = fixture };
	fixture->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* Runs the client against the server until the client returns. */
static inline void play(struct fixture *fixture, void (*client)(struct fixture *fixture))
{
	struct error err;
	struct watch *watch =
		watch_open(fixture->loop, fixture->done, LOOP_READ, on_client_done, fixture, &err);
	struct timer *timer =
		timer_start(fixture->loop, FIXTURE_SECONDS * 2000, 0, on_fixture_late, fixture);
	pthread_t thread;

	if (!fixture->server)
		fixture->server = http_open(fixture->loop, &fixture->options, &err);
	assert_non_null(fixture->server);
	fixture->port = http_port(fixture->server);
	fixture->client = client;
	assert_int_equal(pthread_create(&thread, NULL, client_thread, fixture), 0);
	loop_run(fixture->loop);
	assert_false(fixture->late);
	pthread_join(thread, NULL);
	timer_stop(timer);
	watch_close(watch);
}

static inline void fixture_close(struct fixture *fixture)
{
	timer_stop(fixture->timer);
	http_close(fixture->server);
	loop_free(fixture->loop);
	close(fixture->done);
	buf_release(&fixture->got);
}

static inline int count_of(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

#endif
