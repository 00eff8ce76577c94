/* edit_file: exact text in a file for other text, as often as was said, and what changed. */
#include "files.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
		CONTAINER_ID_PROPERTY
		SCHEMA(,
		"path": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "A text file (UTF-8, up to 8 MiB); a relative path starts at the container's working directory"},
		"old_text": {"type": "string", "minLength": 1, "maxLength": 1048576, "description": "What is to be replaced, exactly as it is in the file, white space included"},
		"new_text": {"type": "string", "maxLength": 1048576, "description": "What takes its place; may be empty"},
		"count": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1, "description": "How often old_text is in the file. When it is there more or less often nothing is changed, and the answer says where it was found"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id", "path", "old_text", "new_text"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute, without symbolic links"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},
	"replacements": {"type": "integer"},
	"diff": {"type": "string", "description": "What changed, as a unified diff; when it is long it is cut, and its last line says so"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "replacements", "diff"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CONTAINER, A_PATH, A_OLD, A_NEW, A_TIMES, A_PATH_ENCODING, A_COUNT };

static const char *const old_aliases[] = { "old_string", "old_str", "old", "search", NULL };
static const char *const new_aliases[] = { "new_string", "new_str", "new", "replace", NULL };
static const char *const count_aliases[] = { "expected_replacements", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_BASE64_MAX,
		     .aliases = file_path_aliases },
	[A_OLD] = { "old_text", ARG_TEXT, .required = true, .least = 1, .aliases = old_aliases },
	[A_NEW] = { "new_text", ARG_TEXT, .required = true, .aliases = new_aliases },
	[A_TIMES] = { "count", ARG_INT, .least = 1, .most = 1000000, .aliases = count_aliases },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

static void on_done(void *ctx, const struct file_edited *edited, const struct error *err)
{
	auto_str container_id = NULL;
	struct call *call = file_call_end(ctx, &container_id);
	auto_buf text = BUF_INIT((size_t)8 * OUTPUT_MOST);
	struct json *out;

	if (err) {
		tool_fail(call, err);
		return;
	}
	buf_addf(&text, "%s[%lld replacement%s in ", edited->diff, (long long)edited->replacements,
		 edited->replacements == 1 ? "" : "s");
	file_path_show(&text, edited->path);
	buf_addf(&text, " in %s]", container_id);
	out = json_object();
	json_put_text(out, "container_id", container_id);
	file_path_put(out, "path", edited->path);
	json_put_int(out, "replacements", edited->replacements);
	json_put_text(out, "diff", edited->diff);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_edit_request request;
	auto_str path = NULL;
	struct file_call *file_call;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = file_path_of(call, &values[A_PATH], &values[A_PATH_ENCODING]);
	if (!path)
		return;
	request = (struct file_edit_request){
		.owner = call_owner(call),
		.container_id = values[A_CONTAINER].text,
		.path = path,
		.old_text = values[A_OLD].text,
		.new_text = values[A_NEW].text,
		.count = values[A_TIMES].given ? values[A_TIMES].number : 1,
		.diff_most = (size_t)fitting_limit(call),
	};
	file_call = file_call_new(call, request.container_id);
	op = file_edit(tools_of(call)->sandboxes, &request, on_done, file_call, &err);
	file_call_began(file_call, op, &err);
}

const struct tool tool_edit_file = {
	.name = "edit_file",
	.title = "Edit a file",
	.description =
		"Use this to change a part of a text file in a container: exact text is "
		"replaced by other text, and the answer is a diff. Nothing is changed when the "
		"text is not there as often as count says, or when somebody else changed the "
		"file meanwhile.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "files",
	.run = run,
};
