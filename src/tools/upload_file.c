/* upload_file, as E2B-style code sandboxes have it: a name and a folder instead of a path. */
#include <string.h>
#include "compat.h"
#include "files.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"sandbox_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_sandbox"},
		"file_name": {"type": "string", "minLength": 1, "maxLength": 255, "description": "The name of the file"},
		"file_content": {"type": "string", "maxLength": 4194304, "description": "All of it, as text"},
		"destination_path": {"type": "string", "maxLength": 4096, "default": "/", "description": "The folder it comes into; a missing one is made"}
	},
	"required": ["sandbox_id", "file_name", "file_content"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"path": {"type": "string", "description": "Where it is"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "message"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { CONTENT_MAX = 4 * 1024 * 1024, NAME_MAX_BYTES = 255, MODE_AS_IT_IS = -1 };

enum { A_SANDBOX, A_NAME, A_CONTENT, A_FOLDER, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_SANDBOX] = { "sandbox_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = sandbox_id_aliases },
	[A_NAME] = { "file_name", ARG_TEXT, .required = true, .least = 1, .most = NAME_MAX_BYTES },
	[A_CONTENT] = { "file_content", ARG_TEXT, .required = true, .most = CONTENT_MAX },
	[A_FOLDER] = { "destination_path", ARG_TEXT, .most = PATH_ARG_MAX },
};

static void on_done(void *ctx, const struct file_wrote *wrote, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_buf text = BUF_INIT((size_t)8 * PATH_ARG_MAX);
	struct json *out;

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	out = json_object();
	file_path_put(out, "path", wrote->path);
	json_put_text(out, "message", "The file is uploaded");
	buf_add_text(&text, "The file is uploaded: ");
	file_path_show(&text, wrote->path);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_write_request request = { .mode = MODE_AS_IT_IS, .create_parents = true };
	struct waiting *waiting;
	struct sandbox_op *op;
	auto_str path = NULL;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = mem_format("/%s/%s", values[A_FOLDER].given ? values[A_FOLDER].text : "",
			  values[A_NAME].text);
	request.owner = call_owner(call);
	request.container_id = values[A_SANDBOX].text;
	request.path = path;
	request.data = values[A_CONTENT].text;
	request.len = strlen(values[A_CONTENT].text);
	waiting = waiting_new(call);
	op = file_write(tools_of(call)->sandboxes, &request, on_done, waiting, &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_upload_file = {
	.name = "upload_file",
	.title = "Upload a file",
	.description = "Use this to put a text file into a sandbox, by its name and its folder.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-code-sandbox",
	.run = run,
};
