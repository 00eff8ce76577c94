/* The database against Podman, both ways, when Podman comes up and every minute.  What carries our
 * label and is unknown to us is removed; what we think runs and does not has died.  The answer is a
 * picture of some moment since we asked: what changed meanwhile is left to the next time. */
#include <string.h>
#include "internal.h"

enum {
	LIST_MS = 15000,  /* 2048 containers take a second; longer means that a lock is stuck */
	STRAYS_MAX = 256, /* removed in one round; the rest in the next */
};

struct reconcile {
	struct sandboxes *all;    /* NULL: abandoned; freed when the call comes back */
	struct podman_call *call; /* under way, or NULL */
	struct timer *deadline;
	bool timed_out;
	int64_t begun_mono;
	char *strays[STRAYS_MAX]; /* Podman's ids, still to be removed */
	size_t stray_count;
};

static void reconcile_free(struct reconcile *round)
{
	while (round->stray_count > 0)
		free(round->strays[--round->stray_count]);
	free(round);
}

static void reconcile_over(struct reconcile *round)
{
	timer_stop(round->deadline);
	round->all->reconcile = NULL;
	reconcile_free(round);
}

void reconcile_cancel(struct sandboxes *all)
{
	struct reconcile *round = take(all->reconcile);

	if (!round)
		return;
	timer_stop(take(round->deadline));
	round->all = NULL;
	if (round->call)
		podman_cancel(round->call);
	else
		reconcile_free(round);
}

/* A call of the round is back.  False when nobody is interested any more. */
static bool call_is_back(struct reconcile *round)
{
	round->call = NULL;
	if (round->all)
		return true;
	reconcile_free(round);
	return false;
}

static void on_deadline(void *ctx)
{
	struct reconcile *round = ctx;

	round->timed_out = true;
	if (round->call)
		podman_cancel(round->call);
}

/* --- strays, one after another ------------------------------------------------------------- */

static void remove_next(struct reconcile *round);

static void on_removed(void *ctx, const struct error *err)
{
	struct reconcile *round = ctx;

	if (!call_is_back(round))
		return;
	if (err)
		log_warn("reconcile", "a stray container stays for now: %s", err->text);
	if (err && err->kind == ERROR_CANCELLED)
		reconcile_over(round);
	else
		remove_next(round);
}

static void remove_next(struct reconcile *round)
{
	struct sandboxes *all = round->all;
	auto_str id = NULL;

	if (round->stray_count == 0) {
		reconcile_over(round);
		return;
	}
	id = round->strays[--round->stray_count];
	timer_reset(round->deadline, LIST_MS);
	round->call = podman_container_remove(all->podman, id, on_removed, round);
}

/* --- the comparison ------------------------------------------------------------------------ */

static void note_strays(struct reconcile *round, const struct podman_container *list, size_t count)
{
	for (size_t i = 0; i < count && round->stray_count < STRAYS_MAX; i++) {
		const char *id = podman_container_label(&list[i], "sandpod.container");

		if (id && registry_find(round->all, NULL, id))
			continue;
		log_warn("reconcile", "container %.12s is ours and unknown: it is removed",
			 list[i].id);
		round->strays[round->stray_count++] = mem_strdup(list[i].id);
	}
}

static const struct podman_container *find(const struct podman_container *list, size_t count,
					   const char *podman_id)
{
	for (size_t i = 0; i < count; i++)
		if (podman_id && strcmp(list[i].id, podman_id) == 0)
			return &list[i];
	return NULL;
}

static bool runs(const struct podman_container *container)
{
	/* "stopping" is on its way; the next round finds where to. */
	return strcmp(container->state, "running") == 0 ||
	       strcmp(container->state, "paused") == 0 || strcmp(container->state, "stopping") == 0;
}

static void end_lost(struct reconcile *round, const struct podman_container *list, size_t count)
{
	struct sandbox *sb;
	struct sandbox *next;

	HASH_ITER(hh, round->all->living, sb, next)
	{
		const struct podman_container *container;

		if ((sb->state != SANDBOX_RUNNING && sb->state != SANDBOX_WARM) ||
		    sb->running_mono >= round->begun_mono)
			continue;
		container = find(list, count, sb->row.podman_id);
		if (!container)
			destroy_begin(sb, REASON_LOST);
		else if (!runs(container))
			destroy_begin(sb, REASON_STOPPED);
		else
			sb->pid = container->pid;
	}
}

static void on_listed(void *ctx, const struct podman_container *list, size_t count,
		      const struct error *err)
{
	struct reconcile *round = ctx;
	struct sandboxes *all = round->all;

	if (!call_is_back(round))
		return;
	if (!err) {
		note_strays(round, list, count);
		end_lost(round, list, count);
		remove_next(round);
		return;
	}
	log_warn("reconcile", "Podman could not list its containers: %s", err->text);
	if (round->timed_out && all->on_wedged)
		all->on_wedged(all->wedged_ctx);
	/* on_wedged may have said that Podman is down. */
	if (all->reconcile == round)
		reconcile_over(round);
}

void reconcile_begin(struct sandboxes *all)
{
	struct reconcile *round;

	if (all->reconcile || !all->podman_up || all->closing)
		return;
	round = mem_new(struct reconcile);
	round->all = all;
	round->begun_mono = clock_mono_ms();
	round->deadline = timer_start(all->loop, LIST_MS, 0, on_deadline, round);
	all->reconcile = round;
	round->call = podman_container_list(all->podman, "sandpod.instance", all->instance,
					    on_listed, round);
}
