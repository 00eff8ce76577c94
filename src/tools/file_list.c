/* file_list, as container-mcp has it: one folder, its pattern against names. */
#include "compat.h"
#include "files.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"path": {"type": "string", "maxLength": 4096, "default": "/", "description": "A folder, from the root of the sandbox"},
		"pattern": {"type": "string", "maxLength": 1024, "description": "A pattern that names have to fit: * ? [a-z]; those that begin with a dot fit only one that does so too. Default: all"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"entries": {"type": "array", "items": {"type": "object", "properties": {
		"name": {"type": "string"},
		"path": {"type": "string", "description": "From the root of the sandbox"},
		"is_directory": {"type": "boolean"},
		"size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "null: of a folder"},
		"modified": {"type": "number", "description": "Seconds since 1970"}},
		"required": ["name", "path", "is_directory", "size", "modified"]}},
	"path": {"type": "string", "description": "As it was given"},)
	COMPAT_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["entries", "path", "success"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { ENTRIES_MAX = 2000, TEXT_MAX = 1024 * 1024 };

enum { A_PATH, A_PATTERN, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_PATH] = { "path", ARG_TEXT, .most = PATH_ARG_MAX },
	[A_PATTERN] = { "pattern", ARG_TEXT, .most = 1024 },
};

static struct json *entry_json(const struct file_entry *entry)
{
	bool is_directory = entry->type == FILE_TYPE_DIRECTORY;
	struct json *out = json_object();

	json_put_text(out, "name", file_path_name(entry->path));
	file_path_put(out, "path", compat_shown(entry->path));
	json_put_bool(out, "is_directory", is_directory);
	json_put(out, "size", is_directory ? json_new_null() : json_new_int((int64_t)entry->size));
	json_put(out, "modified", ratio_json(entry->modified_ms, 1000));
	return out;
}

static void on_done(void *ctx, const struct file_listing *found, const struct error *err)
{
	struct compat *compat = ctx;
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct json *entries, *structured;

	if (err) {
		compat_fail(compat, err);
		return;
	}
	entries = json_array();
	for (size_t i = 0; i < found->count; i++) {
		const struct file_entry *entry = &found->entries[i];

		json_append(entries, entry_json(entry));
		file_path_show(&text, compat_shown(entry->path));
		buf_add_text(&text, entry->type == FILE_TYPE_DIRECTORY ? "/\n" : "\n");
	}
	if (found->truncated)
		call_warn(compat->waiting.call,
			  "only the first %d entries are shown; a pattern finds others",
			  ENTRIES_MAX);
	if (text.len == 0)
		buf_add_text(&text, "(nothing)");
	json_put(compat->said, "entries", entries);
	structured = take(compat->said);
	json_put_bool(structured, "success", true);
	compat_answer(compat, structured, buf_text(&text));
}

static void go(struct compat *compat, const char *container_id)
{
	const struct file_list_request request = {
		.owner = call_owner(compat->waiting.call),
		.container_id = container_id,
		.path = compat->place[0],
		.pattern = compat->text,
		.limit = ENTRIES_MAX,
	};
	struct sandbox_op *op;
	struct error err;

	op = file_list(tools_of(compat->waiting.call)->sandboxes, &request, on_done, compat, &err);
	compat_began(compat, op, &err);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct compat *compat;
	const char *path;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	path = values[A_PATH].given ? values[A_PATH].text : "/";
	compat = compat_new(call, go);
	json_put_text(compat->said, "path", path);
	json_put(compat->failed, "entries", json_array());
	if (values[A_PATTERN].given && values[A_PATTERN].text[0])
		compat->text = mem_strdup(values[A_PATTERN].text);
	if (compat_takes(compat, 0, path, false))
		compat_begin(compat);
}

const struct tool tool_file_list = {
	.name = "file_list",
	.title = "List files",
	.description = "Use this to see what is in a folder of your sandbox.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "compat-container-mcp",
	.run = run,
};
