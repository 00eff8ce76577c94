/* create_run_close, as E2B-style code sandboxes have it: a sandbox for one piece of code. */
#include <string.h>
#include "compat_code.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"code": {"type": "string", "minLength": 1, "maxLength": 1048576, "description": "Python"}
	},
	"required": ["code"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	LOGS_PROPERTIES
	SCHEMA(,
	"sandbox_status": {"type": "string"},
	"sandbox_closed": {"type": "boolean"},
	"sandbox_removed": {"type": "boolean"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["logs", "error", "sandbox_closed", "sandbox_removed"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CODE, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_CODE] = { "code", ARG_TEXT, .required = true, .least = 1, .most = CODE_MAX },
};

struct once {
	struct waiting waiting; /* first */
	char *code;
	bool taken_back;
};

static struct json *reshape(const struct json *structured)
{
	struct json *out = logs_of(structured);

	json_put_text(out, "sandbox_status", "created and closed");
	json_put_bool(out, "sandbox_closed", true);
	json_put_bool(out, "sandbox_removed", true);
	return out;
}

/* Where nothing was begun nothing will end, and so nothing destroy it. */
static void destroy(struct sandboxes *all, const char *owner, const char *id)
{
	int64_t when;
	struct error ignored; /* it is on its way already */

	(void)!sandbox_destroy(all, owner, id, &when, &ignored);
}

static struct sandbox_op *start(struct sandboxes *all, const void *request, int64_t wait_ms,
				command_view_fn *done, void *ctx, struct error *err)
{
	const struct code_request *wish = request;
	struct sandbox_op *op = compat_code_start(all, request, wait_ms, done, ctx, err);

	if (!op)
		destroy(all, wish->owner, wish->container_id);
	return op;
}

static const struct execution_kind kind = { start, command_answer };

static void on_created(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct once *once = ctx;
	struct call *call = once->waiting.call;
	auto_str code = take(once->code);
	bool taken_back = once->taken_back;
	struct error cancelled;
	struct code_request request = { .language = "python", .code = code };
	struct execution_plan plan = { .kind = &kind, .request = &request };

	free(once);
	if (!err && taken_back) {
		destroy(tools_of(call)->sandboxes, call_owner(call), view->row->id);
		error_set(&cancelled, ERROR_CANCELLED, "the call was taken back");
		err = &cancelled;
	}
	if (err) {
		tool_fail(call, err);
		return;
	}
	request.container_id = view->row->id;
	compat_code_plan(call, &request, &plan);
	plan.wish.reshape = reshape;
	execution_begin(call, &plan);
}

/* A creation that is given up goes on: it is waited for, so that its container does not stay. */
static void on_cancel(void *ctx)
{
	struct once *once = ctx;

	once->taken_back = true;
	if (!call_was_taken_back(once->waiting.call))
		sandbox_cancel(once->waiting.op);
}

static void run(struct call *call, const struct json *args)
{
	const struct sandbox_request wish = { .owner = call_owner(call) };
	struct arg_value values[A_COUNT];
	struct once *once;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	once = mem_new(struct once);
	once->waiting.call = call;
	once->code = mem_strdup(values[A_CODE].text);
	op = sandbox_create_once(tools_of(call)->sandboxes, &wish, on_created, once, &err);
	if (!op)
		free(once->code);
	waiting_began(&once->waiting, op, &err);
	if (op)
		call_on_cancel(call, on_cancel, once);
}

const struct tool tool_create_run_close = {
	.name = "create_run_close",
	.title = "Run Python once",
	.description = "Use this to run Python in a sandbox of its own, which is gone afterwards.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.open_world = true,
	.set = "compat-code-sandbox",
	.run = run,
};
