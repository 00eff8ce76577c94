/* The end of a container.  What its owner sees ends at once: links of files, commands, the row's
 * state.  Then Podman is asked to remove it, again and again until it says that there is no such
 * container.  An error of Podman's proves nothing (4.3.1 has answered 500 and removed it all the
 * same), so after one we look.  A few are removed at a time, so that many at once do not keep
 * Podman from making new ones. */
#include <unistd.h>
#include "internal.h"

enum {
	TRY_MS = 30000,
	BACK_OFF_MS = 250,
	BACK_OFF_MAX_MS = 30000,
};

struct destroy {
	struct sandbox *sb;       /* NULL: abandoned; freed when the call comes back */
	struct podman_call *call; /* under way, or NULL */
	struct timer *timer;      /* while trying: the try's deadline; else: the next try */
	bool trying;              /* counted in all->removing */
	bool removed;             /* only the row is still to be written */
	bool timed_out;
	bool asked_again; /* in this try, at once */
	int64_t back_off_ms;
	char name[SPEC_NAME_SIZE]; /* what it is called where Podman's id is not known */
};

static void try_once(struct destroy *end);
static void on_removed(void *ctx, const struct error *err);

/* The timer runs on into something else. */
static void set_timer(struct destroy *end, int64_t ms, timer_fn *on_due)
{
	timer_stop(end->timer);
	end->timer = timer_start(end->sb->all->loop, ms, 0, on_due, end);
}

static const char *target(const struct destroy *end)
{
	return end->sb->row.podman_id ? end->sb->row.podman_id : end->name;
}

/* The place in the queue is free: the next that waits for one takes it. */
static void stop_trying(struct destroy *end)
{
	struct sandboxes *all = end->sb->all;

	if (!end->trying)
		return;
	end->trying = false;
	all->removing--;
}

static bool is_any_being_made(const struct sandboxes *all)
{
	for (const struct sandbox *sb = all->living; sb; sb = sb->hh.next)
		if (sb->state == SANDBOX_CREATING)
			return true;
	return false;
}

/* A removal costs as much of a processor as a creation, half of it in a clean-up of Podman's own,
 * and more of them than processors are no quicker together.  While somebody waits for a new
 * container they take half of the processors, which is enough to keep pace with the creations. */
static int removing_max(const struct sandboxes *all)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int most = processors > 1 ? (int)processors : 1;

	return is_any_being_made(all) ? (most + 1) / 2 : most;
}

static bool is_queued(const struct destroy *end)
{
	return end && !end->trying && !end->timer && !end->removed;
}

static void wake_next(struct sandboxes *all)
{
	int most = removing_max(all);

	for (struct sandbox *sb = all->living; sb; sb = sb->hh.next) {
		if (all->removing >= most)
			return;
		if (is_queued(sb->destroy))
			try_once(sb->destroy);
	}
}

static void on_next_try(void *ctx)
{
	struct destroy *end = ctx;

	timer_stop(take(end->timer));
	try_once(end);
}

static void try_later(struct destroy *end, const struct error *err)
{
	struct sandboxes *all = end->sb->all;

	log_warn(end->sb->row.id, "is not removed yet: %s", err->text);
	stop_trying(end);
	set_timer(end, end->back_off_ms, on_next_try);
	end->back_off_ms *= 2;
	if (end->back_off_ms > BACK_OFF_MAX_MS)
		end->back_off_ms = BACK_OFF_MAX_MS;
	wake_next(all);
}

static void finish(struct destroy *end)
{
	struct sandbox *sb = end->sb;
	struct sandboxes *all = sb->all;
	struct error err;

	end->removed = true;
	if (sb->running_mono == 0)
		direct_sweep(sb);
	if (!sandbox_move(sb, SANDBOX_GONE, &err)) {
		try_later(end, &err);
		return;
	}
	link_place_remove(sb);
	registry_remove(sb);
	wake_next(all);
	gone_look(all);
}

/* A call of the try is back.  False when nobody is interested any more. */
static bool call_is_back(struct destroy *end)
{
	end->call = NULL;
	if (end->sb)
		return true;
	free(end);
	return false;
}

static void on_looked(void *ctx, const struct podman_container *container, const struct error *err)
{
	struct destroy *end = ctx;
	struct error own;

	if (!call_is_back(end))
		return;
	if (err && err->kind == ERROR_NOT_FOUND) {
		finish(end);
		return;
	}
	if (err)
		own = *err;
	else
		error_set(&own, ERROR_UNAVAILABLE, "Podman still has it, as %s", container->state);
	try_later(end, &own);
}

