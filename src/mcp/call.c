/* tools/call, prompts/get, resources/read and completion/complete: one struct call from the request
 * to its one answer.  Nothing is found by request id alone: ids are unique in a scope only, so that
 * the key is both (two clients may use the same). */
#include "call.h"
#include <string.h>

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
	if (!call->task) /* nobody waits for a task */
		mcp->pending--;
}

static void call_free(struct call *call)
{
	if (call->mcp)
		open_list_remove(call->mcp, call);
	ask_release(call);
	task_free(call->task);
	json_free(call->body);
	json_free(call->made_args);
	json_free(call->content);
	json_free(call->warnings);
	free(call->uri);
	free(call->token);
	free(call->key);
	free(call);
}

void call_deliver(struct call *call, struct json *message, int status)
{
	answer_fn *on_answer = call->on_answer;

	call->on_answer = NULL;
	call->on_note = NULL;
	HASH_DELETE(hh, call->mcp->calls, call);
	on_answer(call->answer_ctx, message, status);
}

void call_clear(struct call *call)
{
	json_free(call->content);
	json_free(take(call->warnings));
	call->content = json_array();
}

/* A call that waits for its client has no tool behind it. */
void call_stop(struct call *call)
{
	if (call->asks || call->rerun || (call->asking && call->task))
		call_free(call);
	else if (call->on_cancel)
		call->on_cancel(call->cancel_ctx);
}

bool call_was_taken_back(const struct call *call)
{
	return call->mcp != NULL;
}

static void take_back(struct call *call)
{
	call_deliver(call, NULL, 200);
	call_stop(call);
}

void call_end_by_result(struct call *call, struct json *result)
{
	if (call->task && call->mcp) {
		task_end(call, result, NULL);
	} else if (call->on_answer) {
		if (call->era == ERA_2026)
			result_finish(call->mcp, result);
		call_deliver(call, rpc_result(call->id, strlen(call->id), result), 200);
	} else {
		json_free(result);
	}
	call_free(call);
}

void call_end_by_fault(struct call *call, struct fault *fault)
{
	if (call->task && call->mcp)
		task_end(call, NULL, fault);
	else if (call->on_answer)
		call_deliver(call, rpc_fault(call->id, strlen(call->id), fault), fault->status);
	json_free(take(fault->data));
	call_free(call);
}

static char *call_key(const char *scope, const char *id, size_t id_len)
{
	return mem_format("%s\n%.*s", scope, (int)id_len, id);
}

/* --- whether it may begin --- */

/* Nobody may take the calls of all: waits are held for 45 s, and a session costs nothing. */
static bool has_its_share(const struct mcp *mcp, const char *owner)
{
	unsigned own = 0;

	if (mcp->pending < mcp->calls_per_owner)
		return false;
	for (const struct call *call = mcp->open; call; call = call->next)
		own += !call->task && strcmp(call->owner, owner) == 0;
	return own >= mcp->calls_per_owner;
}

static bool is_admitted(struct mcp *mcp, const struct peer *peer, const char *key,
			struct fault *ret_fault)
{
	struct call *twin;

	HASH_FIND_STR(mcp->calls, key, twin);
	if (twin)
		return fault_set(ret_fault, 400, RPC_INVALID_REQUEST,
				 "a request with this id is still under way");
	if (mcp->draining)
		return fault_set(ret_fault, 503, RPC_SERVER_ERROR, "the server is stopping");
	if (mcp->pending >= CALLS_MAX)
		return fault_set(ret_fault, 503, RPC_SERVER_ERROR,
				 "too many calls are under way; try again in a second");
	if (has_its_share(mcp, peer->owner))
		return fault_set(
			ret_fault, 503, RPC_SERVER_ERROR,
			"too many calls of yours are under way; wait until one is answered");
	return true;
}

static struct call *call_new(struct mcp *mcp, const char *owner)
{
	struct call *call = mem_new(struct call);

	call->mcp = mcp;
	call->tool_ctx = mcp->tool_ctx;
	snprintf(call->owner, sizeof(call->owner), "%s", owner);
	call->content = json_array();
	call->log_level = LEVEL_NONE;
	call->progress = -1;
	open_list_add(mcp, call);
	return call;
}

struct call *call_revive(struct mcp *mcp, const struct tool *tool, const char *owner)
{
	struct call *call = call_new(mcp, owner);

	call->kind = CALL_TOOL;
	call->tool = tool;
	call->made_args = json_object();
	call->args = call->made_args;
	call->key = mem_strdup("");
	call->id = call->key;
	return call;
}

/* What a call is about, before there is one. */
struct target {
	enum call_kind kind;
	const struct tool *tool;
	call_run_fn *run;
	const struct json *args; /* in the message; NULL: made */
	struct json *made_args;
	const char *uri;
};

