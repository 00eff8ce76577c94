/* What this server is, for whoever opens its address. */
#include "internal.h"
#include "json.h"

static struct json *versions_json(void)
{
	static const char *const versions[] = { "2025-11-25", "2025-06-18", "2025-03-26" };
	struct json *out = json_array();

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		json_append(out, json_new_text(versions[i]));
	return out;
}

static struct json *endpoints_json(void)
{
	struct json *out = json_object();

	json_put_text(out, "mcp", "/mcp");
	json_put_text(out, "files", "/files/{file_id}");
	json_put_text(out, "uploads", "/uploads/{upload_id}");
	json_put_text(out, "health", "/health");
	json_put_text(out, "ready", "/ready");
	return out;
}

void info_handle(struct web *web, struct http_request *req)
{
	auto_json body = json_object();

	json_put_text(body, "name", "sandpod");
	json_put_text(body, "version", web->version);
	json_put_text(body, "description",
		      "An MCP server that gives AI agents Linux containers. Point an MCP client "
		      "with the Streamable HTTP transport at this address.");
	json_put(body, "protocol_versions", versions_json());
	json_put(body, "endpoints", endpoints_json());
	http_add_header(req, "Vary", "Accept");
	reply_json(req, 200, body);
}
