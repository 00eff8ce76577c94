/* One POSTed request and its answer: a JSON text if it comes soon, an event stream if something
 * goes out before it or it takes long.
 *
 * A client of the 2025 revisions that goes away takes nothing back (2025-11-25 transports,
 * "disconnection SHOULD NOT be interpreted as the client cancelling its request"): the call goes
 * on, and its stream, if it had begun, keeps the answer for who comes back with the id of an event.
 * Before that the client has no such id, and asks for what it began in another way (list_commands).
 * In 2026-07-28 going away is the way to take a request back. */
#include "internal.h"
#include <string.h>
#include "clock.h"

struct exchange {
	struct mcp *mcp;
	struct http_request *req;       /* NULL once it is answered or becomes a stream */
	struct outlet *outlet;          /* NULL: no stream (yet) */
	char session[DIGEST_TEXT_SIZE]; /* its hash; "": none */
	char version[VERSION_SIZE];
	char scope[32]; /* of the request, where there is no session */
	bool can_stream;
	int64_t began_ms;
	struct exchange *prev, *next; /* in mcp->exchanges */
};

static void on_gone(void *ctx)
{
	const struct exchange *exchange = ctx;
	char scope[sizeof(exchange->scope)];

	/* This may end the exchange. */
	memcpy(scope, exchange->scope, sizeof(scope));
	call_cancel_scope(exchange->mcp, scope);
}

struct exchange *exchange_new(struct mcp *mcp, struct http_request *req, struct session *session,
			      const char *version)
{
	struct exchange *exchange = mem_new(struct exchange);

	exchange->mcp = mcp;
	exchange->req = req;
	exchange->can_stream = http_accepts(req, "text/event-stream");
	exchange->began_ms = clock_mono_ms();
	snprintf(exchange->version, sizeof(exchange->version), "%s", version);
	if (session) {
		memcpy(exchange->session, session->hash, sizeof(exchange->session));
		session->waiting++;
	} else {
		snprintf(exchange->scope, sizeof(exchange->scope), "request-%llu",
			 (unsigned long long)++mcp->next_scope);
		http_on_gone(req, on_gone, exchange);
	}
	exchange->next = mcp->exchanges;
	if (exchange->next)
		exchange->next->prev = exchange;
	mcp->exchanges = exchange;
	mcp_tick_start(mcp);
	return exchange;
}

const char *exchange_scope(const struct exchange *exchange)
{
	return *exchange->session ? exchange->session : exchange->scope;
}

static struct session *session_of(const struct exchange *exchange)
{
	return *exchange->session ? session_cached(exchange->mcp, exchange->session) : NULL;
}

static void exchange_free(struct exchange *exchange)
{
	struct session *session = session_of(exchange);

	if (session && session->waiting > 0)
		session->waiting--;
	if (exchange->prev)
		exchange->prev->next = exchange->next;
	else
		exchange->mcp->exchanges = exchange->next;
	if (exchange->next)
		exchange->next->prev = exchange->prev;
	free(exchange);
}

/* --- as a stream --- */

static void become_stream(struct exchange *exchange)
{
	struct session *session = session_of(exchange);

	if (session)
		outlets_trim(session);
	exchange->outlet = outlet_new(exchange->mcp, session);
	if (!*exchange->session)
		outlet_on_gone(exchange->outlet, on_gone, exchange);
	outlet_attach(exchange->outlet, take(exchange->req), 0);
	/* 2025-11-25 transports: a first event with an id and without data.  Older clients would
	 * take it for a message. */
	if (session && strcmp(exchange->version, "2025-11-25") == 0)
		outlet_prime(exchange->outlet);
}

void exchange_on_note(void *ctx, const struct json *message)
{
	struct exchange *exchange = ctx;

	if (!exchange->outlet && !exchange->can_stream)
		return;
	if (!exchange->outlet)
		become_stream(exchange);
	outlet_send(exchange->outlet, message);
}

void exchange_on_drop(void *ctx, int64_t retry_ms)
{
	struct exchange *exchange = ctx;

	if (strcmp(exchange->version, "2025-11-25") != 0 || !exchange->can_stream)
		return;
	if (!exchange->outlet)
		become_stream(exchange);
	outlet_drop(exchange->outlet, retry_ms);
}

/* --- the answer --- */

static void reply(struct http_request *req, struct json *message, int status)
{
	auto_str text = message ? json_print(message) : NULL;

	if (text)
		http_reply(req, status, "application/json", text, strlen(text));
	else if (status == 202)
		http_reply(req, 202, NULL, NULL, 0);
	else
		/* Taken back: no response follows, which only an event stream can say. */
		http_reply(req, 200, "text/event-stream", "", 0);
}

void exchange_on_answer(void *ctx, struct json *message, int status)
{
	struct exchange *exchange = ctx;

	if (exchange->outlet) {
		if (message)
			outlet_send(exchange->outlet, message);
		outlet_finish(exchange->outlet);
	} else {
		reply(exchange->req, message, status);
	}
	json_free(message);
	exchange_free(exchange);
}

/* In 2025-11-25 a stream can be gone on with, so that nothing is lost with a connection; else it
 * only keeps proxies from closing it. */
static int64_t patience_ms(const struct exchange *exchange)
{
	return strcmp(exchange->version, "2025-11-25") == 0 ? EARLY_MS : LATE_MS;
}

void exchanges_tick(struct mcp *mcp)
{
	int64_t now = clock_mono_ms();

	for (struct exchange *e = mcp->exchanges, *next; e; e = next) {
		next = e->next;
		if (!e->outlet && e->can_stream && now - e->began_ms >= patience_ms(e))
			become_stream(e);
	}
}

void exchanges_free(struct mcp *mcp)
{
	while (mcp->exchanges)
		exchange_on_answer(mcp->exchanges,
				   rpc_error(NULL, 0, RPC_SERVER_ERROR, "the server is stopping"),
				   503);
}
