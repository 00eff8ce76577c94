/* A command on behalf of its call: see execution.c. */
#ifndef TOOLS_EXECUTION_H
#define TOOLS_EXECUTION_H

#include "internal.h"

/* What is run on behalf of a call is always a command; kinds differ in how it begins and in what is
 * told of it. */
struct execution_kind {
	/* As command_start; request is the plan's. */
	struct sandbox_op *(*start)(struct sandboxes *all, const void *request, int64_t wait_ms,
				    command_view_fn *done, void *ctx, struct error *err);
	/* Ends the call: view, or err, as in a command callback. */
	void (*answer)(struct call *call, const struct command_view *view, const struct error *err,
		       const struct command_wish *wish);
};

struct execution_plan {
	const struct execution_kind *kind;
	const void *request; /* of the kind's own type; borrowed for the call of execution_begin */
	int64_t wait_ms;     /* until it is handed back running */
	struct command_wish wish;
	bool background; /* it is handed back at once, and lives on when the call is taken back */
};

/* Starts the command and leads the call to its end. */
void execution_begin(struct call *call, const struct execution_plan *plan);
/* Goes on with a command that a task of an earlier server began. */
void execution_resume(struct call *call, const struct execution_kind *kind, const char *command_id);

#endif
