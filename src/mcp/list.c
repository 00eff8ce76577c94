/* The lists of what a server offers, and finding an entry by what a client calls it. */
#include "internal.h"
#include <string.h>
#include "buf.h"

/* Tools are the same for everybody and change with the program. */
enum { LIST_TTL_MS = 60 * 60 * 1000, URI_MAX = 16 * 1024 };

/* --- tools --- */

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
	struct error ignored; /* lists_make has scanned it */
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

static struct json *annotations_json(const struct tool *tool)
{
	struct json *annotations = json_object();

	if (tool->title)
		json_put_text(annotations, "title", tool->title);
	json_put_bool(annotations, "readOnlyHint", tool->read_only);
	json_put_bool(annotations, "destructiveHint", tool->destructive);
	json_put_bool(annotations, "idempotentHint", tool->idempotent);
	json_put_bool(annotations, "openWorldHint", tool->open_world);
	return annotations;
}

static struct json *tool_json(const struct tool *tool, const void *tool_ctx, enum era era)
{
	struct json *item = json_object(), *execution;

	json_put_text(item, "name", tool->name);
	if (tool->title)
		json_put_text(item, "title", tool->title);
	json_put_text(item, "description", tool->description);
	json_put(item, "inputSchema", input_schema(tool, tool_ctx));
	if (tool->output_schema)
		json_put(item, "outputSchema",
			 json_new_raw(tool->output_schema, strlen(tool->output_schema)));
	json_put(item, "annotations", annotations_json(tool));
	/* 2025-11-25 alone knows it.  Never "required": its own SDK cannot call such a tool. */
	if (era == ERA_2025 && tool->task != TOOL_TASK_NO) {
		execution = json_object();
		json_put_text(execution, "taskSupport", "optional");
		json_put(item, "execution", execution);
	}
	return item;
}

static char *tools_text(const struct mcp *mcp, enum era era)
{
	auto_json result = json_object();
	struct json *list = json_array();

	for (const struct tool *const *tool = mcp->offers.tools; *tool; tool++)
		json_append(list, tool_json(*tool, mcp->tool_ctx, era));
	json_put(result, "tools", list);
	if (era == ERA_2026) {
		result_cache(result, mcp->offers.lists_change ? 0 : LIST_TTL_MS, true);
		result_finish(mcp, result);
	}
	return json_print(result);
}

static bool scan_schemas(const struct tool *tool, struct error *err)
{
	const char *output = tool->output_schema;

	if (json_scan(tool->input_schema, strlen(tool->input_schema), err) &&
	    (!output || json_scan(output, strlen(output), err)))
		return true;
	return error_wrap(err, "the schemas of tool %s", tool->name);
}

bool lists_make(struct mcp *mcp, struct error *err)
{
	for (const struct tool *const *tool = mcp->offers.tools; tool && *tool; tool++)
		if (!scan_schemas(*tool, err))
			return false;
	for (int era = ERA_2025; mcp->offers.tools && era <= ERA_2026; era++)
		mcp->tools_text[era] = tools_text(mcp, era);
	return true;
}

/* All entries stand on the first page, so that no cursor was ever given out. */
static bool is_first_page(const struct peer *peer, const struct rpc_message *message)
{
	if (!json_get(message->params, "cursor"))
		return true;
	peer_error(peer, message, RPC_INVALID_PARAMS, "this cursor is not one of ours");
	return false;
}

void list_tools(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const char *text = mcp->tools_text[peer->era];

	if (is_first_page(peer, message))
		peer_result(peer, message, json_new_raw(text, strlen(text)));
}

/* --- the others --- */

static void give_list(const struct mcp *mcp, const struct peer *peer,
		      const struct rpc_message *message, const char *name, struct json *list)
{
	struct json *result = json_object();

	json_put(result, name, list);
	if (peer->era == ERA_2026) {
		result_cache(result, mcp->offers.lists_change ? 0 : LIST_TTL_MS, true);
		result_finish(mcp, result);
	}
	peer_result(peer, message, result);
}

static void put_known(struct json *item, const char *key, const char *text)
{
	if (text)
		json_put_text(item, key, text);
}

