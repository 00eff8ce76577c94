/* Calls put off until the caller has returned.  They run from an idle handle, which comes before
 * polling and keeps polling from waiting: "soon" means within the next turn. */
#include "internal.h"

#include <assert.h>

struct deferred {
	struct loop *loop;
	struct deferred *prev, *next;
	uint64_t batch;
	deferred_fn *fn;
	void *ctx;
};

struct deferred *loop_defer(struct loop *loop, deferred_fn *fn, void *ctx)
{
	struct deferred *deferred = mem_new(struct deferred);

	deferred->loop = loop;
	deferred->batch = loop->batch;
	deferred->fn = fn;
	deferred->ctx = ctx;
	deferred->prev = loop->last;
	*(loop->last ? &loop->last->next : &loop->first) = deferred;
	loop->last = deferred;
	uv_idle_start(&loop->idle, loop_run_deferred);
	return deferred;
}

void deferred_cancel(struct deferred *deferred)
{
	struct loop *loop;

	if (!deferred)
		return;
	loop = deferred->loop;
	*(deferred->prev ? &deferred->prev->next : &loop->first) = deferred->next;
	*(deferred->next ? &deferred->next->prev : &loop->last) = deferred->prev;
	free(deferred);
	if (!loop->first)
		uv_idle_stop(&loop->idle);
}

void loop_run_deferred(uv_idle_t *idle)
{
	struct loop *loop = idle->data;
	uint64_t batch = loop->batch++;

	while (loop->first && loop->first->batch <= batch) {
		deferred_fn *fn = loop->first->fn;
		void *ctx = loop->first->ctx;

		deferred_cancel(loop->first);
		fn(ctx);
	}
}
