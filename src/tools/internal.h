/* What the tools share: how a view of the domain becomes the two forms of a result. */
#ifndef TOOLS_INTERNAL_H
#define TOOLS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "json.h"
#include "own.h"
#include "file.h"
#include "sandbox.h"
#include "tool.h"
#include "tools.h"

extern const struct tool tool_create_container;
extern const struct tool tool_list_containers;
extern const struct tool tool_check_container;
extern const struct tool tool_destroy_container;
extern const struct tool tool_execute_command;
extern const struct tool tool_check_command;
extern const struct tool tool_send_input;
extern const struct tool tool_kill_command;
extern const struct tool tool_list_commands;
extern const struct tool tool_run_code;
extern const struct tool tool_install_packages;
extern const struct tool tool_run_once;
extern const struct tool tool_read_file;
extern const struct tool tool_write_file;
extern const struct tool tool_edit_file;
extern const struct tool tool_list_files;
extern const struct tool tool_move_file;
extern const struct tool tool_delete_file;
extern const struct tool tool_get_file_url;
extern const struct tool tool_get_upload_url;
extern const struct tool tool_web_search;
extern const struct tool tool_web_scrape;
extern const struct tool tool_web_browse;

/* compat-container-mcp */
extern const struct tool tool_system_run_command;
extern const struct tool tool_system_run_python;
extern const struct tool tool_system_env_var;
extern const struct tool tool_file_read;
extern const struct tool tool_file_write;
extern const struct tool tool_file_list;
extern const struct tool tool_file_delete;
extern const struct tool tool_file_move;
/* compat-code-sandbox */
extern const struct tool tool_create_sandbox;
extern const struct tool tool_close_sandbox;
extern const struct tool tool_get_sandbox_status;
extern const struct tool tool_execute_code;
extern const struct tool tool_install_package;
extern const struct tool tool_create_run_close;
extern const struct tool tool_upload_file;

/* --- schemas --- */

/* JSON written as JSON.  The argument of # is not expanded, so that true stays true. */
#define SCHEMA(...) #__VA_ARGS__

/* What a failure looks like, and the warnings that any result can have.  Clients check the
 * structured form of failures too, so that every output schema must allow it. */
/* clang-format off */
#define FAILURE_PROPERTIES SCHEMA( \
	"code": {"type": "string", "description": "Only when the call failed: a stable word for why"}, \
	"message": {"type": "string", "description": "Only when the call failed: what happened"}, \
	"next": {"type": "string", "description": "Only when the call failed: what to do now"}, \
	"retryable": {"type": "boolean", "description": "Only when the call failed: whether the same call may succeed later"}, \
	"warnings": {"type": "array", "items": {"type": "string"}, "description": "What was ignored, and why"})

#define CONTAINER_PROPERTIES SCHEMA( \
	"container_id": {"type": "string"}, \
	"name": {"type": "string", "description": "The label it was given"}, \
	"status": {"type": "string", "description": "creating, running, destroying, failed or gone"}, \
	"image": {"type": "string"}, \
	"workdir": {"type": "string", "description": "Where commands start"}, \
	"network": {"type": "string", "description": "none or internet"}, \
	"limits": {"type": "object", "properties": { \
		"memory_mb": {"type": "number"}, "cpus": {"type": "number"}, "pids": {"type": "integer"}, \
		"disk_mb": {"type": "number", "description": "Absent: not bounded"}}}, \
	"created_at": {"type": "string"}, \
	"expires_at": {"type": "string", "description": "It is destroyed then, whatever runs in it"}, \
	"runtimes": {"type": "array", "items": {"type": "string"}, "description": "Programs found in the image"}, \
	"isolation": {"type": "object", "description": "The walls that were measured to be in force"}, \
	"gone_at": {"type": "string"}, \
	"gone_reason": {"type": "string"})

