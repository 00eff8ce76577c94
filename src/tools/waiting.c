/* What every tool does with a call: tie it to the domain's operation, and say what to do when that
 * fails. */
#include <string.h>
#include "internal.h"

const char *const container_id_aliases[] = { "id", "container", "sandbox_id", "session_id", NULL };
const char *const sandbox_id_aliases[] = { "session_id", "container_id", "id", NULL };
const char *const command_id_aliases[] = { "id", NULL };
const char *const workdir_aliases[] = { "cwd", "working_dir", "working_directory", NULL };

static void on_cancel(void *ctx)
{
	struct waiting *waiting = ctx;

	sandbox_cancel(waiting->op);
}

void waiting_for(struct waiting *waiting, struct sandbox_op *op)
{
	waiting->op = op;
	call_on_cancel(waiting->call, on_cancel, waiting);
}

struct waiting *waiting_new(struct call *call)
{
	struct waiting *waiting = mem_new(struct waiting);

	waiting->call = call;
	return waiting;
}

void waiting_began(struct waiting *waiting, struct sandbox_op *op, const struct error *err)
{
	struct call *call = waiting->call;

	if (op) {
		waiting_for(waiting, op);
		return;
	}
	free(waiting);
	tool_fail(call, err);
}

const struct tools_context *tools_of(const struct call *call)
{
	return call_context(call);
}

int64_t wait_of(const struct call *call, const struct arg_value *seconds, int64_t fallback_ms)
{
	int64_t most = tools_of(call)->max_wait_ms;
	int64_t ms = seconds->given ? (int64_t)(seconds->real * 1000) : fallback_ms;

	return client_wait_ms(client_find(call_client(call)), ms < most ? ms : most);
}

int64_t fitting_limit(const struct call *call)
{
	return client_output_bytes(client_find(call_client(call)), tools_of(call)->output_limit);
}

int64_t limit_of(struct call *call, const struct arg_value *bytes)
{
	int64_t limit = bytes->given ? bytes->number : tools_of(call)->output_limit;
	int64_t taken = client_output_bytes(client_find(call_client(call)), limit);

	if (bytes->given && taken < limit)
		call_warn(call,
			  "max_output_bytes: %lld bytes of a stream are shown, because more would "
			  "not fit into what %s takes of a result",
			  (long long)taken, call_client(call));
	if (taken < OUTPUT_LEAST)
		return OUTPUT_LEAST;
	return taken < OUTPUT_MOST ? taken : OUTPUT_MOST;
}

static const char *next_step(enum error_kind kind)
{
	switch (kind) {
	case ERROR_INVALID:
		return "correct the arguments and call again";
	case ERROR_NOT_FOUND:
		return "call list_containers, or list_commands with a container_id, for the ids "
		       "that are yours";
	case ERROR_GONE:
		return "call create_container for a new container";
	case ERROR_CONFLICT:
		return "call check_container or check_command to see its state";
	case ERROR_LIMIT:
		return "ask for less, or destroy_container what is not needed any more";
	case ERROR_TIMEOUT:
	case ERROR_UNAVAILABLE:
		return "make the same call again in a few seconds";
	case ERROR_INTERNAL:
		return "tell the operator of this server";
	case ERROR_NONE:
	case ERROR_CANCELLED:
		return NULL;
	}
	return NULL;
}

/* What a client of compat-code-sandbox, which need not have our other tools, can do instead. */
static const char *next_step_by_sandbox(const struct error *err)
{
	if (err->kind == ERROR_GONE)
		return "call create_sandbox for a new one";
	if (err->kind == ERROR_NOT_FOUND && !err->next)
		return "call get_sandbox_status for those that are yours, or create_sandbox for a "
		       "new one";
	if (err->kind == ERROR_CONFLICT && !err->next)
		return "call get_sandbox_status to see its state";
	if (err->kind == ERROR_LIMIT && !err->next)
		return "ask for less, or close_sandbox what is not needed any more";
	return NULL;
}

void tool_fail(struct call *call, const struct error *err)
{
	const char *set = call_set(call);
	const char *next = NULL;

	if (set && strcmp(set, "compat-code-sandbox") == 0)
		next = next_step_by_sandbox(err);
	if (!next)
		next = err->next ? err->next : next_step(err->kind);
	call_fail(call, err, next);
}
