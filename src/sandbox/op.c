/* Operations that wait.  Each embeds a struct sandbox_op first; this file gives every one of them
 * the same four promises: its end is delivered exactly once, never from inside the call that began
 * it or ended it, at most one deadline runs, and closing ends all that are left. */
#include <assert.h>
#include "internal.h"

void op_begin(struct sandbox_op *op, struct sandboxes *all,
	      void (*on_end)(struct sandbox_op *op, const struct error *err))
{
	op->all = all;
	op->on_end = on_end;
	op->prev = NULL;
	op->next = all->ops;
	if (all->ops)
		all->ops->prev = op;
	all->ops = op;
}

/* Takes it off every list and timer, so that on_end may free it. */
static void unlink_op(struct sandbox_op *op)
{
	if (op->prev)
		op->prev->next = op->next;
	else
		op->all->ops = op->next;
	if (op->next)
		op->next->prev = op->prev;
	timer_stop(take(op->deadline));
}

static void deliver(struct sandbox_op *op)
{
	struct error err = op->err;

	unlink_op(op);
	op->on_end(op, err.kind == ERROR_NONE ? NULL : &err);
}

static void on_deferred(void *ctx)
{
	struct sandbox_op *op = ctx;

	op->deferred = NULL;
	deliver(op);
}

void op_end(struct sandbox_op *op, const struct error *err)
{
	if (op->ended)
		return;
	op->ended = true;
	if (err)
		op->err = *err;
	op->deferred = loop_defer(op->all->loop, on_deferred, op);
}

static void on_due(void *ctx)
{
	struct sandbox_op *op = ctx;
	struct error err;

	if (op->ended)
		return;
	if (op->on_deadline) {
		op->on_deadline(op);
		return;
	}
	error_set(&err, ERROR_TIMEOUT, "no answer came in time");
	op_end(op, &err);
}

void op_deadline(struct sandbox_op *op, int64_t ms, void (*on_deadline)(void *op))
{
	timer_stop(take(op->deadline));
	op->on_deadline = on_deadline;
	if (ms > 0)
		op->deadline = timer_start(op->all->loop, ms, 0, on_due, op);
}

void sandbox_cancel(struct sandbox_op *op)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the request was taken back");
	op_end(op, &err);
}

void op_end_all(struct sandboxes *all)
{
	while (all->ops) {
		struct sandbox_op *op = all->ops;

		if (!op->ended) {
			op->ended = true;
			error_set(&op->err, ERROR_CANCELLED, "the server is stopping");
		}
		deferred_cancel(take(op->deferred));
		deliver(op);
	}
}
