/* system_run_command, as container-mcp has it: a shell line in the caller's own sandbox. */
#include <string.h>
#include "compat.h"
#include "execution.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"command": {"type": "string", "minLength": 1, "maxLength": 131072, "description": "A shell command line"},
		"working_dir": {"type": "string", "maxLength": 4096, "description": "Where it runs. Default: the root of the sandbox"}
	},
	"required": ["command"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"stdout": {"type": "string"},
	"stderr": {"type": "string"},
	"exit_code": {"type": "integer", "description": "124: it took too long"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["stdout", "stderr", "exit_code", "success"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { EXIT_LATE = 124, EXIT_SIGNAL = 128 };

enum { A_COMMAND, A_WORKDIR, A_COUNT };

static const char *const command_aliases[] = { "cmd", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_COMMAND] = { "command", ARG_TEXT, .required = true, .least = 1, .most = COMMAND_ARG_MAX,
			.aliases = command_aliases },
	[A_WORKDIR] = { "working_dir", ARG_TEXT, .most = PATH_ARG_MAX, .aliases = workdir_aliases },
};

static struct json *result(const char *out, const char *err, int64_t exit_code)
{
	struct json *structured = json_object();

	json_put_text(structured, "stdout", out ? out : "");
	json_put_text(structured, "stderr", err ? err : "");
	json_put_int(structured, "exit_code", exit_code);
	json_put_bool(structured, "success", exit_code == 0);
	return structured;
}

static void refuse(struct call *call, const char *sentence)
{
	call_add_text(call, sentence);
	call_answer(call, result("", sentence, 1));
}

/* What a shell would say of such an end. */
static int64_t exit_code_of(const struct command_row *row)
{
	if (strcmp(row->state, "exited") == 0)
		return row->exit_code;
	if (strcmp(row->state, "killed") == 0)
		return EXIT_SIGNAL + row->signal;
	return strcmp(row->state, "oom_killed") == 0 ? EXIT_SIGNAL + 9 : EXIT_LATE;
}

static void answer(struct call *call, const struct command_view *view, const struct error *err,
		   const struct command_wish *wish)
{
	auto_buf text = BUF_INIT((size_t)16 * 1024 * 1024);
	auto_buf said = BUF_INIT((size_t)8 * 1024 * 1024);
	auto_json whole = NULL;
	struct error own;

	if (!err && !command_result(view, wish, &whole, &text, &own))
		err = &own;
	if (err) {
		refuse(call, err->text);
		return;
	}
	buf_add_text(&said, json_get_text(whole, "stderr"));
	if (strcmp(view->row->state, "timed_out") == 0 || strcmp(view->row->state, "running") == 0)
		buf_addf(&said, "%sCommand execution timed out after %lld seconds",
			 said.len > 0 ? "\n" : "", (long long)view->row->kill_after_ms / 1000);
	else if (view->hint && strcmp(view->row->state, "exited") != 0)
		buf_addf(&said, "%s%s", said.len > 0 ? "\n" : "", view->hint);
	call_add_text(call, buf_text(&text));
	call_answer(call, result(json_get_text(whole, "stdout"), buf_text(&said),
				 exit_code_of(view->row)));
}

static struct sandbox_op *start(struct sandboxes *all, const void *request, int64_t wait_ms,
				command_view_fn *done, void *ctx, struct error *err)
{
	struct command_request wish = *(const struct command_request *)request;

	wish.wait_ms = wait_ms;
	return command_start(all, &wish, done, ctx, err);
}

static const struct execution_kind kind = { start, answer };

static void go(struct compat *compat, const char *container_id)
{
	struct call *call = compat->waiting.call;
	int64_t most_ms = compat_time_ms(call, tools_of(call)->compat.command_ms);
	const struct command_request request = {
		.owner = call_owner(call),
		.container_id = container_id,
		.command = compat->text,
		.workdir = compat->place[0],
		.stdin_text = "",
		.kill_after_ms = most_ms,
	};
	struct execution_plan plan = {
		.kind = &kind,
		.request = &request,
		.wait_ms = most_ms + COMPAT_END_MS,
		.wish = { .output = { .limit = fitting_limit(call) },
			  .streams = COMMAND_STDOUT | COMMAND_STDERR },
	};

	execution_begin(call, &plan);
	compat_free(compat);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!compat_shell_allows(values[A_COMMAND].text, tools_of(call)->compat.commands, &err)) {
		refuse(call, err.text);
		return;
	}
	compat = compat_new(call, go);
	json_put_text(compat->failed, "stdout", "");
	json_put_text(compat->failed, "stderr", "");
	json_put_int(compat->failed, "exit_code", 1);
	compat->text = mem_strdup(values[A_COMMAND].text);
	if (values[A_WORKDIR].given && values[A_WORKDIR].text[0])
		compat->place[0] = mem_strdup(values[A_WORKDIR].text);
	compat_begin(compat);
}

const struct tool tool_system_run_command = {
	.name = "system_run_command",
	.title = "Run a command",
	.description =
		"Use this to run a shell command in your sandbox, which has no network and is made "
		"on first use. The command may take half a minute or so (the server's operator "
		"sets it); the answer is what it printed and its exit code.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.set = "compat-container-mcp",
	.run = run,
};
