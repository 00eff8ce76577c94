/* What a tool is, and the call that it answers.  Seen by mcp/, which dispatches, and by tools/,
 * one file per tool, each ending in a `const struct tool`, all listed in tools/table.c.  Prompts
 * (prompt.h) and resources (resource.h) answer the same kind of call. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "json.h"

struct call;

/* Starts the work and returns.  args is an object, borrowed until the call is dead.  Exactly one of
 * the functions that end a call must follow, now or later. */
typedef void call_run_fn(struct call *call, const struct json *args);

enum tool_task {
	TOOL_TASK_NO,   /* never a task */
	TOOL_TASK_MAY,  /* call_detach may make it one; so may a 2025-11-25 client */
	TOOL_TASK_MUST, /* a client of 2026-07-28 without the extension is refused */
};

struct tool {
	const char *name;
	const char *title;
	const char *description;   /* its first sentence says when to use the tool */
	const char *input_schema;  /* JSON text; without what bind adds */
	const char *output_schema; /* JSON text */
	bool read_only;            /* the annotations */
	bool destructive;
	bool idempotent;
	bool open_world;
	const char *set; /* "containers", "commands" …; or several, separated by commas */
	/* Adds this server's own bounds and default to a copy of one property of the input schema;
	 * ctx is what call_context gives.  False: this server does not offer the argument.  May be
	 * NULL. */
	bool (*bind)(const void *ctx, const char *name, struct json *property);
	enum tool_task task;
	call_run_fn *run;
	/* After a restart of the server: goes on with the task that call_detach gave this handle.
	 * NULL: such a task has failed. */
	void (*resume)(struct call *call, const char *handle);
};

/* The tools whose set is named in the comma-separated list, NULL-terminated; the caller frees the
 * array. */
const struct tool **tools_select(const char *sets);

/* --- inside run and after it --------------------------------------------------------------- */

/* The server's own objects, as given to mcp_new. */
void *call_context(const struct call *call);
/* Who asks: a key or a session.  Borrowed, valid while the call is. */
const char *call_owner(const struct call *call);
/* Of the tool that is called; NULL: none is (a prompt, a resource). */
const char *call_set(const struct call *call);
/* What the client calls itself ("" when it gives itself no name, and for a task that an earlier
 * server left).  A hint, never to be trusted. */
const char *call_client(const struct call *call);

/* Called once if the caller takes the request back before the answer, or the server stops.  It must
 * lead to the one answer all the same (which then goes nowhere). */
typedef void call_cancel_fn(void *ctx);
void call_on_cancel(struct call *call, call_cancel_fn *on_cancel, void *ctx);

/* Content blocks of a tool's result; the call owns them. */
void call_add_text(struct call *call, const char *text);
/* A resource_link block. */
void call_add_link(struct call *call, const char *uri, const char *name, const char *media_type,
		   int64_t size);
