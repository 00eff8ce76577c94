/* install_package, as E2B-style code sandboxes have it: one package for Python. */
#include <string.h>
#include "compat_code.h"
#include "package.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"sandbox_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_sandbox"},
		"package_name": {"type": "string", "minLength": 1, "maxLength": 512, "description": "As pip writes it, with a version where one is wanted"}
	},
	"required": ["sandbox_id", "package_name"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"package": {"type": "string", "description": "As it was given"},
	"output": {"type": "object", "description": "What pip said", "properties": {
		"stdout": {"type": "array", "items": {"type": "string"}},
		"stderr": {"type": "array", "items": {"type": "string"}}}},
	"error": {"description": "Why it could not be installed; null: it is", "anyOf": [{"type": "null"}, {"type": "string"}]},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["package", "output", "error"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { SAID_MAX = 16 * 1024 * 1024 };

enum { A_SANDBOX, A_PACKAGE, A_COUNT };

static const char *const package_aliases[] = { "package", "name", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_SANDBOX] = { "sandbox_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = sandbox_id_aliases },
	[A_PACKAGE] = { "package_name", ARG_TEXT, .required = true, .least = 1,
			.most = PACKAGE_TEXT_MAX, .aliases = package_aliases },
};

struct installing {
	struct waiting waiting; /* first */
	char *package;
};

static struct call *installing_end(struct installing *installing, char **ret_package)
{
	struct call *call = installing->waiting.call;

	*ret_package = take(installing->package);
	free(installing);
	return call;
}

/* NULL: nothing went wrong. */
static const char *reason_of(const struct command_view *view, const struct package_report *report)
{
	if (strcmp(view->row->state, "running") == 0)
		return "pip is still at work: call again for the end of it";
	if (!report->manager)
		return view->hint ? view->hint : "pip was ended before it was done";
	if (report->here)
		return "there is no pip in this sandbox";
	return report->failed_count > 0 ? report->failed[0].text : NULL;
}

/* The report at its end is ours, and told as error. */
static void add_said(const struct command_view *view, struct json *whole, struct buf *text)
{
	const char *printed = json_get_text(whole, "stdout");
	const char *complaints = json_get_text(whole, "stderr");
	auto_str said = printed ? mem_strndup(printed, package_said_len(view, printed)) : NULL;

	json_put_text(whole, "stdout", said ? said : "");
	(void)(buf_add_text(text, said ? said : "") &&
	       buf_add_text(text, complaints ? complaints : ""));
}

static void tell(struct call *call, const struct command_view *view, const char *package,
		 const char *reason)
{
	const struct command_wish wish = { .output = { .limit = fitting_limit(call) },
					   .streams = COMMAND_STDOUT | COMMAND_STDERR };
	auto_buf unused = BUF_INIT(SAID_MAX);
	auto_buf text = BUF_INIT(SAID_MAX);
	auto_json whole = NULL;
	auto_json logs = NULL;
	struct json *out;
	struct error err;

	if (!command_result(view, &wish, &whole, &unused, &err)) {
		tool_fail(call, &err);
		return;
	}
	add_said(view, whole, &text);
	buf_addf(&text, "%s[%s%s%s]", text.len > 0 && text.data[text.len - 1] != '\n' ? "\n" : "",
		 package, reason ? " is not installed: " : " is installed", reason ? reason : "");
	logs = logs_of(whole);
	out = json_object();
	json_put_text(out, "package", package);
	json_put(out, "output", json_copy(json_get(logs, "logs")));
	json_put_text(out, "error", reason);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void on_done(void *ctx, const struct command_view *view, const struct error *err)
{
	auto_str package = NULL;
	struct call *call = installing_end(ctx, &package);
	auto_package_report report = { 0 };
	struct error own;

	if (!err && !package_report(view, &report, &own))
		err = &own;
	if (err)
		tool_fail(call, err);
	else
		tell(call, view, package, reason_of(view, &report));
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	const char *packages[] = { NULL, NULL };
	struct package_request request = { .owner = call_owner(call),
					   .manager = "pip",
					   .packages = packages };
	struct installing *installing;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	packages[0] = values[A_PACKAGE].text;
	request.container_id = values[A_SANDBOX].text;
	request.wait_ms = compat_time_ms(call, LOGS_CODE_MS);
	installing = mem_new(struct installing);
	installing->waiting.call = call;
	installing->package = mem_strdup(packages[0]);
	op = package_install(tools_of(call)->sandboxes, &request, on_done, installing, &err);
	if (!op)
		free(installing->package);
	waiting_began(&installing->waiting, op, &err);
}

const struct tool tool_install_package = {
	.name = "install_package",
	.title = "Install a Python package",
	.description = "Use this to install one Python package in a sandbox by pip.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.idempotent = true,
	.open_world = true,
	.set = "compat-code-sandbox",
	.run = run,
};
