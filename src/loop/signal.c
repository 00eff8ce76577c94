/* Signals as events: libuv's handler writes to a pipe, our callback runs from the loop. */
#include "internal.h"

struct signal_watch {
	uv_signal_t uv;
	signal_fn *on_signal;
	void *ctx;
};

static void on_arrival(uv_signal_t *uv, int number)
{
	struct signal_watch *watch = uv->data;

	watch->on_signal(watch->ctx, number);
}

struct signal_watch *signal_open(struct loop *loop, int number, signal_fn *on_signal, void *ctx,
				 struct error *err)
{
	struct signal_watch *watch = mem_new(struct signal_watch);
	int failed = uv_signal_init(&loop->uv, &watch->uv);

	if (failed) {
		loop_error(err, failed, "cannot watch signals");
		free(watch);
		return NULL;
	}
	watch->uv.data = watch;
	watch->on_signal = on_signal;
	watch->ctx = ctx;
	failed = uv_signal_start(&watch->uv, on_arrival, number);
	if (failed) {
		loop_error(err, failed, "cannot watch a signal");
		signal_close(watch);
		return NULL;
	}
	return watch;
}

void signal_close(struct signal_watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->uv, loop_on_closed);
}
