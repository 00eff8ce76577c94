/* A call, as the files that make its life see it: call.c begins and ends it, result.c collects what
 * it answers, ask.c has it ask its client, note.c tells of its progress, task.c lets it outlive its
 * request.
 *
 * A call and the carrier that brought it are two objects; the call holds the carrier's answer_fn
 * and uses it once: with the answer, with the task that it became, or with NULL when the client
 * took the request back.  After that the call lives on until its tool ends it. */
#ifndef MCP_CALL_H
#define MCP_CALL_H

#include "internal.h"

enum call_kind { CALL_TOOL, CALL_PROMPT, CALL_READ, CALL_COMPLETE, CALL_LIST };

/* A request of ours that waits for the client (2025). */
struct ask {
	struct ask *next;
	char *id; /* JSON text */
	char *key;
};

struct call {
	struct mcp *mcp; /* NULL once mcp is gone */
	void *tool_ctx;
	enum call_kind kind;
	const struct tool *tool; /* CALL_TOOL */
	call_run_fn *run;
	char owner[STORE_OWNER_SIZE];
	char *key;               /* scope, newline, id as it was sent */
	const char *id;          /* inside key */
	struct json *body;       /* the message */
	const struct json *args; /* in body, or made */
	struct json *made_args;
	char *uri; /* CALL_READ */

	enum era era;
	char version[VERSION_SIZE];
	char client[CLIENT_NAME_SIZE];
	unsigned client_can;
	int log_level;
	char *token; /* of progress, JSON text; NULL: none */
	double progress;

	struct json *content; /* blocks, messages, contents or values */
	struct json *warnings;
	bool has_more; /* values than there is room for */

	struct json *inputs; /* what the client answered, by key; NULL: nothing */
	struct json *asking; /* what is asked in this round, by key; NULL: nothing */
	struct ask *asks;    /* 2025: not answered yet */
	unsigned rounds;     /* of questions */
	struct timer *ask_deadline;
	char *refusal; /* 2025: why the client could not put a question after all; NULL: it did */
	char *state;
	struct deferred *rerun;

	struct task *task; /* NULL unless it is one */

	call_cancel_fn *on_cancel;
	void *cancel_ctx;
	answer_fn *on_answer; /* NULL once used */
	note_fn *on_note;
	void (*on_drop)(void *ctx, int64_t retry_ms);
	void *answer_ctx;
	struct call *prev, *next; /* in mcp->open */
	UT_hash_handle hh;        /* in mcp->calls while on_answer is there */
};

/* --- call.c --- */

/* Uses up the way to the carrier. */
void call_deliver(struct call *call, struct json *message, int status);
/* Ends it with a result or a fault, which are taken. */
void call_end_by_result(struct call *call, struct json *result);
void call_end_by_fault(struct call *call, struct fault *fault);
/* A call without a client, for a task that an earlier server left. */
struct call *call_revive(struct mcp *mcp, const struct tool *tool, const char *owner);
/* Has it end: its tool is told to stop. */
void call_stop(struct call *call);
/* Frees what ask.c holds. */
void ask_release(struct call *call);
/* Empties what the last round left behind. */
void call_clear(struct call *call);

/* --- ask.c --- */

/* What the params of a retry bring.  False: a requestState that is not ours. */
bool ask_read(struct call *call, const struct json *params, struct fault *ret_fault) must_check;
/* Takes answers by key into call->inputs, for keys that are asked. */
void ask_take(struct call *call, const struct json *responses);
/* What is still to be answered, as inputRequests; the caller owns it. */
struct json *ask_open(const struct call *call);
/* Whether all that was asked is answered; then it is run again. */
bool ask_settle(struct call *call);

/* --- state.c --- */

/* What the call must remember, signed; the caller owns it. */
struct json *state_make(const struct call *call);
/* False: not made by us for this request, or too old. */
bool state_read(struct call *call, const char *text) must_check;

/* --- task.c --- */

struct task {
	struct task_row row;
	bool cancelled; /* asked for */
};

/* The call becomes a task; ttl_ms 0: ours.  False: it stays what it is. */
bool task_begin(struct call *call, const char *handle, int64_t ttl_ms, struct error *err);
void task_set_message(struct call *call, const char *text);
void task_set_state(struct call *call, const char *state);
/* Its end: exactly one of result and fault, both taken. */
void task_end(struct call *call, struct json *result, struct fault *fault);
void task_free(struct task *task);

/* As JSON, in the words of an era. */
struct json *task_json(const struct task_row *row, enum era era);
/* Gives the waiting tasks/result their answer. */
void task_wake(struct mcp *mcp, const struct task_row *row);

#endif
