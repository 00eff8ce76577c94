/* A look at a container: its row, renewed if asked, and what its agent measures now.  An agent that
 * does not answer (its processor share is used up, its link is broken) costs the measures, not the
 * answer. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { MEASURE_MS = 3000 };

struct check {
	struct sandbox_op op; /* first */
	struct sandbox *sb;   /* NULL once it is not on its list */
	struct check *next;
	char id[ID_SIZE];
	char owner[STORE_OWNER_SIZE];
	struct wire_used used;
	bool measured;
	int64_t extended_ms;
	sandbox_view_fn *done;
	void *ctx;
};

static void leave_list(struct check *check)
{
	struct check **at;

	if (!check->sb)
		return;
	for (at = &check->sb->checks; *at != check; at = &(*at)->next)
		;
	*at = check->next;
	check->sb = NULL;
}

/* The agent's numbers come from inside: what does not fit is as good as unknown. */
static int64_t known(uint64_t number)
{
	return number <= INT64_MAX ? (int64_t)number : -1;
}

static void fill_used(struct sandbox_view *view, const struct wire_used *used)
{
	view->memory_bytes = known(used->memory);
	view->memory_peak_bytes = known(used->memory_peak);
	view->cpu_ms = known(used->cpu_us) < 0 ? -1 : known(used->cpu_us) / 1000;
	view->pids = known(used->pids);
	view->disk_bytes = known(used->disk);
}

static void check_end(struct sandbox_op *base, const struct error *err)
{
	struct check *check = (struct check *)base;
	struct sandbox_view view;
	struct sandbox *sb;
	struct error own;

	leave_list(check);
	if (!err && !registry_use(base->all, check->owner, check->id, &sb, &own))
		err = &own;
	if (err) {
		check->done(check->ctx, NULL, err);
	} else {
		view_fill(sb, &view);
		view.extended_ms = check->extended_ms;
		if (check->measured)
			fill_used(&view, &check->used);
		check->done(check->ctx, &view, NULL);
	}
	free(check);
}

static void on_deadline(void *ctx)
{
	struct check *check = ctx;

	op_end(&check->op, NULL);
}

/* Never shorter than it was, never past the maximum total since the birth. */
static bool extend(struct sandbox *sb, int64_t extend_ms, int64_t *ret_extended_ms,
		   struct error *err)
{
	int64_t room = sb->born_mono + sb->all->settings.ttl_ms - sb->expires_mono;

	if (extend_ms < 0)
		return error_set(err, ERROR_INVALID, "extend_seconds: it must not be negative");
	if (extend_ms > room)
		extend_ms = room;
	if (extend_ms <= 0)
		return true;
	reaper_follow_clock(sb->all->reaper);
	if (!store_container_set_expiry(sb->all->store, sb->row.id, sb->row.expires_at + extend_ms,
					err))
		return error_wrap(err, "renewing the life of %s", sb->row.id);
	sb->expires_mono += extend_ms;
	sb->row.expires_at += extend_ms;
	*ret_extended_ms = extend_ms;
	reaper_wake(sb->all->reaper);
	reaper_tell(sb);
	return true;
}

struct sandbox_op *sandbox_check(struct sandboxes *all, const char *owner, const char *id,
				 int64_t extend_ms, sandbox_view_fn *done, void *ctx,
				 struct error *err)
{
	struct sandbox *sb;
	struct check *check;
	int64_t extended_ms = 0;

	if (!registry_use(all, owner, id, &sb, err) || !extend(sb, extend_ms, &extended_ms, err))
		return NULL;
	check = mem_new(struct check);
	check->extended_ms = extended_ms;
	snprintf(check->id, sizeof(check->id), "%s", id);
	snprintf(check->owner, sizeof(check->owner), "%s", owner);
	check->done = done;
	check->ctx = ctx;
	op_begin(&check->op, all, check_end);
	if (!link_send(sb, WIRE_USAGE, 0, NULL, 0)) {
		op_end(&check->op, NULL);
		return &check->op;
	}
	check->sb = sb;
	check->next = sb->checks;
	sb->checks = check;
	op_deadline(&check->op, MEASURE_MS, on_deadline);
	return &check->op;
}

bool check_frame(struct sandbox *sb, const struct wire_frame *frame)
{
	struct wire_used used;

	if (frame->type != WIRE_USED || frame->stream != 0 || !wire_get_used(frame, &used))
		return false;
	while (sb->checks) {
		struct check *check = sb->checks;

		leave_list(check);
		check->used = used;
		check->measured = true;
		op_end(&check->op, NULL);
	}
	return true;
}

void check_container_over(struct sandbox *sb)
{
	while (sb->checks) {
		struct check *check = sb->checks;

		leave_list(check);
		/* check_end finds the tombstone. */
		op_end(&check->op, NULL);
	}
}
