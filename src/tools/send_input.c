/* send_input: bytes for the standard input of a command that runs. */
#include "internal.h"
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"command_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From execute_command; it must be running"},
		"text": {"type": "string", "maxLength": 1048576, "description": "Sent as it is: end a line with a newline. May be empty with eof"},
		"eof": {"type": "boolean", "default": false, "description": "Close its standard input behind the text"}
	},
	"required": ["command_id", "text"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," NEXT_OFFSET_PROPERTY "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_COMMAND, A_TEXT, A_EOF, A_COUNT };

static const char *const text_aliases[] = { "input", "stdin", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_COMMAND] = { "command_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = command_id_aliases },
	[A_TEXT] = { "text", ARG_TEXT, .required = true, .aliases = text_aliases },
	[A_EOF] = { .name = "eof", .type = ARG_BOOL },
};

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct waiting *waiting;
	struct sandbox_op *op;
	const char *text;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	text = values[A_TEXT].text;
	waiting = waiting_new(call);
	op = command_input(tools_of(call)->sandboxes, call_owner(call), values[A_COMMAND].text,
			   text, strlen(text), values[A_EOF].flag, command_answer_as_checked,
			   waiting, &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_send_input = {
	.name = "send_input",
	.title = "Send input to a command",
	.description =
		"Use this to type into a running command: answers to its questions, lines for an "
		"interpreter, data for a filter. Read what it prints with check_command.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.open_world = true,
	.set = "commands",
	.run = run,
};
