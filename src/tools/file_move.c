/* file_move, as container-mcp has it: what stands at the destination is replaced. */
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"source": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A file, from the root of the sandbox"},
		"destination": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "Its new place; a file there is replaced"}
	},
	"required": ["source", "destination"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"source": {"type": "string", "description": "As it was given"},
	"destination": {"type": "string", "description": "As it was given"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["success", "source", "destination"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_SOURCE, A_DESTINATION, A_COUNT };

static const char *const source_aliases[] = { "source_path", NULL };
static const char *const destination_aliases[] = { "destination_path", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_SOURCE] = { "source", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX,
		       .aliases = source_aliases },
	[A_DESTINATION] = { "destination", ARG_TEXT, .required = true, .least = 1,
			    .most = PATH_ARG_MAX, .aliases = destination_aliases },
};

static void on_done(void *ctx, const char *source, const char *destination, const struct error *err)
{
	(void)source;
	(void)destination;
	compat_end(ctx, err, "moved");
}

static void go(struct compat *compat, const char *container_id)
{
	const struct file_move_request request = {
		.owner = call_owner(compat->waiting.call),
		.container_id = container_id,
		.source = compat->place[0],
		.destination = compat->place[1],
		.overwrite = true,
	};
	struct sandbox_op *op;
	struct error err;

	op = file_move(tools_of(compat->waiting.call)->sandboxes, &request, on_done, compat, &err);
	compat_began(compat, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put_text(compat->said, "source", values[A_SOURCE].text);
	json_put_text(compat->said, "destination", values[A_DESTINATION].text);
	if (compat_takes(compat, 0, values[A_SOURCE].text, true) &&
	    compat_takes(compat, 1, values[A_DESTINATION].text, true))
		compat_begin(compat);
}

const struct tool tool_file_move = {
	.name = "file_move",
	.title = "Move a file",
	.description = "Use this to move or rename a file of your sandbox.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-container-mcp",
	.run = run,
};
