/* run_code: code in an interpreter that keeps its state, as a command. */
#include "run_code.h"
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},)
	CODE_ARGUMENTS
	SCHEMA(,
		"context": {"type": "string", "minLength": 1, "maxLength": 64, "default": "default", "description": "Name of an interpreter that is kept: variables, imports and functions of earlier calls are there. Each language has its own contexts"},
		"fresh": {"type": "boolean", "default": false, "description": "End the context's interpreter first, with all that it has started, and begin a new one"},
		"workdir": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "Where a new interpreter begins. Default: the container's workdir"},
		"env": {"type": "object", "maxProperties": 256, "additionalProperties": {"type": "string"}, "description": "Environment variables of a new interpreter, beside the container's. Default: none"},
		"wait_seconds": {"type": "number", "description": "How long this call waits before it hands the code back running"},
		"kill_after_seconds": {"type": "number", "description": "The code is interrupted after this; what it has in variables is kept where it heeds that"},
		"max_output_bytes": {"type": "integer", "description": "How much of each stream, and of the result, is shown; the rest stays readable with check_command"}
	},
	"required": ["container_id", "code"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	A_CONTAINER,
	A_CODE,
	A_LANGUAGE,
	A_CONTEXT,
	A_FRESH,
	A_WORKDIR,
	A_ENV,
	A_WAIT,
	A_KILL_AFTER,
	A_MAX_OUTPUT,
	A_COUNT,
};

const char *const code_aliases[] = { "script", "source", NULL };
const char *const language_choices[] = { "python", "javascript", "sh",   "py",    "python3", "js",
					 "node",   "nodejs",     "bash", "shell", NULL };
const char *const context_aliases[] = { "session", "context_id", NULL };
const char *const fresh_aliases[] = { "reset", "restart", NULL };
const char *const kill_after_aliases[] = { "timeout_seconds", "timeout", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_CODE] = { "code", ARG_TEXT, .required = true, .least = 1, .most = CODE_MAX,
		     .aliases = code_aliases },
	[A_LANGUAGE] = { .name = "language", .type = ARG_CHOICE, .choices = language_choices },
	[A_CONTEXT] = { "context", ARG_TEXT, .least = 1, .most = CODE_CONTEXT_MAX,
			.aliases = context_aliases },
	[A_FRESH] = { .name = "fresh", .type = ARG_BOOL, .aliases = fresh_aliases },
	[A_WORKDIR] = { "workdir", ARG_TEXT, .least = 1, .most = PATH_ARG_MAX,
			.aliases = workdir_aliases },
	[A_ENV] = { .name = "env", .type = ARG_OBJECT },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_KILL_AFTER] = { "kill_after_seconds", ARG_NUMBER, .least = 0, .most = 31536000,
			   .aliases = kill_after_aliases },
	[A_MAX_OUTPUT] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST,
			   .most = OUTPUT_MOST },
};

const char *language_of(const struct arg_value *value)
{
	static const struct {
		const char *word, *language;
	} other[] = {
		{ "py", "python" },       { "python3", "python" },    { "js", "javascript" },
		{ "node", "javascript" }, { "nodejs", "javascript" }, { "bash", "sh" },
		{ "shell", "sh" },
	};

	if (!value->given)
		return "python";
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		if (strcmp(other[i].word, value->text) == 0)
			return other[i].language;
	return value->text;
}

bool kill_after_of(const struct arg_value *value, int64_t *ret_ms, struct error *err)
{
	int64_t ms = (int64_t)(value->real * 1000);

	if (value->given && ms < KILL_AFTER_LEAST_MS)
		return error_set(err, ERROR_INVALID,
				 "kill_after_seconds must be at least 0.1, but it is %g",
				 value->real);
	*ret_ms = ms;
	return true;
}

