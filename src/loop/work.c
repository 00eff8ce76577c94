/* Work in libuv's helper threads.  A job cannot be taken back: its done always comes, if need be
 * while the loop is being freed. */
#include "internal.h"

#include <assert.h>

struct work {
	uv_work_t uv;
	struct loop *loop;
	work_fn *run;
	work_fn *done;
	void *ctx;
};

static void on_run(uv_work_t *uv)
{
	struct work *work = uv->data;

	work->run(work->ctx);
}

static void on_done(uv_work_t *uv, int status)
{
	struct work *work = uv->data;
	work_fn *done = work->done;
	void *ctx = work->ctx;

	(void)status; /* only uv_cancel, which nobody calls, makes it anything but 0 */
	work->loop->works--;
	free(work);
	done(ctx);
}

void loop_work(struct loop *loop, work_fn *run, work_fn *done, void *ctx)
{
	struct work *work = mem_new(struct work);
	int failed;

	work->uv.data = work;
	work->loop = loop;
	work->run = run;
	work->done = done;
	work->ctx = ctx;
	loop->works++;
	failed = uv_queue_work(&loop->uv, &work->uv, on_run, on_done);
	assert(!failed);
}
