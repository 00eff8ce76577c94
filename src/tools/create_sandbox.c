/* create_sandbox, as E2B-style code sandboxes have it: a container, by a name of the caller's own
 * where he gives one. */
#include <stdio.h>
#include <string.h>
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"session_id": {"type": "string", "minLength": 1, "maxLength": 48, "description": "A name of your own, which is its sandbox_id then: the same one gives the same sandbox back. Default: it gets an id"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"sandbox_id": {"type": "string", "description": "What the other tools take"},
	"session_id": {"type": "string", "description": "The same"},
	"status": {"type": "string", "enum": ["active"]},
	"expires_at": {"type": "string"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["sandbox_id", "session_id", "status", "message"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { SESSION_MAX = 48 };

enum { A_SESSION, A_COUNT };

static const char *const session_aliases[] = { "sandbox_id", "name", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_SESSION] = { "session_id", ARG_TEXT, .least = 1, .most = SESSION_MAX,
			.aliases = session_aliases },
};

static void on_created(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_str message = NULL;
	const char *id;
	struct json *out;

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	id = sandbox_session(view->row);
	if (!id)
		id = view->row->id;
	if (view->replaces)
		call_warn(call, "the sandbox of this name was lost before: %s", view->replaces);
	message = mem_format("The sandbox is there; its sandbox_id is %s", id);
	out = json_object();
	json_put_text(out, "sandbox_id", id);
	json_put_text(out, "session_id", id);
	json_put_text(out, "status", "active");
	json_put_text(out, "message", message);
	json_put(out, "expires_at", time_json(view->row->expires_at));
	call_add_text(call, message);
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	const struct sandbox_request wish = { .owner = call_owner(call) };
	struct sandboxes *all = tools_of(call)->sandboxes;
	struct waiting *waiting;
	struct arg_value values[A_COUNT];
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	waiting = waiting_new(call);
	if (values[A_SESSION].given) {
		auto_str label = mem_format(SANDBOX_SESSION "%s", values[A_SESSION].text);

		op = sandbox_default(all, &wish, label, on_created, waiting, &err);
	} else {
		op = sandbox_create(all, &wish, on_created, waiting, &err);
	}
	waiting_began(waiting, op, &err);
}

const struct tool tool_create_sandbox = {
	.name = "create_sandbox",
	.title = "Create a sandbox",
	.description =
		"Use this first, to get a sandbox for code and files; it lives for two hours "
		"unless close_sandbox ends it before.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.set = "compat-code-sandbox",
	.run = run,
};
