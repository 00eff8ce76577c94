/* Containers made ahead of need: of the default shape, started, linked, measured, idle.  Giving one
 * away is one row and one frame.  How many are kept: POOL_SIZE when it is quiet, and as many as
 * were asked for in one breath lately, within a share of the memory and what MAX_CONTAINERS leaves.
 *
 * A spare one costs no processor time, but filling up does.  So spare ones are born one at a time,
 * and only while nobody waits for a birth of their own. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum {
	BREATH_MS = 2000,             /* wishes within it are one burst */
	SPARE_COST = 8 * 1024 * 1024, /* bytes: agent, conmon and kernel take less than half */
	MEMORY_SHARE = 8,             /* spare ones may take an eighth of what is free */
	MEMORY_LOOK_MS = 1000,
	BACK_OFF_MS = 1000, /* after a birth that failed */
	BACK_OFF_MOST_MS = 60000,
};

static const char pool_owner[] = "sandpod:pool";

struct pool {
	struct sandboxes *all;
	bool open;
	bool cannot_fit;            /* Podman does not change the limits of one that runs */
	struct container_row model; /* what a wish without any wish comes to */
	char shape[SHAPE_SIZE];     /* "" while the image is not known */
	struct podman_call *look;   /* for the image, under way */
	struct timer *back_off;     /* while it runs nothing is begun */
	int64_t back_off_ms;
	int64_t breath_mono; /* when the present burst began */
	int64_t breath;      /* wishes in it */
	int64_t demand;      /* of the largest burst lately */
	int64_t memory_room; /* spare ones that the memory was good for … */
	int64_t memory_mono; /* … at this time; 0: not looked at yet */
};

