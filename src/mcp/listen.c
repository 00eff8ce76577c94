/* Who wants to hear of changes: of lists, of resources, of tasks.
 *
 * In 2026-07-28 that is a request of its own, subscriptions/listen, which is answered by a stream
 * of what was asked for, each message marked with the request's id, and ends when the client leaves
 * or the server stops.  In the 2025 revisions it is a subscription to a resource (subscription.c)
 * and to the lists, unasked, told on the session's own stream, or on whatever carries the session
 * (a sink). */
#include "internal.h"
#include <string.h>

#define SUBSCRIPTION_ID "io.modelcontextprotocol/subscriptionId"

struct listener {
	struct listener *next;
	char *scope;
	char *owner;
	char *id;                                      /* JSON text */
	bool lists[3];                                 /* by enum mcp_list */
	struct json *uris, *tasks;                     /* arrays; NULL: none */
	struct watching *watchings[SUBSCRIPTIONS_MAX]; /* of the uris, in their order */
	answer_fn *on_answer;
	note_fn *on_note;
	void *ctx;
};

struct sink {
	struct sink *next;
	const char *scope; /* its carrier's */
	note_fn *on_note;
	void *ctx;
};

static const char *const list_flags[] = {
	[MCP_TOOLS] = "toolsListChanged",
	[MCP_PROMPTS] = "promptsListChanged",
	[MCP_RESOURCES] = "resourcesListChanged",
};

static const char *const list_methods[] = {
	[MCP_TOOLS] = "notifications/tools/list_changed",
	[MCP_PROMPTS] = "notifications/prompts/list_changed",
	[MCP_RESOURCES] = "notifications/resources/list_changed",
};

enum { LISTS = 3 };

/* --- 2026-07-28: telling --- */

static struct json *mark(const struct listener *listener)
{
	struct json *meta = json_object();

	json_put(meta, SUBSCRIPTION_ID, json_new_raw(listener->id, strlen(listener->id)));
	return meta;
}

/* Takes params. */
static void tell(const struct listener *listener, const char *method, struct json *params)
{
	auto_json message = NULL;

	json_put(params, "_meta", mark(listener));
	message = rpc_call(NULL, method, params);
	listener->on_note(listener->ctx, message);
}

static bool has_text(const struct json *list, const char *text)
{
	for (const struct json *m = json_first(list); m; m = json_next(m))
		if (json_text(m) && strcmp(json_text(m), text) == 0)
			return true;
	return false;
}

/* --- 2026-07-28: the request --- */

static void listener_free(struct listener *listener)
{
	for (int i = 0; i < SUBSCRIPTIONS_MAX; i++)
		watching_end(listener->watchings[i]);
	json_free(listener->uris);
	json_free(listener->tasks);
	free(listener->scope);
	free(listener->owner);
	free(listener->id);
	free(listener);
}

/* result: whether the stream ends in good order, with a result. */
static void end(struct mcp *mcp, struct listener **at, bool result)
{
	struct listener *listener = *at;
	struct json *message = NULL, *body;

	*at = listener->next;
	mcp->listener_count--;
	if (result) {
		body = json_object();
		json_put_text(body, "resultType", "complete");
		json_put(body, "_meta", mark(listener));
		message = rpc_result(listener->id, strlen(listener->id), body);
	}
	listener->on_answer(listener->ctx, message, 200);
	listener_free(listener);
}

static bool offers(const struct mcp *mcp, enum mcp_list list)
{
	if (!mcp->offers.lists_change)
		return false;
	switch (list) {
	case MCP_TOOLS:
		return mcp->offers.tools != NULL;
	case MCP_PROMPTS:
		return mcp->offers.prompts != NULL;
	case MCP_RESOURCES:
		return mcp_has_resources(mcp);
	}
	return false;
}

/* The first texts of a list. */
static struct json *texts(const struct json *wish)
{
	struct json *list = NULL;

	for (const struct json *m = json_first(wish); m; m = json_next(m)) {
		if (!json_text(m) || (list && json_size(list) >= SUBSCRIPTIONS_MAX))
			continue;
		if (!list)
			list = json_array();
		json_append(list, json_copy(m));
	}
	return list;
}

