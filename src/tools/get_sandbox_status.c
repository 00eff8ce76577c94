/* get_sandbox_status, as E2B-style code sandboxes have it: of one, or how many there are. */
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"sandbox_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_sandbox. Default: all of yours"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"status": {"type": "string", "enum": ["active"], "description": "Of one"},
	"sandbox_id": {"type": "string"},
	"session_id": {"type": "string", "description": "The same"},
	"expires_at": {"type": "string"},
	"active_sandbox_count": {"type": "integer", "description": "Of all"},
	"active_sessions": {"type": "array", "items": {"type": "string"}, "description": "The sandbox_id of each"},
	"interpreter_type": {"type": "string"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["status", "sandbox_id", "interpreter_type"]}, {"required": ["active_sandbox_count", "active_sessions", "interpreter_type"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { TEXT_MAX = 64 * 1024 };

enum { A_SANDBOX, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_SANDBOX] = { "sandbox_id", ARG_TEXT, .least = 1, .aliases = sandbox_id_aliases },
};

static const char *handle_of(const struct container_row *row)
{
	const char *session = sandbox_session(row);

	return session ? session : row->id;
}

static void on_checked(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_buf text = BUF_INIT(512);
	char expires[CLOCK_TEXT_SIZE];
	struct json *out;

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	clock_format(view->row->expires_at, expires);
	buf_addf(&text, "%s is active until %s", handle_of(view->row), expires);
	out = json_object();
	json_put_text(out, "status", "active");
	json_put_text(out, "sandbox_id", handle_of(view->row));
	json_put_text(out, "session_id", handle_of(view->row));
	json_put(out, "expires_at", time_json(view->row->expires_at));
	json_put_text(out, "interpreter_type", "sandpod");
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static bool on_each(void *ctx, const struct sandbox_view *view)
{
	json_append(ctx, json_new_text(handle_of(view->row)));
	return true;
}

static void tell_all(struct call *call)
{
	auto_json sessions = json_array();
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct json *out;
	struct error err;

	if (!sandbox_each(tools_of(call)->sandboxes, call_owner(call), false, on_each, sessions,
			  &err)) {
		tool_fail(call, &err);
		return;
	}
	buf_addf(&text, "%zu active", json_size(sessions));
	for (const struct json *one = json_first(sessions); one; one = json_next(one))
		buf_addf(&text, "\n%s", json_text(one));
	out = json_object();
	json_put_int(out, "active_sandbox_count", (int64_t)json_size(sessions));
	json_put(out, "active_sessions", take(sessions));
	json_put_text(out, "interpreter_type", "sandpod");
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct waiting *waiting;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!values[A_SANDBOX].given) {
		tell_all(call);
		return;
	}
	waiting = waiting_new(call);
	op = sandbox_check(tools_of(call)->sandboxes, call_owner(call), values[A_SANDBOX].text, 0,
			   on_checked, waiting, &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_get_sandbox_status = {
	.name = "get_sandbox_status",
	.title = "Look at sandboxes",
	.description = "Use this to see whether a sandbox is still there, or which ones are yours.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "compat-code-sandbox",
	.run = run,
};