#define COMMAND_PROPERTIES SCHEMA( \
	"command_id": {"type": "string"}, \
	"container_id": {"type": "string"}, \
	"state": {"type": "string", "enum": ["running", "exited", "killed", "timed_out", "oom_killed", "lost"]}, \
	"exit_code": {"type": "integer", "description": "Only with state exited"}, \
	"signal": {"type": "string", "description": "Only with state killed"}, \
	"reason": {"type": "string", "description": "Where the state alone does not say why"}, \
	"language": {"type": "string", "description": "Of code"}, \
	"context": {"type": "string", "description": "The interpreter that runs it"}, \
	"state_lost": {"type": "string", "description": "A new interpreter was begun for it, because of this: variables of earlier calls are gone"}, \
	"context_over": {"type": "boolean", "description": "The interpreter ended with it: the next call begins a new one"}, \
	"stdout": {"type": "string"}, \
	"stderr": {"type": "string"}, \
	"result": {"description": "Of code: the value of its last expression; as text where it is not JSON", "anyOf": [ \
		{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "object"}, {"type": "array"}, {"type": "null"}]}, \
	"result_omitted_bytes": {"type": "integer", "description": "How much of a long result is left out"}, \
	"error": {"type": "object", "description": "Of code: what it raised", "properties": { \
		"type": {"type": "string"}, "message": {"type": "string"}, "traceback": {"type": "string"}}}, \
	"pictures": {"type": "integer", "description": "Of code: how many pictures are among the content blocks"}, \
	"encoding": {"type": "string", "description": "base64 when stdout and stderr are that"}, \
	"truncated": {"type": "object", "description": "By stream: what is not shown here", "additionalProperties": {"type": "object", "properties": { \
		"omitted_from": {"type": "integer", "description": "First byte left out: an offset for check_command"}, \
		"omitted_to": {"type": "integer", "description": "Last byte left out"}, \
		"omitted_bytes": {"type": "integer"}, \
		"lost_from": {"type": "integer", "description": "First byte that was not kept (the spool limit): nobody can read it"}, \
		"lost_to": {"type": "integer", "description": "Last such byte"}, \
		"lost_bytes": {"type": "integer"}}}}, \
	"not_utf8": {"type": "array", "items": {"type": "string"}, "description": "Streams with bytes that are not UTF-8, shown as U+FFFD; encoding base64 gives them as they are"}, \
	"duration_ms": {"type": "integer"}, \
	"usage": {"type": "object", "properties": {"cpu_ms": {"type": "integer"}, "memory_peak_bytes": {"type": "integer"}}}, \
	"hint": {"type": "string", "description": "What can be done about it"})

/* What check_command and its kin say beside that. */
#define NEXT_OFFSET_PROPERTY SCHEMA( \
	"next_offset": {"description": "Where to read on: a number for the one stream that was asked for, else one by stream", "anyOf": [ \
		{"type": "integer"}, \
		{"type": "object", "properties": {"stdout": {"type": "integer"}, "stderr": {"type": "integer"}}}]})
/* clang-format on */

/* The bounds of command lines, paths and patterns, here and in the schemas.  (An id that is too
 * long is no id of ours, and not found like any other.) */
enum { COMMAND_ARG_MAX = 128 * 1024, PATH_ARG_MAX = 4096, PATTERN_ARG_MAX = 4096 };

/* schema.c: what `bind` adds to a property.  A bound of an argument in the unit it is given in:
 * values are multiples of 1/per_unit; fallback below 0: there is no fixed default. */
struct argument_bound {
	const char *name;
	int64_t per_unit;
	int64_t least, most, fallback;
};
/* True: it was one of the table's. */
bool bind_number(struct json *property, const char *name, const struct argument_bound *table,
		 size_t count);
/* One of the words is the default. */
void bind_choice(struct json *property, const char *const *words, const char *fallback);
/* For tools that take none but these: wait_seconds (of execute_command), max_output_bytes. */
bool bind_output(struct json *property, const char *name, const struct tools_context *tools);

/* --- arguments --- */

extern const char *const container_id_aliases[];
extern const char *const sandbox_id_aliases[];
extern const char *const command_id_aliases[];
extern const char *const workdir_aliases[];

/* "NAME=value" …, NULL-terminated; from an object of texts.  NULL with err when a name or value is
 * none.  The caller owns it (env_free). */
char **env_read(const struct json *object, struct error *err) must_check;
void env_free(char **env);
OWNED_BY_SCOPE(env, char **, env_free)
#define auto_env AUTO(env) char **

/* --- calls that wait --- */

/* Embedded first in what a tool keeps while the domain works. */
struct waiting {
	struct call *call;
	struct sandbox_op *op;
};
struct waiting *waiting_new(struct call *call);
/* Ties the call to the operation, so that taking the call back cancels it. */
void waiting_for(struct waiting *waiting, struct sandbox_op *op);
/* As waiting_for; an operation that was refused (NULL) fails the call and frees waiting. */
void waiting_began(struct waiting *waiting, struct sandbox_op *op, const struct error *err);

const struct tools_context *tools_of(const struct call *call);
/* wait_seconds (or fallback_ms when it is not given), never more than the server, or its client,
 * waits. */
int64_t wait_of(const struct call *call, const struct arg_value *seconds, int64_t fallback_ms);
/* max_output_bytes, or the server's limit; when the client takes less than was asked for, less, and
 * a warning. */
int64_t limit_of(struct call *call, const struct arg_value *bytes);
/* The server's limit, or less. */
int64_t fitting_limit(const struct call *call);

/* file_uri.c, file_resource.c: the URI of a file (path is absolute; the caller owns it), and how
 * many bytes can be read by it. */
enum { FILE_RESOURCE_MAX = 2 * 1024 * 1024 };
char *file_uri(const char *container_id, const char *path);

/* command_resource.c */
extern const struct resource_template command_template;

/* client.c: a row of what is known of clients; 0: nothing is known. */
struct client {
	const char *name; /* as clientInfo has it; a * at the end stands for anything */
	int deadline_s;   /* of a call, unless its user set another */
	int result_chars; /* of a result */
};
/* Never NULL. */
const struct client *client_find(const char *name);
/* As much as fits. */
int64_t client_wait_ms(const struct client *client, int64_t wait_ms);
int64_t client_output_bytes(const struct client *client, int64_t bytes);

