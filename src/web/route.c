/* Which path goes where.  Host and Origin are checked for what a web page could misuse: the
 * protocol and the server information.  A file or upload link is a capability and works from
 * anywhere; the probes tell nothing and are asked by proxies under names of their own. */
#include "internal.h"
#include <string.h>
#include "json.h"

struct route {
	const char *path;
	bool below;          /* the path is a prefix */
	const char *methods; /* for Allow; NULL: mcp_http decides */
	void (*handle)(struct web *web, struct http_request *req);
};

static void protocol_handle(struct web *web, struct http_request *req);
static void old_stream_handle(struct web *web, struct http_request *req);
static void old_message_handle(struct web *web, struct http_request *req);

static const struct route routes[] = {
	{ .path = "/", .handle = protocol_handle },
	{ .path = "/mcp", .handle = protocol_handle },
	{ .path = "/sse", .methods = "GET, OPTIONS", .handle = old_stream_handle },
	{ .path = "/messages/",
	  .below = true,
	  .methods = "POST, OPTIONS",
	  .handle = old_message_handle },
	{ .path = "/files/",
	  .below = true,
	  .methods = "GET, HEAD, OPTIONS",
	  .handle = file_handle },
	{ .path = WEB_UPLOADS, .below = true, .methods = "PUT, OPTIONS", .handle = upload_handle },
	{ .path = "/health", .methods = "GET, HEAD, OPTIONS", .handle = health_handle },
	{ .path = "/ready", .methods = "GET, HEAD, OPTIONS", .handle = ready_handle },
};

/* An MCP client that opens an event stream says so by name; everybody else wants to read. */
static void protocol_handle(struct web *web, struct http_request *req)
{
	const char *method = http_method(req);
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (!reads || accept_names(http_header(req, "Accept"), "text/event-stream"))
		mcp_http(web->mcp, req);
	else if (mcp_guard(web->mcp, req))
		info_handle(web, req);
}

static void old_stream_handle(struct web *web, struct http_request *req)
{
	mcp_old_stream(web->mcp, req);
}

static void old_message_handle(struct web *web, struct http_request *req)
{
	mcp_old_message(web->mcp, req);
}

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		size_t len = strlen(route->path);

		if (route->below ? strncmp(path, route->path, len) == 0 && path[len]
				 : strcmp(path, route->path) == 0)
			return route;
	}
	return NULL;
}

static bool allows(const struct route *route, const char *method)
{
	size_t len = strlen(method);

	for (const char *at = route->methods; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, method, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

static void refuse_method(const struct route *route, struct http_request *req)
{
	auto_str next = mem_format("Use one of these methods: %s.", route->methods);
	struct error err;

	error_set(&err, ERROR_INVALID, "%s takes %s only", route->path, route->methods);
	http_add_header(req, "Allow", route->methods);
	failure_reply(req, 405, &err, next);
}

void web_handle(void *ctx, struct http_request *req)
{
	const struct route *route = find_route(http_path(req));
	struct error err;

	if (!route) {
		error_set(&err, ERROR_NOT_FOUND, "there is no page of this name here");
		failure_reply(
			req, 404, &err,
			"What this server has: / (what it is), /mcp (the protocol), /sse (the same "
			"for clients of 2024), /health, /ready, and the links to files that it "
			"gave out.");
	} else if (route->methods && !allows(route, http_method(req))) {
		refuse_method(route, req);
	} else if (route->methods && strcmp(http_method(req), "OPTIONS") == 0) {
		/* No page of another origin is let in, so there is nothing for CORS to say. */
		http_add_header(req, "Allow", route->methods);
		http_reply(req, 204, NULL, NULL, 0);
	} else {
		route->handle(ctx, req);
	}
}
