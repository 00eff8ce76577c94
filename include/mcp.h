/* The Model Context Protocol: JSON-RPC, the handshake, sessions, tools/list and tools/call, over
 * Streamable HTTP and over stdio.  Knows no sandbox: tools come in as a table (tool.h).
 *
 * Revisions 2025-11-25, 2025-06-18 and 2025-03-26. */
#ifndef MCP_H
#define MCP_H

#include <stdbool.h>
#include "error.h"
#include "http.h"
#include "loop.h"
#include "own.h"
#include "store.h"
#include "tool.h"

struct mcp;

struct mcp_options {
	struct loop *loop;
	struct store *store;             /* sessions and keys live there */
	const struct tool *const *tools; /* NULL-terminated, in the order of tools/list */
	void *tool_ctx;                  /* what call_context gives to tools */
	bool key_required;               /* ask for a bearer key on HTTP */
	bool any_host;                   /* bound to a public address without keys: take any Host */
	const char *version;             /* of this program */
	const char *instructions;        /* for clients, below 1 KB */
};

struct mcp *mcp_new(const struct mcp_options *options, struct error *err) must_check;
/* Calls under way are cancelled first.  NULL is allowed. */
void mcp_free(struct mcp *mcp);
/* Refuse new calls; those under way go on. */
void mcp_drain(struct mcp *mcp);
/* Calls not yet answered. */
unsigned mcp_pending(const struct mcp *mcp);

/* The answer to a body that is longer than a message may be: for http_options.too_large. */
enum { MCP_MESSAGE_MAX = 4 * 1024 * 1024 };
extern const char mcp_too_large[];

/* POST, GET (event stream) and DELETE on the MCP endpoint.  Checks Host, Origin and the key. */
void mcp_http(struct mcp *mcp, struct http_request *req);

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
