/* Answers.  libmicrohttpd takes an answer only while it asks for one, so an answer is made here,
 * kept with the request, and handed over at once (from inside the handler) or when the connection
 * was resumed. */
#include "internal.h"

#include <string.h>

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

void http_add_header(struct http_request *req, const char *name, const char *value)
{
	struct reply_header *header;

	if (!value || has_control(value))
		return;
	header = mem_new(struct reply_header);
	header->name = mem_strdup(name);
	header->value = mem_strdup(value);
	header->next = req->headers;
	req->headers = header;
}

void reply_headers_free(struct http_request *req)
{
	while (req->headers) {
		struct reply_header *header = req->headers;

		req->headers = header->next;
		free(header->name);
		free(header->value);
		free(header);
	}
}

void reply_give(struct http_request *req, int status, struct MHD_Response *response,
		const char *content_type)
{
	req->answered = true;
	body_refused_early(req);
	if (!req->connection) {
		MHD_destroy_response(response);
		request_free(req);
		return;
	}
	if (content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (struct reply_header *header = req->headers; header; header = header->next)
		MHD_add_response_header(response, header->name, header->value);
	if (req->close_after || req->server->draining)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	req->status = status;
	req->response = response;
	if (req->connection->suspended)
		connection_resume(req->connection);
}

enum MHD_Result reply_queue(struct http_request *req)
{
	struct MHD_Response *response = take(req->response);
	enum MHD_Result result =
		MHD_queue_response(req->connection->mhd, (unsigned)req->status, response);

	MHD_destroy_response(response);
	connection_set_deadline(req->connection, (int64_t)(req->server->idle_seconds +
							   req->reply_len / STREAM_RATE));
	return result;
}

/* --- memory -------------------------------------------------------------------------------- */

void reply_forget(struct http_request *req)
{
	if (req->server)
		req->server->reply_bytes -= req->reply_len;
	req->reply_len = 0;
}

static struct connection *slowest_reader(const struct http_server *server)
{
	struct connection *slowest = NULL;

	for (struct connection *conn = server->connections; conn; conn = conn->next)
		if (conn->req && conn->req->reply_len >= REPLY_LARGE &&
		    (!slowest || conn->req->reply_number < slowest->req->reply_number))
			slowest = conn;
	return slowest;
}

/* A reader may be slow, but many of them must not fill the memory with what they do not take: then
 * whoever was answered first goes. */
static void remember(struct http_request *req, size_t len)
{
	struct http_server *server = req->server;
	struct connection *slowest;

	if (!server)
		return;
	server->reply_bytes += len;
	while (server->reply_bytes > REPLIES_MAX && (slowest = slowest_reader(server))) {
		reply_forget(slowest->req);
		connection_cut(slowest);
	}
	req->reply_len = len;
	req->reply_number = ++server->last_reply;
}

/* --- the whole ----------------------------------------------------------------------------- */

void http_reply(struct http_request *req, int status, const char *content_type, const void *body,
		size_t len)
{
	/* The constant: older headers want a pointer to what may be changed, and copy it. */
	struct MHD_Response *response;

	if (body_is_under_way(req)) {
		body_refuse(req, status, content_type, body, len);
		return;
	}
	response = MHD_create_response_from_buffer(
		content_type ? len : 0, (void *)(uintptr_t)(content_type && len ? body : ""),
		MHD_RESPMEM_MUST_COPY);
	if (!response)
		abort();
	remember(req, content_type ? len : 0);
	reply_give(req, status, response, content_type);
}

void reply_plain(struct http_request *req, int status, const char *sentence)
{
	auto_str text = mem_format("%s\n", sentence);

	req->close_after = true;
	http_reply(req, status, "text/plain; charset=utf-8", text, strlen(text));
}

char *too_large_text(const struct http_server *server, const char **ret_type)
{
	*ret_type = server->too_large ? "application/json" : "text/plain; charset=utf-8";
	if (server->too_large)
		return mem_strdup(server->too_large);
	return mem_format("The request body is too large; at most %zu bytes are taken.\n",
			  server->body_max);
}

void reply_too_large(struct http_request *req)
{
	const char *type;
	auto_str text = too_large_text(req->server, &type);

	req->close_after = true;
	http_reply(req, MHD_HTTP_CONTENT_TOO_LARGE, type, text, strlen(text));
}
