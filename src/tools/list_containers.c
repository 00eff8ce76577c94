/* list_containers: the caller's own, oldest first. */
#include "internal.h"

enum { ROWS_MAX = 500, TEXT_MAX = 4 * 1024 * 1024 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"include_gone": {"type": "boolean", "default": false, "description": "Also those of the last 48 hours that are no more, with the reason"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"containers": {"type": "array", "items": {"type": "object", "properties": {)
	CONTAINER_PROPERTIES
	SCHEMA(}, "required": ["container_id", "status"]}},
	"truncated": {"type": "boolean", "description": "Whether there are more than are listed"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["containers"]}, {"required": ["code", "message"]}]});
/* clang-format on */

static const struct arg args_table[] = {
	{ .name = "include_gone", .type = ARG_BOOL },
};

struct rows {
	struct json *list;
	size_t count;
	bool truncated;
	struct buf text;
};

static bool on_view(void *ctx, const struct sandbox_view *view)
{
	struct rows *rows = ctx;

	if (rows->count == ROWS_MAX) {
		rows->truncated = true;
		return false;
	}
	json_append(rows->list, container_json(view));
	container_text(view, &rows->text);
	buf_add_text(&rows->text, "\n");
	rows->count++;
	return true;
}

static void answer(struct call *call, struct rows *rows)
{
	struct json *out = json_object();

	json_put(out, "containers", take(rows->list));
	if (rows->truncated)
		json_put_bool(out, "truncated", true);
	if (rows->count == 0)
		buf_add_text(&rows->text, "You have no containers. ");
	buf_addf(&rows->text, "[%zu container%s%s]", rows->count, rows->count == 1 ? "" : "s",
		 rows->truncated ? ", and more that are not listed" : "");
	call_add_text(call, buf_text(&rows->text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct rows rows = { .text = BUF_INIT(TEXT_MAX) };
	struct arg_value values[1];
	struct error err;

	if (!args_read(call, args, args_table, 1, values))
		return;
	rows.list = json_array();
	if (sandbox_each(tools_of(call)->sandboxes, call_owner(call), values[0].flag, on_view,
			 &rows, &err))
		answer(call, &rows);
	else
		tool_fail(call, &err);
	json_free(rows.list);
	buf_release(&rows.text);
}

const struct tool tool_list_containers = {
	.name = "list_containers",
	.title = "List containers",
	.description = "Use this to find the ids of your containers. Only your own are listed.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "containers",
	.run = run,
};
