/* What the files of mcp/ share.  From the wire inwards:
 *
 *	http.c, exchange.c, outlet.c, old_sse.c, stdio.c   carriers: bytes in, bytes out
 *	rpc.c, envelope.c, era.c    one message of JSON-RPC, and which era it is of (pure)
 *	method.c, hello.c, list.c   which method does what
 *	call.c, result.c, ask.c, note.c   a call (call.h): from the request to its one answer
 *	task.c, task_methods.c      calls that outlive their request
 *	listen.c, subscription.c, watching.c   who wants to hear of changes, and looking for them
 *	session.c, identity.c, origin.c   who asks, and whether they may
 *
 * Two eras: the revisions up to 2025-11-25 begin with a handshake and may have a session; from
 * 2026-07-28 on each request says all about itself. */
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
#include "prompt.h"
#include "resource.h"
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
	EARLY_MS = 1000, /* a call this long is answered by an event stream that can be gone on with
			    … */
	LATE_MS = 10000, /* … and this long by any */
	OUTLETS_PER_SESSION = 16, /* event streams kept for a reader that may come back … */
	OUTLET_EVENTS_MAX = 1024, /* … events of each … */
	OUTLET_BYTES_MAX = 8 * 1024 * 1024,   /* … and bytes … */
	OUTLETS_BYTES_MAX = 64 * 1024 * 1024, /* … and of everybody's together */
	UNSENT_ALL_MAX = 64 * 1024 * 1024,    /* bytes that wait for slow readers, of everybody's */
	LISTENERS_MAX = 1024,
	WATCHINGS_MAX = 4096,      /* resources that are looked at, for everybody … */
	WATCHINGS_PER_OWNER = 128, /* … and for one key or session */
	SUBSCRIPTIONS_MAX = 64,    /* resources that one session or listener hears of */
	OLD_LINKS_MAX = 256,       /* event streams of 2024-11-05 */
	ASKS_MAX = 16,             /* things that one call asks at once */
	STATE_MS = 10 * 60 * 1000,
	TASKS_PER_OWNER = 2048,           /* also those that are over, until their time is … */
	TASKS_MAX = 16384,                /* … and of everybody */
	TASK_TTL_MS = 4 * 60 * 60 * 1000, /* from its beginning; a container lives two hours */
	TASK_TTL_MAX_MS = 24 * 60 * 60 * 1000,
	TASK_POLL_MS = 1000,
};

enum { VERSION_SIZE = 16, CLIENT_NAME_SIZE = STORE_CLIENT_NAME_SIZE };

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
	RPC_NO_RESOURCE = -32002, /* 2025 only */
	/* 2026-07-28 */
	RPC_HEADER_MISMATCH = -32020,
	RPC_MISSING_CAPABILITY = -32021,
	RPC_UNSUPPORTED_VERSION = -32022,
};