/* The bounds of max_output_bytes. */
enum { OUTPUT_LEAST = 64, OUTPUT_MOST = 1024 * 1024 };
/* call_fail with the next step that fits the kind of error. */
void tool_fail(struct call *call, const struct error *err);

/* --- numbers for people --- */

enum { FORMAT_SIZE = 40 };

/* "12 ms", "3.2 s", "2 min 5 s", "1 h 3 min" */
void format_duration(int64_t ms, char ret_text[FORMAT_SIZE]);
/* "512 B", "16 KiB", "1.5 MiB" */
void format_size(int64_t bytes, char ret_text[FORMAT_SIZE]);
/* "1 204 331" */
void format_count(int64_t number, char ret_text[FORMAT_SIZE]);

/* --- output.c: which part of a stream is shown --- */

enum output_mode {
	OUTPUT_ENDS, /* head and tail, the gap named */
	OUTPUT_FROM, /* from offset on */
	OUTPUT_TAIL, /* the last bytes */
};

struct output_wish {
	enum output_mode mode;
	int64_t offset; /* OUTPUT_FROM */
	int64_t limit;  /* bytes of the stream, at most */
	bool base64;
};

struct output_source {
	/* Appends up to len bytes from offset on. */
	bool (*read)(void *ctx, int64_t offset, int64_t len, struct buf *ret_data,
		     struct error *err);
	void *ctx;
	const char *command_id;
	const char *stream; /* "stdout" or "stderr" */
	/* What can be read: [0, kept) and [tail_from, total); what lies between was not kept. */
	int64_t kept, tail_from, total;
	int64_t limit; /* how much is kept at most, beside the tail */
	bool is_over;  /* no more will come */
};

/* What is shown of one stream. */
struct output_piece {
	struct buf text;  /* OUTPUT_ENDS: names what is missing; else exactly the bytes asked for */
	struct buf notes; /* what is missing, where the text does not name it */
	int64_t omitted_from, omitted_end; /* equal: nothing is left out */
	int64_t lost_from, lost_end;       /* likewise, of what was not kept */
	int64_t next_offset;
	bool replaced; /* bytes that are no UTF-8 */
};

bool output_take(const struct output_source *source, const struct output_wish *wish,
		 struct output_piece *ret_piece, struct error *err) must_check;
void output_piece_release(struct output_piece *piece);
static inline void auto_output_piece_(struct output_piece *slot)
{
	output_piece_release(slot);
}
#define auto_output_piece AUTO(output_piece) struct output_piece

/* How much of data to keep at a cut behind it, or to skip at a cut before it: at a line's end if
 * one is in the nearer half, else between characters. */
size_t output_cut_behind(const char *data, size_t len);
size_t output_cut_before(const char *data, size_t len);

/* How a piece of a stream is cut: offsets and counts; NULL: it is whole. */
struct json *output_omission_json(const struct output_piece *piece);

/* --- container_json.c, command_json.c --- */

struct json *container_json(const struct sandbox_view *view);
void container_text(const struct sandbox_view *view, struct buf *text);
struct json *time_json(int64_t wall_ms);
/* number / unit, whole where it is whole: 256, not 256.0. */
struct json *ratio_json(int64_t number, int64_t unit);

struct command_wish {
	struct output_wish output;
	unsigned streams;   /* of enum command_stream; 0: none is shown */
	bool with_offsets;  /* check_command and its kin */
	bool with_match;    /* wait_for was given: whether it appeared */
	bool hides_context; /* of code for which the interpreter is our affair */
	/* Turns the structured form into another server's; NULL: it stays as it is. */
	struct json *(*reshape)(const struct json *structured);
};
/* Both forms.  ret_text takes the output and a footer. */
bool command_result(const struct command_view *view, const struct command_wish *wish,
		    struct json **ret_structured, struct buf *ret_text,
		    struct error *err) must_check;
/* The same with the footer by itself, for those that put something before it. */
bool command_forms(const struct command_view *view, const struct command_wish *wish,
		   struct json **ret_structured, struct buf *ret_text, struct buf *ret_footer,
		   struct error *err) must_check;

/* --- command_answer.c --- */

/* The whole answer (or the failure), for a command callback; of code that is over also its result,
 * error and pictures. */
void command_answer(struct call *call, const struct command_view *view, const struct error *err,
		    const struct command_wish *wish);
/* As command_answer, with a fact more: a member of the structured form, and a line of the text. */
struct command_more {
	const char *key, *value;
	const char *line;
};
void command_answer_more(struct call *call, const struct command_view *view,
			 const struct error *err, const struct command_wish *wish,
			 const struct command_more *more);
/* The callback for those that answer as check_command does when nothing is said; ctx is a struct
 * waiting, which it frees. */
void command_answer_as_checked(void *ctx, const struct command_view *view, const struct error *err);
/* A row of a list. */
struct json *command_row_json(const struct command_row *row);
void command_row_text(const struct command_row *row, struct buf *text);

#endif
