/* close_sandbox, as E2B-style code sandboxes have it: closing twice is no error. */
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"sandbox_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_sandbox"}
	},
	"required": ["sandbox_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"sandbox_id": {"type": "string"},
	"session_id": {"type": "string", "description": "The same"},
	"status": {"type": "string", "enum": ["closed"]},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["sandbox_id", "status", "message"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_SANDBOX, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_SANDBOX] = { "sandbox_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = sandbox_id_aliases },
};

static void run(struct call *call, const struct json *args)
{
	const char *message = "The sandbox is closed; its files are gone";
	struct arg_value values[A_COUNT];
	int64_t destroyed_at;
	struct error err;
	struct json *out;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!sandbox_destroy(tools_of(call)->sandboxes, call_owner(call), values[A_SANDBOX].text,
			     &destroyed_at, &err)) {
		if (err.kind != ERROR_NOT_FOUND) {
			tool_fail(call, &err);
			return;
		}
		message = "There is no such sandbox, or it was closed before";
	}
	out = json_object();
	json_put_text(out, "sandbox_id", values[A_SANDBOX].text);
	json_put_text(out, "session_id", values[A_SANDBOX].text);
	json_put_text(out, "status", "closed");
	json_put_text(out, "message", message);
	call_add_text(call, message);
	call_answer(call, out);
}

const struct tool tool_close_sandbox = {
	.name = "close_sandbox",
	.title = "Close a sandbox",
	.description = "Use this when a sandbox is not needed any more; all that is in it is lost.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.idempotent = true,
	.set = "compat-code-sandbox",
	.run = run,
};
