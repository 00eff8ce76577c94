/* The wish for a container: whether it may be, and who serves it: the pool, or a birth when its
 * turn has come.  The same owner and request id give the same container, also while it is being
 * made. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum {
	SLOT_MIN = 16,    /* host ids from 1048576: above every real user */
	SLOT_MAX = 32751, /* and below 2^31 */
	SLOT_TRIES = 32,
	REQUEST_ID_MAX = 128,
};

static int64_t random_slot(void)
{
	uint32_t number;

	id_random(&number, sizeof(number));
	return SLOT_MIN + number % (SLOT_MAX - SLOT_MIN + 1);
}

/* The slot is the only thing in a new row that another living one may have. */
static bool add_row(struct sandboxes *all, struct container_row *row, struct error *err)
{
	for (int i = 0; i < SLOT_TRIES; i++) {
		row->uid_slot = random_slot();
		if (store_container_add(all->store, row, err))
			return true;
		if (err->kind != ERROR_CONFLICT)
			return false;
	}
	return error_set(err, ERROR_UNAVAILABLE, "no free range of user ids was found; try again");
}

static bool fill_row(const struct sandboxes *all, const struct sandbox_request *request,
		     struct container_row *row, struct error *err)
{
	if (!request->owner || strlen(request->owner) >= sizeof(row->owner))
		return error_set(err, ERROR_INTERNAL, "an owner's name is missing or too long");
	if (request->request_id &&
	    (!request->request_id[0] || strlen(request->request_id) > REQUEST_ID_MAX))
		return error_set(err, ERROR_INVALID, "request_id: it must have 1 to %d bytes",
				 REQUEST_ID_MAX);
	if (!limits_apply(all, request, row, err))
		return false;
	snprintf(row->owner, sizeof(row->owner), "%s", request->owner);
	row->name = mem_strdup(request->name);
	row->request_id = mem_strdup(request->request_id);
	return true;
}

/* Those being destroyed count too, but only when there are as many again: who destroys one may have
 * another at once, and a Podman that removes nothing is not buried. */
static bool room_for_one_more(const struct sandboxes *all, struct error *err)
{
	int64_t most = all->settings.max_containers;

	if (registry_active(all) + line_length(all->line) < most &&
	    (int64_t)HASH_COUNT(all->living) < 2 * most)
		return true;
	error_set(err, ERROR_LIMIT,
		  "this server runs %lld containers already, which is its maximum",
		  (long long)most);
	return error_advise(err,
			    "destroy one of yours that is not needed any more with "
			    "destroy_container, or try again later",
			    true);
}

static bool is_wanted(const struct sandbox *sb)
{
	return sb->state == SANDBOX_CREATING || sb->state == SANDBOX_RUNNING;
}

/* Whether the request id was seen before: then *ret_sb is its container, or err says what became of
 * it.  One that failed at birth may be asked for again. */
static bool seen_before(struct sandboxes *all, const struct sandbox_request *request,
			struct sandbox **ret_sb, struct error *err)
{
	auto_container_row row = { 0 };
	struct error own;

	*ret_sb = NULL;
	if (!request->request_id)
		return false;
	if (!store_container_find_request(all->store, request->owner, request->request_id, &row,
					  &own)) {
		if (own.kind == ERROR_NOT_FOUND)
			return false;
		*err = own;
		return true;
	}
	*ret_sb = registry_find(all, request->owner, row.id);
	if (*ret_sb && is_wanted(*ret_sb))
		return true;
	if (row.gone_reason && strcmp(row.gone_reason, REASON_FAILED) == 0) {
		if (!*ret_sb)
			return false;
		*ret_sb = NULL;
		error_set(err, ERROR_CONFLICT,
			  "an earlier try with this request_id is still being cleaned up");
		error_advise(err, "make the same call again in a few seconds", true);
		return true;
	}
	*ret_sb = NULL;
	tombstone_error(&row, err);
	error_advise(err, "call create_container with another request_id for a new one", false);
	return true;
}

struct sandbox *create_born(struct sandboxes *all, struct container_row *row, int64_t waited_ms,
			    struct error *err)
{
	int64_t life_ms = row->expires_at - row->created_at;
	struct sandbox *sb;

	id_new("c-", row->id);
	snprintf(row->state, sizeof(row->state), "%s", sandbox_state_name(SANDBOX_CREATING));
	row->next_stream = 1; /* 0 is the container itself */
	reaper_follow_clock(all->reaper);
	row->created_at = clock_wall_ms();
	row->expires_at = row->created_at + life_ms;
	if (!add_row(all, row, err))
		return NULL;
	sb = registry_add(all, row, SANDBOX_CREATING);
	reaper_wake(all->reaper);
	birth_begin(sb, waited_ms);
	line_wake(all->line); /* a spare one may have to make way */
	return sb;
}

struct sandbox_op *create_uncounted(struct sandboxes *all, const struct sandbox_request *request,
				    sandbox_view_fn *done, void *ctx, struct error *err)
{
	auto_container_row row = { 0 };
	struct sandbox *sb;

	if (!fill_row(all, request, &row, err))
		return NULL;
	sb = create_born(all, &row, 0, err);
	return sb ? creation_of(sb, done, ctx) : NULL;
}

/* From those that are ready, or in line. */
static struct sandbox_op *create_new(struct sandboxes *all, const struct sandbox_request *request,
				     sandbox_view_fn *done, void *ctx, struct error *err)
{
	auto_container_row row = { 0 };
	struct creations *waiting;
	struct sandbox *sb;

	if (!room_for_one_more(all, err) || !fill_row(all, request, &row, err))
		return NULL;
	sb = pool_ask(all, &row);
	if (!sb && line_has_place(all->line)) {
		sb = create_born(all, &row, 0, err);
		if (!sb)
			return NULL;
	}
	if (sb)
		return creation_of(sb, done, ctx);
	if (!line_join(all->line, &row, &waiting, err))
		return NULL;
	return creation_wait(all, request->owner, waiting, done, ctx);
}

struct sandbox_op *create_anew(struct sandboxes *all, const struct sandbox_request *request,
			       sandbox_view_fn *done, void *ctx, struct error *err)
{
	struct creations *waiting = NULL;

	if (all->closing || all->leaving) {
		error_set(err, ERROR_UNAVAILABLE, "the server is stopping");
		return NULL;
	}
	if (request->request_id)
		waiting = line_find(all->line, request->owner, request->request_id);
	if (waiting)
		return creation_wait(all, request->owner, waiting, done, ctx);
	return create_new(all, request, done, ctx, err);
}

struct sandbox_op *sandbox_create(struct sandboxes *all, const struct sandbox_request *request,
				  sandbox_view_fn *done, void *ctx, struct error *err)
{
	struct sandbox *sb;

	if (request->request_id &&
	    (default_has_form(request->request_id) || once_has_form(request->request_id))) {
		error_set(err, ERROR_INVALID,
			  "request_id: \"%.40s\" is of a form that the server keeps for itself",
			  request->request_id);
		return NULL;
	}
	if (!all->closing && !all->leaving && seen_before(all, request, &sb, err))
		return sb ? creation_of(sb, done, ctx) : NULL;
	return create_anew(all, request, done, ctx, err);
}
