/* Watching descriptors.  uv_poll is level-triggered and, on an error of the descriptor, stops by
 * itself; it is started again here, so that a caller who reads the error away is called later. */
#include "internal.h"

#include <assert.h>

struct watch {
	uv_poll_t poll;
	unsigned events; /* asked for */
	watch_fn *on_ready;
	void *ctx;
};

static int to_uv(unsigned events)
{
	return (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0) |
	       (events & LOOP_HANGUP ? UV_DISCONNECT : 0);
}

static unsigned from_uv(int events)
{
	return (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0) |
	       (events & UV_DISCONNECT ? LOOP_HANGUP : 0);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void start(struct watch *watch)
{
	int failed = watch->events ? uv_poll_start(&watch->poll, to_uv(watch->events), on_poll)
				   : uv_poll_stop(&watch->poll);

	assert(!failed);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;

	watch->on_ready(watch->ctx, status < 0 ? watch->events : from_uv(events));
	/* The memory is there until libuv has closed the handle, which is later than this. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll) && !uv_is_active((uv_handle_t *)poll))
		start(watch);
}

struct watch *watch_open(struct loop *loop, int fd, unsigned events, watch_fn *on_ready, void *ctx,
			 struct error *err)
{
	struct watch *watch = mem_new(struct watch);
	int failed = uv_poll_init(&loop->uv, &watch->poll, fd);

	if (failed) {
		loop_error(err, failed, "cannot watch a descriptor");
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->events = events;
	watch->on_ready = on_ready;
	watch->ctx = ctx;
	start(watch);
	return watch;
}

void watch_set(struct watch *watch, unsigned events)
{
	if (watch->events == events)
		return;
	watch->events = events;
	start(watch);
}

void watch_close(struct watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->poll, loop_on_closed);
}