static void on_removed(void *ctx, const struct error *err)
{
	struct destroy *end = ctx;

	if (!call_is_back(end))
		return;
	if (!err) {
		finish(end);
	} else if (end->timed_out || !end->sb->all->podman_up) {
		try_later(end, err);
	} else if (err->kind == ERROR_CONFLICT && !end->asked_again) {
		/* It died between Podman's look and Podman's signal, as it does when we have killed
		 * it ourselves (4.3.1: "sending SIGKILL …: container state improper: stopped").
		 * The next look sees that. */
		end->asked_again = true;
		end->call =
			podman_container_remove(end->sb->all->podman, target(end), on_removed, end);
	} else {
		log_debug(end->sb->row.id, "removing: %s", err->text);
		end->call =
			podman_container_inspect(end->sb->all->podman, target(end), on_looked, end);
	}
}

static void on_killed(void *ctx, const struct error *err)
{
	struct destroy *end = ctx;

	if (!call_is_back(end))
		return;
	if (err)
		log_debug(end->sb->row.id, "killing: %s", err->text);
	end->call = podman_container_remove(end->sb->all->podman, target(end), on_removed, end);
}

/* Removing by force never takes this long: some lock of Podman's is held. */
static void on_try_due(void *ctx)
{
	struct destroy *end = ctx;
	struct sandboxes *all = end->sb->all;

	end->timed_out = true;
	if (end->call)
		podman_cancel(end->call);
	if (all->podman_up && all->on_wedged)
		all->on_wedged(all->wedged_ctx);
}

/* Removal by force kills too, by one signal; a kill of its own costs another process of the runtime
 * (70 ms), so it comes first only where removal alone has failed. */
static void ask_podman(struct destroy *end)
{
	struct sandboxes *all = end->sb->all;

	end->trying = true;
	end->timed_out = false;
	end->asked_again = false;
	all->removing++;
	set_timer(end, TRY_MS, on_try_due);
	if (end->back_off_ms > BACK_OFF_MS)
		end->call = podman_container_kill(all->podman, target(end), on_killed, end);
	else
		end->call = podman_container_remove(all->podman, target(end), on_removed, end);
}

static void try_once(struct destroy *end)
{
	struct sandboxes *all = end->sb->all;

	if (end->removed)
		finish(end);
	else if (all->podman_up && all->removing < removing_max(all) && !end->sb->birth)
		ask_podman(end);
	/* Else without a timer: wake_next or destroy_wake calls again. */
}

void destroy_wake(struct sandbox *sb)
{
	struct destroy *end = sb->destroy;

	if (!end || end->trying)
		return;
	end->back_off_ms = BACK_OFF_MS;
	timer_stop(take(end->timer));
	try_once(end);
}

void destroy_abandon(struct sandbox *sb)
{
	struct destroy *end = take(sb->destroy);

	if (!end)
		return;
	stop_trying(end);
	timer_stop(take(end->timer));
	end->sb = NULL;
	if (end->call)
		podman_cancel(end->call);
	else
		free(end);
}

/* --- the beginning of the end -------------------------------------------------------------- */

static void write_reason(struct sandbox *sb, const char *reason)
{
	struct error err;

	free(sb->row.gone_reason);
	sb->row.gone_reason = mem_strdup(reason);
	if (sb->row.gone_at == 0)
		sb->row.gone_at = clock_wall_ms();
	if (!store_container_set_reason(sb->all->store, sb->row.id, reason, &err))
		log_error(sb->row.id, "why it ends could not be written: %s", err.text);
}

static void end_for_its_owner(struct sandbox *sb)
{
	struct error err;

	tombstone_error(&sb->row, &err);
	birth_end(sb, &err);
	files_end(sb, &err);
	file_watches_over(sb);
	link_drop(sb);
	command_container_over(sb, sb->row.gone_reason);
	check_container_over(sb);
}

void destroy_begin(struct sandbox *sb, const char *reason)
{
	if (sb->destroy)
		return;
	if (sb->state != SANDBOX_DESTROYING)
		write_reason(sb, reason);
	if (sb->state == SANDBOX_CREATING)
		sandbox_move_anyway(sb, SANDBOX_FAILED);
	if (sb->state != SANDBOX_DESTROYING)
		sandbox_move_anyway(sb, SANDBOX_DESTROYING);
	log_info(sb->row.id, "ends: %s", sb->row.gone_reason ? sb->row.gone_reason : reason);
	sb->destroy = mem_new(struct destroy);
	sb->destroy->sb = sb;
	sb->destroy->back_off_ms = BACK_OFF_MS;
	spec_name(sb->row.id, sb->destroy->name);
	end_for_its_owner(sb);
	reaper_wake(sb->all->reaper);
	line_wake(sb->all->line); /* it leaves room, or is missing in the pool */
	(void)direct_kill(sb);
	try_once(sb->destroy);
}

bool sandbox_destroy(struct sandboxes *all, const char *owner, const char *id,
		     int64_t *ret_destroyed_at, struct error *err)
{
	auto_container_row row = { 0 };
	struct sandbox *sb = registry_find(all, owner, id);

	if (sb) {
		destroy_begin(sb, REASON_ASKED);
		*ret_destroyed_at = sb->row.gone_at;
		return true;
	}
	if (!registry_tombstone(all, owner, id, &row, err))
		return false;
	*ret_destroyed_at = row.gone_at;
	return true;
}
