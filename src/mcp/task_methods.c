/* The methods of tasks: get, update and cancel of the extension of 2026-07-28; get, result, cancel
 * and list of 2025-11-25. */
#include <string.h>
#include "call.h"
#include "clock.h"

/* Who waits in tasks/result. */
struct task_wait {
	struct task_wait *next;
	char id[ID_SIZE]; /* of the task */
	char *scope;
	char *rpc_id;
	answer_fn *on_answer;
	void *ctx;
};

/* --- finding --- */

static struct call *find_call(struct mcp *mcp, const char *id)
{
	for (struct call *call = mcp->open; call; call = call->next)
		if (call->task && strcmp(call->task->row.id, id) == 0)
			return call;
	return NULL;
}

/* The extension's methods are for clients that declare it. */
static bool is_declared(const struct peer *peer, struct fault *ret_fault)
{
	struct json *extensions, *required;

	if (peer->era == ERA_2025 || peer->client_can & CLIENT_TASKS)
		return true;
	fault_set(ret_fault, 400, RPC_MISSING_CAPABILITY,
		  "tasks are for clients that declare the extension %s", tasks_extension);
	extensions = json_object();
	json_put(extensions, tasks_extension, json_object());
	required = json_object();
	json_put(required, "extensions", extensions);
	ret_fault->data = json_object();
	json_put(ret_fault->data, "requiredCapabilities", required);
	return false;
}

/* Also refuses what has expired or belongs to somebody else, in the same words. */
static bool find_row(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message,
		     struct task_row *ret_row, struct fault *ret_fault)
{
	const char *id = json_get_text(message->params, "taskId");
	struct error err;
	auto_task_row row = { .tool = NULL };

	if (!is_declared(peer, ret_fault))
		return false;
	if (!id)
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "params.taskId must be a string");
	if (!store_task_find(mcp->store, id, &row, &err) && err.kind != ERROR_NOT_FOUND)
		return fault_set(ret_fault, 200, RPC_INTERNAL_ERROR, "%s", err.text);
	if (!row.tool || strcmp(row.owner, peer->owner) != 0 || row.expires_at <= clock_wall_ms())
		return fault_set(ret_fault, 200, RPC_INVALID_PARAMS,
				 "there is no such task (any more)");
	*ret_row = row;
	row = (struct task_row){ .tool = NULL };
	return true;
}

static bool is_over(const struct task_row *row)
{
	return strcmp(row->state, "working") != 0 && strcmp(row->state, "input_required") != 0;
}

/* --- telling --- */

static struct json *answer_of(const struct task_row *row)
{
	struct error ignored; /* we have written it ourselves */

	return row->answer ? json_parse(row->answer, strlen(row->answer), &ignored) : NULL;
}

/* Everything that the extension tells of a task. */
struct json *task_detail(struct mcp *mcp, const struct task_row *row)
{
	struct json *out = task_json(row, ERA_2026);
	auto_json answer = answer_of(row);
	const struct call *call = find_call(mcp, row->id);

	if (strcmp(row->state, "completed") == 0)
		json_put(out, "result", json_copy(json_get(answer, "result")));
	else if (strcmp(row->state, "failed") == 0)
		json_put(out, "error", json_copy(json_get(answer, "error")));
	else if (strcmp(row->state, "input_required") == 0 && call)
		json_put(out, "inputRequests", ask_open(call));
	return out;
}

/* 2025-11-25: a result with isError is a failed task. */
static struct json *json_2025(const struct task_row *row)
{
	struct task_row told = *row; /* borrows what row has */
	auto_json answer = answer_of(row);

	if (json_get_bool(json_get(answer, "result"), "isError", false) &&
	    strcmp(row->state, "completed") == 0)
		snprintf(told.state, sizeof(told.state), "failed");
	return task_json(&told, ERA_2025);
}

static void give(struct mcp *mcp, const struct peer *peer, const struct rpc_message *message,
		 struct json *result)
{
	if (peer->era == ERA_2026)
		result_finish(mcp, result);
	peer_result(peer, message, result);
}

/* --- both --- */

void task_get(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	auto_task_row row = { .tool = NULL };
	struct fault fault;

	if (find_row(mcp, peer, message, &row, &fault))
		give(mcp, peer, message,
		     peer->era == ERA_2026 ? task_detail(mcp, &row) : json_2025(&row));
	else
		peer_refuse(peer, message, &fault);
}

/* The work is told to stop; a task that waits for its client has none. */
static void stop(struct mcp *mcp, const char *id)
{
	struct call *call = find_call(mcp, id);
	struct fault fault;

	if (!call)
		return;
	call->task->cancelled = true;
	if (call->asking || call->rerun) {
		fault_set(&fault, 200, RPC_INTERNAL_ERROR, "the task was cancelled");
		call_end_by_fault(call, &fault);
	} else {
		call_stop(call);
	}
}

static void mark_cancelled(struct mcp *mcp, struct task_row *row)
{
	struct call *call = find_call(mcp, row->id);
	struct error ignored; /* the end of the call writes it too */

	snprintf(row->state, sizeof(row->state), "cancelled");
	row->updated_at = clock_wall_ms();
	(void)!store_task_set(mcp->store, row, &ignored);
	if (call)
		snprintf(call->task->row.state, sizeof(call->task->row.state), "cancelled");
}

void task_cancel(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	auto_task_row row = { .tool = NULL };
	struct fault fault;

	if (!find_row(mcp, peer, message, &row, &fault)) {
		peer_refuse(peer, message, &fault);
		return;
	}
	if (is_over(&row) && peer->era == ERA_2025) {
		fault_set(&fault, 200, RPC_INVALID_PARAMS, "the task is over: it is %s", row.state);
		peer_refuse(peer, message, &fault);
		return;
	}
	if (!is_over(&row)) {
		mark_cancelled(mcp, &row);
		stop(mcp, row.id);
	}
	give(mcp, peer, message, peer->era == ERA_2026 ? json_object() : json_2025(&row));
}

