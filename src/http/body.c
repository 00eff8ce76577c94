/* Request bodies that their handler takes piece by piece, as an upload is.
 *
 *	HELD ──http_body_read──> READING ──last byte──> WHOLE
 *
 * The handler has the request as soon as its header was read.  While it makes up its mind (HELD)
 * the connection is suspended and no "100 Continue" goes out, so that a refusal reaches the client
 * before the body does.  While it reads, what it does not take stays where it is and the connection
 * is suspended, so that in time the client's own sending stops.
 *
 * libmicrohttpd calls the access handler again after a resume: in HELD as at the first time, later
 * with the data that was left, and once without data when the body is whole. */
#include "internal.h"

#include <string.h>
#include <sys/socket.h>
#include "clock.h"

enum {
	REFUSED_SECONDS = 5, /* for the client to take an answer in the middle of its body */
	ANSWER_MAX = 64 * 1024,
};

bool body_is_streamed(struct http_request *req, const char *method)
{
	const char *under = req->server->stream_put_under;

	if (!under || strcmp(method, "PUT") != 0 ||
	    guard_check_target(req->target, req->target_len))
		return false;
	req->path = target_path(req->target, req->target_len);
	return strncmp(req->path, under, strlen(under)) == 0;
}

bool http_body_announced(const struct http_request *req, int64_t *ret_length)
{
	const char *length = http_header(req, "Content-Length");

	*ret_length = length ? strtoll(length, NULL, 10) : -1;
	return length || http_header(req, "Transfer-Encoding");
}

/* --- time ----------------------------------------------------------------------------------- */

/* A client must move, and must have sent BODY_RATE on average of the time in which it could. */
static void set_deadline(struct http_request *req)
{
	struct connection *conn = req->connection;
	int64_t now = clock_mono_ms();
	int64_t stalled = now + (int64_t)conn->server->idle_seconds * 1000;
	int64_t slow = conn->since_ms + ((int64_t)BODY_SECONDS + req->body_got / BODY_RATE) * 1000;

	conn->deadline_ms = slow < stalled ? slow : stalled;
}

static void pause_body(struct http_request *req)
{
	req->paused_at_ms = clock_mono_ms();
	connection_suspend(req->connection);
}

enum MHD_Result body_hold(struct http_request *req)
{
	if (req->body_state == BODY_HELD)
		pause_body(req);
	return MHD_YES;
}

static void go_on(struct http_request *req)
{
	connection_resume(req->connection);
	req->connection->since_ms += clock_mono_ms() - req->paused_at_ms;
	set_deadline(req);
}

/* --- an answer in the middle ---------------------------------------------------------------- */

static void add_headers(const struct http_request *req, struct buf *head)
{
	for (struct reply_header *header = req->headers; header; header = header->next)
		buf_addf(head, "%s: %s\r\n", header->name, header->value);
}

/* libmicrohttpd takes no answer in the middle of a body, so this one goes out by itself; nothing
 * but "100 Continue" was sent on this connection since the last whole answer. */
static void send_around(struct http_request *req, int status, const char *content_type,
			const void *body, size_t len)
{
	auto_buf answer = BUF_INIT(ANSWER_MAX);
	struct connection *conn = req->connection;

	buf_addf(&answer, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nConnection: close\r\n", status,
		 MHD_get_reason_phrase_for((unsigned)status), content_type ? len : 0);
	if (content_type)
		buf_addf(&answer, "Content-Type: %s\r\n", content_type);
	add_headers(req, &answer);
	buf_add_text(&answer, "\r\n");
	if (content_type)
		buf_add(&answer, body, len);
	if (!conn->lingering)
		conn->lingering = lingering_new(conn->server, conn->fd);
	(void)!send(conn->fd, answer.data, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool body_is_under_way(const struct http_request *req)
{
	return req->body_state == BODY_READING && req->connection != NULL;
}

void body_refuse(struct http_request *req, int status, const char *content_type, const void *body,
		 size_t len)
{
	struct connection *conn = req->connection;

	send_around(req, status, content_type, body, len);
	req->answered = true;
	req->body_state = BODY_REFUSED;
	if (conn->suspended)
		connection_resume(conn);
	connection_set_deadline(conn, REFUSED_SECONDS);
}

void body_time_out(struct http_request *req)
{
	static const char sentence[] = "The body came too slowly.\n";

	if (body_is_under_way(req))
		send_around(req, MHD_HTTP_REQUEST_TIMEOUT, "text/plain; charset=utf-8", sentence,
			    strlen(sentence));
}

void body_refused_early(struct http_request *req)
{
	struct connection *conn = req->connection;
	int64_t length;

	if (req->body_state != BODY_HELD || !http_body_announced(req, &length) || length == 0)
		return;
	req->close_after = true;
	if (conn && !conn->lingering)
		conn->lingering = lingering_new(conn->server, conn->fd);
}

/* --- reading -------------------------------------------------------------------------------- */

void http_body_read(struct http_request *req, const struct http_body_events *events, void *ctx)
{
	if (req->body_state != BODY_HELD)
		return;
	req->body_events = events;
	req->body_ctx = ctx;
	req->body_state = BODY_READING;
	if (!req->connection || !req->connection->suspended)
		return;
	req->body_reopened = true;
	go_on(req);
}

void http_body_resume(struct http_request *req)
{
	if (req->body_state == BODY_READING && req->connection && req->connection->suspended)
		go_on(req);
}

static enum MHD_Result take_piece(struct http_request *req, const char *data, size_t *data_len)
{
	size_t len = *data_len;
	size_t took = req->body_events->on_data(req->body_ctx, data, len);

	if (req->body_state == BODY_REFUSED)
		return MHD_NO;
	*data_len = len - took;
	req->body_got += (int64_t)took;
	if (took < len)
		pause_body(req);
	else
		set_deadline(req);
	return MHD_YES;
}

static enum MHD_Result complete(struct http_request *req)
{
	req->body_state = BODY_WHOLE;
	req->body_events->on_end(req->body_ctx);
	if (req->response)
		return reply_queue(req);
	connection_suspend(req->connection);
	return MHD_YES;
}

enum MHD_Result body_access(struct http_request *req, const char *data, size_t *data_len)
{
	switch (req->body_state) {
	case BODY_COLLECTED:
	case BODY_REFUSED:
		return MHD_NO;
	case BODY_HELD:
	case BODY_WHOLE: /* resumed without an answer: only a client that left does that */
		connection_suspend(req->connection);
		return MHD_YES;
	case BODY_READING:
		break;
	}
	if (*data_len > 0)
		return take_piece(req, data, data_len);
	if (req->body_reopened) {
		req->body_reopened = false;
		return MHD_YES;
	}
	return complete(req);
}
