/* system_run_python, as container-mcp has it: each call is a program of its own, whose result is
 * what it leaves in `_`. */
#include <string.h>
#include "compat_code.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"code": {"type": "string", "minLength": 1, "maxLength": 1048000, "description": "Python; what is assigned to _ becomes the result"},
		"working_dir": {"type": "string", "maxLength": 4096, "description": "Where it runs. Default: the root of the sandbox"}
	},
	"required": ["code"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"output": {"type": "string", "description": "What was printed"},
	"error": {"type": "string", "description": "Standard error, tracebacks included"},
	"result": {"description": "The value of _, as JSON or as text; null: none", "anyOf": [
		{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "object"}, {"type": "array"}, {"type": "null"}]},
	"success": {"type": "boolean"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["output", "error", "result", "success"]}, {"required": ["code", "message"]}]});
/* clang-format on */

/* Nothing but _ is a result: a last expression is not. */
#define NO_VALUE "\nNone\n"
enum { CODE_ARG_MAX = CODE_MAX - 576 };

enum { A_CODE, A_WORKDIR, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_CODE] = { "code", ARG_TEXT, .required = true, .least = 1, .most = CODE_ARG_MAX },
	[A_WORKDIR] = { "working_dir", ARG_TEXT, .most = PATH_ARG_MAX, .aliases = workdir_aliases },
};

static void add_part(struct buf *text, const char *part)
{
	if (part && *part)
		buf_addf(text, "%s%s",
			 text->len > 0 && text->data[text->len - 1] != '\n' ? "\n" : "", part);
}

static struct json *reshape(const struct json *structured)
{
	const struct json *raised = json_get_object(structured, "error");
	const struct json *value = json_get(structured, "result");
	auto_buf error = BUF_INIT((size_t)8 * 1024 * 1024);
	auto_buf sentence = BUF_INIT(4096);
	struct json *out = json_object();
	const char *name;
	bool cut_short = logs_cut_short(structured, &name, &sentence);

	add_part(&error, json_get_text(structured, "stderr"));
	add_part(&error, json_get_text(raised, "traceback"));
	if (cut_short) {
		add_part(&error, name);
		buf_addf(&error, ": %s", buf_text(&sentence));
	}
	json_put_text(out, "output", json_get_text(structured, "stdout"));
	json_put_text(out, "error", buf_text(&error));
	json_put(out, "result", value ? json_copy(value) : json_new_null());
	json_put_bool(out, "success", !raised && !cut_short);
	return out;
}

static void fail(struct call *call, const struct error *err)
{
	struct json *out = json_object();

	json_put_text(out, "output", "");
	json_put_text(out, "error", err->text);
	json_put(out, "result", json_new_null());
	json_put_bool(out, "success", false);
	call_add_text(call, err->text);
	call_answer(call, out);
}

static void answer(struct call *call, const struct command_view *view, const struct error *err,
		   const struct command_wish *wish)
{
	if (err)
		fail(call, err);
	else
		command_answer(call, view, NULL, wish);
}

static const struct execution_kind kind = { compat_code_start, answer };

static void go(struct compat *compat, const char *container_id)
{
	struct call *call = compat->waiting.call;
	int64_t most_ms = compat_time_ms(call, tools_of(call)->compat.python_ms);
	const struct code_request request = {
		.owner = call_owner(call),
		.container_id = container_id,
		.language = "python",
		.context = "system_run_python",
		.code = compat->text,
		.len = strlen(compat->text),
		.fresh = true,
		.workdir = compat->place[0],
		.turn_ms = most_ms,
		.kill_after_ms = most_ms,
	};
	const struct execution_plan plan = {
		.kind = &kind,
		.request = &request,
		.wait_ms = most_ms + COMPAT_END_MS,
		.wish = { .output = { .limit = fitting_limit(call) },
			  .streams = COMMAND_STDOUT | COMMAND_STDERR,
			  .hides_context = true,
			  .reshape = reshape },
	};

	execution_begin(call, &plan);
	compat_free(compat);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	auto_buf code = BUF_INIT(CODE_MAX);
	struct compat *compat;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put_text(compat->failed, "output", "");
	json_put(compat->failed, "result", json_new_null());
	(void)(buf_add_text(&code, values[A_CODE].text) && buf_add_text(&code, NO_VALUE));
	compat->text = buf_take(&code);
	if (values[A_WORKDIR].given && values[A_WORKDIR].text[0])
		compat->place[0] = mem_strdup(values[A_WORKDIR].text);
	compat_begin(compat);
}

const struct tool tool_system_run_python = {
	.name = "system_run_python",
	.title = "Run Python",
	.description =
		"Use this to run Python code in your sandbox, which has no network and is made on "
		"first use. Each call begins anew, with the files of the sandbox but without "
		"earlier variables; what the code assigns to _ is the result.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-container-mcp",
	.run = run,
};
