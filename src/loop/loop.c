/* Making, running and ending the loop.  One turn of libuv: due timers, deferred calls, waiting for
 * descriptors and calling their watches, freeing what was closed. */
#include "internal.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>

void loop_on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

bool loop_error(struct error *err, int number, const char *what)
{
	return error_set(err, ERROR_INTERNAL, "%s: %s", what, uv_strerror(number));
}

static void on_turn(uv_prepare_t *keep)
{
	(void)keep;
}

struct loop *loop_new(struct error *err)
{
	struct loop *loop = mem_new(struct loop);
	int failed = uv_loop_init(&loop->uv);

	if (failed) {
		loop_error(err, failed, "cannot make an event loop");
		free(loop);
		return NULL;
	}
	/* Writing to a peer that has gone must be an error of that write, not our end. */
	signal(SIGPIPE, SIG_IGN);
	loop->scratch = mem_zeroed(1, SCRATCH_SIZE);
	uv_prepare_init(&loop->uv, &loop->keep);
	uv_prepare_start(&loop->keep, on_turn);
	uv_idle_init(&loop->uv, &loop->idle);
	loop->idle.data = loop;
	return loop;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

static void abandon_children(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (handle->type == UV_PROCESS && !uv_is_closing(handle))
		child_abandon((uv_process_t *)handle);
}

static void count_open(uv_handle_t *handle, void *ctx)
{
	size_t *count = ctx;

	if (!uv_is_closing(handle))
		++*count;
}

/* Whoever forgot to close something finds out here, with a list, and not by a use after free. */
static void assert_all_closed(struct loop *loop)
{
	size_t open = 0;

	uv_walk(&loop->uv, count_open, &open);
	if (open > 0)
		uv_print_all_handles(&loop->uv, stderr);
	assert(open == 0);
}

void loop_free(struct loop *loop)
{
	int failed;

	if (!loop)
		return;
	/* Jobs cannot be taken back, and what they defer is part of them. */
	while (loop->works > 0 || loop->first)
		uv_run(&loop->uv, UV_RUN_ONCE);
	uv_walk(&loop->uv, abandon_children, NULL);
	uv_close((uv_handle_t *)&loop->keep, NULL);
	uv_close((uv_handle_t *)&loop->idle, NULL);
	assert_all_closed(loop);
	/* Not one run alone: a loop_stop that nobody has heeded yet would end that at once. */
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		;
	failed = uv_loop_close(&loop->uv);
	assert(!failed);
	free(loop->scratch);
	free(loop);
}
