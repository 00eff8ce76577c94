/* Nothing lives longer than it was promised.  One timer waits for the nearest end; every half
 * minute a sweep looks at all of them again, in case the timer was lost or the machine slept.  Both
 * go by the clock that does not jump.  The wall clock only carries ends over a restart, so when it
 * is set the ends in the database are set with it.  The sweep also forgets tombstones. */
#include "internal.h"

enum {
	SWEEP_MS = 30 * 1000,
	RECONCILE_EVERY = 2,  /* sweeps */
	SPARE_MS = 30 * 1000, /* process 1 waits so much longer than we do */
	STEP_MS = 1000,       /* less is the clock being disciplined */
};

#define TOMBSTONE_MS ((int64_t)48 * 3600 * 1000)

struct reaper {
	struct sandboxes *all;
	struct timer *nearest;
	struct timer *sweep;
	int64_t wall_ahead; /* of the monotonic clock, when last looked at */
	int sweeps;
};

static bool can_expire(const struct sandbox *sb)
{
	return sb->state == SANDBOX_CREATING || sb->state == SANDBOX_WARM ||
	       sb->state == SANDBOX_RUNNING;
}

static void end_expired(struct sandboxes *all)
{
	int64_t now = clock_mono_ms();
	struct sandbox *sb;
	struct sandbox *next;

	HASH_ITER(hh, all->living, sb, next)
	if (can_expire(sb) && sb->expires_mono <= now)
		destroy_begin(sb, sb->state == SANDBOX_WARM ? REASON_SPARE : REASON_EXPIRED);
}

/* -1 when nothing is going to expire. */
static int64_t until_nearest(const struct sandboxes *all)
{
	int64_t now = clock_mono_ms();
	int64_t least = -1;

	for (const struct sandbox *sb = all->living; sb; sb = sb->hh.next) {
		int64_t left = sb->expires_mono > now ? sb->expires_mono - now : 0;

		if (can_expire(sb) && (least < 0 || left < least))
			least = left;
	}
	return least;
}

static void on_nearest(void *ctx)
{
	struct reaper *reaper = ctx;

	timer_stop(take(reaper->nearest));
	end_expired(reaper->all);
	reaper_wake(reaper);
}

void reaper_wake(struct reaper *reaper)
{
	int64_t left;

	if (!reaper)
		return;
	left = until_nearest(reaper->all);
	if (left < 0)
		timer_stop(take(reaper->nearest));
	else if (reaper->nearest)
		timer_reset(reaper->nearest, left);
	else
		reaper->nearest = timer_start(reaper->all->loop, left, 0, on_nearest, reaper);
}

void reaper_tell(struct sandbox *sb)
{
	int64_t left = sb->expires_mono - clock_mono_ms();
	uint8_t payload[8];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	wire_put_life(&writer, (uint64_t)(left > 0 ? left : 0) + SPARE_MS);
	/* Else it is told when it links again; until then the last word holds. */
	(void)link_send(sb, WIRE_LIFE, 0, payload, writer.len);
}

static void move_times(struct sandbox *sb, int64_t step)
{
	struct error err;

	if (!store_container_shift(sb->all->store, sb->row.id, step, &err)) {
		log_warn(sb->row.id, "its end could not be moved with the clock: %s", err.text);
		return;
	}
	sb->row.created_at += step;
	sb->row.expires_at += step;
}

void reaper_follow_clock(struct reaper *reaper)
{
	int64_t ahead = clock_wall_ms() - clock_mono_ms();
	int64_t step = reaper ? ahead - reaper->wall_ahead : 0;

	if (step > -STEP_MS && step < STEP_MS)
		return;
	reaper->wall_ahead = ahead;
	log_warn("clock", "the wall clock was set by %lld ms; containers live as long as before",
		 (long long)step);
	for (struct sandbox *sb = reaper->all->living; sb; sb = sb->hh.next)
		if (can_expire(sb))
			move_times(sb, step);
}

static void on_forgotten(void *ctx, const char *command_id)
{
	spool_forget(ctx, command_id);
}

static void forget_tombstones(struct sandboxes *all)
{
	struct error err;

	if (!store_sweep(all->store, clock_wall_ms() - TOMBSTONE_MS, on_forgotten, all, &err))
		log_warn("database", "old tombstones could not be removed: %s", err.text);
}

static void on_sweep(void *ctx)
{
	struct reaper *reaper = ctx;
	struct sandboxes *all = reaper->all;

	reaper_follow_clock(reaper);
	end_expired(all);
	reaper_wake(reaper);
	forget_tombstones(all);
	pool_sweep(all);
	if (++reaper->sweeps % RECONCILE_EVERY != 0)
		return;
	reconcile_begin(all);
	pool_look(all);
}

struct reaper *reaper_start(struct sandboxes *all)
{
	struct reaper *reaper = mem_new(struct reaper);

	reaper->all = all;
	reaper->wall_ahead = clock_wall_ms() - clock_mono_ms();
	reaper->sweep = timer_start(all->loop, SWEEP_MS, SWEEP_MS, on_sweep, reaper);
	reaper_wake(reaper);
	return reaper;
}

void reaper_stop(struct reaper *reaper)
{
	if (!reaper)
		return;
	timer_stop(reaper->nearest);
	timer_stop(reaper->sweep);
	free(reaper);
}
