/* tools/call: one struct call from the request to its one answer.
 *
 * A call and the carrier that brought it are two objects; the call holds the carrier's answer_fn
 * and uses it once: with the answer, or with NULL when the client took the request back.  After
 * that the call lives on until the tool ends it, and that answer goes nowhere.  Nothing is found by
 * request id alone: ids are unique in a session only, so that the key is both (two clients may use
 * the same). */
#include "internal.h"
#include <stdarg.h>
#include <string.h>
#include "buf.h"
#include "utf8.h"

enum { FAILURE_MAX = 8 * 1024 }; /* bytes of its text */

struct call {
	struct mcp *mcp; /* NULL once mcp is gone */
	void *tool_ctx;
	char owner[STORE_OWNER_SIZE];
	char *key;            /* scope, newline, id as it was sent */
	const char *id;       /* inside key */
	struct json *body;    /* what args were borrowed from */
	struct json *no_args; /* what stands for them when none were sent */
	struct json *content;
	struct json *warnings;
	call_cancel_fn *on_cancel;
	void *cancel_ctx;
	answer_fn *on_answer; /* NULL once used */
	void *answer_ctx;
	struct call *prev, *next; /* in mcp->open */
	UT_hash_handle hh;        /* in mcp->calls while on_answer is there */
};

/* --- beginning and end --- */

static void open_list_add(struct mcp *mcp, struct call *call)
{
	call->next = mcp->open;
	if (call->next)
		call->next->prev = call;
	mcp->open = call;
	mcp->pending++;
}

static void open_list_remove(struct mcp *mcp, struct call *call)
{
	if (call->prev)
		call->prev->next = call->next;
	else
		mcp->open = call->next;
	if (call->next)
		call->next->prev = call->prev;
	mcp->pending--;
}

static void call_free(struct call *call)
{
	if (call->mcp)
		open_list_remove(call->mcp, call);
	json_free(call->body);
	json_free(call->no_args);
	json_free(call->content);
	json_free(call->warnings);
	free(call->key);
	free(call);
}

/* Uses up the way to the carrier. */
static void deliver(struct call *call, struct json *message, int status)
{
	answer_fn *on_answer = call->on_answer;

	call->on_answer = NULL;
	HASH_DELETE(hh, call->mcp->calls, call);
	on_answer(call->answer_ctx, message, status);
}

static void take_back(struct call *call)
{
	deliver(call, NULL, 200);
	if (call->on_cancel)
		call->on_cancel(call->cancel_ctx);
}

static char *call_key(const char *scope, const char *id, size_t id_len)
{
	return mem_format("%s\n%.*s", scope, (int)id_len, id);
}

static const struct tool *tool_find(const struct mcp *mcp, const char *name)
{
	for (const struct tool *const *tool = mcp->tools; *tool; tool++)
		if (strcmp((*tool)->name, name) == 0)
			return *tool;
	return NULL;
}

static struct call *call_new(struct mcp *mcp, const struct peer *peer, struct rpc_message *message,
			     char *key)
{
	struct call *call = mem_new(struct call);

	call->mcp = mcp;
	call->tool_ctx = mcp->tool_ctx;
	snprintf(call->owner, sizeof(call->owner), "%s", peer->owner);
	call->key = key;
	call->id = strchr(key, '\n') + 1;
	call->body = take(message->body);
	call->content = json_array();
	call->on_answer = peer->on_answer;
	call->answer_ctx = peer->ctx;
	open_list_add(mcp, call);
	HASH_ADD_KEYPTR(hh, mcp->calls, call->key, strlen(call->key), call);
	return call;
}

static void refuse(const struct peer *peer, const struct rpc_message *message, enum rpc_code code,
		   int status, const char *text)
{
	peer->on_answer(peer->ctx, rpc_error(message->id, message->id_len, code, text), status);
}

/* Nobody may take the calls of all: waits are held for 45 s, and a session costs nothing. */
static bool has_its_share(const struct mcp *mcp, const char *owner)
{
	unsigned own = 0;

	if (mcp->pending < mcp->calls_per_owner)
		return false;
	for (const struct call *call = mcp->open; call; call = call->next)
		own += strcmp(call->owner, owner) == 0;
	return own >= mcp->calls_per_owner;
}

/* Whether a call may begin; answers when not. */
static bool is_admitted(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message,
			const char *key)
{
	struct call *twin;

	HASH_FIND_STR(mcp->calls, key, twin);
	if (twin)
		refuse(peer, message, RPC_INVALID_REQUEST, 400,
		       "a request with this id is still under way");
	else if (mcp->draining)
		refuse(peer, message, RPC_SERVER_ERROR, 503, "the server is stopping");
	else if (mcp->pending >= CALLS_MAX)
		refuse(peer, message, RPC_SERVER_ERROR, 503,
		       "too many calls are under way; try again in a second");
	else if (has_its_share(mcp, peer->owner))
		refuse(peer, message, RPC_SERVER_ERROR, 503,
		       "too many calls of yours are under way; wait until one is answered");
	else
		return true;
	return false;
}

/* null says the same as absence, as it does for each argument. */
static const struct json *get_args(const struct rpc_message *message)
{
	const struct json *args = json_get(message->params, "arguments");

	return args && json_type(args) != JSON_NULL ? args : NULL;
}

