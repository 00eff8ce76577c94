/* The slots of long work on files, and whose turn it is.  A turn is short, so that commands and
 * answers pass; work whose server is gone ends where it is, but for what has to be cleaned up. */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

enum { TURN_US = 2000 };

struct task *task_find(struct agent *agent, uint32_t stream)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (agent->tasks[i].kind && agent->tasks[i].stream == stream)
			return &agent->tasks[i];
	return NULL;
}

bool stream_is_free(struct agent *agent, uint32_t stream)
{
	return (stream & WIRE_FILE_STREAM) && !task_find(agent, stream) &&
	       !file_is_open(agent, stream) && !upload_is_open(agent, stream) &&
	       !observer_is_there(agent, stream);
}

static struct task *free_slot(struct agent *agent)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (!agent->tasks[i].kind)
			return &agent->tasks[i];
	return NULL;
}

struct task *task_begin(struct agent *agent, uint32_t stream, const struct task_kind *kind,
			uint64_t limit_ms)
{
	struct task *task = free_slot(agent);
	uint64_t now = now_ms();
	void *memory;

	if (!task) {
		put_failed(&agent->link.control, WIRE_FAILED, stream, EMFILE, "tasks");
		return NULL;
	}
	memory = mmap(NULL, sizeof(struct task_memory), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		put_failed(&agent->link.control, WIRE_FAILED, stream, ENOMEM, "tasks");
		return NULL;
	}
	madvise(memory, sizeof(struct task_memory), MADV_DONTFORK);
	*task = (struct task){ .kind = kind, .stream = stream, .memory = memory };
	task->until_ms = limit_ms < UINT64_MAX - now ? now + limit_ms : UINT64_MAX;
	return task;
}

void task_free(struct task *task)
{
	task->kind->stop(task);
	munmap(task->memory, sizeof(struct task_memory));
	*task = (struct task){ 0 };
}

bool task_is_late(const struct task *task)
{
	return now_ms() >= task->until_ms;
}

static void leave(struct task *task)
{
	if (!task->over && task->kind->abandon && task->kind->abandon(task)) {
		task->stream = 0;
		task->waiting = false;
	} else {
		task_free(task);
	}
}

void task_close(struct agent *agent, uint32_t stream)
{
	struct task *task = stream ? task_find(agent, stream) : NULL;

	if (task)
		leave(task);
}

void tasks_close(struct agent *agent)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (agent->tasks[i].kind && agent->tasks[i].stream)
			leave(&agent->tasks[i]);
}

/* --- turns ------------------------------------------------------------------------------- */

static bool has_work(const struct task *task)
{
	return task->kind && !task->waiting && !task->over;
}

bool tasks_have_work(const struct agent *agent)
{
	for (int i = 0; i < TASKS_MAX; i++)
		if (has_work(&agent->tasks[i]))
			return true;
	return false;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void step(struct task *task)
{
	switch (task->kind->step(task)) {
	case STEP_AGAIN:
		break;
	case STEP_WAIT:
		task->waiting = true;
		break;
	case STEP_OVER:
		task->over = true;
		if (!task->stream)
			task_free(task);
		break;
	}
}

void tasks_step(struct agent *agent)
{
	uint64_t end = now_us() + TURN_US;

	while (tasks_have_work(agent)) {
		struct task *task = &agent->tasks[agent->task_turn++ % TASKS_MAX];

		if (has_work(task))
			step(task);
		if (now_us() >= end)
			return;
	}
}

bool task_send(struct task *task, struct box *box)
{
	if (!task->kind || !task->stream || (!task->waiting && !task->over) ||
	    !task->kind->tell(task, box))
		return false;
	task->waiting = false;
	if (task->told)
		task_free(task);
	return true;
}
