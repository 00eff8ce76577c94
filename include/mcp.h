/* The Model Context Protocol: JSON-RPC, both eras, sessions, calls, tasks and notifications, over
 * Streamable HTTP, the HTTP with SSE of 2024-11-05, and stdio.  Knows no sandbox: tools, resources
 * and prompts come in as tables (tool.h, resource.h, prompt.h).
 *
 * Revision 2026-07-28, where each request says all about itself, beside 2025-11-25, 2025-06-18,
 * 2025-03-26 and 2024-11-05, which begin with a handshake. */
#ifndef MCP_H
#define MCP_H

#include <stdbool.h>
#include "error.h"
#include "http.h"
#include "loop.h"
#include "own.h"
#include "prompt.h"
#include "resource.h"
#include "store.h"
#include "tool.h"

struct mcp;

/* NULL-terminated tables, in the order of their lists; what is NULL is not declared to clients. */
struct mcp_offers {
	const struct tool *const *tools;
	const struct resource *const *resources;
	const struct resource_template *const *templates;
	const struct prompt *const *prompts;
	/* Adds to resources/list what only the caller has (call_add_resource, then call_end).
	 * NULL: nothing. */
	call_run_fn *list_resources;
	bool lists_change; /* mcp_list_changed is called when they do */
};

struct mcp_options {
	struct loop *loop;
	struct store *store; /* sessions, keys and tasks live there */
	struct mcp_offers offers;
	void *tool_ctx;           /* what call_context gives to tools */
	bool key_required;        /* ask for a bearer key on HTTP */
	bool any_host;            /* bound to a public address without keys: take any Host */
	const char *name, *title; /* of this program */
	const char *version;
	const char *instructions; /* for clients, below 1 KB */
};

struct mcp *mcp_new(const struct mcp_options *options, struct error *err) must_check;
/* Calls under way are cancelled first.  NULL is allowed. */
void mcp_free(struct mcp *mcp);
/* Refuse new calls; those under way go on. */
void mcp_drain(struct mcp *mcp);
/* Calls not yet answered. */
unsigned mcp_pending(const struct mcp *mcp);

/* Takes up the tasks that an earlier server left; tools must be able to work by now. */
bool mcp_resume(struct mcp *mcp, struct error *err) must_check;

/* Tells those who asked for it. */
enum mcp_list { MCP_TOOLS, MCP_PROMPTS, MCP_RESOURCES };
void mcp_list_changed(struct mcp *mcp, enum mcp_list list);
/* owner: whose resource it is, so that nobody else hears of it; NULL: everybody's. */
void mcp_resource_updated(struct mcp *mcp, const char *owner, const char *uri);

/* The answer to a body that is longer than a message may be: for http_options.too_large. */
enum { MCP_MESSAGE_MAX = 4 * 1024 * 1024 };
extern const char mcp_too_large[];

/* POST, GET (event stream) and DELETE on the MCP endpoint.  Checks Host, Origin and the key. */
void mcp_http(struct mcp *mcp, struct http_request *req);

/* The HTTP with SSE of 2024-11-05: GET opens the stream, and POST to the path that its first event
 * names brings a message. */
void mcp_old_stream(struct mcp *mcp, struct http_request *req);
extern const char mcp_old_messages[]; /* the path, up to the id of the stream */
void mcp_old_message(struct mcp *mcp, struct http_request *req);

/* Whether a request may come from a web page: Origin absent or ours, Host ours (DNS rebinding).
 * When not, it is answered with 403 and req is dead. */
bool mcp_guard(struct mcp *mcp, struct http_request *req) must_check;

/* Reads messages from descriptor `in`, one a line, and answers on `out`.  on_end when the input
 * ended and every call is answered.  The one owner of everything is "local". */
struct mcp_stdio;
struct mcp_stdio *mcp_stdio_open(struct mcp *mcp, int in, int out, void (*on_end)(void *ctx),
				 void *ctx, struct error *err) must_check;
void mcp_stdio_close(struct mcp_stdio *stdio);

/* Makes a key, stores its salted hash and gives the key itself, this once. */
enum { MCP_KEY_SIZE = 64 };
bool mcp_key_make(struct store *store, char ret_key[MCP_KEY_SIZE], struct error *err) must_check;
bool mcp_key_exists(struct store *store, bool *ret_exists, struct error *err) must_check;

#endif
