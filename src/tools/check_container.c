/* check_container: is it alive, what does it use, what runs in it; and, on request, a longer life.
 */
#include "internal.h"
#include <string.h>

enum { TEXT_MAX = 1024 * 1024, FILES_MAX = 100 };

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"extend_seconds": {"type": "integer", "description": "Adds this much to its life, up to the server's maximum for the whole of it. Default: its end stays as it is"}
	},
	"required": ["container_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	CONTAINER_PROPERTIES
	SCHEMA(,
	"uptime_ms": {"type": "integer"},
	"usage": {"type": "object", "properties": {
		"memory_bytes": {"type": "integer"}, "memory_peak_bytes": {"type": "integer"}, "cpu_ms": {"type": "integer"},
		"pids": {"type": "integer"}, "disk_bytes": {"type": "integer"}}},
	"commands": {"type": "array", "description": "Those that run now", "items": {"type": "object"}},
	"files": {"type": "array", "description": "Links to files that work now; the first 100", "items": {"type": "object", "properties": {
		"id": {"type": "string"}, "name": {"type": "string"}, "path": {"type": "string", "description": "Absolute, in the container"},
		"url": {"type": "string"}, "expires_at": {"type": "string"}}}},
	"files_total": {"type": "integer", "description": "All such links"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "expires_at", "usage"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_CONTAINER, A_EXTEND, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_EXTEND] = { "extend_seconds", ARG_INT, .least = 1, .most = 31536000 },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	int64_t most = ((const struct tools_context *)ctx)->settings->ttl_ms;
	const struct argument_bound extend = { "extend_seconds", 1000, 1000, most, -1 };

	(void)bind_number(property, name, &extend, 1);
	return true;
}

struct look {
	struct waiting waiting;
	int64_t extend_ms;
};

struct running {
	struct json *list;
	struct buf *text;
};

static bool on_row(void *ctx, const struct command_row *row)
{
	struct running *running = ctx;

	if (strcmp(row->state, "running") == 0) {
		json_append(running->list, command_row_json(row));
		buf_add_text(running->text, "running: ");
		command_row_text(row, running->text);
	}
	return true;
}

static bool on_file(void *ctx, const struct file_view *view)
{
	struct running *shared = ctx;
	struct json *file;

	if (json_size(shared->list) == FILES_MAX)
		return false;
	file = json_object();
	json_put_text(file, "id", view->id);
	json_put_text(file, "name", view->name);
	json_put_text(file, "path", view->path);
	json_put_text(file, "url", view->url);
	json_put(file, "expires_at", time_json(view->expires_at));
	json_append(shared->list, file);
	buf_addf(shared->text, "shared: %s  %s\n", view->url, view->path);
	return true;
}

static struct json *usage_json(const struct sandbox_view *view)
{
	const struct {
		const char *key;
		int64_t value;
	} usage[] = {
		{ "memory_bytes", view->memory_bytes },
		{ "memory_peak_bytes", view->memory_peak_bytes },
		{ "cpu_ms", view->cpu_ms },
		{ "pids", view->pids },
		{ "disk_bytes", view->disk_bytes },
	};
	struct json *out = json_object();

	for (size_t i = 0; i < sizeof(usage) / sizeof(*usage); i++)
		if (usage[i].value >= 0)
			json_put_int(out, usage[i].key, usage[i].value);
	return out;
}

static void add_size(struct buf *text, const char *what, int64_t bytes)
{
	char size[FORMAT_SIZE];

	if (bytes < 0)
		return;
	format_size(bytes, size);
	buf_addf(text, ", %s %s", what, size);
}

static void usage_text(const struct sandbox_view *view, struct buf *text)
{
	char uptime[FORMAT_SIZE], cpu[FORMAT_SIZE];

	format_duration(view->uptime_ms, uptime);
	buf_addf(text, "up %s", uptime);
	add_size(text, "memory", view->memory_bytes);
	add_size(text, "memory peak", view->memory_peak_bytes);
	add_size(text, "disk", view->disk_bytes);
	if (view->cpu_ms >= 0) {
		format_duration(view->cpu_ms, cpu);
		buf_addf(text, ", cpu %s", cpu);
	}
	if (view->pids >= 0)
		buf_addf(text, ", %lld processes", (long long)view->pids);
	buf_addf(text, "; %lld command%s running, %lld file%s shared\n",
		 (long long)view->commands_running, view->commands_running == 1 ? "" : "s",
		 (long long)view->files_shared, view->files_shared == 1 ? "" : "s");
}

/* What was asked for and did not come is told, not left to be found out. */
static void warn_of_extension(struct call *call, const struct sandbox_view *view, int64_t extend_ms)
{
	char ends[CLOCK_TEXT_SIZE];

	if (view->extended_ms >= extend_ms)
		return;
	clock_format(view->row->expires_at, ends);
	call_warn(call,
		  "extend_seconds: its life was made longer by %lld seconds, not %lld; it reaches "
		  "the server's maximum at %s and cannot go on after that",
		  (long long)view->extended_ms / 1000, (long long)extend_ms / 1000, ends);
}

static void add_lists(struct call *call, const struct sandbox_view *view, struct json *out,
		      struct buf *text)
{
	struct sandboxes *all = tools_of(call)->sandboxes;
	struct running running = { json_array(), text };
	struct running shared = { json_array(), text };
	struct error err;

	if (!command_each(all, call_owner(call), view->row->id, on_row, &running, &err))
		call_warn(call, "its commands could not be listed: %s", err.text);
	if (!file_each(all, call_owner(call), view->row->id, on_file, &shared, &err))
		call_warn(call, "its shared files could not be listed: %s", err.text);
	json_put(out, "commands", running.list);
	json_put(out, "files", shared.list);
	json_put_int(out, "files_total", view->files_shared);
}

static void on_done(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct look *look = ctx;
	struct call *call = look->waiting.call;
	int64_t extend_ms = look->extend_ms;
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct json *out;

	free(look);
	if (err) {
		tool_fail(call, err);
		return;
	}
	container_text(view, &text);
	usage_text(view, &text);
	out = container_json(view);
	json_put_int(out, "uptime_ms", view->uptime_ms);
	json_put(out, "usage", usage_json(view));
	add_lists(call, view, out, &text);
	warn_of_extension(call, view, extend_ms);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct look *look;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	look = mem_new(struct look);
	look->waiting.call = call;
	look->extend_ms = values[A_EXTEND].number * 1000;
	op = sandbox_check(tools_of(call)->sandboxes, call_owner(call), values[A_CONTAINER].text,
			   look->extend_ms, on_done, look, &err);
	waiting_began(&look->waiting, op, &err);
}

const struct tool tool_check_container = {
	.name = "check_container",
	.title = "Check a container",
	.description =
		"Use this to see whether a container is alive, what it uses and which commands run "
		"in it, or to let it live longer (extend_seconds).",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.set = "containers",
	.bind = bind,
	.run = run,
};
