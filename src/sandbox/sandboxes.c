/* The whole: what the database knows becomes objects, Podman's coming and going reaches each of
 * them, and the end of the server leaves the containers alone. */
#include <stdio.h>
#include <string.h>
#include "internal.h"
#include "json.h"

enum {
	CLEAR_AFTER_MS = 15000,
	/* With 10 s for an absent Podman and 10 s for the birth still below 45 s. */
	LINE_LATE_MS = 24000,
	BIRTHS_USUAL = 2,
};

/* The agent will tell again; until then what it told before the restart. */
static void recall_runtimes(struct sandbox *sb)
{
	struct error err;
	const char *posture = sb->row.posture;
	auto_json value = posture ? json_parse(posture, strlen(posture), &err) : NULL;
	const char *runtimes = value ? json_get_text(value, "runtimes") : NULL;

	if (runtimes)
		snprintf(sb->hello.runtimes, sizeof(sb->hello.runtimes), "%s", runtimes);
}

static bool load_one(struct sandboxes *all, const char *id, struct error *err)
{
	auto_container_row row = { 0 };
	enum sandbox_state state;
	struct sandbox *sb;

	if (!store_container_find(all->store, id, &row, err))
		return false;
	if (!sandbox_state_parse(row.state, &state))
		state = SANDBOX_FAILED;
	sb = registry_add(all, &row, state);
	if (!command_load(sb, err))
		return error_wrap(err, "reading the commands of %s", id);
	if (state == SANDBOX_RUNNING || state == SANDBOX_WARM) {
		recall_runtimes(sb);
		sb->running_mono = 1;
		once_look(sb);
	} else {
		/* Its birth or its end was cut short by our own end. */
		destroy_begin(sb, REASON_FAILED);
	}
	return true;
}

struct load {
	struct sandboxes *all;
	struct error err;
};

static bool on_row(void *ctx, const struct container_row *row)
{
	struct load *load = ctx;

	return load_one(load->all, row->id, &load->err);
}

static bool load_all(struct sandboxes *all, struct error *err)
{
	struct load load = { .all = all };

	if (!store_container_each(all->store, NULL, false, on_row, &load, err))
		return false;
	if (load.err.kind == ERROR_NONE)
		return true;
	*err = load.err;
	return false;
}

struct sandboxes *sandboxes_open(struct loop *loop, struct store *store, struct podman *podman,
				 const struct sandbox_settings *settings, struct error *err)
{
	struct sandboxes *all = mem_new(struct sandboxes);

	all->loop = loop;
	all->store = store;
	all->podman = podman;
	all->settings = *settings;
	all->spool_dir = -1;
	all->clear_after_ms = CLEAR_AFTER_MS;
	all->line_late_ms = LINE_LATE_MS;
	if (all->settings.births_most == 0)
		all->settings.births_most = BIRTHS_USUAL;
	all->line = line_new(all);
	all->pool = pool_new(all);
	if (!store_instance_id(store, all->instance, err) || !spool_dir_open(all, err) ||
	    !spec_prepare(all, err) || !store_upload_free_taken(store, err) ||
	    !load_all(all, err) || !link_place_sweep(all, err)) {
		sandboxes_close(all);
		return NULL;
	}
	all->reaper = reaper_start(all);
	return all;
}

static void leave_one(struct sandbox *sb)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the server is stopping");
	files_end(sb, &err);
	file_watches_over(sb);
	command_abandon(sb);
	registry_remove(sb);
}

void sandboxes_close(struct sandboxes *all)
{
	struct error err;

	if (!all)
		return;
	all->closing = true;
	error_set(&err, ERROR_CANCELLED, "the server is stopping");
	line_end(all->line, &err);
	op_end_all(all);
	reaper_stop(take(all->reaper));
	reconcile_cancel(all);
	while (all->living)
		leave_one(all->living);
	pool_free(all->pool);
	line_free(all->line);
	spool_dir_close(all);
	free(all);
}

void sandboxes_podman_up(struct sandboxes *all)
{
	struct sandbox *sb;
	struct sandbox *next;

	all->podman_up = true;
	HASH_ITER(hh, all->living, sb, next)
	{
		if (sb->link)
			link_pause(sb);
		else if (sb->state == SANDBOX_RUNNING || sb->state == SANDBOX_WARM)
			link_keep(sb);
		birth_podman_up(sb);
		destroy_wake(sb);
	}
	reconcile_begin(all);
	pool_look(all);
	line_wake(all->line);
}

void sandboxes_podman_down(struct sandboxes *all)
{
	struct sandbox *sb;
	struct sandbox *next;

	all->podman_up = false;
	reconcile_cancel(all);
	HASH_ITER(hh, all->living, sb, next)
	if (sb->link)
		link_pause(sb);
}

bool sandboxes_podman_is_up(const struct sandboxes *all)
{
	return all->podman_up;
}

void sandboxes_on_wedged(struct sandboxes *all, void (*on_wedged)(void *ctx), void *ctx)
{
	all->on_wedged = on_wedged;
	all->wedged_ctx = ctx;
}

void sandboxes_on_command_end(struct sandboxes *all, sandbox_ended_fn *on_end, void *ctx)
{
	all->on_command_end = on_end;
	all->command_end_ctx = ctx;
}

struct walk {
	struct sandboxes *all;
	bool include_gone;
	sandbox_each_fn *on_view;
	void *ctx;
};

static bool on_walk(void *ctx, const struct container_row *row)
{
	struct walk *walk = ctx;
	struct sandbox *sb = registry_find(walk->all, NULL, row->id);
	struct sandbox_view view;
	bool ends = !sb || (sb->state != SANDBOX_CREATING && sb->state != SANDBOX_RUNNING);

	if (ends && !walk->include_gone)
		return true;
	if (sb)
		view_fill(sb, &view);
	else
		view_fill_row(row, &view);
	return walk->on_view(walk->ctx, &view);
}

bool sandbox_each(struct sandboxes *all, const char *owner, bool include_gone,
		  sandbox_each_fn *on_view, void *ctx, struct error *err)
{
	struct walk walk = { all, include_gone, on_view, ctx };

	return store_container_each(all->store, owner, include_gone, on_walk, &walk, err);
}