void list_add_resources(const struct mcp *mcp, struct json *list)
{
	for (const struct resource *const *at = mcp->offers.resources; at && *at; at++) {
		struct json *item = json_object();

		json_put_text(item, "uri", (*at)->uri);
		json_put_text(item, "name", (*at)->name);
		put_known(item, "title", (*at)->title);
		put_known(item, "description", (*at)->description);
		put_known(item, "mimeType", (*at)->media_type);
		json_append(list, item);
	}
}

void list_resources(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct json *list;

	if (!is_first_page(peer, message))
		return;
	if (mcp->offers.list_resources) {
		call_list(mcp, peer, message);
		return;
	}
	list = json_array();
	list_add_resources(mcp, list);
	give_list(mcp, peer, message, "resources", list);
}

void list_templates(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct json *list;

	if (!is_first_page(peer, message))
		return;
	list = json_array();
	for (const struct resource_template *const *at = mcp->offers.templates; at && *at; at++) {
		struct json *item = json_object();

		json_put_text(item, "uriTemplate", (*at)->uri_template);
		json_put_text(item, "name", (*at)->name);
		put_known(item, "title", (*at)->title);
		put_known(item, "description", (*at)->description);
		put_known(item, "mimeType", (*at)->media_type);
		json_append(list, item);
	}
	give_list(mcp, peer, message, "resourceTemplates", list);
}

static struct json *arguments_json(const struct prompt_argument *argument)
{
	struct json *list = json_array();

	for (; argument->name; argument++) {
		struct json *item = json_object();

		json_put_text(item, "name", argument->name);
		put_known(item, "description", argument->description);
		json_put_bool(item, "required", argument->required);
		json_append(list, item);
	}
	return list;
}

void list_prompts(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct json *list;

	if (!is_first_page(peer, message))
		return;
	list = json_array();
	for (const struct prompt *const *at = mcp->offers.prompts; *at; at++) {
		struct json *item = json_object();

		json_put_text(item, "name", (*at)->name);
		put_known(item, "title", (*at)->title);
		json_put_text(item, "description", (*at)->description);
		if ((*at)->arguments)
			json_put(item, "arguments", arguments_json((*at)->arguments));
		json_append(list, item);
	}
	give_list(mcp, peer, message, "prompts", list);
}

/* --- finding --- */

const struct prompt *prompt_find(const struct mcp *mcp, const char *name)
{
	for (const struct prompt *const *at = mcp->offers.prompts; at && *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

call_run_fn *resource_find(const struct mcp *mcp, const char *uri, struct json **ret_values)
{
	for (const struct resource *const *at = mcp->offers.resources; at && *at; at++) {
		if (strcmp((*at)->uri, uri) == 0) {
			*ret_values = json_object();
			return (*at)->read;
		}
	}
	for (const struct resource_template *const *at = mcp->offers.templates; at && *at; at++)
		if (template_match((*at)->uri_template, uri, ret_values))
			return (*at)->read;
	return NULL;
}

bool resource_changes(const struct mcp *mcp, const char *uri,
		      const struct resource_template **ret_form, struct json **ret_values)
{
	*ret_form = NULL;
	*ret_values = NULL;
	for (const struct resource *const *at = mcp->offers.resources; at && *at; at++)
		if (strcmp((*at)->uri, uri) == 0)
			return (*at)->changes;
	for (const struct resource_template *const *at = mcp->offers.templates; at && *at; at++) {
		if (template_match((*at)->uri_template, uri, ret_values)) {
			*ret_form = *at;
			return (*at)->changes;
		}
	}
	return false;
}

bool completion_find(const struct mcp *mcp, const struct json *ref, call_run_fn **ret_run)
{
	const char *type = json_get_text(ref, "type");
	const char *name = json_get_text(ref, "name"), *uri = json_get_text(ref, "uri");
	const struct prompt *prompt;

	if (type && name && strcmp(type, "ref/prompt") == 0) {
		prompt = prompt_find(mcp, name);
		if (prompt)
			*ret_run = prompt->complete;
		return prompt != NULL;
	}
	if (!type || !uri || strcmp(type, "ref/resource") != 0)
		return false;
	for (const struct resource_template *const *at = mcp->offers.templates; at && *at; at++) {
		if (strcmp((*at)->uri_template, uri) == 0) {
			*ret_run = (*at)->complete;
			return true;
		}
	}
	return false;
}
