/* One thread for each caller: a blocked thread costs the machine nothing. */
#include "bench.h"

#include <pthread.h>

enum { STACK_BYTES = 256 * 1024, CREATORS = 4 };

struct job {
	void (*work)(void *ctx, int index);
	void *ctx;
	int index;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct job *job = arg;

	job->work(job->ctx, job->index);
	return NULL;
}

bool in_threads(int count, void (*work)(void *ctx, int index), void *ctx, struct error *err)
{
	struct job *jobs = mem_array(struct job, (size_t)count);
	pthread_attr_t attributes;
	int started = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (; started < count; started++) {
		jobs[started] = (struct job){ .work = work, .ctx = ctx, .index = started };
		if (pthread_create(&jobs[started].thread, &attributes, run, &jobs[started]) != 0)
			break;
	}
	for (int i = 0; i < started; i++)
		pthread_join(jobs[i].thread, NULL);
	pthread_attr_destroy(&attributes);
	free(jobs);
	return started == count ||
	       error_set(err, ERROR_UNAVAILABLE, "only %d of %d threads", started, count);
}

/* --- many containers ----------------------------------------------------------------------------
 */

struct batch {
	const struct server *server;
	int each; /* how many one thread makes */
	struct error errors[CREATORS];
	bool failed[CREATORS];
};

static void create_some(void *ctx, int index)
{
	struct batch *batch = ctx;
	auto_caller caller = { 0 };
	char id[CONTAINER_ID_SIZE];
	bool good = server_caller(batch->server, &caller, &batch->errors[index]);

	for (int i = 0; good && i < batch->each; i++)
		good = caller_create(&caller, 0, id, &batch->errors[index]);
	batch->failed[index] = !good;
}

bool create_many(const struct server *server, int count, struct error *err)
{
	struct batch batch = { .server = server, .each = count / CREATORS };

	if (!in_threads(CREATORS, create_some, &batch, err))
		return false;
	for (int i = 0; i < CREATORS; i++)
		if (batch.failed[i]) {
			*err = batch.errors[i];
			return error_wrap(err, "creating %d containers", count);
		}
	return true;
}
