/* HTTP with SSE, the transport of 2024-11-05: GET opens a stream whose first event names a path,
 * and each message is POSTed to that path; what there is to answer comes on the stream.  The stream
 * is the session. */
#include "internal.h"
#include <string.h>

const char mcp_old_messages[] = "/messages/";

struct old_link {
	struct mcp *mcp;
	struct old_link *next;
	char id[ID_SIZE];
	char caller[STORE_OWNER_SIZE]; /* the key; "" without one */
	char owner[STORE_OWNER_SIZE];  /* of what its calls make */
	struct hello hello;
	int log_level;
	struct outlet *outlet; /* NULL once the client left */
	unsigned waiting;      /* requests without an answer */
	bool begun;
};

static void free_if_done(struct old_link *link)
{
	if (!link->outlet && link->waiting == 0)
		free(link);
}

static void leave_list(struct old_link *link)
{
	struct old_link **at = &link->mcp->old_links;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	link->mcp->old_link_count--;
	sink_remove(link->mcp, link->id);
}

static void on_gone(void *ctx)
{
	struct old_link *link = ctx;
	struct outlet *outlet = take(link->outlet);

	leave_list(link);
	outlet_finish(outlet);
	link->waiting++; /* it is still needed here */
	call_cancel_asking(link->mcp, link->id);
	task_waits_drop_scope(link->mcp, link->id);
	link->waiting--;
	free_if_done(link);
}

static void on_note(void *ctx, const struct json *message)
{
	struct old_link *link = ctx;

	if (link->outlet)
		outlet_send(link->outlet, message);
}

static void on_answer(void *ctx, struct json *message, int status)
{
	struct old_link *link = ctx;

	(void)status;
	link->waiting--;
	if (message)
		on_note(link, message);
	json_free(message);
	if (link->outlet && link->mcp->draining && link->waiting == 0)
		on_gone(link);
	else
		free_if_done(link);
}

/* --- GET --- */

static void fail(struct http_request *req, int status, enum rpc_code code, const char *text)
{
	auto_json error = rpc_error(NULL, 0, code, text);
	auto_str body = json_print(error);

	http_reply(req, status, "application/json", body, strlen(body));
}

static bool who_asks(struct mcp *mcp, struct http_request *req, char ret_owner[STORE_OWNER_SIZE])
{
	struct error err;

	if (identity_of(mcp, http_header(req, "Authorization"), ret_owner, &err))
		return true;
	if (err.kind == ERROR_INVALID)
		http_add_header(req, "WWW-Authenticate", "Bearer");
	fail(req, err.kind == ERROR_INVALID ? 401 : 503, RPC_SERVER_ERROR, err.text);
	return false;
}

static struct old_link *link_new(struct mcp *mcp, const char *owner)
{
	struct old_link *link = mem_new(struct old_link);
	char hash[DIGEST_TEXT_SIZE];

	link->mcp = mcp;
	id_new("s-", link->id);
	link->log_level = LEVEL_INFO;
	snprintf(link->caller, sizeof(link->caller), "%s", owner);
	/* What owns containers is written down; the id itself is only with the client. */
	digest_text("", link->id, hash);
	if (*owner)
		snprintf(link->owner, sizeof(link->owner), "%s", owner);
	else
		snprintf(link->owner, sizeof(link->owner), "session:%s", hash);
	link->next = mcp->old_links;
	mcp->old_links = link;
	mcp->old_link_count++;
	return link;
}

void mcp_old_stream(struct mcp *mcp, struct http_request *req)
{
	char owner[STORE_OWNER_SIZE];
	struct old_link *link;
	auto_str path = NULL;

	if (!mcp_guard(mcp, req) || !who_asks(mcp, req, owner))
		return;
	if (mcp->draining || mcp->old_link_count >= OLD_LINKS_MAX) {
		fail(req, 503, RPC_SERVER_ERROR, "no more event streams are taken now");
		return;
	}
	link = link_new(mcp, owner);
	link->outlet = outlet_new(mcp, NULL);
	outlet_on_gone(link->outlet, on_gone, link);
	outlet_attach(link->outlet, req, 0);
	path = mem_format("%s%s", mcp_old_messages, link->id);
	outlet_send_text(link->outlet, "endpoint", path);
}

/* --- POST --- */

static struct old_link *find(struct mcp *mcp, const char *id, const char *owner)
{
	struct old_link *link = mcp->old_links;

	while (link && (!digest_equal(link->id, id) || strcmp(link->caller, owner) != 0))
		link = link->next;
	return link;
}

static void run_initialize(struct old_link *link, const struct peer *peer,
			   const struct rpc_message *message)
{
	struct json *result = NULL;
	struct error err;

	if (link->begun) {
		peer_error(peer, message, RPC_INVALID_REQUEST,
			   "this session is initialized already");
		return;
	}
	result = hello_initialize(link->mcp, message, &link->hello, &err);
	if (!result) {
		peer_error(peer, message, RPC_INVALID_PARAMS, err.text);
		return;
	}
	link->begun = true;
	sink_add(link->mcp, link->id, on_note, link);
	peer_result(peer, message, result);
}

static void run(struct old_link *link, struct rpc_message *message)
{
	struct peer peer = { .owner = link->owner,
			     .scope = link->id,
			     .version = link->hello.version,
			     .client = link->hello.client,
			     .client_can = link->hello.client_can,
			     .log_level = link->log_level,
			     .log_level_slot = &link->log_level,
			     .on_answer = on_answer,
			     .on_note = on_note,
			     .ctx = link };

	switch (message->kind) {
	case RPC_REQUEST:
		link->waiting++;
		if (method_is_initialize(message))
			run_initialize(link, &peer, message);
		else
			method_request(link->mcp, &peer, message);
		break;
	case RPC_NOTIFICATION:
		method_notification(link->mcp, &peer, message);
		break;
	case RPC_RESPONSE:
		method_response(link->mcp, &peer, message);
		break;
	case RPC_FAULT:
		break;
	}
}

void mcp_old_message(struct mcp *mcp, struct http_request *req)
{
	const char *id = http_path(req) + strlen(mcp_old_messages);
	char owner[STORE_OWNER_SIZE];
	auto_rpc_message message = { .body = NULL };
	struct old_link *link;
	const char *text;
	size_t len;

	if (!mcp_guard(mcp, req) || !who_asks(mcp, req, owner))
		return;
	link = find(mcp, id, owner);
	if (!link) {
		fail(req, 404, RPC_NO_SESSION, "there is no such event stream (any more)");
		return;
	}
	text = http_body(req, &len);
	rpc_read(text, len, &message);
	if (len > MESSAGE_MAX || message.kind == RPC_FAULT) {
		fail(req, len > MESSAGE_MAX ? 413 : 400, message.fault_code, message.fault.text);
		return;
	}
	run(link, &message);
	http_reply(req, 202, "text/plain", "Accepted", strlen("Accepted"));
}

/* --- the end --- */

void old_links_drain(struct mcp *mcp)
{
	/* A stream that still waits for an answer ends with it, or with the server. */
	for (struct old_link *link = mcp->old_links, *next; link; link = next) {
		next = link->next;
		if (link->waiting == 0)
			on_gone(link);
	}
}

void old_links_free(struct mcp *mcp)
{
	while (mcp->old_links)
		on_gone(mcp->old_links);
}
