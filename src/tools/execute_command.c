/* execute_command: run, wait a little, give what was printed or the id to go on with. */
#include "execution.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"command": {"type": "string", "minLength": 1, "maxLength": 131072, "description": "A shell command line (bash where the image has it, else sh)"},
		"workdir": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "Where it runs. Default: the container's workdir"},
		"env": {"type": "object", "maxProperties": 256, "additionalProperties": {"type": "string"}, "description": "Environment variables beside the container's. Default: none"},
		"stdin": {"type": "string", "maxLength": 1048576, "description": "Its whole standard input. Default: standard input stays open for send_input"},
		"wait_seconds": {"type": "number", "description": "How long this call waits before it hands the command back running"},
		"kill_after_seconds": {"type": "number", "description": "The command is killed after this, or with its container"},
		"background": {"type": "boolean", "default": false, "description": "Do not wait at all: for servers and long jobs"},
		"max_output_bytes": {"type": "integer", "description": "How much of each stream is shown; the rest stays readable with check_command"}
	},
	"required": ["container_id", "command"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { KILL_AFTER_LEAST_MS = 100 };

enum {
	A_CONTAINER,
	A_COMMAND,
	A_WORKDIR,
	A_ENV,
	A_STDIN,
	A_WAIT,
	A_KILL_AFTER,
	A_BACKGROUND,
	A_MAX_OUTPUT,
	A_COUNT,
};

static const char *const command_aliases[] = { "cmd", NULL };
static const char *const stdin_aliases[] = { "input", NULL };
static const char *const kill_after_aliases[] = { "timeout_seconds", "timeout", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_COMMAND] = { "command", ARG_TEXT, .required = true, .least = 1, .most = COMMAND_ARG_MAX,
			.aliases = command_aliases },
	[A_WORKDIR] = { "workdir", ARG_TEXT, .least = 1, .most = PATH_ARG_MAX,
			.aliases = workdir_aliases },
	[A_ENV] = { .name = "env", .type = ARG_OBJECT },
	[A_STDIN] = { "stdin", ARG_TEXT, .aliases = stdin_aliases },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_KILL_AFTER] = { "kill_after_seconds", ARG_NUMBER, .least = 0, .most = 31536000,
			   .aliases = kill_after_aliases },
	[A_BACKGROUND] = { .name = "background", .type = ARG_BOOL },
	[A_MAX_OUTPUT] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST,
			   .most = OUTPUT_MOST },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	const struct tools_context *tools = ctx;
	const struct sandbox_settings *s = tools->settings;
	/* No command outlives its container. */
	int64_t kill_most = s->ttl_ms > s->command_timeout_ms ? s->ttl_ms : s->command_timeout_ms;
	const struct argument_bound bounds[] = {
		{ "wait_seconds", 1000, 0, tools->max_wait_ms, tools->command_wait_ms },
		{ "kill_after_seconds", 1000, KILL_AFTER_LEAST_MS, kill_most,
		  s->command_timeout_ms },
	};

	(void)(bind_number(property, name, bounds, 2) || bind_output(property, name, tools));
	return true;
}

static bool read_wish(struct call *call, const struct arg_value values[A_COUNT],
		      struct command_request *ret_request, char ***ret_env, struct error *err)
{
	const struct arg_value *kill_after = &values[A_KILL_AFTER];
	struct command_request wish = {
		.owner = call_owner(call),
		.container_id = values[A_CONTAINER].text,
		.command = values[A_COMMAND].text,
		.workdir = values[A_WORKDIR].text,
		.stdin_text = values[A_STDIN].text,
		.wait_ms = wait_of(call, &values[A_WAIT], tools_of(call)->command_wait_ms),
		.kill_after_ms = (int64_t)(kill_after->real * 1000),
	};

	if (values[A_BACKGROUND].flag)
		wish.wait_ms = 0;
	if (kill_after->given && wish.kill_after_ms < KILL_AFTER_LEAST_MS)
		return error_set(err, ERROR_INVALID,
				 "kill_after_seconds must be at least 0.1, but it is %g",
				 kill_after->real);
	if (values[A_ENV].given) {
		*ret_env = env_read(values[A_ENV].object, err);
		if (!*ret_env)
			return false;
		wish.env = (const char *const *)*ret_env;
	}
	*ret_request = wish;
	return true;
}

static struct sandbox_op *start(struct sandboxes *all, const void *request, int64_t wait_ms,
				command_view_fn *done, void *ctx, struct error *err)
{
	struct command_request wish = *(const struct command_request *)request;

	wish.wait_ms = wait_ms;
	return command_start(all, &wish, done, ctx, err);
}

static const struct execution_kind kind = { start, command_answer };

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct command_request request = { 0 };
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
	plan.wait_ms = request.wait_ms;
	plan.wish.output.limit = limit_of(call, &values[A_MAX_OUTPUT]);
	plan.background = values[A_BACKGROUND].flag;
	execution_begin(call, &plan);
}

static void resume(struct call *call, const char *command_id)
{
	execution_resume(call, &kind, command_id);
}

const struct tool tool_execute_command = {
	.name = "execute_command",
	.title = "Run a command",
	.description =
		"Use this to run a shell command in a container. A command that ends in time gives "
		"its exit code and everything it printed; one that takes longer is handed back as "
		"running with its command_id, to go on with check_command, send_input and "
		"kill_command. An exit code other than 0 is a result, not an error. Each command "
		"gets a shell of its own: cd and export do not last.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.open_world = true,
	.set = "commands",
	.bind = bind,
	.task = TOOL_TASK_MAY,
	.run = run,
	.resume = resume,
};