/* --- the extension --- */

void task_update(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	auto_task_row row = { .tool = NULL };
	struct fault fault;
	struct call *call;

	if (!find_row(mcp, peer, message, &row, &fault)) {
		peer_refuse(peer, message, &fault);
		return;
	}
	call = find_call(mcp, row.id);
	if (call && call->asking && !call->rerun) {
		ask_take(call, json_get_object(message->params, "inputResponses"));
		(void)ask_settle(call);
	}
	give(mcp, peer, message, json_object());
}

/* --- 2025-11-25 --- */

static struct json *with_error(const char *rpc_id, const struct json *error)
{
	struct json *message = json_object();

	json_put_text(message, "jsonrpc", "2.0");
	json_put(message, "id", json_new_raw(rpc_id, strlen(rpc_id)));
	json_put(message, "error", json_copy(error));
	return message;
}

/* What the call would have been answered, with a note of which task it was. */
static struct json *result_message(const struct task_row *row, const char *rpc_id)
{
	auto_json answer = answer_of(row);
	const struct json *error = json_get(answer, "error");
	struct json *result, *meta, *related;

	if (!json_get(answer, "result"))
		return error ? with_error(rpc_id, error)
			     : rpc_error(rpc_id, strlen(rpc_id), RPC_SERVER_ERROR,
					 "the task was cancelled");
	result = json_copy(json_get(answer, "result"));
	related = json_object();
	json_put_text(related, "taskId", row->id);
	meta = json_object();
	json_put(meta, "io.modelcontextprotocol/related-task", related);
	json_put(result, "_meta", meta);
	return rpc_result(rpc_id, strlen(rpc_id), result);
}

static void wait_free(struct task_wait *wait)
{
	free(wait->scope);
	free(wait->rpc_id);
	free(wait);
}

void task_wake(struct mcp *mcp, const struct task_row *row)
{
	struct task_wait **at = &mcp->task_waits;

	while (*at) {
		struct task_wait *wait = *at;

		if (strcmp(wait->id, row->id) != 0) {
			at = &wait->next;
			continue;
		}
		*at = wait->next;
		wait->on_answer(wait->ctx, result_message(row, wait->rpc_id), 200);
		wait_free(wait);
	}
}

void task_waits_end(struct mcp *mcp)
{
	while (mcp->task_waits) {
		struct task_wait *wait = mcp->task_waits;

		mcp->task_waits = wait->next;
		wait->on_answer(wait->ctx,
				rpc_error(wait->rpc_id, strlen(wait->rpc_id), RPC_SERVER_ERROR,
					  "the server is stopping"),
				503);
		wait_free(wait);
	}
}

/* Without an answer: the client takes its request back, or is gone. */
static void wait_drop(struct task_wait **at)
{
	struct task_wait *wait = *at;

	*at = wait->next;
	wait->on_answer(wait->ctx, NULL, 200);
	wait_free(wait);
}

void task_wait_cancel(struct mcp *mcp, const char *scope, const char *id, size_t id_len)
{
	struct task_wait **at = &mcp->task_waits;

	while (*at && !(strcmp((*at)->scope, scope) == 0 && strlen((*at)->rpc_id) == id_len &&
			memcmp((*at)->rpc_id, id, id_len) == 0))
		at = &(*at)->next;
	if (*at)
		wait_drop(at);
}

void task_waits_drop_scope(struct mcp *mcp, const char *scope)
{
	struct task_wait **at = &mcp->task_waits;

	while (*at)
		if (strcmp((*at)->scope, scope) == 0)
			wait_drop(at);
		else
			at = &(*at)->next;
}

static bool may_wait(const struct mcp *mcp, struct fault *ret_fault)
{
	unsigned count = 0;

	for (const struct task_wait *wait = mcp->task_waits; wait; wait = wait->next)
		count++;
	if (count < CALLS_MAX && !mcp->draining)
		return true;
	return fault_set(ret_fault, 503, RPC_SERVER_ERROR,
			 "too many wait for tasks; use tasks/get, or try again later");
}

void task_result(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	auto_task_row row = { .tool = NULL };
	struct fault fault;
	struct task_wait *wait;
	auto_str rpc_id = mem_strndup(message->id, message->id_len);

	if (!find_row(mcp, peer, message, &row, &fault)) {
		peer_refuse(peer, message, &fault);
		return;
	}
	if (is_over(&row) && (row.answer || !find_call(mcp, row.id))) {
		peer->on_answer(peer->ctx, result_message(&row, rpc_id), 200);
		return;
	}
	if (!may_wait(mcp, &fault)) {
		peer_refuse(peer, message, &fault);
		return;
	}
	wait = mem_new(struct task_wait);
	memcpy(wait->id, row.id, sizeof(wait->id));
	wait->scope = mem_strdup(peer->scope);
	wait->rpc_id = take(rpc_id);
	wait->on_answer = peer->on_answer;
	wait->ctx = peer->ctx;
	wait->next = mcp->task_waits;
	mcp->task_waits = wait;
}

static bool on_row(void *ctx, const struct task_row *row)
{
	json_append(ctx, json_2025(row));
	return true;
}

void task_list(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	struct json *list = json_array(), *result;
	struct error err;

	if (!store_task_each(mcp->store, peer->owner, clock_wall_ms(), on_row, list, &err)) {
		json_free(list);
		peer_error(peer, message, RPC_INTERNAL_ERROR, err.text);
		return;
	}
	result = json_object();
	json_put(result, "tasks", list);
	peer_result(peer, message, result);
}