static void call_connect(struct call *call, const struct peer *peer,
			 const struct rpc_message *message, char *key)
{
	const char *token;
	size_t len;

	call->key = key;
	call->id = strchr(key, '\n') + 1;
	call->era = peer->era;
	snprintf(call->version, sizeof(call->version), "%s", peer->version);
	snprintf(call->client, sizeof(call->client), "%s", peer->client ? peer->client : "");
	call->client_can = peer->client_can;
	call->log_level = peer->log_level;
	call->on_answer = peer->on_answer;
	call->on_note = peer->on_note;
	call->on_drop = peer->on_drop;
	call->answer_ctx = peer->ctx;
	if (envelope_token(message, &token, &len))
		call->token = mem_strndup(token, len);
	HASH_ADD_KEYPTR(hh, call->mcp->calls, call->key, strlen(call->key), call);
}

/* 2025-11-25: the client itself asks for a task. */
static bool task_is_asked_for(const struct call *call, const struct json *params,
			      int64_t *ret_ttl_ms)
{
	const struct json *wish = json_get_object(params, "task");

	*ret_ttl_ms = 0;
	(void)json_get_int(wish, "ttl", ret_ttl_ms);
	return wish && call->kind == CALL_TOOL && call->era == ERA_2025 &&
	       strcmp(call->version, session_versions[0]) == 0 && call->tool->task != TOOL_TASK_NO;
}

/* NULL: refused, and answered. */
static struct call *begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message,
			  const struct target *target)
{
	auto_str key = call_key(peer->scope, message->id, message->id_len);
	struct fault fault;
	struct call *call;

	if (!is_admitted(mcp, peer, key, &fault)) {
		json_free(target->made_args);
		peer_refuse(peer, message, &fault);
		return NULL;
	}
	call = call_new(mcp, peer->owner);
	call->kind = target->kind;
	call->tool = target->tool;
	call->run = target->run;
	call->args = target->args ? target->args : target->made_args;
	call->made_args = target->made_args;
	call->uri = target->uri ? mem_strdup(target->uri) : NULL;
	call_connect(call, peer, message, take(key));
	call->body = take(message->body);
	if (peer->era == ERA_2026 && !ask_read(call, message->params, &fault)) {
		call_end_by_fault(call, &fault);
		return NULL;
	}
	return call;
}

static void run(struct mcp *mcp, const struct peer *peer, struct rpc_message *message,
		const struct target *target)
{
	const struct json *params = message->params;
	struct call *call = begin(mcp, peer, message, target);
	struct error err;
	struct fault fault;
	int64_t ttl_ms;

	if (!call)
		return;
	if (task_is_asked_for(call, params, &ttl_ms) && !task_begin(call, NULL, ttl_ms, &err)) {
		fault_set(&fault, 200, RPC_SERVER_ERROR, "%s", err.text);
		call_end_by_fault(call, &fault);
		return;
	}
	call->run(call, call->args);
}

/* --- the methods --- */

static const struct tool *tool_find(const struct mcp *mcp, const char *name)
{
	for (const struct tool *const *tool = mcp->offers.tools; *tool; tool++)
		if (strcmp((*tool)->name, name) == 0)
			return *tool;
	return NULL;
}

/* null says the same as absence, as it does for each argument. */
static bool get_args(const struct rpc_message *message, struct target *target,
		     struct fault *ret_fault)
{
	const struct json *args = json_get(message->params, "arguments");

	if (!args || json_type(args) == JSON_NULL)
		target->made_args = json_object();
	else if (json_type(args) == JSON_OBJECT)
		target->args = args;
	else
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS, "arguments must be an object");
	return true;
}

/* A tool that lives longer than a request cannot serve a client that knows no tasks. */
static bool can_have(const struct tool *tool, const struct peer *peer, struct fault *ret_fault)
{
	struct json *extension, *capability;

	if (tool->task != TOOL_TASK_MUST || peer->era == ERA_2025 ||
	    peer->client_can & CLIENT_TASKS)
		return true;
	fault_set(ret_fault, 400, RPC_MISSING_CAPABILITY,
		  "tool %s needs a client that declares the extension %s", tool->name,
		  tasks_extension);
	extension = json_object();
	json_put(extension, tasks_extension, json_object());
	capability = json_object();
	json_put(capability, "extensions", extension);
	ret_fault->data = json_object();
	json_put(ret_fault->data, "requiredCapabilities", capability);
	return false;
}

static bool find_tool(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message,
		      struct target *target, struct fault *ret_fault)
{
	const char *name = json_get_text(message->params, "name");

	if (!name)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "tools/call needs params.name, a string");
	target->tool = tool_find(mcp, name);
	if (!target->tool)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS, "there is no tool %.100s",
				 name);
	target->run = target->tool->run;
	return can_have(target->tool, peer, ret_fault) && get_args(message, target, ret_fault);
}

