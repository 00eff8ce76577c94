/* Streamable HTTP: POST brings a message, of either era; in the 2025 revisions GET opens the event
 * stream of a session, or goes on with one that broke, and DELETE ends the session.  Which wrong
 * thing gets which status is a table in the specification's practice; here it reads as the order of
 * the checks. */
#include "internal.h"
#include <limits.h>
#include <string.h>
#include <strings.h>

/* --- answers --- */

#define TOO_LARGE                                                                                  \
	"a message may have 4 MiB; put large data into a file in the container in pieces "         \
	"(execute_command with stdin), or have the container fetch it"

const char mcp_too_large[] =
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"" TOO_LARGE "\"}}";

static void reply_json(struct http_request *req, int status, const struct json *message)
{
	auto_str text = json_print(message);

	http_reply(req, status, "application/json", text, strlen(text));
}

/* message: the one that is answered, for its id; may be NULL. */
static void reply_error(struct http_request *req, int status, enum rpc_code code, const char *text,
			const struct rpc_message *message)
{
	auto_json error =
		rpc_error(message ? message->id : NULL, message ? message->id_len : 0, code, text);

	reply_json(req, status, error);
}

static void reply_empty(struct http_request *req, int status)
{
	http_reply(req, status, NULL, NULL, 0);
}

static void reply_fault(struct http_request *req, struct fault *fault,
			const struct rpc_message *message)
{
	auto_json error = rpc_fault(message->id, message->id_len, fault);

	reply_json(req, fault->status, error);
}

/* --- who asks --- */

/* Pages that mcp_guard let through may also read the answers. */
static void add_cors(struct http_request *req)
{
	const char *origin = http_header(req, "Origin");

	if (!origin)
		return;
	http_add_header(req, "Access-Control-Allow-Origin", origin);
	http_add_header(req, "Vary", "Origin");
	http_add_header(req, "Access-Control-Expose-Headers",
			"WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID");
}

