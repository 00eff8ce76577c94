/* Which method does what, in which era, and what a server must offer to have it.  What this server
 * does not declare in its capabilities it does not know: -32601. */
#include "internal.h"
#include <string.h>

/* --- answers --- */

void result_finish(const struct mcp *mcp, struct json *result)
{
	struct json *meta = json_object();

	if (!json_get(result, "resultType"))
		json_put_text(result, "resultType", "complete");
	json_put(meta, "io.modelcontextprotocol/serverInfo", server_info(mcp));
	if (!json_get(result, "_meta"))
		json_put(result, "_meta", meta);
	else
		json_free(meta);
}

void result_cache(struct json *result, int64_t ttl_ms, bool is_public)
{
	json_put_int(result, "ttlMs", ttl_ms);
	json_put_text(result, "cacheScope", is_public ? "public" : "private");
}

void peer_result(const struct peer *peer, const struct rpc_message *message, struct json *result)
{
	peer->on_answer(peer->ctx, rpc_result(message->id, message->id_len, result), 200);
}

void peer_error(const struct peer *peer, const struct rpc_message *message, enum rpc_code code,
		const char *text)
{
	peer->on_answer(peer->ctx, rpc_error(message->id, message->id_len, code, text), 200);
}

void peer_refuse(const struct peer *peer, const struct rpc_message *message, struct fault *fault)
{
	peer->on_answer(peer->ctx, rpc_fault(message->id, message->id_len, fault), fault->status);
}

/* --- small ones --- */

static void run_ping(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	(void)mcp;
	peer_result(peer, message, json_object());
}

static void run_set_level(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	int level = level_of(json_get_text(message->params, "level"));

	(void)mcp;
	if (level == LEVEL_NONE) {
		peer_error(peer, message, RPC_INVALID_PARAMS,
			   "level must be debug, info, notice, warning, error, critical, alert or "
			   "emergency");
		return;
	}
	if (peer->log_level_slot)
		*peer->log_level_slot = level;
	peer_result(peer, message, json_object());
}

/* --- the table --- */

enum { IN_2025 = 1, IN_2026 = 2, IN_BOTH = 3 };
enum needs {
	NEEDS_NOTHING,
	NEEDS_TOOLS,
	NEEDS_RESOURCES,
	NEEDS_WATCHING,
	NEEDS_PROMPTS,
	NEEDS_COMPLETION
};

static const struct method {
	const char *name;
	unsigned eras;
	enum needs needs;
	const char *name_param; /* what Mcp-Name repeats */
	void (*run)(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
} methods[] = {
	{ "tools/call", IN_BOTH, NEEDS_TOOLS, "name", call_tool },
	{ "tools/list", IN_BOTH, NEEDS_TOOLS, NULL, list_tools },
	{ "ping", IN_2025, NEEDS_NOTHING, NULL, run_ping },
	{ "tasks/get", IN_BOTH, NEEDS_TOOLS, "taskId", task_get },
	{ "tasks/update", IN_2026, NEEDS_TOOLS, "taskId", task_update },
	{ "tasks/cancel", IN_BOTH, NEEDS_TOOLS, "taskId", task_cancel },
	{ "tasks/result", IN_2025, NEEDS_TOOLS, NULL, task_result },
	{ "tasks/list", IN_2025, NEEDS_TOOLS, NULL, task_list },
	{ "server/discover", IN_2026, NEEDS_NOTHING, NULL, hello_discover },
	{ "resources/list", IN_BOTH, NEEDS_RESOURCES, NULL, list_resources },
	{ "resources/templates/list", IN_BOTH, NEEDS_RESOURCES, NULL, list_templates },
	{ "resources/read", IN_BOTH, NEEDS_RESOURCES, "uri", call_read },
	{ "resources/subscribe", IN_2025, NEEDS_WATCHING, NULL, subscribe },
	{ "resources/unsubscribe", IN_2025, NEEDS_WATCHING, NULL, unsubscribe },
	{ "prompts/list", IN_BOTH, NEEDS_PROMPTS, NULL, list_prompts },
	{ "prompts/get", IN_BOTH, NEEDS_PROMPTS, "name", call_prompt },
	{ "completion/complete", IN_BOTH, NEEDS_COMPLETION, NULL, complete_begin },
	{ "logging/setLevel", IN_2025, NEEDS_NOTHING, NULL, run_set_level },
	{ "subscriptions/listen", IN_2026, NEEDS_NOTHING, NULL, listen_begin },
};

static const struct method *find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(name, methods[i].name) == 0)
			return &methods[i];
	return NULL;
}

static bool is_offered(const struct mcp *mcp, enum needs needs)
{
	switch (needs) {
	case NEEDS_NOTHING:
		return true;
	case NEEDS_TOOLS:
		return mcp->offers.tools != NULL;
	case NEEDS_RESOURCES:
		return mcp_has_resources(mcp);
	case NEEDS_WATCHING:
		return mcp_has_watching(mcp);
	case NEEDS_PROMPTS:
		return mcp->offers.prompts != NULL;
	case NEEDS_COMPLETION:
		return mcp->offers.prompts || mcp->offers.templates;
	}
	return false;
}

const char *method_name_param(const char *name)
{
	const struct method *method = find(name);

	return method ? method->name_param : NULL;
}

bool method_is_initialize(const struct rpc_message *message)
{
	return message->kind == RPC_REQUEST && strcmp(message->method, "initialize") == 0;
}

void method_request(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const struct method *method = find(message->method);
	unsigned era = peer->era == ERA_2026 ? IN_2026 : IN_2025;
	struct fault fault;

	if (method && method->eras & era && is_offered(mcp, method->needs)) {
		method->run(mcp, peer, message);
		return;
	}
	fault_set(&fault, peer->era == ERA_2026 ? 404 : 200, RPC_METHOD_NOT_FOUND,
		  "this server has no method %.100s", message->method);
	peer_refuse(peer, message, &fault);
}

void method_notification(struct mcp *mcp, const struct peer *peer,
			 const struct rpc_message *message)
{
	if (strcmp(message->method, "notifications/cancelled") == 0)
		call_cancel(mcp, peer, message);
}

void method_response(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	ask_response(mcp, peer, message);
}