void call_tool(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct target target = { .kind = CALL_TOOL };
	struct fault fault;

	if (find_tool(mcp, peer, message, &target, &fault))
		run(mcp, peer, message, &target);
	else
		peer_refuse(peer, message, &fault);
}

static bool find_prompt(struct mcp *mcp, const struct rpc_message *message, struct target *target,
			struct fault *ret_fault)
{
	const char *name = json_get_text(message->params, "name");
	const struct prompt *prompt = name ? prompt_find(mcp, name) : NULL;
	const struct json *args = json_get_object(message->params, "arguments");

	if (!prompt)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS, "there is no prompt %.100s",
				 name ? name : "without a name");
	for (const struct prompt_argument *a = prompt->arguments; a && a->name; a++)
		if (a->required && !json_get_text(args, a->name))
			return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
					 "prompt %s needs the argument %s, a string", name,
					 a->name);
	target->run = prompt->run;
	return get_args(message, target, ret_fault);
}

void call_prompt(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct target target = { .kind = CALL_PROMPT };
	struct fault fault;

	if (find_prompt(mcp, message, &target, &fault))
		run(mcp, peer, message, &target);
	else
		peer_refuse(peer, message, &fault);
}

void call_read(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct target target = { .kind = CALL_READ };
	struct fault fault;

	target.uri = json_get_text(message->params, "uri");
	if (!target.uri) {
		fault_set(&fault, 200, RPC_INVALID_PARAMS,
			  "resources/read needs params.uri, a string");
		peer_refuse(peer, message, &fault);
		return;
	}
	target.run = resource_find(mcp, target.uri, &target.made_args);
	if (target.run) {
		run(mcp, peer, message, &target);
		return;
	}
	resource_missing(peer->era, target.uri, &fault);
	peer_refuse(peer, message, &fault);
}

static void run_list(struct call *call, const struct json *args)
{
	list_add_resources(call->mcp, call->content);
	call->mcp->offers.list_resources(call, args);
}

void call_list(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const struct target target = { .kind = CALL_LIST,
				       .run = run_list,
				       .made_args = json_object() };

	run(mcp, peer, message, &target);
}

/* Values that a client proposes to a person as he types. */
void complete_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct target target = { .kind = CALL_COMPLETE };
	const struct json *argument = json_get_object(message->params, "argument");
	struct fault fault;

	if (!json_get_text(argument, "name") || !json_get_text(argument, "value")) {
		fault_set(&fault, 200, RPC_INVALID_PARAMS,
			  "completion/complete needs params.argument with name and value, strings");
		peer_refuse(peer, message, &fault);
		return;
	}
	if (!completion_find(mcp, json_get_object(message->params, "ref"), &target.run)) {
		fault_set(&fault, 200, RPC_INVALID_PARAMS,
			  "params.ref names no prompt or resource template of this server");
		peer_refuse(peer, message, &fault);
		return;
	}
	if (!target.run)
		target.run = complete_nothing;
	target.made_args = json_object();
	json_put_text(target.made_args, "name", json_get_text(argument, "name"));
	json_put_text(target.made_args, "value", json_get_text(argument, "value"));
	if (json_get_object(message->params, "context"))
		json_put(target.made_args, "context",
			 json_copy(json_get_object(message->params, "context")));
	run(mcp, peer, message, &target);
}

/* --- taken back --- */

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
	else if (!listen_end(mcp, peer->scope, id, id_len))
		task_wait_cancel(mcp, peer->scope, id, id_len);
}

static bool is_in_scope(const struct call *call, const char *scope)
{
	size_t len = strlen(scope);

	return strncmp(call->key, scope, len) == 0 && call->key[len] == '\n';
}

void call_cancel_asking(struct mcp *mcp, const char *scope)
{
	for (struct call *call = mcp->open, *next; call; call = next) {
		next = call->next;
		if (call->asks && call->on_answer && is_in_scope(call, scope))
			take_back(call);
	}
}

void call_cancel_scope(struct mcp *mcp, const char *scope)
{
	size_t len = strlen(scope);
	struct call *call = mcp->open;

	/* A scope of one request has one call at most. */
	while (call &&
	       !(call->on_answer && strncmp(call->key, scope, len) == 0 && call->key[len] == '\n'))
		call = call->next;
	if (call)
		take_back(call);
	listen_end_scope(mcp, scope);
}

void calls_abandon(struct mcp *mcp)
{
	while (mcp->open) {
		struct call *call = mcp->open;

		/* The list is left first: on_cancel may end the call at once. */
		open_list_remove(mcp, call);
		if (call->on_answer)
			call_deliver(call,
				     rpc_error(call->id, strlen(call->id), RPC_SERVER_ERROR,
					       "the server is stopping"),
				     503);
		call->mcp = NULL;
		call_stop(call);
	}
}
