/* A caller's own container of a label.  The label stands in the row as a request id of a form that
 * no caller can give, so that the one index gives it its promises: one living container of a name
 * for each owner, one birth for all who ask at once, found again by the next server. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

#define PREFIX "sandpod.default/"

enum { REQUEST_ID_SIZE = sizeof(PREFIX) + SANDBOX_LABEL_MAX };

bool default_has_form(const char *request_id)
{
	return strncmp(request_id, PREFIX, strlen(PREFIX)) == 0;
}

const char *sandbox_session(const struct container_row *row)
{
	static const char form[] = PREFIX SANDBOX_SESSION;

	if (!row->request_id || strncmp(row->request_id, form, strlen(form)) != 0)
		return NULL;
	return row->request_id + strlen(form);
}

static bool is_living(const struct sandbox *sb)
{
	return sb->state == SANDBOX_CREATING || sb->state == SANDBOX_RUNNING;
}

struct sandbox *default_of_session(struct sandboxes *all, const char *owner, const char *name)
{
	struct sandbox *sb;
	struct sandbox *next;

	HASH_ITER(hh, all->living, sb, next)
	{
		const char *session = sandbox_session(&sb->row);

		if (session && is_living(sb) && strcmp(sb->row.owner, owner) == 0 &&
		    strcmp(session, name) == 0)
			return sb;
	}
	return NULL;
}

/* One that ended at birth held nothing that could be missed. */
static bool was_used(const struct container_row *row)
{
	return !row->gone_reason || strcmp(row->gone_reason, REASON_FAILED) != 0;
}

/* For one that is being destroyed, or never lived, and must not stand in the way. */
static bool free_request_id(struct sandboxes *all, const char *id, struct error *err)
{
	struct sandbox *sb = registry_find(all, NULL, id);

	if (!store_container_forget_request(all->store, id, err))
		return error_wrap(err, "taking the name of %s away", id);
	if (sb)
		free(take(sb->row.request_id));
	return true;
}

/* What a label stands for now. */
struct standing {
	struct sandbox *sb; /* the living one; NULL: there is none */
	struct error lost;  /* what became of the last one; ERROR_NONE: nothing to tell */
};

/* False with ERROR_NOT_FOUND: nothing more is known. */
static bool look_back(struct sandboxes *all, const struct sandbox_request *request,
		      struct standing *standing, struct error *err)
{
	auto_container_row row = { 0 };
	struct sandbox *sb;

	if (!store_container_find_request(all->store, request->owner, request->request_id, &row,
					  err))
		return false;
	sb = registry_find(all, request->owner, row.id);
	if (sb && is_living(sb)) {
		standing->sb = sb;
		return true;
	}
	if (was_used(&row))
		(void)tombstone_error(sb ? &sb->row : &row, &standing->lost);
	/* A tombstone may keep its request id: it still has to be told of, should the new one not
	 * come about. */
	return (was_used(&row) && !sb) || free_request_id(all, row.id, err);
}

/* Looks past those that came to nothing: one that was lost may lie behind them. */
static bool find_standing(struct sandboxes *all, const struct sandbox_request *request,
			  struct standing *standing, struct error *err)
{
	while (!standing->sb && standing->lost.kind == ERROR_NONE)
		if (!look_back(all, request, standing, err))
			return err->kind == ERROR_NOT_FOUND;
	return true;
}

struct wait {
	sandbox_view_fn *done;
	void *ctx;
	struct error lost;
};

static void on_created(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct wait *wait = ctx;
	struct sandbox_view told;

	if (view) {
		told = *view;
		if (wait->lost.kind != ERROR_NONE)
			told.replaces = wait->lost.text;
	}
	wait->done(wait->ctx, view ? &told : NULL, err);
	free(wait);
}

struct sandbox_op *sandbox_default(struct sandboxes *all, const struct sandbox_request *wish,
				   const char *label, sandbox_view_fn *done, void *ctx,
				   struct error *err)
{
	struct sandbox_request request = *wish;
	struct standing standing = { 0 };
	struct wait *wait;
	struct sandbox_op *op;
	char request_id[REQUEST_ID_SIZE];

	if (strlen(label) > SANDBOX_LABEL_MAX) {
		error_set(err, ERROR_INVALID, "a name of a container has at most %d bytes",
			  SANDBOX_LABEL_MAX);
		return NULL;
	}
	snprintf(request_id, sizeof(request_id), PREFIX "%s", label);
	request.request_id = request_id;
	if (!find_standing(all, &request, &standing, err))
		return NULL;
	if (standing.sb)
		return creation_of(standing.sb, done, ctx);
	wait = mem_new(struct wait);
	*wait = (struct wait){ done, ctx, standing.lost };
	op = create_anew(all, &request, on_created, wait, err);
	if (!op)
		free(wait);
	return op;
}
