/* The methods of the 2025 revisions that this server has.  What it does not declare in its
 * capabilities (resources, prompts, completion) it does not know: -32601. */
#include "internal.h"
#include <string.h>

const char *const protocol_versions[] = { "2025-11-25", "2025-06-18", "2025-03-26", NULL };

bool protocol_version_is_known(const char *version)
{
	for (const char *const *known = protocol_versions; *known; known++)
		if (strcmp(version, *known) == 0)
			return true;
	return false;
}

static void give_result(const struct peer *peer, const struct rpc_message *message,
			struct json *result)
{
	peer->on_answer(peer->ctx, rpc_result(message->id, message->id_len, result), 200);
}

static void give_error(const struct peer *peer, const struct rpc_message *message,
		       enum rpc_code code, const char *text)
{
	peer->on_answer(peer->ctx, rpc_error(message->id, message->id_len, code, text), 200);
}

/* --- initialize --- */

bool method_is_initialize(const struct rpc_message *message)
{
	return message->kind == RPC_REQUEST && strcmp(message->method, "initialize") == 0;
}

static struct json *server_info(const struct mcp *mcp)
{
	struct json *info = json_object();

	json_put_text(info, "name", "sandpod");
	json_put_text(info, "title", "Sandpod");
	json_put_text(info, "version", mcp->version);
	return info;
}

struct json *method_initialize(const struct mcp *mcp, const struct rpc_message *message,
			       char ret_version[VERSION_SIZE], struct error *err)
{
	const char *wanted = json_get_text(message->params, "protocolVersion");
	const char *agreed;
	struct json *result, *capabilities;

	if (!wanted) {
		error_set(err, ERROR_INVALID, "initialize needs params.protocolVersion, a string");
		return NULL;
	}
	/* 2025-11-25 lifecycle, version negotiation: ours when we do not know theirs. */
	agreed = protocol_version_is_known(wanted) ? wanted : protocol_versions[0];
	snprintf(ret_version, VERSION_SIZE, "%s", agreed);
	capabilities = json_object();
	json_put(capabilities, "tools", json_object());
	json_put(capabilities, "logging", json_object());
	result = json_object();
	json_put_text(result, "protocolVersion", agreed);
	json_put(result, "capabilities", capabilities);
	json_put(result, "serverInfo", server_info(mcp));
	if (mcp->instructions)
		json_put_text(result, "instructions", mcp->instructions);
	return result;
}

/* --- the others --- */

static void run_ping(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	(void)mcp;
	give_result(peer, message, json_object());
}

/* No method of ours logs to clients yet; the level is checked and has nothing to filter. */
static void run_set_level(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	static const char *const levels[] = { "debug", "info",     "notice", "warning",
					      "error", "critical", "alert",  "emergency" };
	const char *level = json_get_text(message->params, "level");

	(void)mcp;
	for (size_t i = 0; level && i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(level, levels[i]) == 0) {
			give_result(peer, message, json_object());
			return;
		}
	}
	give_error(
		peer, message, RPC_INVALID_PARAMS,
		"level must be debug, info, notice, warning, error, critical, alert or emergency");
}

static struct json *bound_properties(const struct tool *tool, const struct json *properties,
				     const void *tool_ctx)
{
	struct json *bound = json_object();

	for (const struct json *p = json_first(properties); p; p = json_next(p)) {
		auto_json property = json_copy(p);

		if (tool->bind(tool_ctx, json_key(p), property))
			json_put(bound, json_key(p), take(property));
	}
	return bound;
}

/* The schema with this server's bounds, its members in their order. */
static struct json *input_schema(const struct tool *tool, const void *tool_ctx)
{
	size_t len = strlen(tool->input_schema);
	struct error ignored; /* mcp_new has scanned it */
	auto_json schema = tool->bind ? json_parse(tool->input_schema, len, &ignored) : NULL;
	struct json *bound;

	if (!schema)
		return json_new_raw(tool->input_schema, len);
	bound = json_object();
	for (const struct json *m = json_first(schema); m; m = json_next(m))
		json_put(bound, json_key(m),
			 strcmp(json_key(m), "properties") == 0
				 ? bound_properties(tool, m, tool_ctx)
				 : json_copy(m));
	return bound;
}

static struct json *tool_json(const struct tool *tool, const void *tool_ctx)
{
	struct json *item = json_object(), *annotations = json_object();

	json_put_text(item, "name", tool->name);
	json_put_text(item, "title", tool->title);
	json_put_text(item, "description", tool->description);
	json_put(item, "inputSchema", input_schema(tool, tool_ctx));
	json_put(item, "outputSchema",
		 json_new_raw(tool->output_schema, strlen(tool->output_schema)));
	json_put_text(annotations, "title", tool->title);
	json_put_bool(annotations, "readOnlyHint", tool->read_only);
	json_put_bool(annotations, "destructiveHint", tool->destructive);
	json_put_bool(annotations, "idempotentHint", tool->idempotent);
	json_put_bool(annotations, "openWorldHint", tool->open_world);
	json_put(item, "annotations", annotations);
	return item;
}

char *method_tools_text(const struct tool *const *tools, const void *tool_ctx)
{
	auto_json result = json_object();
	struct json *list = json_array();

	for (; *tools; tools++)
		json_append(list, tool_json(*tools, tool_ctx));
	json_put(result, "tools", list);
	return json_print(result);
}

static void run_tools_list(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	if (json_get(message->params, "cursor")) {
		/* All tools stand on the first page, so that no cursor was ever given out. */
		give_error(peer, message, RPC_INVALID_PARAMS, "this cursor is not one of ours");
		return;
	}
	give_result(peer, message, json_new_raw(mcp->tools_text, strlen(mcp->tools_text)));
}

static const struct method {
	const char *name;
	void (*run)(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
} methods[] = {
	{ "tools/call", call_begin },
	{ "tools/list", run_tools_list },
	{ "ping", run_ping },
	{ "logging/setLevel", run_set_level },
};

void method_request(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct error err;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (strcmp(message->method, methods[i].name) == 0) {
			methods[i].run(mcp, peer, message);
			return;
		}
	}
	error_set(&err, ERROR_INVALID, "this server has no method %.100s", message->method);
	give_error(peer, message, RPC_METHOD_NOT_FOUND, err.text);
}

void method_notification(struct mcp *mcp, const struct peer *peer,
			 const struct rpc_message *message)
{
	if (strcmp(message->method, "notifications/cancelled") == 0)
		call_cancel(mcp, peer, message);
}
