/* move_file: another name or place for a file or folder. */
#include "files.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
		CONTAINER_ID_PROPERTY
		SCHEMA(,
		"source": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "A file or folder; a symbolic link is moved itself. A relative path starts at the container's working directory"},
		"destination": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "Its path afterwards; a folder that is there, or a path with a slash at its end, takes it in under its name"},
		"overwrite": {"type": "boolean", "default": false, "description": "Replace the file that is there; a folder with something in it is never replaced"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id", "source", "destination"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"source": {"type": "string", "description": "Absolute"},
	"source_base64": {"type": "string", "description": "Only when it is not UTF-8: its bytes"},
	"destination": {"type": "string", "description": "Absolute; where it is now"},
	"destination_base64": {"type": "string", "description": "Only when it is not UTF-8: its bytes"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["source", "destination"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CONTAINER, A_SOURCE, A_DESTINATION, A_OVERWRITE, A_PATH_ENCODING, A_COUNT };

static const char *const source_aliases[] = { "from", "src", "old_path", "path", NULL };
static const char *const destination_aliases[] = { "to", "dest", "new_path", "target", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_SOURCE] = { "source", ARG_TEXT, .required = true, .least = 1, .most = PATH_BASE64_MAX,
		       .aliases = source_aliases },
	[A_DESTINATION] = { "destination", ARG_TEXT, .required = true, .least = 1,
			    .most = PATH_BASE64_MAX, .aliases = destination_aliases },
	[A_OVERWRITE] = { .name = "overwrite", .type = ARG_BOOL },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

static void on_done(void *ctx, const char *source, const char *destination, const struct error *err)
{
	auto_str container_id = NULL;
	struct call *call = file_call_end(ctx, &container_id);
	auto_buf text = BUF_INIT((size_t)16 * PATH_ARG_MAX);
	struct json *out;

	if (err) {
		tool_fail(call, err);
		return;
	}
	buf_add_text(&text, "moved ");
	file_path_show(&text, source);
	buf_add_text(&text, " to ");
	file_path_show(&text, destination);
	buf_addf(&text, "\n[in %s]", container_id);
	out = json_object();
	json_put_text(out, "container_id", container_id);
	file_path_put(out, "source", source);
	file_path_put(out, "destination", destination);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_move_request request;
	auto_str source = NULL;
	auto_str destination = NULL;
	struct file_call *file_call;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	source = file_path_bytes("source", &values[A_SOURCE], &values[A_PATH_ENCODING], &err);
	if (source)
		destination = file_path_bytes("destination", &values[A_DESTINATION],
					      &values[A_PATH_ENCODING], &err);
	if (!destination) {
		tool_fail(call, &err);
		return;
	}
	request = (struct file_move_request){ .owner = call_owner(call),
					      .container_id = values[A_CONTAINER].text,
					      .source = source,
					      .destination = destination,
					      .overwrite = values[A_OVERWRITE].flag };
	file_call = file_call_new(call, request.container_id);
	op = file_move(tools_of(call)->sandboxes, &request, on_done, file_call, &err);
	file_call_began(file_call, op, &err);
}

const struct tool tool_move_file = {
	.name = "move_file",
	.title = "Move or rename a file",
	.description =
		"Use this to rename or move a file or folder within a container. What is at the "
		"destination stays, unless overwrite says otherwise.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "files",
	.run = run,
};
