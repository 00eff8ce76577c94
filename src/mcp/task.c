/* Tasks: calls whose client does not wait for them.  A task is written down before its client hears
 * of it; what it answers is kept in the database until its time is over, also across restarts.
 *
 * There are two kinds.  In the extension of 2026-07-28 the server makes a task of a call that takes
 * long, if the client declares that it takes tasks.  In 2025-11-25 the client asks for a task.  The
 * row is the same; task_json tells it in the words of each. */
#include "call.h"
#include <string.h>
#include "clock.h"
#include "log.h"

enum { TTL_LEAST_MS = 60 * 1000 };

void task_free(struct task *task)
{
	if (!task)
		return;
	task_row_release(&task->row);
	free(task);
}

/* --- as JSON --- */

static void put_time(struct json *out, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(wall_ms, text);
	json_put_text(out, key, text);
}

struct json *task_json(const struct task_row *row, enum era era)
{
	struct json *out = json_object();

	json_put_text(out, "taskId", row->id);
	json_put_text(out, "status", row->state);
	if (row->message)
		json_put_text(out, "statusMessage", row->message);
	put_time(out, "createdAt", row->created_at);
	put_time(out, "lastUpdatedAt", row->updated_at);
	json_put_int(out, era == ERA_2026 ? "ttlMs" : "ttl", row->expires_at - row->created_at);
	json_put_int(out, era == ERA_2026 ? "pollIntervalMs" : "pollInterval", TASK_POLL_MS);
	return out;
}

/* --- beginning --- */

static bool has_room(struct mcp *mcp, const char *owner, struct error *err)
{
	struct error ignored;
	int64_t count, all;

	/* What is over makes room first. */
	(void)!store_task_sweep(mcp->store, clock_wall_ms(), &ignored);
	if (!store_task_count(mcp->store, owner, &count, err) ||
	    !store_task_count(mcp->store, NULL, &all, err))
		return false;
	if (all >= TASKS_MAX)
		return error_set(err, ERROR_LIMIT, "no more tasks are taken from anybody now");
	return count < TASKS_PER_OWNER ||
	       error_set(err, ERROR_LIMIT, "you have %d tasks, and no more are taken",
			 TASKS_PER_OWNER);
}

static struct task *task_new(const struct call *call, const char *handle, int64_t ttl_ms)
{
	struct task *task = mem_new(struct task);
	struct task_row *row = &task->row;

	if (ttl_ms <= 0)
		ttl_ms = TASK_TTL_MS;
	if (ttl_ms < TTL_LEAST_MS)
		ttl_ms = TTL_LEAST_MS;
	if (ttl_ms > TASK_TTL_MAX_MS)
		ttl_ms = TASK_TTL_MAX_MS;
	id_new("t-", row->id);
	snprintf(row->owner, sizeof(row->owner), "%s", call->owner);
	snprintf(row->state, sizeof(row->state), "working");
	row->tool = mem_strdup(call->tool->name);
	row->handle = mem_strdup(handle);
	row->created_at = clock_wall_ms();
	row->updated_at = row->created_at;
	row->expires_at = row->created_at + ttl_ms;
	return task;
}

/* The client is answered with the task and has nothing to do with the call any more. */
static void hand_over(struct call *call)
{
	struct json *result, *task = task_json(&call->task->row, call->era);

	if (call->era == ERA_2026) {
		result = task;
		json_put_text(result, "resultType", "task");
		result_finish(call->mcp, result);
	} else {
		result = json_object();
		json_put(result, "task", task);
	}
	call_deliver(call, rpc_result(call->id, strlen(call->id), result), 200);
}

bool task_begin(struct call *call, const char *handle, int64_t ttl_ms, struct error *err)
{
	struct task *task;

	if (!has_room(call->mcp, call->owner, err))
		return false;
	task = task_new(call, handle, ttl_ms);
	if (!store_task_add(call->mcp->store, &task->row, err)) {
		task_free(task);
		return false;
	}
	call->task = task;
	call->mcp->pending--;
	hand_over(call);
	return true;
}

bool call_is_task(const struct call *call)
{
	return call->task != NULL;
}

