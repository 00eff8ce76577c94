/* file_delete, as container-mcp has it: files only. */
#include "compat.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A file, from the root of the sandbox"}
	},
	"required": ["path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"path": {"type": "string", "description": "As it was given"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["success", "path"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_PATH, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX },
};

static void on_done(void *ctx, const char *path, uint64_t deleted, const struct error *err)
{
	(void)path;
	(void)deleted;
	compat_end(ctx, err, "deleted");
}

static struct file_path_request request_of(const struct compat *compat)
{
	return (struct file_path_request){
		.owner = call_owner(compat->waiting.call),
		.container_id = compat->text,
		.path = compat->place[0],
		.no_follow = true,
	};
}

static void on_stat(void *ctx, const struct file_entry *entry, const struct error *err)
{
	struct compat *compat = ctx;
	const struct file_path_request request = request_of(compat);
	struct sandbox_op *op = NULL;
	struct error own;

	if (err)
		own = *err;
	else if (entry->type == FILE_TYPE_DIRECTORY)
		error_set(&own, ERROR_INVALID, "Cannot delete directory: %.200s",
			  compat_shown(compat->place[0]));
	else
		op = file_delete(tools_of(compat->waiting.call)->sandboxes, &request, on_done,
				 compat, &own);
	compat_began(compat, op, &own);
}

static void go(struct compat *compat, const char *container_id)
{
	struct file_path_request request;
	struct sandbox_op *op;
	struct error err;

	compat->text = mem_strdup(container_id);
	request = request_of(compat);
	op = file_stat(tools_of(compat->waiting.call)->sandboxes, &request, on_stat, compat, &err);
	compat_began(compat, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put_text(compat->said, "path", values[A_PATH].text);
	if (compat_takes(compat, 0, values[A_PATH].text, false))
		compat_begin(compat);
}

const struct tool tool_file_delete = {
	.name = "file_delete",
	.title = "Delete a file",
	.description = "Use this to remove a file from your sandbox; folders are not removed.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-container-mcp",
	.run = run,
};
