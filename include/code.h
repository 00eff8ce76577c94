/* Code run by interpreters that keep their state: contexts.  An interpreter is started on the first
 * call of its context, inside the container and by process 1, and lives until it ends, is killed,
 * or the container goes; neither a break of the link nor a restart of the server touches it.
 *
 * Each call is a command (sandbox.h): it has an id, its output is spooled, it can be watched,
 * killed and listed; besides stdout and stderr it has outcomes, which travel apart from both.
 *
 * What ends a call.  TERM and INT (and the time of kill_after_ms) interrupt: SIGINT for the
 * interpreter's process group, as Ctrl-C does; the state lives on where the language can do that,
 * and so does what the code left in the background.  After two seconds, or at once with KILL, the
 * interpreter ends with its whole tree, servers in the background included; so it does where
 * `fresh` asks for a new one.  An interpreter that ends by itself leaves in the background what is
 * there.  Other signals go to the whole tree.
 *
 * A driver is what makes an interpreter speak with process 1 (src/drivers, and the web image's).
 * It finds /dev/null on descriptor 0, pipes on 1 and 2, requests on 3, and tells outcomes on 4.
 *
 *	request   "run LENGTH" and a newline, then LENGTH bytes of code; the next comes after "done"
 *	outcome   any number of lines, each a JSON object of at most 4 MiB, in all 64 MiB a call:
 *	          {"type":"result","json":VALUE} or {"type":"result","text":"…"}
 *	          {"type":"error","error_type":"…","message":"…","traceback":"…"}
 *	          {"type":"image","mime_type":"image/png","data":"BASE64"}
 *	          and at last "done STATUS": 0 to 255, 0 is well
 *
 * It has read all of the code and flushed 1 and 2 before it says "done", says nothing between two
 * calls, and ignores SIGINT there.  What it prints between two calls begins the output of the next
 * (the last 64 KiB of it).  Anything else on 4 ends the interpreter, and so does closing it. */
#ifndef CODE_H
#define CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "error.h"
#include "sandbox.h"

struct code_request {
	const char *owner;
	const char *container_id;
	const char *language; /* "python", "javascript", "sh", or another driver's name */
	const char *context;  /* NULL: "default"; each language has its own */
	const char *code;     /* bytes for the driver; copied */
	size_t len;
	bool fresh;             /* ends the context's interpreter first, and all it has started */
	const char *workdir;    /* of a new interpreter; NULL: the container's */
	const char *const *env; /* of a new interpreter; may be NULL */
	int64_t wait_ms;        /* as command_start; waiting for the context counts too */
	int64_t turn_ms;        /* how long it may wait for its context, if longer than wait_ms */
	int64_t kill_after_ms;  /* 0: the default */
};

/* done when the code ended or wait_ms passed.  A context that another call keeps busy is waited
 * for, in the order of arrival; when that takes too long, ERROR_CONFLICT names the command, and the
 * code has not run.  (With a longer turn_ms the view of wait_ms is of one that has not begun; its
 * hint says so.)  A language that the image has not got is ERROR_NOT_FOUND, and names what it has;
 * that shows only when the interpreter was to be begun, so it can also be how a command ended that
 * was handed back running: state "lost", with the reason.
 *
 * The row of the view: language, context, fresh (an interpreter was begun for this call),
 * state_lost (why the one before had ended: its variables are gone; NULL: there was none) and
 * context_over (it ended with this call, as exit_code, signal and state say). */
struct sandbox_op *code_run(struct sandboxes *all, const struct code_request *request,
			    command_view_fn *done, void *ctx, struct error *err) must_check;

/* What the driver said beside the output: lines of JSON, whole lines only, in order.  It comes from
 * inside the container: nothing about it is certain but that each line begins with a brace.  It can
 * be CODE_OUTCOME_MAX bytes, so that only one line at a time is held: it is opened inside a command
 * callback, and may then be read in another thread. */
enum {
	CODE_OUTCOME_MAX = 16 * 1024 * 1024,
	CODE_LINE_MAX = 4 * 1024 * 1024,
	CODE_MAX = 1024 * 1024,
	CODE_CONTEXT_MAX = 64
};

struct code_outcome {
	int fd;          /* -1: all that is left stands in `held` */
	int64_t offset;  /* in the file */
	int64_t left;    /* bytes that the file has from there on */
	struct buf held; /* what was read of it; lines are given from `at` on */
	size_t at;
	bool cut; /* not all was kept, or it could not be read */
};
#define CODE_OUTCOME_NONE ((struct code_outcome){ .fd = -1 })

bool code_outcome_open(const struct command_view *view, struct code_outcome *ret_outcome,
		       struct error *err) must_check;
/* The next line, NUL-terminated in place of its end, until the next call; NULL: there is none.  Of
 * one with more than CODE_LINE_MAX bytes nothing is there but that it was. */
const char *code_outcome_line(struct code_outcome *outcome, size_t *ret_len);
void code_outcome_close(struct code_outcome *outcome);

#endif