static void reply_preflight(struct http_request *req)
{
	http_add_header(req, "Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
	http_add_header(req, "Access-Control-Allow-Headers",
			"Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, "
			"Mcp-Name, Mcp-Session-Id, Last-Event-ID");
	http_add_header(req, "Access-Control-Max-Age", "3600");
	reply_empty(req, 204);
}

static void refuse_identity(struct http_request *req, const struct error *err)
{
	if (err->kind != ERROR_INVALID) {
		reply_error(req, 503, RPC_SERVER_ERROR, err->text, NULL);
		return;
	}
	http_add_header(req, "WWW-Authenticate", "Bearer");
	reply_error(req, 401, RPC_SERVER_ERROR, err->text, NULL);
}

/* Whether a revision named in the header is one of ours; absent, the session's counts. */
static bool has_known_version(struct http_request *req, const struct rpc_message *message)
{
	const char *version = http_header(req, "MCP-Protocol-Version");

	if (!version || version_is_known(session_versions, version))
		return true;
	reply_error(req, 400, RPC_SERVER_ERROR,
		    "unsupported MCP-Protocol-Version; this server speaks 2026-07-28, 2025-11-25, "
		    "2025-06-18, 2025-03-26 and 2024-11-05",
		    message);
	return false;
}

/* The session that a request names.  Answers, and gives NULL, when there is none. */
static struct session *require_session(struct mcp *mcp, struct http_request *req, const char *owner,
				       const struct rpc_message *message)
{
	const char *id = http_header(req, "Mcp-Session-Id");
	struct session *session;
	struct error err;

	if (!id) {
		reply_error(req, 400, RPC_SERVER_ERROR,
			    "the header Mcp-Session-Id is missing: send initialize first", message);
		return NULL;
	}
	session = session_find(mcp, id, owner, &err);
	if (!session) {
		reply_error(req, err.kind == ERROR_NOT_FOUND ? 404 : 503, rpc_code_of(err.kind),
			    err.text, message);
		return NULL;
	}
	return has_known_version(req, message) ? session : NULL;
}

/* --- POST --- */

static bool is_begun(struct mcp *mcp, struct http_request *req, const char *owner)
{
	const char *id = http_header(req, "Mcp-Session-Id");
	struct error ignored;

	return id && session_find(mcp, id, owner, &ignored);
}

static void run_initialize(struct mcp *mcp, struct http_request *req, const char *owner,
			   const struct rpc_message *message)
{
	char id[ID_SIZE];
	auto_json result = NULL;
	auto_json answer = NULL;
	struct hello hello;
	struct error err;

	if (mcp->draining) {
		reply_error(req, 503, RPC_SERVER_ERROR, "the server is stopping", message);
		return;
	}
	if (is_begun(mcp, req, owner)) {
		reply_error(req, 400, RPC_INVALID_REQUEST, "this session is initialized already",
			    message);
		return;
	}
	result = hello_initialize(mcp, message, &hello, &err);
	if (!result) {
		reply_error(req, 200, RPC_INVALID_PARAMS, err.text, message);
		return;
	}
	if (!session_new(mcp, *owner ? owner : NULL, &hello, id, &err)) {
		reply_error(req, 503, rpc_code_of(err.kind), err.text, message);
		return;
	}
	http_add_header(req, "Mcp-Session-Id", id);
	answer = rpc_result(message->id, message->id_len, take(result));
	reply_json(req, 200, answer);
}

static bool accepts_both(struct http_request *req)
{
	if (http_accepts(req, "application/json") && http_accepts(req, "text/event-stream"))
		return true;
	reply_error(req, 406, RPC_SERVER_ERROR,
		    "Accept must list application/json and text/event-stream", NULL);
	return false;
}

static struct peer peer_of(struct mcp *mcp, struct session *session, struct http_request *req)
{
	struct exchange *exchange = exchange_new(mcp, req, session, session->hello.version);

	return (struct peer){ .owner = session->owner,
			      .scope = session->hash,
			      .version = session->hello.version,
			      .client = session->hello.client,
			      .client_can = session->hello.client_can,
			      .log_level = session->log_level,
			      .log_level_slot = &session->log_level,
			      .on_answer = exchange_on_answer,
			      .on_note = exchange_on_note,
			      .on_drop = exchange_on_drop,
			      .ctx = exchange };
}

/* --- POST: the 2025 revisions --- */

static void post_in_session(struct mcp *mcp, struct http_request *req, const char *owner,
			    struct rpc_message *message)
{
	struct session *session;
	struct peer peer;

	if (message->kind == RPC_FAULT) {
		reply_error(req, 400, message->fault_code, message->fault.text, message);
		return;
	}
	if (!accepts_both(req))
		return;
	if (method_is_initialize(message)) {
		run_initialize(mcp, req, owner, message);
		return;
	}
	session = require_session(mcp, req, owner, message);
	if (!session)
		return;
	if (message->kind == RPC_REQUEST) {
		peer = peer_of(mcp, session, req);
		method_request(mcp, &peer, message);
		return;
	}
	peer = (struct peer){ .owner = session->owner, .scope = session->hash };
	if (message->kind == RPC_NOTIFICATION)
		method_notification(mcp, &peer, message);
	else
		method_response(mcp, &peer, message);
	reply_empty(req, 202);
}

static void post_batch(struct mcp *mcp, struct http_request *req, const char *owner,
		       const struct rpc_slice *body)
{
	struct session *session = accepts_both(req) ? require_session(mcp, req, owner, NULL) : NULL;
	enum rpc_code code;
	struct error err;
	struct peer peer;

	if (!session)
		return;
	peer = peer_of(mcp, session, req);
	if (!batch_run(mcp, &peer, body, &code, &err))
		peer.on_answer(peer.ctx, rpc_error(NULL, 0, code, err.text), 400);
}

/* --- POST: 2026-07-28 --- */

/* Whoever has no key is the same as anybody else without one: what he makes is reached by its
 * handle, which nobody can guess. */
static void post_alone(struct mcp *mcp, struct http_request *req, const char *owner,
		       const struct envelope *envelope, struct rpc_message *message)
{
	struct exchange *exchange;
	struct peer peer;

	if (message->kind != RPC_REQUEST) {
		reply_empty(req, 202);
		return;
	}
	exchange = exchange_new(mcp, req, NULL, envelope->version);
	peer = (struct peer){ .owner = *owner ? owner : "anonymous",
			      .scope = exchange_scope(exchange),
			      .version = envelope->version,
			      .client = envelope->client,
			      .era = ERA_2026,
			      .client_can = envelope->client_can,
			      .log_level = envelope->log_level,
			      .on_answer = exchange_on_answer,
			      .ctx = exchange };
	if (http_accepts(req, "text/event-stream"))
		peer.on_note = exchange_on_note;
	method_request(mcp, &peer, message);
}

static void post_one(struct mcp *mcp, struct http_request *req, const char *owner,
		     struct rpc_message *message)
{
	struct mcp_headers headers = { .http = true,
				       .version = http_header(req, "MCP-Protocol-Version"),
				       .method = http_header(req, "Mcp-Method"),
				       .name = http_header(req, "Mcp-Name") };
	struct envelope envelope;
	struct fault fault;
	enum era era;

	if (!era_decide(message, &headers, &era, &envelope, &fault) ||
	    (era == ERA_2026 && message->kind == RPC_REQUEST &&
	     !params_check(mcp, message, http_header, req, &fault)))
		reply_fault(req, &fault, message);
	else if (era == ERA_2026)
		post_alone(mcp, req, owner, &envelope, message);
	else
		post_in_session(mcp, req, owner, message);
}

/* --- POST --- */

/* application/json, with or without parameters. */
static bool is_json(const char *content_type)
{
	static const char wanted[] = "application/json";
	size_t len = strlen(wanted);

	return content_type && strncasecmp(content_type, wanted, len) == 0 &&
	       (content_type[len] == '\0' || strchr("; \t", content_type[len]));
}

static void post(struct mcp *mcp, struct http_request *req, const char *owner)
{
	struct rpc_slice body;

	if (!is_json(http_header(req, "Content-Type"))) {
		reply_error(req, 415, RPC_SERVER_ERROR, "Content-Type must be application/json",
			    NULL);
		return;
	}
	body.text = http_body(req, &body.len);
	if (body.len > MESSAGE_MAX) {
		reply_error(req, 413, RPC_SERVER_ERROR, TOO_LARGE, NULL);
	} else if (rpc_is_batch(body.text, body.len)) {
		post_batch(mcp, req, owner, &body);
	} else {
		auto_rpc_message message = { .body = NULL };

		rpc_read(body.text, body.len, &message);
		post_one(mcp, req, owner, &message);
	}
}

/* --- GET and DELETE --- */

/* Goes on with a stream that broke; its session knows it, or not any more. */
static void resume_stream(struct http_request *req, struct session *session, const char *event_id)
{
	unsigned number;
	struct outlet *outlet = outlet_find(session, event_id, &number);

	if (outlet)
		outlet_attach(outlet, req, number);
	else
		reply_error(req, 400, RPC_SERVER_ERROR,
			    "nothing is kept behind this Last-Event-ID (any more)", NULL);
}

static void open_feed(struct mcp *mcp, struct http_request *req, struct session *session)
{
	if (session->feed && outlet_is_attached(session->feed)) {
		reply_error(req, 409, RPC_SERVER_ERROR,
			    "this session has an event stream already; one is allowed", NULL);
		return;
	}
	if (!session->feed)
		session->feed = outlet_new(mcp, session);
	outlet_attach(session->feed, req, UINT_MAX);
}

static void open_stream(struct mcp *mcp, struct http_request *req, const char *owner)
{
	const char *event_id = http_header(req, "Last-Event-ID");
	struct session *session;

	if (!http_accepts(req, "text/event-stream")) {
		reply_error(req, 406, RPC_SERVER_ERROR, "Accept must list text/event-stream", NULL);
		return;
	}
	session = require_session(mcp, req, owner, NULL);
	if (!session)
		return;
	if (mcp->draining)
		reply_error(req, 503, RPC_SERVER_ERROR, "the server is stopping", NULL);
	else if (event_id)
		resume_stream(req, session, event_id);
	else
		open_feed(mcp, req, session);
}

static void end_session(struct mcp *mcp, struct http_request *req, const char *owner)
{
	struct session *session = require_session(mcp, req, owner, NULL);
	struct error err;

	if (!session)
		return;
	if (session_end(mcp, session, &err))
		reply_empty(req, 200);
	else
		reply_error(req, 503, RPC_SERVER_ERROR, err.text, NULL);
}

/* 2026-07-28 has neither streams of GET nor sessions to end. */
static bool is_of_2026(struct http_request *req)
{
	const char *version = http_header(req, "MCP-Protocol-Version");

	return version && strcmp(version, protocol_versions[0]) == 0;
}

static void refuse_method(struct http_request *req, const char *allowed)
{
	http_add_header(req, "Allow", allowed);
	reply_error(req, 405, RPC_SERVER_ERROR, "this method is not for this revision", NULL);
}

void mcp_http(struct mcp *mcp, struct http_request *req)
{
	const char *method = http_method(req);
	char owner[STORE_OWNER_SIZE];
	struct error err;

	if (!mcp_guard(mcp, req))
		return;
	add_cors(req);
	if (strcmp(method, "OPTIONS") == 0) {
		reply_preflight(req);
	} else if (!identity_of(mcp, http_header(req, "Authorization"), owner, &err)) {
		refuse_identity(req, &err);
	} else if (strcmp(method, "POST") == 0) {
		post(mcp, req, owner);
	} else if (is_of_2026(req)) {
		refuse_method(req, "POST, OPTIONS");
	} else if (strcmp(method, "GET") == 0) {
		open_stream(mcp, req, owner);
	} else if (strcmp(method, "DELETE") == 0) {
		end_session(mcp, req, owner);
	} else {
		refuse_method(req, "GET, POST, DELETE, OPTIONS");
	}
}
