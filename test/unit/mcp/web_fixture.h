/* The protocol behind the real http module on a free port, and a client in a helper thread that
 * says one request at a time. */
#ifndef WEB_FIXTURE_H
#define WEB_FIXTURE_H

/* Streamable HTTP as a client sees it: the real http module on a free port, and a client in a
 * helper thread that says one request at a time. */
#include "fixture.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define JSON_POST                                                                                  \
	"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
#define INITIALIZE(version)                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":" \
	"\"" version "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}"
#define PING "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}"
#define SLOW                                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"slow\"}}"

struct web_fixture {
	struct fixture base; /* first: the tools get it */
	struct http_server *server;
	char id[ID_SIZE]; /* of the session */
	char key_line[128];
};

/* One talk of the helper thread. */
struct talk {
	struct loop *loop;
	uint16_t port;
	char *request;
	const char *until; /* stop reading at this; NULL: at the end */
	int fd;            /* -1: not connected yet */
	char text[64 * 1024];
	size_t len, total;
	bool over;
};

static inline bool talk_connect(struct talk *talk)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(talk->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval deadline = { .tv_sec = 10 };

	talk->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(talk->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	return connect(talk->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       write(talk->fd, talk->request, strlen(talk->request)) > 0;
}

static inline bool is_complete(const struct talk *talk)
{
	return talk->until && strstr(talk->text, talk->until);
}

static inline void talk_run(void *ctx)
{
	struct talk *talk = ctx;
	ssize_t n = 1;
	char rest[4096];

	if (talk->fd < 0 && !talk_connect(talk))
		return;
	while (n > 0 && !is_complete(talk)) {
		n = read(talk->fd, talk->text + talk->len, sizeof(talk->text) - 1 - talk->len);
		talk->len += n > 0 ? (size_t)n : 0;
		talk->total += n > 0 ? (size_t)n : 0;
		if (talk->len == sizeof(talk->text) - 1)
			break;
	}
	/* What finds no room is counted only. */
	while (n > 0 && !talk->until && (n = read(talk->fd, rest, sizeof(rest))) > 0)
		talk->total += (size_t)n;
}

static inline void talk_done(void *ctx)
{
	struct talk *talk = ctx;

	talk->over = true;
	loop_stop(talk->loop);
}

/* Sends a request; the answer comes while the loop runs. */
static inline struct talk *begin_at(struct web_fixture *w, const char *method, const char *path,
				    const char *headers, const char *body, const char *until)
{
	struct talk *talk = mem_new(struct talk);
	auto_str length = body ? mem_format("Content-Length: %zu\r\n", strlen(body)) : NULL;
	bool has_host = strstr(headers, "Host: ") != NULL;

	talk->loop = w->base.loop;
	talk->port = http_port(w->server);
	talk->until = until;
	talk->fd = -1;
	talk->request = mem_format("%s %s HTTP/1.1\r\n%s%s%s%sConnection: close\r\n\r\n%s", method,
				   path, has_host ? "" : "Host: localhost\r\n", headers,
				   w->key_line, length ? length : "", body ? body : "");
	loop_work(talk->loop, talk_run, talk_done, talk);
	return talk;
}

static inline struct talk *begin(struct web_fixture *w, const char *method, const char *headers,
				 const char *body, const char *until)
{
	return begin_at(w, method, "/mcp", headers, body, until);
}

static inline void finish(struct talk *talk)
{
	while (!talk->over)
		loop_run(talk->loop);
}

/* Reads on, to the end. */
static inline void read_on(struct talk *talk)
{
	talk->until = NULL;
	talk->over = false;
	loop_work(talk->loop, talk_run, talk_done, talk);
	finish(talk);
}

static inline void talk_free(struct talk *talk)
{
	close(talk->fd);
	free(talk->request);
	free(talk);
}
OWNED_BY_SCOPE(talk, struct talk *, talk_free)
#define auto_talk AUTO(talk) struct talk *

static inline struct talk *ask(struct web_fixture *w, const char *method, const char *headers,
			       const char *body)
{
	struct talk *talk = begin(w, method, headers, body, NULL);

	finish(talk);
	return talk;
}

static inline int status_of(const struct talk *talk)
{
	return strncmp(talk->text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(talk->text + 9, NULL, 10) : 0;
}

static inline void expect(struct web_fixture *w, const char *method, const char *headers,
			  const char *body, int status, const char *part)
{
	auto_talk talk = ask(w, method, headers, body);

	if (status_of(talk) != status)
		fail_msg("wanted %d, got: %s", status, talk->text);
	if (part)
		assert_contains(talk->text, part);
}

static inline const char *with_session(struct web_fixture *w, const char *headers)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%sMcp-Session-Id: %s\r\n", headers, w->id);
	return text;
}

/* Begins a session of that revision. */
static inline void initialize(struct web_fixture *w, const char *body)
{
	auto_talk talk = ask(w, "POST", JSON_POST, body);
	const char *id = strcasestr(talk->text, "\r\nMcp-Session-Id: ");

	assert_int_equal(status_of(talk), 200);
	assert_non_null(id);
	id = strstr(id, ": ") + 2;
	snprintf(w->id, sizeof(w->id), "%.*s", (int)strcspn(id, "\r"), id);
}

static inline void on_request(void *ctx, struct http_request *req)
{
	struct web_fixture *w = ctx;

	if (strcmp(http_path(req), "/sse") == 0)
		mcp_old_stream(w->base.mcp, req);
	else if (strncmp(http_path(req), mcp_old_messages, strlen(mcp_old_messages)) == 0)
		mcp_old_message(w->base.mcp, req);
	else
		mcp_http(w->base.mcp, req);
}

static inline int setup(void **state)
{
	struct web_fixture *w = mem_new(struct web_fixture);
	struct http_options options = { .host = "127.0.0.1",
					.body_max = MESSAGE_MAX,
					.connections_max = 100,
					.per_address_max = 100,
					.idle_seconds = 30,
					.handler = on_request,
					.ctx = w };
	struct error err;

	w->base.loop = loop_new(&err);
	w->base.store = store_open(":memory:", &err);
	mcp_start(&w->base, false);
	w->server = http_open(w->base.loop, &options, &err);
	assert_non_null(w->server);
	initialize(w, INITIALIZE("2025-06-18"));
	*state = w;
	return 0;
}

static inline int teardown(void **state)
{
	struct web_fixture *w = *state;

	mcp_free(w->base.mcp);
	while (w->base.held_count > 0)
		slow_answer(&w->base);
	http_close(w->server);
	store_close(w->base.store);
	loop_free(w->base.loop);
	free(w->base.answer);
	free(w);
	return 0;
}

#define WITH_WEB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