void call_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const char *name = json_get_text(message->params, "name");
	const struct json *args = get_args(message);
	const struct tool *tool = name ? tool_find(mcp, name) : NULL;
	struct error err;
	auto_str key = NULL;
	struct call *call;

	if (!tool) {
		error_set(&err, ERROR_INVALID, name ? "there is no tool %.100s" : "%s",
			  name ? name : "tools/call needs params.name, a string");
		refuse(peer, message, RPC_INVALID_PARAMS, 200, err.text);
		return;
	}
	if (args && json_type(args) != JSON_OBJECT) {
		refuse(peer, message, RPC_INVALID_PARAMS, 200, "arguments must be an object");
		return;
	}
	key = call_key(peer->scope, message->id, message->id_len);
	if (!is_admitted(mcp, peer, message, key))
		return;
	call = call_new(mcp, peer, message, take(key));
	if (!args)
		args = call->no_args = json_object();
	tool->run(call, args);
}

void call_cancel(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message)
{
	const char *params, *id;
	size_t params_len, id_len;
	auto_str key = NULL;
	struct call *call;

	if (!message->params ||
	    !json_raw_member(message->text, message->text_len, "params", &params, &params_len) ||
	    !json_raw_member(params, params_len, "requestId", &id, &id_len) || id_len > RPC_ID_MAX)
		return;
	key = call_key(peer->scope, id, id_len);
	HASH_FIND_STR(mcp->calls, key, call);
	if (call)
		take_back(call);
}

void calls_abandon(struct mcp *mcp)
{
	while (mcp->open) {
		struct call *call = mcp->open;

		/* The list is left first: on_cancel may end the call at once. */
		open_list_remove(mcp, call);
		if (call->on_answer)
			deliver(call,
				rpc_error(call->id, strlen(call->id), RPC_SERVER_ERROR,
					  "the server is stopping"),
				503);
		call->mcp = NULL;
		if (call->on_cancel)
			call->on_cancel(call->cancel_ctx);
	}
}

/* --- what tools use --- */

void *call_context(const struct call *call)
{
	return call->tool_ctx;
}

const char *call_owner(const struct call *call)
{
	return call->owner;
}

void call_on_cancel(struct call *call, call_cancel_fn *on_cancel, void *ctx)
{
	call->on_cancel = on_cancel;
	call->cancel_ctx = ctx;
}

static struct json *text_block(const char *text)
{
	struct json *block = json_object();

	json_put_text(block, "type", "text");
	json_put_text(block, "text", text);
	return block;
}

void call_add_text(struct call *call, const char *text)
{
	json_append(call->content, text_block(text));
}

void call_add_link(struct call *call, const char *uri, const char *name, const char *media_type,
		   int64_t size)
{
	struct json *block = json_object();

	json_put_text(block, "type", "resource_link");
	json_put_text(block, "uri", uri);
	json_put_text(block, "name", name);
	if (media_type)
		json_put_text(block, "mimeType", media_type);
	if (size >= 0)
		json_put_int(block, "size", size);
	json_append(call->content, block);
}

void call_warn(struct call *call, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[utf8_whole(text, strlen(text))] = '\0';
	if (!call->warnings)
		call->warnings = json_array();
	json_append(call->warnings, json_new_text(text));
}

/* Warnings stand in both forms of the result. */
static void put_warnings(struct call *call, struct json *structured)
{
	if (!call->warnings)
		return;
	for (const struct json *w = json_first(call->warnings); w; w = json_next(w)) {
		auto_str line = mem_format("warning: %s", json_text(w));

		call_add_text(call, line);
	}
	json_put(structured, "warnings", take(call->warnings));
}

static void end(struct call *call, struct json *structured, bool is_error)
{
	struct json *result;

	put_warnings(call, structured);
	result = json_object();
	json_put(result, "content", take(call->content));
	json_put(result, "structuredContent", structured);
	if (is_error)
		json_put_bool(result, "isError", true);
	if (call->on_answer)
		deliver(call, rpc_result(call->id, strlen(call->id), result), 200);
	else
		json_free(result);
	call_free(call);
}

void call_answer(struct call *call, struct json *structured)
{
	if (json_size(call->content) == 0) {
		auto_str text = json_print(structured);

		call_add_text(call, text);
	}
	end(call, structured, false);
}

/* The text form of a failure: the sentence, the next step, whether a retry can help. */
static void add_failure(struct call *call, const struct error *err, const char *next)
{
	const char *sentence = err->text;
	size_t len = strlen(sentence);
	auto_buf text = BUF_INIT(FAILURE_MAX);

	buf_addf(&text, "Error (%s): %s%s", error_kind_name(err->kind), sentence,
		 len > 0 && sentence[len - 1] == '.' ? "" : ".");
	if (next)
		buf_addf(&text, " Next: %s.", next);
	buf_add_text(&text, err->retryable ? " The same call may succeed if it is made again later."
					   : " Making the same call again will not help.");
	json_free(call->content);
	call->content = json_array();
	call_add_text(call, buf_text(&text));
}

void call_fail(struct call *call, const struct error *err, const char *next)
{
	struct json *structured = json_object();

	json_put_text(structured, "code", error_kind_name(err->kind));
	json_put_text(structured, "message", err->text);
	if (next)
		json_put_text(structured, "next", next);
	json_put_bool(structured, "retryable", err->retryable);
	add_failure(call, err, next);
	end(call, structured, true);
}
