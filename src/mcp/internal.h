/* What the files of mcp/ share.  From the wire inwards:
 *
 *	http.c, stdio.c   carriers: bytes in, bytes out
 *	rpc.c             one message of JSON-RPC, in and out (pure)
 *	method.c          which method does what
 *	call.c            tools/call: one struct call from the request to its one answer
 *	session.c, identity.c, origin.c   who asks, and whether they may */
#ifndef MCP_INTERNAL_H
#define MCP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <uthash.h>
#include "digest.h"
#include "error.h"
#include "http.h"
#include "id.h"
#include "json.h"
#include "loop.h"
#include "mcp.h"
#include "own.h"
#include "store.h"
#include "tool.h"

/* Everything a client can grow has a cap, and stands here. */
enum {
	MESSAGE_MAX = MCP_MESSAGE_MAX, /* bytes of one message */
	BATCH_MAX = 64,                /* messages in one array */
	RPC_ID_MAX = 256,              /* bytes of a request id, as sent */
	CALLS_MAX = 1024,              /* calls under way, of everybody … */
	CALLS_PER_OWNER = 128,         /* … and of one key or session */
	SESSIONS_CACHED = 1024,        /* in memory; the others are in the database */
	SESSION_BURST = 4096,          /* handshakes at once … */
	SESSION_PER_SECOND = 20,       /* … and for good */
	STREAM_KEEPALIVE_MS = 15 * 1000,
};

enum { VERSION_SIZE = 16 };

/* --- rpc.c: the envelope --- */

/* JSON-RPC 2.0 section 5.1, and what MCP servers use in its implementation-defined range. */
enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_SERVER_ERROR = -32000,
	RPC_NO_SESSION = -32001,
};

enum rpc_kind {
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESPONSE, /* to a request of ours; we make none, so it is dropped */
	RPC_FAULT,    /* no message: fault_code and fault say why */
};

struct rpc_message {
	enum rpc_kind kind;
	struct json *body;         /* owned; NULL when it is no JSON */
	const char *method;        /* borrowed from body */
	const struct json *params; /* borrowed from body; NULL or an object */
	const char *text;          /* borrowed: what was read */
	size_t text_len;
	const char *id; /* borrowed from text: the id as it was sent; NULL without one */
	size_t id_len;
	enum rpc_code fault_code;
	struct error fault;
};

/* Reads one message out of the text of one JSON value.  Never fails: what is no message becomes an
 * RPC_FAULT, with its id when that could be read. */
void rpc_read(const char *text, size_t len, struct rpc_message *ret_message);
void rpc_message_release(struct rpc_message *message);
static inline void auto_rpc_message_(struct rpc_message *slot)
{
	rpc_message_release(slot);
}
#define auto_rpc_message AUTO(rpc_message) struct rpc_message

/* Whether the text is a batch: its first byte that is not white space opens an array. */
bool rpc_is_batch(const char *text, size_t len);

struct rpc_slice {
	const char *text;
	size_t len;
};

/* The elements of an array.  RPC_PARSE_ERROR or RPC_INVALID_REQUEST (empty, more than BATCH_MAX)
 * in *ret_code when false. */
bool rpc_split(const struct rpc_slice *batch, struct rpc_slice ret_items[BATCH_MAX],
	       size_t *ret_count, enum rpc_code *ret_code, struct error *err) must_check;

/* The answers; the caller owns them.  id NULL: it could not be read, so there is none. */
struct json *rpc_result(const char *id, size_t id_len, struct json *result);
struct json *rpc_error(const char *id, size_t id_len, enum rpc_code code, const char *text);
/* The one place where kinds of errors become codes. */
enum rpc_code rpc_code_of(enum error_kind kind);

/* --- answers --- */

/* Takes the one answer to a request: message (owned from here on) and the HTTP status that fits
 * when it travels alone.  message NULL: the request was cancelled, nothing is sent. */
typedef void answer_fn(void *ctx, struct json *message, int status);

/* Where a message came from and where its answer goes. */
struct peer {
	const char *owner;   /* of what the tools make */
	const char *scope;   /* in which request ids are unique: a session's hash, or "local" */
	const char *version; /* the revision agreed on; "" before */
	answer_fn *on_answer;
	void *ctx;
};

