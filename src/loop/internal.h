/* What the files of the loop share.  Each handle of libuv lives inside an object of ours, is closed
 * when ours is, and frees it in its close callback: libuv touches the memory until then. */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include <uv.h>
#include "loop.h"

enum { SCRATCH_SIZE = 64 * 1024 };

struct loop {
	uv_loop_t uv;
	uv_prepare_t keep; /* always active, so that uv_run ends only when it is told to */
	uv_idle_t idle;    /* active while something is deferred: polling then does not wait */
	struct deferred *first, *last;
	uint64_t batch; /* number of the batch that deferred calls are added to */
	size_t works;   /* jobs in helper threads whose done has not been called */
	char *scratch;  /* SCRATCH_SIZE bytes; valid inside one read callback */
};

/* Frees the object that handle->data points to. */
void loop_on_closed(uv_handle_t *handle);
/* Runs what was deferred until now; what that defers waits for the next turn. */
void loop_run_deferred(uv_idle_t *idle);
/* Fills err from one of libuv's negative numbers; returns false. */
bool loop_error(struct error *err, int number, const char *what);
/* Gives up a child that was forgotten and is still running. */
void child_abandon(uv_process_t *process);

#endif
