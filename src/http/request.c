/* A request on its way in: header, guard, body, then the handler, once; and what the handler may
 * ask about it.  Header lines are copied, because libmicrohttpd's go away with the connection. */
#include "internal.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "clock.h"

/* --- beginning and end --------------------------------------------------------------------- */

void *request_on_target(void *ctx, const char *target, struct MHD_Connection *mhd)
{
	struct http_server *server = ctx;
	struct connection *conn = connection_of(mhd);
	struct http_request *req = mem_new(struct http_request);

	req->loop = server->loop;
	req->server = server;
	req->connection = conn;
	req->target = mem_strdup(target ? target : "");
	req->target_at = target;
	req->target_len = strlen(req->target);
	req->body = BUF_INIT(server->body_max);
	conn->req = req;
	return req;
}

static void unlink_detached(struct http_request *req)
{
	struct http_server *server = req->server;

	if (req->prev)
		req->prev->next = req->next;
	else if (server && server->detached == req)
		server->detached = req->next;
	if (req->next)
		req->next->prev = req->prev;
}

void request_free(struct http_request *req)
{
	unlink_detached(req);
	reply_forget(req);
	if (req->handed && req->server)
		req->server->pending--;
	if (req->response)
		MHD_destroy_response(req->response);
	reply_headers_free(req);
	buf_release(&req->body);
	free(req->lines);
	free(req->block);
	free(req->path);
	free(req->method);
	free(req->target);
	free(req);
}

static void detach(struct http_request *req)
{
	struct http_server *server = req->server;

	req->next = server->detached;
	if (req->next)
		req->next->prev = req;
	server->detached = req;
	/* The callback may answer, which frees req. */
	if (req->on_gone && !server->closing)
		req->on_gone(req->gone_ctx);
}

void request_orphan_all(struct http_server *server)
{
	while (server->detached) {
		struct http_request *req = server->detached;

		unlink_detached(req);
		req->server = NULL;
		req->prev = req->next = NULL;
	}
}

void request_on_completed(void *ctx, struct MHD_Connection *mhd, void **slot,
			  enum MHD_RequestTerminationCode code)
{
	struct http_request *req = *slot;

	(void)ctx;
	(void)mhd;
	if (!req)
		return;
	*slot = NULL;
	req->connection->req = NULL;
	connection_await(req->connection);
	req->connection = NULL;
	if (req->stream)
		stream_over(take(req->stream), code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	if (req->handed && !req->answered)
		detach(req);
	else
		request_free(req);
}

/* --- the header ---------------------------------------------------------------------------- */

struct gathering {
	struct head_line lines[HEAD_LINES_MAX];
	size_t count;
	size_t bytes;
	bool too_many;
};

static enum MHD_Result gather(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_len,
			      const char *value, size_t value_len)
{
	struct gathering *all = ctx;

	(void)kind;
	if (all->count == HEAD_LINES_MAX) {
		all->too_many = true;
		return MHD_NO;
	}
	all->lines[all->count++] = (struct head_line){
		.name = name,
		.name_len = name_len,
		.value = value ? value : "",
		.value_len = value ? value_len : 0,
	};
	all->bytes += name_len + value_len + 2;
	return MHD_YES;
}

static char *append(char *at, const char *text, size_t len, const char **ret_copy)
{
	memcpy(at, text, len);
	at[len] = '\0';
	*ret_copy = at;
	return at + len + 1;
}

/* Copies the lines, without the space that may stand behind a value. */
static void keep_lines(struct http_request *req, const struct gathering *all)
{
	char *at = req->block = mem_zeroed(all->bytes + 1, 1);

	req->lines = mem_array(struct head_line, all->count);
	req->count = all->count;
	for (size_t i = 0; i < all->count; i++) {
		struct head_line *line = &req->lines[i];

		*line = all->lines[i];
		while (line->value_len > 0 && strchr(" \t", line->value[line->value_len - 1]))
			line->value_len--;
		at = append(at, line->name, line->name_len, &line->name);
		at = append(at, line->value, line->value_len, &line->value);
	}
}

/* An answer before the body was read ends the connection. */
static enum MHD_Result refuse(struct http_request *req, const struct refusal *refusal,
			      bool body_follows)
{
	struct connection *conn = req->connection;

	if (body_follows)
		conn->lingering = lingering_new(conn->server, conn->fd);
	if (refusal->status == 413)
		reply_too_large(req);
	else
		reply_plain(req, refusal->status, refusal->sentence);
	return reply_queue(req);
}

static enum MHD_Result hand_over(struct http_request *req)
{
	struct http_server *server = req->server;