/* --- how many ------------------------------------------------------------------------------ */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* In bytes; what cannot be read counts as plenty, for POOL_SIZE and MAX_CONTAINERS bind too. */
static int64_t read_memory_free(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long long kib = INT64_MAX / 1024;

	if (!file)
		return INT64_MAX;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lld kB", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

/* How many spare ones the memory is good for.  Read now and then: it costs as much as a command. */
static int64_t room_in_memory(struct pool *pool)
{
	int64_t now = clock_mono_ms();

	if (pool->memory_mono == 0 || now - pool->memory_mono > MEMORY_LOOK_MS) {
		pool->memory_mono = now;
		pool->memory_room = read_memory_free() / MEMORY_SHARE / SPARE_COST;
	}
	return pool->memory_room;
}

static int64_t count(const struct pool *pool, bool born)
{
	int64_t number = 0;

	for (const struct sandbox *sb = pool->all->living; sb; sb = sb->hh.next)
		number += sb->state == SANDBOX_WARM ||
			  (!born && sb->state == SANDBOX_CREATING && sb->row.shape);
	return number;
}

/* POOL_SIZE is the operator's word; beyond it the memory decides.  Nobody's container is refused
 * because of a spare one. */
static int64_t target(struct pool *pool)
{
	const struct sandboxes *all = pool->all;
	int64_t quiet = all->settings.pool_size;
	int64_t left = all->settings.max_containers - registry_active(all) - line_length(all->line);
	int64_t wanted = quiet;

	if (!pool->open || quiet == 0 || left <= 0)
		return 0;
	if (pool->demand > quiet)
		wanted = least(pool->demand, room_in_memory(pool));
	return least(wanted > quiet ? wanted : quiet, left);
}

static void note_wish(struct pool *pool)
{
	int64_t now = clock_mono_ms();

	if (now - pool->breath_mono > BREATH_MS) {
		pool->breath_mono = now;
		pool->breath = 0;
	}
	pool->breath++;
	if (pool->breath > pool->demand)
		pool->demand = pool->breath;
}

/* The oldest go first: the others have longer to live. */
static void let_go(struct pool *pool, int64_t number)
{
	struct sandbox *sb;
	struct sandbox *next;

	HASH_ITER(hh, pool->all->living, sb, next)
	{
		if (number <= 0)
			return;
		if (sb->state != SANDBOX_WARM)
			continue;
		destroy_begin(sb, REASON_SPARE);
		number--;
	}
}

static void let_surplus_go(struct pool *pool)
{
	let_go(pool, count(pool, true) - target(pool));
}

/* MAX_CONTAINERS is a promise about the machine: somebody's container has put one too much there.
 */
static void make_way(struct pool *pool)
{
	int64_t most = pool->all->settings.max_containers;

	let_go(pool, count(pool, false) + registry_active(pool->all) - most);
}

static bool is_outdated(const struct pool *pool, const struct sandbox *sb)
{
	return strcmp(sb->row.shape, pool->shape) != 0;
}

static void let_outdated_go(struct pool *pool)
{
	struct sandbox *sb;
	struct sandbox *next;

	HASH_ITER(hh, pool->all->living, sb, next)
	if (sb->state == SANDBOX_WARM && is_outdated(pool, sb))
		destroy_begin(sb, REASON_SPARE);
}

/* --- filling up ---------------------------------------------------------------------------- */

static bool begin_birth(struct pool *pool, struct error *err)
{
	auto_container_row row = { 0 };

	if (!limits_apply(pool->all, &(struct sandbox_request){ .owner = pool_owner }, &row, err))
		return false;
	snprintf(row.owner, sizeof(row.owner), "%s", pool_owner);
	row.shape = mem_strdup(pool->shape);
	return create_born(pool->all, &row, 0, err) != NULL;
}

static void on_back_off_over(void *ctx)
{
	struct pool *pool = ctx;

	timer_stop(take(pool->back_off));
	line_wake(pool->all->line);
}

void pool_birth_failed(struct sandboxes *all)
{
	struct pool *pool = all->pool;

	timer_stop(pool->back_off);
	pool->back_off = timer_start(all->loop, pool->back_off_ms, 0, on_back_off_over, pool);
	pool->back_off_ms = least(pool->back_off_ms * 2, BACK_OFF_MOST_MS);
}

void pool_refill(struct sandboxes *all)
{
	struct pool *pool = all->pool;
	struct error err;

	make_way(pool);
	if (!pool->shape[0] || pool->back_off || !all->podman_up || !line_is_idle(all->line))
		return;
	if (count(pool, false) < target(pool) && !begin_birth(pool, &err)) {
		log_warn("pool", "no container could be made ahead of need: %s", err.text);
		pool_birth_failed(all);
	}
}

void pool_cannot_fit(struct sandboxes *all)
{
	all->pool->cannot_fit = true;
}

void pool_born(struct sandbox *sb)
{
	sb->all->pool->back_off_ms = BACK_OFF_MS;
	line_wake(sb->all->line);
}

/* --- giving away --------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What cannot be changed in a living container. */
static bool suits(const struct pool *pool, const struct container_row *wish)
{
	const struct container_row *model = &pool->model;

	return is_same(model->image, wish->image) && is_same(model->network, wish->network) &&
	       model->disk == wish->disk;
}

/* What can be changed, by Podman, without a restart. */
static bool has_own_limits(const struct pool *pool, const struct container_row *wish)
{
	const struct container_row *model = &pool->model;

	return model->memory != wish->memory || model->cpu_milli != wish->cpu_milli ||
	       model->pids != wish->pids;
}

static struct sandbox *find_ready(const struct pool *pool)
{
	for (struct sandbox *sb = pool->all->living; sb; sb = sb->hh.next)
		if (sb->state == SANDBOX_WARM && link_is_up(sb) && !sb->birth &&
		    !is_outdated(pool, sb))
			return sb;
	return NULL;
}

static void swap_text(char **a, char **b)
{
	char *was = *a;

	*a = *b;
	*b = was;
}

/* Puts the wish into the row; the texts that the row had go to the wish. */
static void merge(struct container_row *row, struct container_row *wish)
{
	int64_t now = clock_wall_ms();

	memcpy(row->owner, wish->owner, sizeof(row->owner));
	swap_text(&row->name, &wish->name);
	swap_text(&row->request_id, &wish->request_id);
	swap_text(&row->workdir, &wish->workdir);
	swap_text(&row->env, &wish->env);
	swap_text(&row->shape, &wish->shape);
	row->memory = wish->memory;
	row->cpu_milli = wish->cpu_milli;
	row->pids = wish->pids;
	row->expires_at = now + (wish->expires_at - wish->created_at);
	row->created_at = now;
}

struct sandbox *pool_give(struct sandboxes *all, struct container_row *wish)
{
	struct pool *pool = all->pool;
	bool fit = has_own_limits(pool, wish);
	struct container_row given;
	struct sandbox *sb;
	struct error err;

	if (!pool->open || !pool->shape[0] || !suits(pool, wish) ||
	    (fit && (!all->podman_up || pool->cannot_fit)))
		return NULL;
	sb = find_ready(pool);
	if (!sb)
		return NULL;
	reaper_follow_clock(all->reaper);
	given = sb->row;
	merge(&given, wish);
	if (!sandbox_give(sb, &given, fit ? SANDBOX_CREATING : SANDBOX_RUNNING, &err)) {
		log_warn(sb->row.id, "could not be given away: %s", err.text);
		merge(&given, wish);
		return NULL;
	}
	if (fit)
		birth_fit(sb);
	line_wake(all->line);
	return sb;
}

struct sandbox *pool_ask(struct sandboxes *all, struct container_row *wish)
{
	if (all->pool->open && suits(all->pool, wish))
		note_wish(all->pool);
	return line_length(all->line) == 0 ? pool_give(all, wish) : NULL;
}

/* --- its life ------------------------------------------------------------------------------ */

static void on_image(void *ctx, const char *id, const struct error *err)
{
	struct pool *pool = ctx;

	pool->look = NULL;
	if (err) {
		if (err->kind != ERROR_CANCELLED)
			log_warn("pool", "the image could not be looked at: %s", err->text);
		return;
	}
	shape_of(pool->all, id, pool->shape);
	let_outdated_go(pool);
	let_surplus_go(pool);
	line_wake(pool->all->line);
}

/* It may have been pulled anew: those of the old one go. */
void pool_look(struct sandboxes *all)
{
	struct pool *pool = all->pool;

	if (pool->open && all->podman_up && !pool->look)
		pool->look =
			podman_image_identify(all->podman, all->settings.image, on_image, pool);
}

void pool_sweep(struct sandboxes *all)
{
	struct pool *pool = all->pool;

	pool->demand /= 2;
	if (pool->open && pool->shape[0])
		let_surplus_go(pool);
	line_wake(all->line);
}

struct pool *pool_new(struct sandboxes *all)
{
	struct pool *pool = mem_new(struct pool);

	pool->all = all;
	pool->back_off_ms = BACK_OFF_MS;
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	timer_stop(pool->back_off);
	if (pool->look)
		podman_cancel(pool->look);
	container_row_release(&pool->model);
	free(pool);
}

bool sandboxes_pool_open(struct sandboxes *all, struct error *err)
{
	struct pool *pool = all->pool;

	if (!limits_apply(all, &(struct sandbox_request){ .owner = pool_owner }, &pool->model, err))
		return false;
	pool->open = true;
	pool_look(all);
	return true;
}

void sandboxes_pool_close(struct sandboxes *all)
{
	all->pool->open = false;
}

void sandboxes_pool_status(const struct sandboxes *all, int64_t *ret_warm, int64_t *ret_target)
{
	struct pool *pool = all->pool;
	int64_t warm = 0;

	for (const struct sandbox *sb = all->living; sb; sb = sb->hh.next)
		warm += sb->state == SANDBOX_WARM && link_is_up(sb) && !is_outdated(pool, sb);
	*ret_warm = warm;
	*ret_target = target(pool);
}