enum rpc_kind {
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESPONSE, /* to a request of ours */
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

/* Why a request is refused, ready to be sent. */
struct fault {
	enum rpc_code code;
	int status;        /* over HTTP, where it travels alone */
	struct json *data; /* NULL: none; whoever sends or drops the fault owns it */
	char text[320];
};
/* Fills ret_fault (data NULL) and returns false. */
bool fault_set(struct fault *ret_fault, int status, enum rpc_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The answers; the caller owns them.  id NULL: it could not be read, so there is none. */
struct json *rpc_result(const char *id, size_t id_len, struct json *result);
struct json *rpc_error(const char *id, size_t id_len, enum rpc_code code, const char *text);
/* Takes fault->data. */
struct json *rpc_fault(const char *id, size_t id_len, struct fault *fault);
/* A request (id is JSON text) or notification (id NULL) of ours; takes params. */
struct json *rpc_call(const char *id, const char *method, struct json *params);
/* The one place where kinds of errors become codes. */
enum rpc_code rpc_code_of(enum error_kind kind);

/* --- envelope.c: what a request says about itself (pure) --- */

enum era { ERA_2025, ERA_2026 };

/* What a client says it can be asked, and more. */
enum client_can {
	CLIENT_SAMPLES = 1,
	CLIENT_ELICITS = 2, /* by a form */
	CLIENT_ELICITS_URL = 4,
	CLIENT_ROOTS = 8,
	CLIENT_TASKS = 16, /* the extension */
};
unsigned client_can(const struct json *capabilities);

struct envelope {
	const char *version; /* borrowed from the message */
	const char *client;  /* likewise; "": it gives itself no name */
	unsigned client_can;
	int log_level; /* the least that is sent */
};

extern const char tasks_extension[];

/* note.c: LEVEL_NONE when it is no level; text may be NULL. */
int level_of(const char *text);

/* Whether it names a revision in params._meta, as those of 2026-07-28 and later do. */
bool envelope_claims(const struct rpc_message *message);
/* Reads what each request of 2026-07-28 must say. */
bool envelope_read(const struct rpc_message *message, struct envelope *ret_envelope,
		   struct fault *ret_fault) must_check;
/* Both eras: the token as it was sent; false when there is none. */
bool envelope_token(const struct rpc_message *message, const char **ret_start, size_t *ret_len);

/* --- era.c: which era a message is of (pure) --- */

/* NULL: absent, or not HTTP. */
struct mcp_headers {
	bool http;
	const char *version, *method, *name;
};

/* Headers as the message's era wants them.  False: refused. */
bool era_decide(const struct rpc_message *message, const struct mcp_headers *headers,
		enum era *ret_era, struct envelope *ret_envelope,
		struct fault *ret_fault) must_check;

/* Whether a header value, plain or in its base 64 form, says text.  Pure. */
bool header_says(const char *header, const char *text);
/* Decodes =?base64?…?=; NULL when it is malformed.  The caller owns it. */
char *header_decode(const char *header);

/* params_header.c: the headers Mcp-Param-… of tools/call, where the tool's schema names some
 * (x-mcp-header). */
void params_collect(struct mcp *mcp);
void params_free(struct mcp *mcp);
typedef const char *header_fn(const struct http_request *req, const char *name);
bool params_check(const struct mcp *mcp, const struct rpc_message *message, header_fn *header,
		  const struct http_request *req, struct fault *ret_fault) must_check;

/* --- answers --- */

/* Takes the one answer to a request: message (owned from here on) and the HTTP status that fits
 * when it travels alone.  message NULL: the request was cancelled, nothing is sent. */
typedef void answer_fn(void *ctx, struct json *message, int status);
/* Takes a notification or a request of ours, which goes out before the answer. */
typedef void note_fn(void *ctx, const struct json *message);

/* Where a message came from and where its answer goes. */
struct peer {
	const char *owner;   /* of what the tools make */
	const char *scope;   /* in which request ids are unique */
	const char *version; /* the revision agreed on; "" before */
	enum era era;
	const char *client; /* what it calls itself; NULL or "": nothing */
	unsigned client_can;
	int log_level;       /* the least of enum mcp_level that is sent; LEVEL_NONE */
	int *log_level_slot; /* where logging/setLevel puts it; NULL: nowhere */
	answer_fn *on_answer;
	note_fn *on_note; /* NULL: there is no way */
	/* For a tool that has its client come back for the rest; NULL: it does nothing. */
	void (*on_drop)(void *ctx, int64_t retry_ms);
	void *ctx;
};

/* The ends of a request.  result and fault->data are taken. */
void peer_result(const struct peer *peer, const struct rpc_message *message, struct json *result);
void peer_error(const struct peer *peer, const struct rpc_message *message, enum rpc_code code,
		const char *text);
void peer_refuse(const struct peer *peer, const struct rpc_message *message, struct fault *fault);
/* What every result of 2026-07-28 has: resultType and who made it.  Changes result. */
void result_finish(const struct mcp *mcp, struct json *result);
/* How long it may be kept (2026-07-28), and whether others may be given it. */
void result_cache(struct json *result, int64_t ttl_ms, bool is_public);

/* --- batch.c: arrays of messages, only in 2025-03-26 --- */

/* Runs the messages of an array.  peer->on_answer is called once, now or later: with the array of
 * answers, or with NULL when there is none to send (status 202: none was asked for).  False, and no
 * call, when it is no batch that this server takes. */
bool batch_run(struct mcp *mcp, const struct peer *peer, const struct rpc_slice *text,
	       enum rpc_code *ret_code, struct error *err) must_check;

/* --- method.c --- */

/* Answers a request once, now or later.  message->body may be taken. */
void method_request(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void method_notification(struct mcp *mcp, const struct peer *peer,
			 const struct rpc_message *message);
/* A client's answer to a request of ours. */
void method_response(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
bool method_is_initialize(const struct rpc_message *message);
/* Which member of params the header Mcp-Name repeats; NULL: none. */
const char *method_name_param(const char *method);

/* --- hello.c --- */

/* The newest first; those before 2026-07-28 begin at session_versions. */
extern const char *const protocol_versions[];
extern const char *const *const session_versions;
bool version_is_known(const char *const *list, const char *version);
struct json *versions_json(void);
/* What a handshake settles. */
struct hello {
	char version[VERSION_SIZE];
	char client[CLIENT_NAME_SIZE]; /* what the client calls itself */
	unsigned client_can;
};
/* The result of initialize; NULL when the params are wrong. */
struct json *hello_initialize(const struct mcp *mcp, const struct rpc_message *message,
			      struct hello *ret_hello, struct error *err) must_check;
void hello_discover(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
struct json *server_info(const struct mcp *mcp);
bool mcp_has_resources(const struct mcp *mcp);
/* Whether there are any whose changes are told. */
bool mcp_has_watching(const struct mcp *mcp);
bool mcp_has_tasks(const struct mcp *mcp);

/* --- list.c --- */

/* The results of tools/list by era, as text; made once.  False when a schema is no JSON. */
bool lists_make(struct mcp *mcp, struct error *err) must_check;
void list_tools(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void list_resources(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void list_templates(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void list_prompts(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);

/* What a name or URI stands for; NULL: nothing. */
const struct prompt *prompt_find(const struct mcp *mcp, const char *name);
/* *ret_values: of the variables of a template; the caller owns it, only when it was found. */
call_run_fn *resource_find(const struct mcp *mcp, const char *uri, struct json **ret_values);
/* Whether changes of it are told.  *ret_form: the template that it fits, with *ret_values (the
 * caller owns them); both NULL for a resource. */
bool resource_changes(const struct mcp *mcp, const char *uri,
		      const struct resource_template **ret_form, struct json **ret_values);
/* *ret_run NULL: it has no suggestions. */
bool completion_find(const struct mcp *mcp, const struct json *ref, call_run_fn **ret_run);
/* Whether a URI fits a template; pure. */
bool template_match(const char *uri_template, const char *uri, struct json **ret_values);

/* --- call.c --- */

/* tools/call, prompts/get, resources/read.  They take message->body when a call begins. */
void call_tool(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void call_prompt(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void call_read(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void complete_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
/* resources/list, where the caller has some of his own. */
void call_list(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void list_add_resources(const struct mcp *mcp, struct json *list);
void complete_nothing(struct call *call, const struct json *args);
void resource_missing(enum era era, const char *uri, struct fault *ret_fault);
/* notifications/cancelled */
void call_cancel(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message);
/* The same for all requests of a scope: their client left. */
void call_cancel_scope(struct mcp *mcp, const char *scope);
/* Those that wait for a client that can answer no more. */
void call_cancel_asking(struct mcp *mcp, const char *scope);
/* Ends the life of mcp for all calls: each is cancelled, and its answer goes nowhere. */
void calls_abandon(struct mcp *mcp);
/* A response to what a call asked. */
void ask_response(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message);

/* --- task_methods.c --- */

void task_get(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void task_update(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void task_cancel(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void task_result(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void task_list(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);

/* Everything that the extension tells of a task; the caller owns it. */
struct json *task_detail(struct mcp *mcp, const struct task_row *row);
void task_wait_cancel(struct mcp *mcp, const char *scope, const char *id, size_t id_len);
void task_waits_drop_scope(struct mcp *mcp, const char *scope);
/* Those who wait in tasks/result hear that the server stops. */
void task_waits_end(struct mcp *mcp);
/* Forgets those whose time is over. */
void tasks_sweep(struct mcp *mcp);

/* --- listen.c --- */

void listen_begin(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
/* False: none of that scope and id. */
bool listen_end(struct mcp *mcp, const char *scope, const char *id, size_t id_len);
void listen_end_scope(struct mcp *mcp, const char *scope);
void listen_end_all(struct mcp *mcp);
/* A carrier of a 2025 session that can be told things unasked; scope is borrowed.  Removing it ends
 * the subscriptions of its scope. */
void sink_add(struct mcp *mcp, const char *scope, note_fn *on_note, void *ctx);
void sink_remove(struct mcp *mcp, const char *scope);
/* Those who listen to a task hear its state. */
void listen_tell_task(struct mcp *mcp, const struct task_row *row);
/* Tells a session of 2025 whatever its carrier is; whether it has one now. */
void scope_tell(struct mcp *mcp, const char *scope, const struct json *message);
bool scope_is_heard(struct mcp *mcp, const char *scope);

/* --- subscription.c --- */

void subscribe(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void unsubscribe(struct mcp *mcp, const struct peer *peer, struct rpc_message *message);
void subscriptions_end_scope(struct mcp *mcp, const char *scope);
/* owner NULL: to everybody who subscribed to it. */
void subscriptions_tell(struct mcp *mcp, const char *owner, const char *uri,
			const struct json *message);
struct watching;
/* As watching_begin; where there is no more room, subscriptions of the same owner that nobody hears
 * of are ended. */
bool watch_for(struct mcp *mcp, const struct peer *peer, const char *uri,
	       struct watching **ret_watching, struct error *err) must_check;

/* --- watching.c --- */

/* Has the changes of a resource told, as long as somebody wants to hear of them.  *ret_watching is
 * NULL where that needs nothing. */
struct watching;
bool watching_begin(struct mcp *mcp, const char *owner, const char *uri,
		    struct watching **ret_watching, struct error *err) must_check;
/* NULL is allowed. */
void watching_end(struct watching *watching);

/* --- exchange.c: one POSTed request --- */

/* Runs it; it is answered as JSON, or as an event stream once that is needed.  session NULL: it is
 * of 2026-07-28, where a client that leaves takes its request back. */
struct exchange;
struct session;
struct exchange *exchange_new(struct mcp *mcp, struct http_request *req, struct session *session,
			      const char *version);
void exchange_on_answer(void *ctx, struct json *message, int status);
void exchange_on_note(void *ctx, const struct json *message);
void exchange_on_drop(void *ctx, int64_t retry_ms);
const char *exchange_scope(const struct exchange *exchange);
/* Every second: what takes long becomes a stream. */
void exchanges_tick(struct mcp *mcp);
/* Their requests are answered by nobody any more: 503. */
void exchanges_free(struct mcp *mcp);

/* --- outlet.c: an event stream, which may outlive its reader --- */

struct outlet;
/* The writer's.  session NULL: events are not kept, and on_gone tells when the reader left. */
struct outlet *outlet_new(struct mcp *mcp, struct session *session);
void outlet_on_gone(struct outlet *outlet, void (*on_gone)(void *ctx), void *ctx);
/* Answers req with the stream: what follows event number `after` (0: everything). */
void outlet_attach(struct outlet *outlet, struct http_request *req, unsigned after);
bool outlet_is_attached(const struct outlet *outlet);
void outlet_send(struct outlet *outlet, const struct json *message);
/* An event without a message, so that a reader knows an id to come back with (2025-11-25). */
void outlet_prime(struct outlet *outlet);
/* The reader is sent away, to come back after that long. */
void outlet_drop(struct outlet *outlet, int64_t retry_ms);
/* The writer's last call: no more events.  NULL is allowed. */
void outlet_finish(struct outlet *outlet);
/* Any event: type NULL: none is named. */
void outlet_send_text(struct outlet *outlet, const char *type, const char *text);
void outlets_trim(struct session *session);
/* The outlet that an event id names, and the number of the event. */
struct outlet *outlet_find(const struct session *session, const char *event_id,
			   unsigned *ret_number);
/* The session lets go of its outlets. */
void outlets_forget(struct session *session);
/* Comments for the readers; and what was kept long enough goes. */
void outlets_tick(struct mcp *mcp);
void outlets_end_all(struct mcp *mcp);

/* --- session.c --- */

struct session {
	char hash[DIGEST_TEXT_SIZE]; /* of its id; the id itself is only with the client */
	char owner[STORE_OWNER_SIZE];
	struct hello hello;
	int64_t seen_written_ms; /* what the database says */
	int log_level;
	struct outlet *outlets; /* the newest first */
	struct outlet *feed;    /* the one of GET; NULL before the first */
	unsigned next_outlet;
	unsigned waiting;  /* requests of it without an answer */
	UT_hash_handle hh; /* in the order of use, the oldest first */
};

/* Makes a session for the owner of a key, or (owner NULL) for itself.  The pointer is good until
 * the next call into session.c. */
struct session *session_new(struct mcp *mcp, const char *owner, const struct hello *hello,
			    char ret_id[ID_SIZE], struct error *err) must_check;
/* ERROR_NOT_FOUND when there is none, or when it belongs to another owner. */
struct session *session_find(struct mcp *mcp, const char *id, const char *owner,
			     struct error *err) must_check;
bool session_end(struct mcp *mcp, struct session *session, struct error *err) must_check;
void sessions_free(struct mcp *mcp);

/* One that is in memory; NULL when it is not (any more). */
struct session *session_cached(struct mcp *mcp, const char *hash);
/* What is sent to the open event stream of a session, or kept for it; false without one. */
bool session_tell(struct session *session, const struct json *message);

/* --- old_sse.c: 2024-11-05 --- */

void old_links_free(struct mcp *mcp);
void old_links_drain(struct mcp *mcp);

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
	struct mcp_offers offers;
	void *tool_ctx;
	bool key_required;
	bool any_host;
	bool draining;
	char *name, *title, *version;
	char *instructions;
	char *tools_text[2];         /* by era */
	struct param_header *params; /* of tools, see params_header.c */

	struct call *calls; /* not yet answered nor taken back, by scope and id */
	unsigned pending;   /* all that have not ended */
	unsigned calls_per_owner;
	struct call *open; /* all of those, in a list */
	uint64_t next_scope, next_ask;
	char state_key[DIGEST_TEXT_SIZE]; /* requestState is signed with it */

	struct session *sessions;
	int64_t session_credit_ms; /* see session.c */
	struct key_cache keys;

	struct exchange *exchanges;
	struct outlet *outlets; /* the newest first */
	size_t outlets_bytes;   /* of all events that are kept */
	struct tap *taps;       /* the newest first */
	size_t unsent_bytes;    /* of all of them */
	struct listener *listeners;
	struct subscription *subscriptions;
	struct watching *watchings;
	struct sink *sinks;
	unsigned listener_count;
	struct task_wait *task_waits;
	struct old_link *old_links;
	unsigned old_link_count;
	struct timer *tick; /* of a second, while there are exchanges or outlets */
	unsigned ticks;
};
/* Has the timer of seconds run. */
void mcp_tick_start(struct mcp *mcp);

#endif
