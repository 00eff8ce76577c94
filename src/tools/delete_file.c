/* delete_file: a file, a link or a folder is removed. */
#include "files.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
		CONTAINER_ID_PROPERTY
		SCHEMA(,
		"path": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "A file, a symbolic link (which goes itself, not what it points to) or a folder; a relative path starts at the container's working directory"},
		"recursive": {"type": "boolean", "default": false, "description": "A folder goes with everything in it; without this only an empty one goes"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id", "path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},
	"deleted": {"type": "integer", "description": "How many files, links and folders went"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "deleted"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CONTAINER, A_PATH, A_RECURSIVE, A_PATH_ENCODING, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_BASE64_MAX,
		     .aliases = file_path_aliases },
	[A_RECURSIVE] = { .name = "recursive", .type = ARG_BOOL },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

/* What went before it failed is gone all the same. */
static void fail(struct call *call, uint64_t deleted, const struct error *err)
{
	struct error told = *err;

	if (deleted > 0)
		error_wrap(&told, "after %llu entries were deleted", (unsigned long long)deleted);
	tool_fail(call, &told);
}

static void on_done(void *ctx, const char *path, uint64_t deleted, const struct error *err)
{
	auto_str container_id = NULL;
	struct call *call = file_call_end(ctx, &container_id);
	auto_buf text = BUF_INIT((size_t)8 * PATH_ARG_MAX);
	char count[FORMAT_SIZE];
	struct json *out;

	if (err) {
		fail(call, deleted, err);
		return;
	}
	format_count((int64_t)deleted, count);
	buf_add_text(&text, "deleted ");
	file_path_show(&text, path);
	buf_addf(&text, "\n[%s %s in %s]", count, deleted == 1 ? "entry" : "entries", container_id);
	out = json_object();
	json_put_text(out, "container_id", container_id);
	file_path_put(out, "path", path);
	json_put_int(out, "deleted", (int64_t)deleted);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_path_request request;
	auto_str path = NULL;
	struct file_call *file_call;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = file_path_of(call, &values[A_PATH], &values[A_PATH_ENCODING]);
	if (!path)
		return;
	request = (struct file_path_request){ .owner = call_owner(call),
					      .container_id = values[A_CONTAINER].text,
					      .path = path,
					      .recursive = values[A_RECURSIVE].flag };
	file_call = file_call_new(call, request.container_id);
	op = file_delete(tools_of(call)->sandboxes, &request, on_done, file_call, &err);
	file_call_began(file_call, op, &err);
}

const struct tool tool_delete_file = {
	.name = "delete_file",
	.title = "Delete a file",
	.description =
		"Use this to remove a file, a symbolic link or a folder of a container. There is "
		"no way back.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "files",
	.run = run,
};
