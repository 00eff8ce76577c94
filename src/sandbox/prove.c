/* Are the walls there at all?  One container of the default shape is made, which measures them, and
 * destroyed.  Asked at start, before anybody is served, and by the doctor. */
#include <stdio.h>
#include "internal.h"

enum { GONE_MS = 30000, LIFE_MS = 120000 };

static const char prover[] = "sandpod:prove";

struct proof {
	struct sandboxes *all;
	sandbox_done_fn *done;
	void *ctx;
	struct error err;
};

static void on_gone(void *ctx, const struct error *err)
{
	struct proof *proof = ctx;

	/* A wall that is missing is worse news than a container that stays a while. */
	if (proof->err.kind != ERROR_NONE)
		err = &proof->err;
	proof->done(proof->ctx, err);
	free(proof);
}

static void on_created(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct proof *proof = ctx;
	struct sandbox *sb = view ? registry_find(proof->all, prover, view->row->id) : NULL;
	char id[ID_SIZE] = "";

	if (err)
		proof->err = *err;
	if (proof->all->closing || !sb) {
		on_gone(proof, err);
		return;
	}
	snprintf(id, sizeof(id), "%s", sb->row.id);
	destroy_begin(sb, REASON_ASKED);
	gone_wait(proof->all, id, GONE_MS, on_gone, proof);
}

static void on_refused(void *ctx)
{
	on_gone(ctx, NULL);
}

void sandboxes_prove(struct sandboxes *all, sandbox_done_fn *done, void *ctx)
{
	struct proof *proof = mem_new(struct proof);
	struct sandbox_request request = { .owner = prover, .name = "proof of the walls" };

	proof->all = all;
	proof->done = done;
	proof->ctx = ctx;
	/* Short, should we die in between; not counted, for the server may be full already. */
	if (all->settings.ttl_ms > LIFE_MS)
		request.ttl_ms = LIFE_MS;
	if (!create_uncounted(all, &request, on_created, proof, &proof->err))
		loop_defer(all->loop, on_refused, proof);
}