/* Those that exist and are his. */
static struct json *own_tasks(struct mcp *mcp, const char *owner, const struct json *wish)
{
	auto_json ids = texts(wish);
	struct json *list = NULL;

	for (const struct json *m = json_first(ids); m; m = json_next(m)) {
		auto_task_row row = { .tool = NULL };
		struct error ignored;

		if (!store_task_find(mcp->store, json_text(m), &row, &ignored) ||
		    strcmp(row.owner, owner) != 0)
			continue;
		if (!list)
			list = json_array();
		json_append(list, json_copy(m));
	}
	return list;
}

/* --- 2026-07-28: the request, its wish --- */

/* Those whose changes are told, to him. */
static void watch_uris(struct mcp *mcp, const struct peer *peer, struct listener *listener,
		       const struct json *wish)
{
	auto_json uris = texts(wish);
	struct error ignored;

	for (const struct json *m = json_first(uris); m; m = json_next(m)) {
		size_t at = listener->uris ? json_size(listener->uris) : 0;

		if (!watch_for(mcp, peer, json_text(m), &listener->watchings[at], &ignored))
			continue;
		if (!listener->uris)
			listener->uris = json_array();
		json_append(listener->uris, json_copy(m));
	}
}

static void read_wish(struct mcp *mcp, const struct peer *peer, const struct json *wish,
		      struct listener *listener)
{
	for (int list = 0; list < LISTS; list++)
		listener->lists[list] = json_get_bool(wish, list_flags[list], false) &&
					offers(mcp, (enum mcp_list)list);
	watch_uris(mcp, peer, listener, json_get_array(wish, "resourceSubscriptions"));
	listener->tasks = own_tasks(mcp, peer->owner, json_get_array(wish, "taskIds"));
}

/* Says what of the wish is granted. */
static bool acknowledge(const struct listener *listener)
{
	struct json *granted = json_object(), *params = json_object();
	bool any;

	for (int list = 0; list < LISTS; list++)
		if (listener->lists[list])
			json_put_bool(granted, list_flags[list], true);
	if (listener->uris)
		json_put(granted, "resourceSubscriptions", json_copy(listener->uris));
	if (listener->tasks)
		json_put(granted, "taskIds", json_copy(listener->tasks));
	any = json_size(granted) > 0;
	json_put(params, "notifications", granted);
	tell(listener, "notifications/subscriptions/acknowledged", params);
	return any;
}

static bool may_listen(const struct mcp *mcp, const struct peer *peer, const struct json *wish,
		       struct fault *ret_fault)
{
	struct json *extensions, *required;

	if (!wish)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "params.notifications must be an object");
	if (!peer->on_note) /* it would wait for ever for what cannot be said */
		return fault_set(ret_fault, 406, RPC_INVALID_REQUEST,
				 "the answer is an event stream: Accept must list it");
	if (mcp->draining || mcp->listener_count >= LISTENERS_MAX)
		return fault_set(ret_fault, 200, RPC_INTERNAL_ERROR,
				 "no more listeners are taken now; try again later");
	if (!json_get_array(wish, "taskIds") || peer->client_can & CLIENT_TASKS)
		return true;
	fault_set(ret_fault, 400, RPC_MISSING_CAPABILITY,
		  "tasks are for clients that declare the extension %s", tasks_extension);
	extensions = json_object();
	json_put(extensions, tasks_extension, json_object());
	required = json_object();
	json_put(required, "extensions", extensions);
	ret_fault->data = json_object();
	json_put(ret_fault->data, "requiredCapabilities", required);
	return false;
}

void listen_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const struct json *wish = json_get_object(message->params, "notifications");
	struct listener *listener;
	struct fault fault;

	if (!may_listen(mcp, peer, wish, &fault)) {
		peer_refuse(peer, message, &fault);
		return;
	}
	listener = mem_new(struct listener);
	listener->scope = mem_strdup(peer->scope);
	listener->owner = mem_strdup(peer->owner);
	listener->id = mem_strndup(message->id, message->id_len);
	listener->on_answer = peer->on_answer;
	listener->on_note = peer->on_note;
	listener->ctx = peer->ctx;
	read_wish(mcp, peer, wish, listener);
	listener->next = mcp->listeners;
	mcp->listeners = listener;
	mcp->listener_count++;
	if (!acknowledge(listener))
		end(mcp, &mcp->listeners, true);
}