bool call_detach(struct call *call, const char *handle)
{
	struct error err;

	if (!call->mcp)
		return false;
	if (call->task) {
		free(call->task->row.handle);
		call->task->row.handle = mem_strdup(handle);
		if (!store_task_set(call->mcp->store, &call->task->row, &err))
			log_warn(call->task->row.id, "it cannot be written down: %s", err.text);
		return true;
	}
	if (call->kind != CALL_TOOL || call->tool->task == TOOL_TASK_NO || call->era != ERA_2026 ||
	    !(call->client_can & CLIENT_TASKS) || !call->on_answer)
		return false;
	return task_begin(call, handle, 0, &err);
}

/* --- on the way --- */

static void save(struct call *call)
{
	struct task_row *row = &call->task->row;
	struct error err;

	row->updated_at = clock_wall_ms();
	if (!store_task_set(call->mcp->store, row, &err))
		log_warn(row->id, "its state cannot be written down: %s", err.text);
	listen_tell_task(call->mcp, row);
}

void task_set_message(struct call *call, const char *text)
{
	if (!call->mcp || (call->task->row.message && !strcmp(call->task->row.message, text)))
		return;
	free(call->task->row.message);
	call->task->row.message = mem_strdup(text);
	save(call);
}

void task_set_state(struct call *call, const char *state)
{
	if (strcmp(call->task->row.state, state) == 0)
		return;
	snprintf(call->task->row.state, sizeof(call->task->row.state), "%s", state);
	save(call);
}

/* --- the end --- */

/* 2025-11-25 counts a tool's own failure as a failed task; the extension as a completed one.  Kept
 * is what the extension says; task_json_2025 in task_methods.c knows the difference. */
static const char *end_state(const struct task *task, const struct fault *fault)
{
	if (task->cancelled)
		return "cancelled";
	return fault ? "failed" : "completed";
}

void task_end(struct call *call, struct json *result, struct fault *fault)
{
	struct task_row *row = &call->task->row;
	auto_json answer = fault ? rpc_fault(NULL, 0, fault) : rpc_result(NULL, 0, result);

	snprintf(row->state, sizeof(row->state), "%s", end_state(call->task, fault));
	free(row->answer);
	row->answer = json_print(answer);
	if (fault) {
		free(row->message);
		row->message = mem_strdup(fault->text);
	}
	save(call);
	task_wake(call->mcp, row);
}

/* --- after a restart --- */

static void fail_lost(struct mcp *mcp, const struct task_row *row)
{
	struct task_row ended = *row; /* borrows what row has */
	struct fault fault;
	auto_json answer = NULL;
	auto_str text = NULL;
	struct error err;

	fault_set(&fault, 200, RPC_INTERNAL_ERROR,
		  "the server was restarted, and this task could not go on");
	answer = rpc_fault(NULL, 0, &fault);
	text = json_print(answer);
	ended.answer = text;
	ended.message = fault.text;
	ended.updated_at = clock_wall_ms();
	snprintf(ended.state, sizeof(ended.state), "failed");
	if (!store_task_set(mcp->store, &ended, &err))
		log_warn(row->id, "its end cannot be written down: %s", err.text);
}

static struct task *task_copy(const struct task_row *row)
{
	struct task *task = mem_new(struct task);

	task->row = *row;
	task->row.tool = mem_strdup(row->tool);
	task->row.handle = mem_strdup(row->handle);
	task->row.message = mem_strdup(row->message);
	task->row.answer = mem_strdup(row->answer);
	return task;
}

static bool on_open_task(void *ctx, const struct task_row *row)
{
	struct mcp *mcp = ctx;
	const struct tool *const *tool = mcp->offers.tools;
	struct call *call;

	while (*tool && strcmp((*tool)->name, row->tool) != 0)
		tool++;
	if (!*tool || !(*tool)->resume || !row->handle) {
		fail_lost(mcp, row);
		return true;
	}
	call = call_revive(mcp, *tool, row->owner);
	call->task = task_copy(row);
	mcp->pending--;
	(*tool)->resume(call, row->handle);
	return true;
}

bool mcp_resume(struct mcp *mcp, struct error *err)
{
	return !mcp->offers.tools || store_task_each_open(mcp->store, on_open_task, mcp, err);
}

void tasks_sweep(struct mcp *mcp)
{
	struct error err;

	if (!store_task_sweep(mcp->store, clock_wall_ms(), &err))
		log_warn("tasks", "old ones cannot be removed: %s", err.text);
}