bool bind_run(struct json *property, const char *name, const struct tools_context *tools,
	      int64_t wait_ms)
{
	const struct sandbox_settings *s = tools->settings;
	/* No command outlives its container. */
	int64_t kill_most = s->ttl_ms > s->command_timeout_ms ? s->ttl_ms : s->command_timeout_ms;
	const struct argument_bound bounds[] = {
		{ "wait_seconds", 1000, 0, tools->max_wait_ms, wait_ms },
		{ "kill_after_seconds", 1000, KILL_AFTER_LEAST_MS, kill_most,
		  s->command_timeout_ms },
	};

	return bind_number(property, name, bounds, 2) || bind_output(property, name, tools);
}

static bool bind(const void *ctx, const char *name, struct json *property)
{
	const struct tools_context *tools = ctx;

	(void)bind_run(property, name, tools, tools->command_wait_ms);
	return true;
}

struct sandbox_op *code_start(struct sandboxes *all, const void *request, int64_t wait_ms,
			      command_view_fn *done, void *ctx, struct error *err)
{
	struct code_request wish = *(const struct code_request *)request;

	wish.wait_ms = wait_ms;
	return code_run(all, &wish, done, ctx, err);
}

static const struct execution_kind kind = { code_start, command_answer };

static bool read_wish(struct call *call, const struct arg_value values[A_COUNT],
		      struct code_request *ret_request, char ***ret_env, struct error *err)
{
	const struct tools_context *tools = tools_of(call);
	struct code_request wish = {
		.owner = call_owner(call),
		.container_id = values[A_CONTAINER].text,
		.language = language_of(&values[A_LANGUAGE]),
		.context = values[A_CONTEXT].text,
		.code = values[A_CODE].text,
		.len = strlen(values[A_CODE].text),
		.fresh = values[A_FRESH].flag,
		.workdir = values[A_WORKDIR].text,
	};

	/* How long it may wait for its turn: nobody waits at a task, which can be late. */
	wish.turn_ms = call_is_task(call) ? tools->settings->command_timeout_ms
					  : wait_of(call, &values[A_WAIT], tools->command_wait_ms);
	if (!kill_after_of(&values[A_KILL_AFTER], &wish.kill_after_ms, err))
		return false;
	if (values[A_ENV].given) {
		*ret_env = env_read(values[A_ENV].object, err);
		if (!*ret_env)
			return false;
		wish.env = (const char *const *)*ret_env;
	}
	*ret_request = wish;
	return true;
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct code_request request;
	struct execution_plan plan = {
		.kind = &kind,
		.request = &request,
		.wish = { .streams = COMMAND_STDOUT | COMMAND_STDERR },
	};
	struct error err;
	auto_env env = NULL;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!read_wish(call, values, &request, &env, &err)) {
		tool_fail(call, &err);
		return;
	}
	plan.wait_ms = wait_of(call, &values[A_WAIT], tools_of(call)->command_wait_ms);
	plan.wish.output.limit = limit_of(call, &values[A_MAX_OUTPUT]);
	execution_begin(call, &plan);
}

static void resume(struct call *call, const char *command_id)
{
	execution_resume(call, &kind, command_id);
}

const struct tool tool_run_code = {
	.name = "run_code",
	.title = "Run code",
	.description =
		"Use this to run Python, JavaScript or sh step by step: the interpreter lives on "
		"between calls, with its variables, imports and functions. Gives what was printed, "
		"the value of the last expression as result (in Python also of `_`, where the code "
		"sets that), an error with its traceback, and figures of matplotlib and pictures "
		"of PIL as images. Top-level await works; standard input is empty; in JavaScript a "
		"promise at the end is awaited. Code that takes longer is handed back running with "
		"its command_id, as commands are; kill_command interrupts it and keeps the "
		"variables. An interpreter that ended (a crash, `exit` in sh, process.exit) says "
		"so "
		"and starts afresh.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.open_world = true,
	.set = "code",
	.bind = bind,
	.task = TOOL_TASK_MAY,
	.run = run,
	.resume = resume,
};
