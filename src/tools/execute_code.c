/* execute_code, as E2B-style code sandboxes have it: Python that finds what earlier calls left. */
#include <string.h>
#include "compat_code.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"sandbox_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_sandbox"},
		"code": {"type": "string", "minLength": 1, "maxLength": 1048576, "description": "Python"}
	},
	"required": ["sandbox_id", "code"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	LOGS_PROPERTIES ","
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["logs", "error"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_SANDBOX, A_CODE, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_SANDBOX] = { "sandbox_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = sandbox_id_aliases },
	[A_CODE] = { "code", ARG_TEXT, .required = true, .least = 1, .most = CODE_MAX },
};

static const struct execution_kind kind = { compat_code_start, command_answer };

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct code_request request = { .language = "python" };
	struct execution_plan plan = { .kind = &kind, .request = &request };

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	request.container_id = values[A_SANDBOX].text;
	request.code = values[A_CODE].text;
	compat_code_plan(call, &request, &plan);
	execution_begin(call, &plan);
}

const struct tool tool_execute_code = {
	.name = "execute_code",
	.title = "Execute Python",
	.description =
		"Use this to run Python in a sandbox; variables and imports of earlier calls "
		"are there.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.open_world = true,
	.set = "compat-code-sandbox",
	.run = run,
};