/* --- batch.c: arrays of messages, only in 2025-03-26 --- */

/* Runs the messages of an array.  peer->on_answer is called once, now or later: with the array of
 * answers, or with NULL when there is none to send (status 202: none was asked for).  False, and no
 * call, when it is no batch that this server takes. */
bool batch_run(struct mcp *mcp, const struct peer *peer, const struct rpc_slice *text,
	       enum rpc_code *ret_code, struct error *err) must_check;

/* --- method.c --- */

/* The newest first. */
extern const char *const protocol_versions[];
bool protocol_version_is_known(const char *version);

/* Answers a request once, now or later.  message->body may be taken. */
void method_request(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void method_notification(struct mcp *mcp, const struct peer *peer,
			 const struct rpc_message *message);
bool method_is_initialize(const struct rpc_message *message);
/* The result of initialize and the version agreed on; NULL when the params are wrong. */
struct json *method_initialize(const struct mcp *mcp, const struct rpc_message *message,
			       char ret_version[VERSION_SIZE], struct error *err) must_check;
/* The result of tools/list, as text; made once.  tool_ctx: for the bounds of arguments. */
char *method_tools_text(const struct tool *const *tools, const void *tool_ctx);

/* --- call.c --- */

/* tools/call.  Takes message->body when a call begins. */
void call_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
/* notifications/cancelled */
void call_cancel(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message);
/* Ends the life of mcp for all calls: each is cancelled, and its answer goes nowhere. */
void calls_abandon(struct mcp *mcp);

/* --- session.c --- */

struct session {
	char hash[DIGEST_TEXT_SIZE]; /* of its id; the id itself is only with the client */
	char owner[STORE_OWNER_SIZE];
	char version[VERSION_SIZE];
	int64_t seen_written_ms; /* what the database says */
	struct feed *feed;       /* the open event stream; NULL without one */
	UT_hash_handle hh;       /* in the order of use, the oldest first */
};

/* Makes a session for the owner of a key, or (owner NULL) for itself.  The pointer is good until
 * the next call into session.c. */
struct session *session_new(struct mcp *mcp, const char *owner, const char *version,
			    char ret_id[ID_SIZE], struct error *err) must_check;
/* ERROR_NOT_FOUND when there is none, or when it belongs to another owner. */
struct session *session_find(struct mcp *mcp, const char *id, const char *owner,
			     struct error *err) must_check;
bool session_end(struct mcp *mcp, struct session *session, struct error *err) must_check;
void sessions_free(struct mcp *mcp);

/* --- feed.c: the standalone event stream of a session --- */

/* Answers req with the stream. */
void feed_open(struct mcp *mcp, struct session *session, struct http_request *req);
/* Lets go of the session and ends the stream. */
void feed_end(struct feed *feed);

/* --- identity.c, origin.c --- */

struct key_cache {
	struct key_row *rows;
	size_t count;
	int64_t read_at_ms;
	bool was_read;
};

/* Whose request it is: "key:<id>", or "" when no key is needed and none fits.  ERROR_INVALID: a key
 * is needed, and there is none or a wrong one. */
bool identity_of(struct mcp *mcp, const char *authorization, char ret_owner[STORE_OWNER_SIZE],
		 struct error *err) must_check;
void key_cache_release(struct key_cache *cache);

/* The rules of mcp_guard, pure. */
bool origin_is_allowed(const char *host, const char *origin, bool any_host, struct error *err);

/* --- the whole --- */

struct mcp {
	struct loop *loop;
	struct store *store;
	const struct tool *const *tools;
	void *tool_ctx;
	bool key_required;
	bool any_host;
	bool draining;
	char *version;
	char *instructions;
	char *tools_text;

	struct call *calls; /* not yet answered nor taken back, by scope and id */
	unsigned pending;   /* all that have not ended */
	unsigned calls_per_owner;
	struct call *open; /* all of those, in a list */

	struct session *sessions;
	int64_t session_credit_ms; /* see session.c */
	struct key_cache keys;
};

#endif