/* Any block: image, audio, resource, as JSON; owned from here on. */
void call_add_block(struct call *call, struct json *block);
/* What rule 6 of the tool contract wants: told in both forms of the result, not refused. */
void call_warn(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Inside the cancel function: whether the client took the request back, or the server stops. */
bool call_was_taken_back(const struct call *call);

/* --- the end of a call: call is dead afterwards ----------------------------------------------- */

/* A tool's result.  structured becomes structuredContent (owned by the call from here on; NULL:
 * none).  When no block was added the structured form itself, as text, is the content. */
void call_answer(struct call *call, struct json *structured);
/* isError: what happened, under a stable word, what to do next (may be NULL), and whether a retry
 * can help; in both forms.  A prompt or resource, which knows no isError, is rejected. */
void call_fail(struct call *call, const struct error *err, const char *next);
/* A JSON-RPC error instead of a result. */
void call_reject(struct call *call, const struct error *err);
/* A prompt, a resource or a completion, from what was added. */
void call_end(struct call *call);

/* --- on the way ------------------------------------------------------------------------------- */

/* Whether the client wants to hear of progress. */
bool call_wants_progress(const struct call *call);
/* total below 0: not known; text may be NULL.  Also the statusMessage of a task. */
void call_progress(struct call *call, double progress, double total, const char *text);

enum mcp_level {
	LEVEL_DEBUG,
	LEVEL_INFO,
	LEVEL_NOTICE,
	LEVEL_WARNING,
	LEVEL_ERROR,
	LEVEL_CRITICAL,
	LEVEL_ALERT,
	LEVEL_EMERGENCY,
	LEVEL_NONE, /* nothing is sent */
};
/* A log message for the client, if it wants that level. */
void call_log(struct call *call, enum mcp_level level, const char *logger, const char *text);

/* Has the client come back for the rest, where its revision and transport know that (SEP-1699). */
void call_send_away(struct call *call, int64_t retry_ms);

/* --- asking the client ------------------------------------------------------------------------ */
/* A call that needs something of the client asks for it under a key, ends its round with
 * call_await, and is run again from the start when the client has answered: then call_input gives
 * what was answered, in this round or an earlier one. */

enum ask_kind {
	ASK_FORM,   /* elicitation/create */
	ASK_URL,    /* the same, mode url */
	ASK_SAMPLE, /* sampling/createMessage */
	ASK_ROOTS,  /* roots/list */
};

/* Whether the client can be asked that. */
bool call_can_ask(const struct call *call, enum ask_kind kind);
/* NULL: not answered (yet), or not with what the kind demands.  Borrowed. */
const struct json *call_input(const struct call *call, const char *key, enum ask_kind kind);
/* params are owned by the call from here on. */
void call_ask(struct call *call, const char *key, enum ask_kind kind, struct json *params);
/* Something to remember until the client answers; it travels signed through the client. */
void call_set_state(struct call *call, const char *text);
const char *call_state(const struct call *call); /* NULL: none */
/* Ends the round; the caller touches call no more.  run follows, or nothing. */
void call_await(struct call *call);
/* Ends the call: it cannot be answered by a client that cannot be asked this. */
void call_lacks(struct call *call, enum ask_kind kind);

/* --- tasks ------------------------------------------------------------------------------------ */

/* Makes the call a task, if its client takes tasks: it is written down under handle (what resume
 * gets) and the client is answered; the call goes on.  True also for what is a task already; then
 * handle replaces the one before. */
bool call_detach(struct call *call, const char *handle);
bool call_is_task(const struct call *call);

/* --- prompts, resources, completion ----------------------------------------------------------- */

/* role: "user" or "assistant"; the block is owned from here on. */
void call_add_message(struct call *call, const char *role, struct json *block);
/* The resource that is read. */
const char *call_uri(const struct call *call);
/* One of its contents; exactly one of text and base64 is not NULL. */
void call_add_contents(struct call *call, const char *uri, const char *media_type, const char *text,
		       const char *base64);
/* An entry of resources/list; description and media_type may be NULL. */
void call_add_resource(struct call *call, const char *uri, const char *name,
		       const char *description, const char *media_type);
/* A suggestion. */
void call_add_value(struct call *call, const char *text);

/* --- arguments ----------------------------------------------------------------------------- */
/* Declarative: a table of what a tool takes.  Unknown names become warnings, aliases are taken,
 * wrong types and missing required ones are refused with a sentence that names the field, the type
 * wanted and the value given. */

enum arg_type { ARG_TEXT, ARG_INT, ARG_NUMBER, ARG_BOOL, ARG_OBJECT, ARG_CHOICE, ARG_LIST };

struct arg {
	const char *name;
	enum arg_type type;
	bool required;
	int64_t least, most;        /* ARG_INT and ARG_NUMBER; ARG_TEXT: bytes (most 0: 1 MiB);
				ARG_LIST: items */
	const char *const *aliases; /* NULL-terminated; may be NULL */
	const char *const *choices; /* ARG_CHOICE, NULL-terminated */
};

struct arg_value {
	bool given;
	bool flag;                 /* ARG_BOOL */
	const char *text;          /* ARG_TEXT, ARG_CHOICE; borrowed from args */
	int64_t number;            /* ARG_INT */
	double real;               /* ARG_NUMBER */
	const struct json *object; /* ARG_OBJECT, ARG_LIST */
};

/* Fills values[i] for table[i].  On a bad argument answers the call (which is dead then) and
 * returns false: the tool just returns. */
bool args_read(struct call *call, const struct json *args, const struct arg *table, size_t count,
	       struct arg_value *ret_values) __attribute__((warn_unused_result));

#endif