	if (server->draining) {
		http_add_header(req, "Retry-After", "5");
		reply_plain(req, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "The server is shutting down; try again in a moment.");
		return reply_queue(req);
	}
	req->handed = true;
	server->pending++;
	server->handler(server->ctx, req);
	if (req->response)
		return reply_queue(req);
	if (req->body_state != BODY_COLLECTED)
		return body_hold(req);
	connection_suspend(req->connection);
	return MHD_YES;
}

static size_t body_max(const struct http_request *req)
{
	return req->body_state == BODY_COLLECTED ? req->server->body_max : BODY_STREAM_MAX;
}

static enum MHD_Result begin(struct http_request *req, struct MHD_Connection *mhd,
			     const char *method, const char *version)
{
	static const struct refusal too_many = { MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
						 "There are too many header lines." };
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct gathering all = { 0 };
	struct head head = { .method = method,
			     .version = version,
			     .target = req->target,
			     .target_at = req->target_at,
			     .target_len = req->target_len,
			     .lines = all.lines,
			     .size = info ? info->header_size : 0 };
	const struct refusal *refusal;

	MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, gather, &all);
	head.count = all.count;
	req->begun = true;
	req->connection->receiving = false;
	req->connection->since_ms = clock_mono_ms();
	req->connection->deadline_ms = req->connection->since_ms + (int64_t)BODY_SECONDS * 1000;
	req->method = mem_strdup(method);
	if (body_is_streamed(req, method))
		req->body_state = BODY_HELD;
	refusal = all.too_many ? &too_many : guard_check(&head, body_max(req));
	if (refusal)
		return refuse(req, refusal,
			      head_find(&head, "Content-Length") ||
				      head_find(&head, "Transfer-Encoding"));
	if (!req->path)
		req->path = target_path(req->target, req->target_len);
	req->http_1_0 = !strcmp(version, "HTTP/1.0");
	/* What 0.9.75 accepts as chunks is not what every proxy does: nothing may come behind. */
	req->close_after = head_find(&head, "Transfer-Encoding") != NULL;
	keep_lines(req, &all);
	return req->body_state == BODY_COLLECTED ? MHD_YES : hand_over(req);
}

/* --- the body ------------------------------------------------------------------------------ */

/* libmicrohttpd takes no answer in the middle of a body, so this one goes out by itself; nothing
 * else was sent on this connection since the last whole answer. */
static enum MHD_Result refuse_large(struct connection *conn)
{
	const char *type;
	auto_str body = too_large_text(conn->server, &type);
	auto_str answer = mem_format("HTTP/1.1 413 Content Too Large\r\n"
				     "Content-Type: %s\r\n"
				     "Content-Length: %zu\r\n"
				     "Connection: close\r\n\r\n%s",
				     type, strlen(body), body);

	conn->lingering = lingering_new(conn->server, conn->fd);
	(void)!send(conn->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	return MHD_NO;
}

static enum MHD_Result take_body(struct http_request *req, const char *data, size_t *data_len)
{
	struct connection *conn = req->connection;

	if (!buf_add(&req->body, data, *data_len))
		return refuse_large(conn);
	*data_len = 0;
	conn->deadline_ms =
		conn->since_ms + (int64_t)(BODY_SECONDS + req->body.len / BODY_RATE) * 1000;
	return MHD_YES;
}

enum MHD_Result request_on_access(void *ctx, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **slot)
{
	struct http_request *req = *slot;

	(void)ctx;
	(void)url;
	if (!req || req->connection->cut)
		return MHD_NO;
	if (req->response)
		return reply_queue(req);
	if (!req->begun)
		return begin(req, mhd, method, version);
	if (req->body_state != BODY_COLLECTED)
		return body_access(req, data, data_len);
	if (*data_len > 0)
		return take_body(req, data, data_len);
	return hand_over(req);
}

/* --- what the handler may ask -------------------------------------------------------------- */

const char *http_method(const struct http_request *req)
{
	return req->method;
}

const char *http_path(const struct http_request *req)
{
	return req->path;
}

char *http_query(const struct http_request *req, const char *name)
{
	return target_query(req->target, req->target_len, name);
}

const char *http_header(const struct http_request *req, const char *name)
{
	for (size_t i = 0; i < req->count; i++)
		if (!strcasecmp(req->lines[i].name, name))
			return req->lines[i].value;
	return NULL;
}

const char *http_body(const struct http_request *req, size_t *ret_len)
{
	*ret_len = req->body.len;
	return buf_text(&req->body);
}

bool http_accepts(const struct http_request *req, const char *media_type)
{
	bool asked = false;

	for (size_t i = 0; i < req->count; i++) {
		if (strcasecmp(req->lines[i].name, "Accept") != 0)
			continue;
		asked = true;
		if (accept_allows(req->lines[i].value, media_type))
			return true;
	}
	return !asked;
}

void http_on_gone(struct http_request *req, http_gone_fn *on_gone, void *ctx)
{
	req->on_gone = on_gone;
	req->gone_ctx = ctx;
}
