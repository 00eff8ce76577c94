/* A caller who waits for a container: in line first, then for the birth, or for nothing when one
 * was ready.  What is waited for belongs to nobody, so a caller who leaves takes nothing down, and
 * a second call with the same request id waits for the same thing. */
#include <assert.h>
#include <stdio.h>
#include "internal.h"

struct creation {
	struct sandbox_op op;    /* first */
	struct creations *among; /* NULL once it is on no list */
	struct creation *next;
	char id[ID_SIZE]; /* of the container; "" while it has none */
	char owner[STORE_OWNER_SIZE];
	int64_t begun_mono;
	int64_t waited_ms; /* in line */
	sandbox_view_fn *done;
	void *ctx;
};

static void leave(struct creation *creation)
{
	struct creation **at;

	if (!creation->among)
		return;
	for (at = &creation->among->first; *at != creation; at = &(*at)->next)
		;
	*at = creation->next;
	creation->among = NULL;
}

static void join(struct creation *creation, struct creations *list)
{
	creation->among = list;
	creation->next = list->first;
	list->first = creation;
}

static void creation_end(struct sandbox_op *base, const struct error *err)
{
	struct creation *creation = (struct creation *)base;
	struct sandbox_view view;
	struct sandbox *sb;
	struct error own;

	leave(creation);
	if (!err && !registry_use(base->all, creation->owner, creation->id, &sb, &own))
		err = &own;
	if (err) {
		creation->done(creation->ctx, NULL, err);
	} else {
		view_fill(sb, &view);
		view.waited_ms = creation->waited_ms;
		creation->done(creation->ctx, &view, NULL);
	}
	free(creation);
}

static struct creation *creation_new(struct sandboxes *all, const char *owner,
				     sandbox_view_fn *done, void *ctx)
{
	struct creation *creation = mem_new(struct creation);

	snprintf(creation->owner, sizeof(creation->owner), "%s", owner);
	creation->begun_mono = clock_mono_ms();
	creation->done = done;
	creation->ctx = ctx;
	op_begin(&creation->op, all, creation_end);
	return creation;
}

struct sandbox_op *creation_wait(struct sandboxes *all, const char *owner, struct creations *list,
				 sandbox_view_fn *done, void *ctx)
{
	struct creation *creation = creation_new(all, owner, done, ctx);

	join(creation, list);
	return &creation->op;
}

struct sandbox_op *creation_of(struct sandbox *sb, sandbox_view_fn *done, void *ctx)
{
	struct creation *creation = creation_new(sb->all, sb->row.owner, done, ctx);

	snprintf(creation->id, sizeof(creation->id), "%s", sb->row.id);
	if (sb->state == SANDBOX_CREATING)
		join(creation, birth_waiting(sb));
	else
		op_end(&creation->op, NULL);
	return &creation->op;
}

void creations_follow(struct creations *list, struct sandbox *sb)
{
	while (list->first) {
		struct creation *creation = list->first;

		leave(creation);
		snprintf(creation->id, sizeof(creation->id), "%s", sb->row.id);
		creation->waited_ms = clock_mono_ms() - creation->begun_mono;
		if (sb->state == SANDBOX_CREATING)
			join(creation, birth_waiting(sb));
		else
			op_end(&creation->op, NULL);
	}
}

void creations_end(struct creations *list, const struct error *err)
{
	while (list->first) {
		struct creation *creation = list->first;

		leave(creation);
		op_end(&creation->op, err);
	}
}
