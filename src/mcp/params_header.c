/* Arguments that a client repeats in headers, so that gateways can route by them: a property of an
 * inputSchema says x-mcp-header: "Region", and tools/call then has the header Mcp-Param-Region.
 * What the schemas name is collected once; a call is compared with it. */
#include "internal.h"
#include <string.h>

struct param_header {
	struct param_header *next;
	const struct tool *tool;
	char *path;   /* the names of the properties on the way, each behind a newline */
	char *header; /* Mcp-Param-Region */
};

enum { DEPTH_MAX = 8 };

/* --- collecting --- */

static void collect(struct mcp *mcp, const struct tool *tool, const struct json *schema,
		    const char *path, int depth)
{
	const struct json *properties = json_get_object(schema, "properties");

	for (const struct json *p = json_first(properties); p; p = json_next(p)) {
		auto_str own = mem_format("%s\n%s", path, json_key(p));
		const char *name = json_get_text(p, "x-mcp-header");

		if (name) {
			struct param_header *param = mem_new(struct param_header);

			param->tool = tool;
			param->header = mem_format("Mcp-Param-%s", name);
			param->path = mem_strdup(own);
			param->next = mcp->params;
			mcp->params = param;
		}
		if (depth < DEPTH_MAX)
			collect(mcp, tool, p, own, depth + 1);
	}
}

void params_collect(struct mcp *mcp)
{
	for (const struct tool *const *tool = mcp->offers.tools; tool && *tool; tool++) {
		const char *text = (*tool)->input_schema;
		struct error ignored; /* lists_make has scanned it */
		auto_json schema = strstr(text, "x-mcp-header")
					   ? json_parse(text, strlen(text), &ignored)
					   : NULL;

		collect(mcp, *tool, schema, "", 0);
	}
}

void params_free(struct mcp *mcp)
{
	while (mcp->params) {
		struct param_header *param = mcp->params;

		mcp->params = param->next;
		free(param->path);
		free(param->header);
		free(param);
	}
}

/* --- comparing --- */

static const struct json *value_at(const struct json *args, const char *path)
{
	while (args && *path == '\n') {
		size_t len = strcspn(path + 1, "\n");
		auto_str key = mem_strndup(path + 1, len);

		args = json_get(args, key);
		path += 1 + len;
	}
	return args;
}

/* Numbers are compared as numbers: 7 and 7.0 are the same. */
static bool says_number(const char *header, int64_t number)
{
	auto_str decoded = header_decode(header);
	char *end;
	double said = decoded ? strtod(decoded, &end) : 0;

	return decoded && end != decoded && *end == '\0' && said == (double)number;
}

static bool agrees(const char *header, const struct json *value)
{
	int64_t number;

	switch (json_type(value)) {
	case JSON_STRING:
		return header_says(header, json_text(value));
	case JSON_BOOL:
		return header_says(header, json_is_true(value) ? "true" : "false");
	case JSON_NUMBER:
		return json_whole(value, &number) && says_number(header, number);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return true; /* the tool says what is wrong with it */
	}
	return true;
}

bool params_check(const struct mcp *mcp, const struct rpc_message *message, header_fn *header,
		  const struct http_request *req, struct fault *ret_fault)
{
	const char *tool;

	if (!mcp->params || strcmp(message->method, "tools/call") != 0)
		return true;
	tool = json_get_text(message->params, "name");
	for (const struct param_header *p = mcp->params; p && tool; p = p->next) {
		const struct json *value =
			strcmp(p->tool->name, tool) == 0
				? value_at(json_get(message->params, "arguments"), p->path)
				: NULL;
		const char *said = header(req, p->header);

		if (!value || json_type(value) == JSON_NULL)
			continue;
		if (!said || !agrees(said, value))
			return fault_set(ret_fault, 400, RPC_HEADER_MISMATCH,
					 "the header %s must be there and say what the message "
					 "says",
					 p->header);
	}
	return true;
}
