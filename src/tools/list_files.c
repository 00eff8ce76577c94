/* list_files: what is in a folder, or in a tree, by name or by pattern. */
#include "files.h"
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {)
		CONTAINER_ID_PROPERTY
		SCHEMA(,
		"path": {"type": "string", "minLength": 1, "maxLength": 5464, "description": "A folder; a relative path starts at the container's working directory. Default: that directory"},
		"pattern": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "A glob: * ? [a-z] [!a-z] within a name, and ** as a part of a path for any number of folders. \"*.py\" is about names (in the whole tree with recursive), \"src/**/*.py\" about paths below the folder. Names that begin with a dot fit only where the pattern has the dot too"},
		"recursive": {"type": "boolean", "default": false, "description": "Go into the folders below as well; symbolic links are not followed"},
		"limit": {"type": "integer", "minimum": 1, "maximum": 2000, "default": 200, "description": "How many entries at most"},)
		PATH_ENCODING_PROPERTY
	SCHEMA(},
	"required": ["container_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "The folder: absolute, without symbolic links"},
	"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes"},
	"entries": {"type": "array", "description": "In the order of their paths", "items": {"type": "object", "properties": {
		"name": {"type": "string"},
		"path": {"type": "string", "description": "Absolute"},
		"path_base64": {"type": "string", "description": "Only when the path is not UTF-8: its bytes, for path_encoding base64"},
		"type": {"type": "string", "enum": ["file", "directory", "link", "fifo", "socket", "device", "unknown"]},
		"is_directory": {"type": "boolean"},
		"size": {"type": "integer"},
		"mode": {"type": "string", "description": "Permissions in octal"},
		"modified": {"type": "string"},
		"target": {"type": "string", "description": "What a symbolic link says"},
		"target_base64": {"type": "string", "description": "Only when that is not UTF-8: its bytes"}},
		"required": ["name", "path", "type", "is_directory"]}},
	"count": {"type": "integer", "description": "How many entries are here"},
	"truncated": {"type": "boolean", "description": "There are more"},
	"hint": {"type": "string", "description": "Only when truncated: how to see the others"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["path", "entries", "truncated"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	LIMIT_DEFAULT = 200,
	LIMIT_MOST = 2000, /* what is made of them is made in the loop */
	ENTRY_COST = 170,  /* bytes of an entry in JSON, beside its texts */
	ROOM_MOST = 512 * 1024,
	LISTING_MOST = 4 * 1024 * 1024,
};

enum { A_CONTAINER, A_PATH, A_PATTERN, A_RECURSIVE, A_LIMIT, A_PATH_ENCODING, A_COUNT };

static const char *const path_aliases[] = { "directory", "dir", "folder", "file_path", NULL };
static const char *const pattern_aliases[] = { "glob", NULL };
static const char *const limit_aliases[] = { "max_entries", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .least = 1, .most = PATH_BASE64_MAX,
		     .aliases = path_aliases },
	[A_PATTERN] = { "pattern", ARG_TEXT, .least = 1, .most = 1024, .aliases = pattern_aliases },
	[A_RECURSIVE] = { .name = "recursive", .type = ARG_BOOL },
	[A_LIMIT] = { "limit", ARG_INT, .least = 1, .most = LIMIT_MOST, .aliases = limit_aliases },
	[A_PATH_ENCODING] = PATH_ENCODING_ARG,
};

static const char *const type_names[] = {
	[FILE_TYPE_REGULAR] = "file",    [FILE_TYPE_DIRECTORY] = "directory",
	[FILE_TYPE_LINK] = "link",       [FILE_TYPE_FIFO] = "fifo",
	[FILE_TYPE_SOCKET] = "socket",   [FILE_TYPE_DEVICE] = "device",
	[FILE_TYPE_UNKNOWN] = "unknown",
};

struct listing {
	struct file_call file_call; /* first */
	int64_t room;               /* bytes of the result */
};

/* --- both forms of an entry ----------------------------------------------------------------- */

static struct json *entry_json(const struct file_entry *entry)
{
	struct json *out = json_object();
	char mode[8];

	json_put_text(out, "name", file_path_name(entry->path));
	file_path_put(out, "path", entry->path);
	json_put_text(out, "type", type_names[entry->type]);
	json_put_bool(out, "is_directory", entry->type == FILE_TYPE_DIRECTORY);
	if (entry->type == FILE_TYPE_UNKNOWN)
		return out;
	file_mode_text(entry->mode, mode);
	json_put_int(out, "size", (int64_t)entry->size);
	json_put_text(out, "mode", mode);
	json_put(out, "modified", time_json(entry->modified_ms));
	if (entry->target)
		file_path_put(out, "target", entry->target);
	return out;
}

