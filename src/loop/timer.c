/* Timers.  libuv runs every timer that is due before it polls, also those started meanwhile; a
 * timer of 0 ms that starts itself again would never let it poll.  So 0 ms is a deferred call. */
#include "internal.h"

struct timer {
	struct loop *loop;
	uv_timer_t uv;
	struct deferred *soon; /* for a delay of 0; NULL once it has run */
	int64_t repeat_ms;
	timer_fn *on_due;
	void *ctx;
};

static void on_timer(uv_timer_t *uv)
{
	struct timer *timer = uv->data;

	timer->on_due(timer->ctx);
}

/* Due times count from the beginning of libuv's turn; a delay counts from now. */
static uint64_t from_turn(const struct timer *timer, int64_t delay_ms)
{
	uint64_t now = uv_hrtime() / 1000000;
	uint64_t turn = uv_now(&timer->loop->uv);

	return (uint64_t)delay_ms + (now > turn ? now - turn : 0);
}

static void on_soon(void *ctx)
{
	struct timer *timer = ctx;

	timer->soon = NULL;
	if (timer->repeat_ms > 0)
		uv_timer_start(&timer->uv, on_timer, from_turn(timer, timer->repeat_ms),
			       (uint64_t)timer->repeat_ms);
	timer->on_due(timer->ctx);
}

static void cancel(struct timer *timer)
{
	deferred_cancel(timer->soon);
	timer->soon = NULL;
	uv_timer_stop(&timer->uv);
}

void timer_reset(struct timer *timer, int64_t delay_ms)
{
	cancel(timer);
	if (delay_ms <= 0)
		timer->soon = loop_defer(timer->loop, on_soon, timer);
	else
		uv_timer_start(&timer->uv, on_timer, from_turn(timer, delay_ms),
			       (uint64_t)timer->repeat_ms);
}

struct timer *timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due,
			  void *ctx)
{
	struct timer *timer = mem_new(struct timer);

	timer->loop = loop;
	timer->repeat_ms = repeat_ms > 0 ? repeat_ms : 0;
	timer->on_due = on_due;
	timer->ctx = ctx;
	uv_timer_init(&loop->uv, &timer->uv);
	timer->uv.data = timer;
	timer_reset(timer, delay_ms);
	return timer;
}

void timer_stop(struct timer *timer)
{
	if (!timer)
		return;
	cancel(timer);
	uv_close((uv_handle_t *)&timer->uv, loop_on_closed);
}
