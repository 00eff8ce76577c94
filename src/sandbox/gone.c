/* Waiting until containers are gone: all of them, or one. */
#include <stdio.h>
#include "internal.h"

struct gone_op {
	struct sandbox_op op; /* first */
	char id[ID_SIZE];     /* "": all */
	sandbox_done_fn *done;
	void *ctx;
};

static void gone_end(struct sandbox_op *base, const struct error *err)
{
	struct gone_op *op = (struct gone_op *)base;

	op->done(op->ctx, err);
	free(op);
}

static void look(struct gone_op *op)
{
	struct sandboxes *all = op->op.all;
	bool gone = op->id[0] ? !registry_find(all, NULL, op->id) : !all->living;

	if (gone)
		op_end(&op->op, NULL);
}

void gone_look(struct sandboxes *all)
{
	for (struct sandbox_op *op = all->ops; op; op = op->next)
		if (op->on_end == gone_end)
			look((struct gone_op *)op);
}

void gone_wait(struct sandboxes *all, const char *id, int64_t most_ms, sandbox_done_fn *done,
	       void *ctx)
{
	struct gone_op *op = mem_new(struct gone_op);

	snprintf(op->id, sizeof(op->id), "%s", id);
	op->done = done;
	op->ctx = ctx;
	op_begin(&op->op, all, gone_end);
	op_deadline(&op->op, most_ms, NULL);
	look(op);
}

int64_t sandboxes_count(const struct sandboxes *all)
{
	return HASH_COUNT(all->living);
}

void sandboxes_destroy_all(struct sandboxes *all, sandbox_done_fn *done, void *ctx)
{
	struct sandbox *sb;
	struct sandbox *next;
	struct error err;

	all->leaving = true;
	sandboxes_pool_close(all);
	error_set(&err, ERROR_UNAVAILABLE, "the server is stopping");
	line_end(all->line, &err);
	HASH_ITER(hh, all->living, sb, next)
	destroy_begin(sb, REASON_CLOSING);
	gone_wait(all, "", 0, done, ctx);
}
