/* run_once: a container for one piece of code or one command, which is destroyed when that is over,
 * whatever becomes of the call.  The domain sees to that (sandbox_create_once); here is only what
 * it cannot know: a call that is taken back while its container is made. */
#include "create_container.h"
#include "run_code.h"
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
	CODE_ARGUMENTS
	SCHEMA(,
		"command": {"type": "string", "minLength": 1, "maxLength": 131072, "description": "A shell command line, instead of code"},)
	CONTAINER_ARGUMENTS
	SCHEMA(,
		"context": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Makes no difference: the interpreter is new, and used once"},
		"fresh": {"type": "boolean", "description": "Makes no difference: the interpreter is new, and used once"},
		"wait_seconds": {"type": "number", "description": "How long this call waits before it hands the run back, which goes on"},
		"kill_after_seconds": {"type": "number", "description": "It is ended after this"},
		"max_output_bytes": {"type": "integer", "description": "How much of each stream, and of the result, is shown; the rest stays readable with check_command"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," SCHEMA("container_status": {"type": "string", "enum": ["destroyed", "running"], "description": "running: it is destroyed when the run ends"})
	"," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms", "container_status"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { WAIT_USUAL_MS = 30000 };

enum {
	A_CODE = CONTAINER_ARGS,
	A_LANGUAGE,
	A_COMMAND,
	A_CONTEXT,
	A_FRESH,
	A_WAIT,
	A_KILL_AFTER,
	A_MAX_OUTPUT,
	A_COUNT,
};

static const char *const command_aliases[] = { "cmd", NULL };

/* What it takes beside container_args. */
static const struct arg own_args[A_COUNT] = {
	[A_CODE] = { "code", ARG_TEXT, .least = 1, .most = CODE_MAX, .aliases = code_aliases },
	[A_LANGUAGE] = { .name = "language", .type = ARG_CHOICE, .choices = language_choices },
	[A_COMMAND] = { "command", ARG_TEXT, .least = 1, .most = COMMAND_ARG_MAX,
			.aliases = command_aliases },
	/* Those of run_code, for callers that go from one to the other. */
	[A_CONTEXT] = { "context", ARG_TEXT, .least = 1, .most = CODE_CONTEXT_MAX,
			.aliases = context_aliases },
	[A_FRESH] = { .name = "fresh", .type = ARG_BOOL, .aliases = fresh_aliases },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_KILL_AFTER] = { "kill_after_seconds", ARG_NUMBER, .least = 0, .most = 31536000,
			   .aliases = kill_after_aliases },
	[A_MAX_OUTPUT] = { "max_output_bytes", ARG_INT, .least = OUTPUT_LEAST,
			   .most = OUTPUT_MOST },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	return bind_run(property, name, ctx, WAIT_USUAL_MS) || container_bind(ctx, name, property);
}

/* --- the run ------------------------------------------------------------------------------- */

struct once {
	struct waiting waiting;
	const char *code, *language, *command; /* borrowed from the call; one of code and command */
	int64_t began_ms, wait_ms, kill_after_ms;
	struct command_wish wish;
	bool taken_back;
};

/* Where nothing was begun nothing will end, and so nothing destroy it. */
static void destroy(struct sandboxes *all, const char *owner, const char *id)
{
	int64_t when;
	struct error ignored; /* it is on its way already */

	(void)!sandbox_destroy(all, owner, id, &when, &ignored);
}

static struct sandbox_op *start_code(struct sandboxes *all, const void *request, int64_t wait_ms,
				     command_view_fn *done, void *ctx, struct error *err)
{
	const struct code_request *wish = request;
	struct sandbox_op *op = code_start(all, wish, wait_ms, done, ctx, err);

	if (!op)
		destroy(all, wish->owner, wish->container_id);
	return op;
}

static struct sandbox_op *start_command(struct sandboxes *all, const void *request, int64_t wait_ms,
					command_view_fn *done, void *ctx, struct error *err)
{
	struct command_request wish = *(const struct command_request *)request;
	struct sandbox_op *op;

	wish.wait_ms = wait_ms;
	op = command_start(all, &wish, done, ctx, err);
	if (!op)
		destroy(all, wish.owner, wish.container_id);
	return op;
}

static void answer(struct call *call, const struct command_view *view, const struct error *err,
		   const struct command_wish *wish)
{
	static const struct command_more running = {
		"container_status", "running",
		"its container is destroyed when it ends; check_command shows its output then too"
	};
	static const struct command_more destroyed = {
		"container_status", "destroyed",
		"its container is destroyed; check_command still shows all of its output"
	};
	bool is_running = view && strcmp(view->row->state, "running") == 0;

	command_answer_more(call, view, err, wish, is_running ? &running : &destroyed);
}

static const struct execution_kind code_kind = { start_code, answer };
static const struct execution_kind command_kind = { start_command, answer };

/* The time that its container took is part of the wait. */
static int64_t wait_left_ms(const struct once *once)
{
	int64_t left = once->began_ms + once->wait_ms - clock_mono_ms();

	return left > 0 ? left : 0;
}

static void begin(const struct once *once, const char *container_id)
{
	struct call *call = once->waiting.call;
	const struct code_request code = {
		.owner = call_owner(call),
		.container_id = container_id,
		.language = once->language,
		.code = once->code,
		.len = once->code ? strlen(once->code) : 0,
		.kill_after_ms = once->kill_after_ms,
	};
	const struct command_request command = {
		.owner = call_owner(call),
		.container_id = container_id,
		.command = once->command,
		.stdin_text = "",
		.kill_after_ms = once->kill_after_ms,
	};
	const struct execution_plan plan = {
		.kind = once->code ? &code_kind : &command_kind,
		.request = once->code ? (const void *)&code : &command,
		.wait_ms = wait_left_ms(once),
		.wish = once->wish,
	};

	execution_begin(call, &plan);
}

/* --- its container ------------------------------------------------------------------------- */

static void on_created(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct once *once = ctx;
	struct call *call = once->waiting.call;
	struct error cancelled;

	if (err) {
		tool_fail(call, err);
	} else if (once->taken_back) {
		destroy(tools_of(call)->sandboxes, call_owner(call), view->row->id);
		error_set(&cancelled, ERROR_CANCELLED, "the call was taken back");
		tool_fail(call, &cancelled);
	} else {
		begin(once, view->row->id);
	}
	free(once);
}

/* A creation that is given up goes on: it is waited for, so that its container does not stay.  (At
 * the end of the server the next one destroys it.) */
static void on_cancel(void *ctx)
{
	struct once *once = ctx;

	once->taken_back = true;
	if (!call_was_taken_back(once->waiting.call))
		sandbox_cancel(once->waiting.op);
}

static bool read_run(struct call *call, const struct arg_value values[A_COUNT], struct once *once,
		     struct error *err)
{
	if (values[A_CODE].given == values[A_COMMAND].given)
		return error_set(err, ERROR_INVALID, "%s: give code, or command, but not both",
				 values[A_CODE].given ? "code and command are given"
						      : "code and command are missing");
	if (values[A_COMMAND].given && values[A_LANGUAGE].given)
		call_warn(call,
			  "language: it is not looked at, because command is run by the shell");
	once->code = values[A_CODE].text;
	once->command = values[A_COMMAND].text;
	once->language = language_of(&values[A_LANGUAGE]);
	once->began_ms = clock_mono_ms();
	once->wait_ms = wait_of(call, &values[A_WAIT], WAIT_USUAL_MS);
	once->wish = (struct command_wish){
		.output = { .limit = limit_of(call, &values[A_MAX_OUTPUT]) },
		.streams = COMMAND_STDOUT | COMMAND_STDERR,
	};
	return kill_after_of(&values[A_KILL_AFTER], &once->kill_after_ms, err);
}

static bool create(struct call *call, const struct arg_value values[A_COUNT], struct once *once,
		   struct error *err)
{
	struct sandbox_request request;
	auto_env env = NULL;

	if (!read_run(call, values, once, err) || !container_wish(values, &request, &env, err))
		return false;
	request.owner = call_owner(call);
	once->waiting.op =
		sandbox_create_once(tools_of(call)->sandboxes, &request, on_created, once, err);
	return once->waiting.op != NULL;
}

/* Who sends one relies on it that nothing runs twice: to ignore it could do just that. */
static bool refuse_request_id(struct call *call, const struct json *args)
{
	struct error err;

	if (!json_get(args, "request_id"))
		return false;
	error_set(&err, ERROR_INVALID,
		  "run_once takes no request_id: each call of it is a run of its own, and nothing "
		  "was run");
	error_advise(&err,
		     "leave request_id out; or call create_container with it, which gives the same "
		     "container back, and run_code or execute_command there",
		     false);
	tool_fail(call, &err);
	return true;
}

static void run(struct call *call, const struct json *args)
{
	struct arg table[A_COUNT];
	struct arg_value values[A_COUNT];
	struct once *once;
	struct error err;

	memcpy(table, own_args, sizeof(own_args));
	memcpy(table, container_args, sizeof(container_args));
	if (container_refuse_allowlist(call, args) || refuse_request_id(call, args) ||
	    !args_read(call, args, table, A_COUNT, values))
		return;
	once = mem_new(struct once);
	once->waiting.call = call;
	if (create(call, values, once, &err)) {
		call_on_cancel(call, on_cancel, once);
		return;
	}
	free(once);
	tool_fail(call, &err);
}

static void resume(struct call *call, const char *command_id)
{
	execution_resume(call, &code_kind, command_id);
}

const struct tool tool_run_once = {
	.name = "run_once",
	.title = "Run code or a command once",
	.description =
		"Use this for one piece of code, or one command, that needs no container before or "
		"after: a container is made for it and destroyed when it is over. Answers as "
		"run_code and execute_command do. A run that takes longer than this call waits is "
		"handed back running with its command_id; it goes on, its container is destroyed "
		"when it ends, and check_command shows all of its output afterwards too. Each call "
		"is a run of its own: request_id is refused.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.open_world = true,
	.set = "code",
	.bind = bind,
	.task = TOOL_TASK_MAY,
	.run = run,
	.resume = resume,
};
