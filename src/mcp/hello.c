/* What a server says about itself: in the handshake of the 2025 revisions and in server/discover.
 */
#include "internal.h"
#include <string.h>

/* The newest first. */
const char *const protocol_versions[] = { "2026-07-28", "2025-11-25", "2025-06-18",
					  "2025-03-26", "2024-11-05", NULL };
const char *const *const session_versions = protocol_versions + 1;

enum { DISCOVER_TTL_MS = 60 * 60 * 1000 };

bool version_is_known(const char *const *list, const char *version)
{
	for (; *list; list++)
		if (strcmp(version, *list) == 0)
			return true;
	return false;
}

struct json *versions_json(void)
{
	struct json *list = json_array();

	for (const char *const *version = protocol_versions; *version; version++)
		json_append(list, json_new_text(*version));
	return list;
}

struct json *server_info(const struct mcp *mcp)
{
	struct json *info = json_object();

	json_put_text(info, "name", mcp->name);
	if (mcp->title)
		json_put_text(info, "title", mcp->title);
	json_put_text(info, "version", mcp->version);
	return info;
}

bool mcp_has_resources(const struct mcp *mcp)
{
	return mcp->offers.resources || mcp->offers.templates;
}

bool mcp_has_watching(const struct mcp *mcp)
{
	const struct resource *const *at = mcp->offers.resources;
	const struct resource_template *const *form = mcp->offers.templates;

	for (; at && *at; at++)
		if ((*at)->changes)
			return true;
	for (; form && *form; form++)
		if ((*form)->changes)
			return true;
	return false;
}

bool mcp_has_tasks(const struct mcp *mcp)
{
	for (const struct tool *const *tool = mcp->offers.tools; tool && *tool; tool++)
		if ((*tool)->task != TOOL_TASK_NO)
			return true;
	return false;
}

/* --- capabilities --- */

static struct json *list_capability(const struct mcp *mcp)
{
	struct json *capability = json_object();

	if (mcp->offers.lists_change)
		json_put_bool(capability, "listChanged", true);
	return capability;
}

/* tasks of 2025-11-25; older clients pass over it. */
static struct json *tasks_capability(void)
{
	struct json *tasks = json_object(), *requests = json_object(), *tools = json_object();

	json_put(tools, "call", json_object());
	json_put(requests, "tools", tools);
	json_put(tasks, "list", json_object());
	json_put(tasks, "cancel", json_object());
	json_put(tasks, "requests", requests);
	return tasks;
}

static void put_tasks(const struct mcp *mcp, enum era era, struct json *capabilities)
{
	struct json *extensions;

	if (!mcp_has_tasks(mcp))
		return;
	if (era == ERA_2025) {
		json_put(capabilities, "tasks", tasks_capability());
		return;
	}
	extensions = json_object();
	json_put(extensions, tasks_extension, json_object());
	json_put(capabilities, "extensions", extensions);
}

static struct json *capabilities_json(const struct mcp *mcp, enum era era)
{
	struct json *capabilities = json_object(), *resources;

	if (mcp->offers.tools)
		json_put(capabilities, "tools", list_capability(mcp));
	if (mcp_has_resources(mcp)) {
		resources = list_capability(mcp);
		if (mcp_has_watching(mcp))
			json_put_bool(resources, "subscribe", true);
		json_put(capabilities, "resources", resources);
	}
	if (mcp->offers.prompts)
		json_put(capabilities, "prompts", list_capability(mcp));
	if (mcp->offers.prompts || mcp->offers.templates)
		json_put(capabilities, "completions", json_object());
	json_put(capabilities, "logging", json_object());
	put_tasks(mcp, era, capabilities);
	return capabilities;
}

/* --- the two ways to say hello --- */

struct json *hello_initialize(const struct mcp *mcp, const struct rpc_message *message,
			      struct hello *ret_hello, struct error *err)
{
	const struct json *client = json_get_object(message->params, "clientInfo");
	const char *name = json_get_text(client, "name");
	const char *wanted = json_get_text(message->params, "protocolVersion");
	const char *agreed;
	struct json *result;

	if (!wanted) {
		error_set(err, ERROR_INVALID, "initialize needs params.protocolVersion, a string");
		return NULL;
	}
	/* 2025-11-25 lifecycle, version negotiation: ours when we do not know theirs.  2026-07-28
	 * has no handshake, and is not offered in one. */
	agreed = version_is_known(session_versions, wanted) ? wanted : session_versions[0];
	snprintf(ret_hello->version, sizeof(ret_hello->version), "%s", agreed);
	snprintf(ret_hello->client, sizeof(ret_hello->client), "%s", name ? name : "");
	ret_hello->client_can = client_can(json_get_object(message->params, "capabilities"));
	result = json_object();
	json_put_text(result, "protocolVersion", agreed);
	json_put(result, "capabilities", capabilities_json(mcp, ERA_2025));
	json_put(result, "serverInfo", server_info(mcp));
	if (mcp->instructions)
		json_put_text(result, "instructions", mcp->instructions);
	return result;
}

void hello_discover(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct json *result = json_object();

	json_put(result, "supportedVersions", versions_json());
	json_put(result, "capabilities", capabilities_json(mcp, ERA_2026));
	if (mcp->instructions)
		json_put_text(result, "instructions", mcp->instructions);
	result_cache(result, DISCOVER_TTL_MS, true);
	result_finish(mcp, result);
	peer_result(peer, message, result);
}
