/* execute_command: run, wait a little, give what was printed or the id to go on with. */
#include "internal.h"

enum { COMMAND_MAX = 128 * 1024, PATH_MAX_BYTES = 4096 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "description": "From create_container"},
		"command": {"type": "string", "minLength": 1, "description": "A shell command line (bash where the image has it, else sh)"},
		"workdir": {"type": "string", "description": "Where it runs. Default: the container's workdir"},
		"env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Environment variables beside the container's. Default: none"},
		"stdin": {"type": "string", "description": "Its whole standard input. Default: standard input stays open for send_input"},
		"wait_seconds": {"type": "number", "minimum": 0, "maximum": 45, "description": "How long this call waits before it hands the command back running. Default: the server's (usually 3)"},
		"kill_after_seconds": {"type": "number", "minimum": 0.1, "maximum": 604800, "description": "The command is killed after this. Default: the server's (usually 3600)"},
		"background": {"type": "boolean", "default": false, "description": "Do not wait at all: for servers and long jobs"},
		"max_output_bytes": {"type": "integer", "minimum": 64, "maximum": 1048576, "description": "How much of each stream is shown; the rest stays readable with check_command. Default: the server's (usually 16384)"}
	},
	"required": ["container_id", "command"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

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
	[A_COMMAND] = { "command", ARG_TEXT, .required = true, .least = 1, .most = COMMAND_MAX,
			.aliases = command_aliases },
	[A_WORKDIR] = { "workdir", ARG_TEXT, .least = 1, .most = PATH_MAX_BYTES,
			.aliases = workdir_aliases },
	[A_ENV] = { .name = "env", .type = ARG_OBJECT },
	[A_STDIN] = { "stdin", ARG_TEXT, .aliases = stdin_aliases },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_KILL_AFTER] = { "kill_after_seconds", ARG_NUMBER, .least = 0, .most = 604800,
			   .aliases = kill_after_aliases },
	[A_BACKGROUND] = { .name = "background", .type = ARG_BOOL },
	[A_MAX_OUTPUT] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST,
			   .most = OUTPUT_MOST },
};

struct execution {
	struct waiting waiting;
	struct command_wish wish;
};

static void on_done(void *ctx, const struct command_view *view, const struct error *err)
{
	struct execution *execution = ctx;

	command_answer(execution->waiting.call, view, err, &execution->wish);
	free(execution);
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
	if (kill_after->given && wish.kill_after_ms < 100)
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

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct command_request request;
	struct execution *execution;
	struct sandbox_op *op;
	struct error err;
	auto_env env = NULL;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!read_wish(call, values, &request, &env, &err)) {
		tool_fail(call, &err);
		return;
	}
	execution = mem_new(struct execution);
	execution->waiting.call = call;
	execution->wish = (struct command_wish){
		.output = { .limit = limit_of(call, &values[A_MAX_OUTPUT]) },
		.streams = COMMAND_STDOUT | COMMAND_STDERR,
	};
	op = command_start(tools_of(call)->sandboxes, &request, on_done, execution, &err);
	waiting_began(&execution->waiting, op, &err);
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
	.run = run,
};
