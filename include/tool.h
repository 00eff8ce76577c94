/* What a tool is, and the call that it answers.  Seen by mcp/, which dispatches, and by tools/,
 * one file per tool, each ending in a `const struct tool`, all listed in tools/table.c. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "json.h"

struct call;

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
	const char *set; /* "containers", "commands", "files" */
	/* Adds this server's own bounds and default to a copy of one property of the input schema;
	 * ctx is what call_context gives.  False: this server does not offer the argument.  May be
	 * NULL. */
	bool (*bind)(const void *ctx, const char *name, struct json *property);
	/* Starts the work and returns.  args is an object, borrowed for this call.  Exactly one of
	 * call_answer and call_fail must follow, now or later. */
	void (*run)(struct call *call, const struct json *args);
};

/* The tools whose set is named in the comma-separated list, NULL-terminated; the caller frees the
 * array. */
const struct tool **tools_select(const char *sets);

/* --- inside run and after it --------------------------------------------------------------- */

/* The server's own objects, as given to mcp_new. */
void *call_context(const struct call *call);
/* Who asks: a key or a session.  Borrowed, valid while the call is. */
const char *call_owner(const struct call *call);

/* Called once if the caller takes the request back before the answer.  It must lead to the one
 * answer all the same (which then goes nowhere). */
typedef void call_cancel_fn(void *ctx);
void call_on_cancel(struct call *call, call_cancel_fn *on_cancel, void *ctx);

/* Content blocks: text first; the call owns them. */
void call_add_text(struct call *call, const char *text);
/* A resource_link block. */
void call_add_link(struct call *call, const char *uri, const char *name, const char *media_type,
		   int64_t size);
/* What rule 6 of the tool contract wants: told in both forms of the result, not refused. */
void call_warn(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the call.  structured becomes structuredContent (owned by the call from here on).  When no
 * text block was added the structured form itself, as text, is the content.  call is dead
 * afterwards. */
void call_answer(struct call *call, struct json *structured);
/* isError: what happened, under a stable word, what to do next (may be NULL), and whether a retry
 * can help; in both forms.  call is dead afterwards. */
void call_fail(struct call *call, const struct error *err, const char *next);

/* --- arguments ----------------------------------------------------------------------------- */
/* Declarative: a table of what a tool takes.  Unknown names become warnings, aliases are taken,
 * wrong types and missing required ones are refused with a sentence that names the field, the type
 * wanted and the value given. */

enum arg_type { ARG_TEXT, ARG_INT, ARG_NUMBER, ARG_BOOL, ARG_OBJECT, ARG_CHOICE };

struct arg {
	const char *name;
	enum arg_type type;
	bool required;
	int64_t least, most;        /* ARG_INT and ARG_NUMBER; ARG_TEXT: bytes (most 0: 1 MiB) */
	const char *const *aliases; /* NULL-terminated; may be NULL */
	const char *const *choices; /* ARG_CHOICE, NULL-terminated */
};

struct arg_value {
	bool given;
	bool flag;        /* ARG_BOOL */
	const char *text; /* ARG_TEXT, ARG_CHOICE; borrowed from args */
	int64_t number;   /* ARG_INT */
	double real;      /* ARG_NUMBER */
	const struct json *object;
};

/* Fills values[i] for table[i].  On a bad argument answers the call (which is dead then) and
 * returns false: the tool just returns. */
bool args_read(struct call *call, const struct json *args, const struct arg *table, size_t count,
	       struct arg_value *ret_values) __attribute__((warn_unused_result));

#endif
