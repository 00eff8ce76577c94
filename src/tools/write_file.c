/* write_file: a whole file into a container, or more at its end.  Whoever reads it there sees the
 * old one or the new one, never half. */
#include "files.h"
#include <string.h>
#include "base64.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
		CONTAINER_ID_PROPERTY
		SCHEMA(,
		"path": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "The file; a relative path starts at the container's working directory"},
		"content": {"type": "string", "maxLength": 4194304, "description": "What is to be in it. Larger files: get_upload_url, or several calls with append"},
		"encoding": {"type": "string", "enum": ["utf-8", "base64"], "default": "utf-8", "description": "base64: content is the base64 of the bytes"},
		"mode": {"type": "string", "minLength": 3, "maxLength": 4, "pattern": "^[0-7]{3,4}$", "description": "Permissions in octal, such as \"755\" for a script. Default: those of the file that is there, else 644"},
		"append": {"type": "boolean", "default": false, "description": "Add content at the end of the file that is there, instead of replacing it"},
		"create_parents": {"type": "boolean", "default": true, "description": "Make missing folders"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id", "path", "content"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute, without symbolic links"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},
	"size": {"type": "integer", "description": "Of the whole file now, in bytes"},
	"written": {"type": "integer", "description": "Bytes of content"},
	"created": {"type": "boolean", "description": "There was no such file"},
	"replaced": {"type": "boolean", "description": "There was one, and all of it was replaced"},
	"appended": {"type": "boolean", "description": "There was one, and content was added at its end"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "size", "created", "replaced"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { CONTENT_MAX = 4 * 1024 * 1024 };

enum {
	A_CONTAINER,
	A_PATH,
	A_CONTENT,
	A_ENCODING,
	A_MODE,
	A_APPEND,
	A_PARENTS,
	A_PATH_ENCODING,
	A_COUNT
};

static const char *const content_aliases[] = { "contents", "text", "data", "file_text", NULL };
static const char *const parents_aliases[] = { "create_directories", "parents", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_BASE64_MAX,
		     .aliases = file_path_aliases },
	[A_CONTENT] = { "content", ARG_TEXT, .required = true, .most = CONTENT_MAX,
			.aliases = content_aliases },
	[A_ENCODING] = { "encoding", ARG_CHOICE, .choices = encodings },
	[A_MODE] = { "mode", ARG_TEXT, .least = 1, .most = 16 },
	[A_APPEND] = { .name = "append", .type = ARG_BOOL },
	[A_PARENTS] = { "create_parents", ARG_BOOL, .aliases = parents_aliases },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

/* --- arguments ------------------------------------------------------------------------------ */

static bool read_mode(const struct arg_value *mode, int32_t *ret_mode, struct error *err)
{
	size_t len = mode->given ? strlen(mode->text) : 0;

	*ret_mode = -1;
	if (!mode->given)
		return true;
	if (len < 3 || len > 4 || strspn(mode->text, "01234567") != len)
		return error_set(err, ERROR_INVALID,
				 "mode must be three or four octal digits such as \"755\", but it "
				 "is \"%s\"",
				 mode->text);
	*ret_mode = (int32_t)strtol(mode->text, NULL, 8);
	return true;
}

static bool read_content(const struct arg_value *values, struct buf *ret_content, struct error *err)
{
	const char *text = values[A_CONTENT].text;
	size_t len = strlen(text);

	if (!is_base64(&values[A_ENCODING]))
		return buf_add(ret_content, text, len) ||
		       error_set(err, ERROR_INTERNAL, "content finds no room");
	return base64_decode(text, len, ret_content) ||
	       error_set(err, ERROR_INVALID, "content is not base64, as encoding says");
}

/* --- the answer ----------------------------------------------------------------------------- */

/* What there was before, and what was asked for. */
struct writing {
	struct file_call file_call; /* first */
	bool append;
	int64_t written;
};

static void on_done(void *ctx, const struct file_wrote *wrote, const struct error *err)
{
	const struct writing *writing = ctx;
	bool append = writing->append;
	int64_t written = writing->written;
	auto_str container_id = NULL;
	struct call *call = file_call_end(ctx, &container_id);
	auto_buf text = BUF_INIT((size_t)8 * PATH_ARG_MAX);
	char size[FORMAT_SIZE];
	struct json *out;

	if (err) {
		tool_fail(call, err);
		return;
	}
	format_size((int64_t)wrote->size, size);
	buf_addf(&text, "%s ", !wrote->replaced ? "created" : append ? "added to" : "replaced");
	file_path_show(&text, wrote->path);
	buf_addf(&text, "\n[%s in %s]", size, container_id);
	out = json_object();
	json_put_text(out, "container_id", container_id);
	file_path_put(out, "path", wrote->path);
	json_put_int(out, "size", (int64_t)wrote->size);
	json_put_int(out, "written", written);
	json_put_bool(out, "created", !wrote->replaced);
	json_put_bool(out, "replaced", wrote->replaced && !append);
	json_put_bool(out, "appended", wrote->replaced && append);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void begin(struct call *call, const struct arg_value *values, const char *path,
		  const struct buf *content, int32_t mode)
{
	const struct file_write_request request = {
		.owner = call_owner(call),
		.container_id = values[A_CONTAINER].text,
		.path = path,
		.data = buf_text(content),
		.len = content->len,
		.mode = mode,
		.append = values[A_APPEND].flag,
		.create_parents = !values[A_PARENTS].given || values[A_PARENTS].flag,
	};
	struct writing *writing = mem_new(struct writing);
	struct sandbox_op *op;
	struct error err;

	writing->file_call.waiting.call = call;
	writing->file_call.container_id = mem_strdup(request.container_id);
	writing->append = request.append;
	writing->written = (int64_t)content->len;
	op = file_write(tools_of(call)->sandboxes, &request, on_done, writing, &err);
	file_call_began(&writing->file_call, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	auto_buf content = BUF_INIT(CONTENT_MAX);
	auto_str path = NULL;
	struct error err;
	int32_t mode;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = file_path_bytes("path", &values[A_PATH], &values[A_PATH_ENCODING], &err);
	if (path && read_mode(&values[A_MODE], &mode, &err) && read_content(values, &content, &err))
		begin(call, values, path, &content, mode);
	else
		tool_fail(call, &err);
}

const struct tool tool_write_file = {
	.name = "write_file",
	.title = "Write a file",
	.description =
		"Use this to make a file in a container, or to replace one as a whole (edit_file "
		"changes a part). Nobody in the container ever sees half of it; missing folders "
		"are made.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "files,compat-code-sandbox",
	.run = run,
};
