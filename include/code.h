/* Code run by interpreters that keep their state: contexts.  An interpreter is started on the first
 * call of its context, inside the container and by process 1, and lives until it ends, is killed,
 * or the container goes; neither a break of the link nor a restart of the server touches it.
 *
 * Each call is a command (sandbox.h): it has an id, its output is spooled, it can be watched,
 * killed and listed; besides stdout and stderr it has outcomes, which travel apart from both.  A
 * kill interrupts first (the state lives on where the language can do that) and ends the
 * interpreter after two seconds. */
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
	bool fresh;             /* ends the context's interpreter first */
	const char *workdir;    /* of a new interpreter; NULL: the container's */
	const char *const *env; /* of a new interpreter; may be NULL */
	int64_t wait_ms;        /* as command_start; waiting for the context counts too */
	int64_t kill_after_ms;  /* 0: the default */
};

/* done when the code ended or wait_ms passed.  A context that another call keeps busy is waited
 * for, in the order of arrival; when wait_ms passes before, ERROR_CONFLICT names the command. */
struct sandbox_op *code_run(struct sandboxes *all, const struct code_request *request,
			    command_view_fn *done, void *ctx, struct error *err) must_check;

/* What the driver said beside the output: lines of JSON, whole lines only, in order.  Inside a
 * command callback.  At most CODE_OUTCOME_MAX bytes; *ret_cut when there was more. */
enum { CODE_OUTCOME_MAX = 16 * 1024 * 1024 };
bool code_outcome(const struct command_view *view, struct buf *ret_lines, bool *ret_cut,
		  struct error *err) must_check;

#endif