/* --- 2026-07-28: the end --- */

bool listen_end(struct mcp *mcp, const char *scope, const char *id, size_t id_len)
{
	for (struct listener **at = &mcp->listeners; *at; at = &(*at)->next) {
		if (strcmp((*at)->scope, scope) == 0 && strlen((*at)->id) == id_len &&
		    memcmp((*at)->id, id, id_len) == 0) {
			end(mcp, at, false);
			return true;
		}
	}
	return false;
}

void listen_end_scope(struct mcp *mcp, const char *scope)
{
	struct listener **at = &mcp->listeners;

	while (*at)
		if (strcmp((*at)->scope, scope) == 0)
			end(mcp, at, false);
		else
			at = &(*at)->next;
}

void listen_end_all(struct mcp *mcp)
{
	while (mcp->listeners)
		end(mcp, &mcp->listeners, true);
}

/* --- 2025: who carries a session --- */

void sink_add(struct mcp *mcp, const char *scope, note_fn *on_note, void *ctx)
{
	struct sink *sink = mem_new(struct sink);

	sink->scope = scope;
	sink->on_note = on_note;
	sink->ctx = ctx;
	sink->next = mcp->sinks;
	mcp->sinks = sink;
}

void sink_remove(struct mcp *mcp, const char *scope)
{
	struct sink **at = &mcp->sinks;

	while (*at && strcmp((*at)->scope, scope) != 0)
		at = &(*at)->next;
	if (*at) {
		struct sink *sink = *at;

		*at = sink->next;
		free(sink);
	}
	subscriptions_end_scope(mcp, scope);
}

void scope_tell(struct mcp *mcp, const char *scope, const struct json *message)
{
	struct session *session = session_cached(mcp, scope);

	if (session)
		(void)session_tell(session, message);
	for (struct sink *sink = mcp->sinks; sink; sink = sink->next)
		if (strcmp(sink->scope, scope) == 0)
			sink->on_note(sink->ctx, message);
}

bool scope_is_heard(struct mcp *mcp, const char *scope)
{
	const struct session *session = session_cached(mcp, scope);
	const struct sink *sink = mcp->sinks;

	while (sink && strcmp(sink->scope, scope) != 0)
		sink = sink->next;
	return sink || (session && session->feed && outlet_is_attached(session->feed));
}

/* --- what there is to tell --- */

void mcp_list_changed(struct mcp *mcp, enum mcp_list list)
{
	auto_json message = rpc_call(NULL, list_methods[list], NULL);
	struct session *session, *next;

	for (const struct listener *l = mcp->listeners; l; l = l->next)
		if (l->lists[list])
			tell(l, list_methods[list], json_object());
	HASH_ITER(hh, mcp->sessions, session, next)
	(void)session_tell(session, message);
	for (struct sink *sink = mcp->sinks; sink; sink = sink->next)
		sink->on_note(sink->ctx, message);
}

static bool is_for(const char *subscriber, const char *owner)
{
	return !owner || strcmp(subscriber, owner) == 0;
}

void mcp_resource_updated(struct mcp *mcp, const char *owner, const char *uri)
{
	static const char method[] = "notifications/resources/updated";
	auto_json message = NULL;
	struct json *params;

	if (!mcp->listeners && !mcp->subscriptions)
		return;
	params = json_object();
	json_put_text(params, "uri", uri);
	message = rpc_call(NULL, method, params);
	for (const struct listener *l = mcp->listeners; l; l = l->next)
		if (is_for(l->owner, owner) && has_text(l->uris, uri))
			tell(l, method, json_copy(params));
	subscriptions_tell(mcp, owner, uri, message);
}

void listen_tell_task(struct mcp *mcp, const struct task_row *row)
{
	for (const struct listener *l = mcp->listeners; l; l = l->next)
		if (has_text(l->tasks, row->id))
			tell(l, "notifications/tasks", task_detail(mcp, row));
}
