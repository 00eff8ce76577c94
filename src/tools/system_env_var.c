/* system_env_var, as container-mcp has it: the environment of the caller's sandbox, never the
 * server's. */
#include <string.h>
#include <strings.h>
#include "compat.h"
#include "utf8.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"var_name": {"type": "string", "maxLength": 256, "description": "One variable. Default: all but those that look secret"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"variables": {"type": "object", "additionalProperties": {"type": "string"}},
	"requested_var": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "The value of var_name; null: none was named"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["variables", "requested_var"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { ENVIRONMENT_MAX = 256 * 1024, WAIT_MS = 10000 };

enum { A_NAME, A_COUNT };

static const char *const name_aliases[] = { "name", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_NAME] = { "var_name", ARG_TEXT, .most = 256, .aliases = name_aliases },
};

static bool looks_secret(const char *name)
{
	static const char *const words[] = { "key", "secret", "password", "token", "auth" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

/* One NAME=value; wanted NULL: all. */
static void add_variable(struct json *variables, const char *entry, const char *wanted)
{
	const char *equals = strchr(entry, '=');
	auto_buf clean = BUF_INIT((size_t)3 * ENVIRONMENT_MAX);
	auto_str name = equals ? mem_strndup(entry, (size_t)(equals - entry)) : NULL;
	bool replaced;

	if (!name || !name[0] || !utf8_is_valid(name, strlen(name)) || json_get(variables, name))
		return;
	if (wanted ? strcmp(name, wanted) != 0 : looks_secret(name))
		return;
	if (utf8_clean(equals + 1, strlen(equals + 1), &clean, &replaced))
		json_put_text(variables, name, buf_text(&clean));
}

/* As /proc has it: each entry ends with a NUL. */
static struct json *read_variables(const struct buf *environment, const char *wanted)
{
	struct json *variables = json_object();
	const char *end = environment->data + environment->len;

	for (const char *entry = environment->len > 0 ? environment->data : end; entry < end;
	     entry += strlen(entry) + 1)
		add_variable(variables, entry, wanted);
	return variables;
}

static void add_text(struct buf *text, const struct json *variables)
{
	for (const struct json *m = json_first(variables); m; m = json_next(m))
		buf_addf(text, "%s=%s\n", json_key(m), json_text(m));
	if (json_size(variables) == 0)
		buf_add_text(text, "(not set)\n");
}

static bool read_output(const struct command_view *view, struct buf *data, struct error *err)
{
	int64_t len = view->row->stdout_bytes;

	return command_output(view, COMMAND_STDOUT, 0,
			      len < ENVIRONMENT_MAX ? len : ENVIRONMENT_MAX, data, err);
}

static void on_done(void *ctx, const struct command_view *view, const struct error *err)
{
	struct compat *compat = ctx;
	const char *wanted = compat->text;
	auto_buf environment = BUF_INIT(ENVIRONMENT_MAX);
	auto_buf text = BUF_INIT((size_t)4 * ENVIRONMENT_MAX);
	struct json *structured, *variables;
	struct error own;

	if (!err && !read_output(view, &environment, &own))
		err = &own;
	if (err) {
		compat_fail(compat, err);
		return;
	}
	variables = read_variables(&environment, wanted);
	add_text(&text, variables);
	if (wanted && !json_get(variables, wanted))
		json_put_text(variables, wanted, "");
	structured = json_object();
	json_put_text(structured, "requested_var",
		      wanted ? json_get_text(variables, wanted) : NULL);
	json_put(structured, "variables", variables);
	compat_answer(compat, structured, buf_text(&text));
}

static void go(struct compat *compat, const char *container_id)
{
	const struct command_request request = {
		.owner = call_owner(compat->waiting.call),
		.container_id = container_id,
		.command = "cat /proc/self/environ",
		.stdin_text = "",
		.wait_ms = WAIT_MS,
		.kill_after_ms = WAIT_MS,
	};
	struct sandbox_op *op;
	struct error err;

	op = command_start(tools_of(compat->waiting.call)->sandboxes, &request, on_done, compat,
			   &err);
	compat_began(compat, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	compat = compat_new(call, go);
	json_put(compat->failed, "variables", json_object());
	json_put_text(compat->failed, "requested_var", NULL);
	if (values[A_NAME].given && values[A_NAME].text[0])
		compat->text = mem_strdup(values[A_NAME].text);
	compat_begin(compat);
}

const struct tool tool_system_env_var = {
	.name = "system_env_var",
	.title = "Read environment variables",
	.description = "Use this to see the environment variables of your sandbox: one by its "
		       "name, or all but those that look secret.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "compat-container-mcp",
	.run = run,
};
