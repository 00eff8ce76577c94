/* file_write, as container-mcp has it. */
#include <string.h>
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A file, from the root of the sandbox; missing folders are made"},
		"content": {"type": "string", "maxLength": 4194304, "description": "All of it"},
		"encoding": {"type": "string", "enum": ["utf-8", "utf8", "ascii"], "default": "utf-8", "description": "Of the file"}
	},
	"required": ["path", "content"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"path": {"type": "string", "description": "As it was given"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["success", "path"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { CONTENT_MAX = 4 * 1024 * 1024, MODE_AS_IT_IS = -1 };

enum { A_PATH, A_CONTENT, A_ENCODING, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX },
	[A_CONTENT] = { "content", ARG_TEXT, .required = true, .most = CONTENT_MAX },
	[A_ENCODING] = { "encoding", ARG_CHOICE, .choices = compat_encodings },
};

static void on_done(void *ctx, const struct file_wrote *wrote, const struct error *err)
{
	(void)wrote;
	compat_end(ctx, err, "written");
}

static void go(struct compat *compat, const char *container_id)
{
	const struct file_write_request request = {
		.owner = call_owner(compat->waiting.call),
		.container_id = container_id,
		.path = compat->place[0],
		.data = compat->text,
		.len = strlen(compat->text),
		.mode = MODE_AS_IT_IS,
		.create_parents = true,
	};
	struct sandbox_op *op;
	struct error err;

	op = file_write(tools_of(compat->waiting.call)->sandboxes, &request, on_done, compat, &err);
	compat_began(compat, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	int64_t most = tools_of(call)->compat.file_bytes;
	struct arg_value values[A_COUNT];
	struct compat *compat;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put_text(compat->said, "path", values[A_PATH].text);
	if (!compat_takes(compat, 0, values[A_PATH].text, true))
		return;
	compat->text = mem_strdup(values[A_CONTENT].text);
	if ((int64_t)strlen(compat->text) <= most) {
		compat_begin(compat);
		return;
	}
	error_set(&err, ERROR_LIMIT, "Content too large: %zu bytes (maximum %lld MB)",
		  strlen(compat->text), (long long)most >> 20);
	compat_fail(compat, &err);
}

const struct tool tool_file_write = {
	.name = "file_write",
	.title = "Write a file",
	.description =
		"Use this to make a text file in your sandbox, or to replace one as a whole.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-container-mcp",
	.run = run,
};