/* The path below the folder. */
static const char *below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strncmp(folder, path, len) != 0)
		return path;
	path += len;
	return *path == '/' ? path + 1 : path;
}

static void entry_text(struct buf *text, const struct file_entry *entry, const char *folder)
{
	char mode[8], size[FORMAT_SIZE], modified[CLOCK_TEXT_SIZE];

	file_mode_text(entry->mode, mode);
	format_size((int64_t)entry->size, size);
	clock_format(entry->modified_ms, modified);
	if (entry->type == FILE_TYPE_UNKNOWN)
		buf_addf(text, "%-9s  %-4s  %10s  %-24s  ", "unknown", "?", "?", "?");
	else
		buf_addf(text, "%-9s  %s  %10s  %s  ", type_names[entry->type], mode, size,
			 modified);
	file_path_show(text, below(folder, entry->path));
	if (entry->type == FILE_TYPE_DIRECTORY)
		buf_add_text(text, "/");
	if (entry->target) {
		buf_add_text(text, " -> ");
		file_path_show(text, entry->target);
	}
	buf_add_text(text, "\n");
}

/* --- the answer ----------------------------------------------------------------------------- */

static int64_t cost_of(const struct file_entry *entry)
{
	return ENTRY_COST + (int64_t)(strlen(entry->path) + strlen(file_path_name(entry->path)) +
				      (entry->target ? strlen(entry->target) : 0));
}

/* How many of them find room; one does always. */
static size_t fitting(const struct file_listing *listing, int64_t room)
{
	size_t count = 0;

	while (count < listing->count) {
		room -= cost_of(&listing->entries[count]);
		if (room < 0 && count > 0)
			break;
		count++;
	}
	return count;
}

static const char hint[] = "name a folder below as path, or a pattern that fits fewer (such as "
			   "\"a*\"), or raise limit (to 2000 at most)";

static void on_done(void *ctx, const struct file_listing *found, const struct error *err)
{
	int64_t room = ((const struct listing *)ctx)->room;
	auto_str container_id = NULL;
	struct call *call = file_call_end(ctx, &container_id);
	auto_buf text = BUF_INIT(LISTING_MOST);
	struct json *out, *entries;
	size_t count;
	bool truncated;

	if (err) {
		tool_fail(call, err);
		return;
	}
	count = fitting(found, room);
	truncated = found->truncated || count < found->count;
	out = json_object();
	json_put_text(out, "container_id", container_id);
	file_path_put(out, "path", found->path);
	entries = json_array();
	for (size_t i = 0; i < count; i++) {
		json_append(entries, entry_json(&found->entries[i]));
		entry_text(&text, &found->entries[i], found->path);
	}
	json_put(out, "entries", entries);
	json_put_int(out, "count", (int64_t)count);
	json_put_bool(out, "truncated", truncated);
	if (truncated) {
		json_put_text(out, "hint", hint);
		buf_addf(&text, "[… there are more entries: %s]\n", hint);
	}
	buf_addf(&text, "[%zu %s in ", count, count == 1 ? "entry" : "entries");
	file_path_show(&text, found->path);
	buf_addf(&text, " in %s]", container_id);
	call_add_text(call, buf_text(&text));
	call_answer(call, out);
}

/* Who names a number gets as many, as far as his client takes them. */
static int64_t room_of(const struct call *call, bool has_limit)
{
	if (!has_limit)
		return 2 * fitting_limit(call);
	return 2 * client_output_bytes(client_find(call_client(call)), ROOM_MOST / 2);
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_list_request request;
	auto_str path = NULL;
	struct listing *listing;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (values[A_PATH].given) {
		path = file_path_of(call, &values[A_PATH], &values[A_PATH_ENCODING]);
		if (!path)
			return;
	}
	request = (struct file_list_request){
		.owner = call_owner(call),
		.container_id = values[A_CONTAINER].text,
		.path = path,
		.pattern = values[A_PATTERN].text,
		.recursive = values[A_RECURSIVE].flag,
		.limit = values[A_LIMIT].given ? values[A_LIMIT].number : LIMIT_DEFAULT,
	};
	listing = mem_new(struct listing);
	listing->file_call.waiting.call = call;
	listing->file_call.container_id = mem_strdup(request.container_id);
	listing->room = room_of(call, values[A_LIMIT].given);
	op = file_list(tools_of(call)->sandboxes, &request, on_done, listing, &err);
	file_call_began(&listing->file_call, op, &err);
}

const struct tool tool_list_files = {
	.name = "list_files",
	.title = "List files",
	.description = "Use this to see what is in a folder of a container, or to find files by a "
		       "pattern such as **/*.py: names, types, sizes, times.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.read_only = true,
	.idempotent = true,
	.set = "files,compat-code-sandbox",
	.run = run,
};
