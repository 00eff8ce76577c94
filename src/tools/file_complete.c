/* What a client proposes to a person who types sandbox://{container_id}/{+path}: the caller's
 * containers, by id or by name, and what is in the folder that was typed so far. */
#include "files.h"
#include <string.h>
#include "utf8.h"

/* --- containers ----------------------------------------------------------------------------- */

struct wish {
	struct call *call;
	const char *front;
};

static bool begins(const char *text, const char *front)
{
	return text && strncmp(text, front, strlen(front)) == 0;
}

static bool on_container(void *ctx, const struct sandbox_view *view)
{
	const struct wish *wish = ctx;

	if (begins(view->row->id, wish->front) || begins(view->row->name, wish->front))
		call_add_value(wish->call, view->row->id);
	return true;
}

static void complete_container(struct call *call, const char *front)
{
	struct wish wish = { call, front };
	struct error err;

	if (sandbox_each(tools_of(call)->sandboxes, call_owner(call), false, on_container, &wish,
			 &err))
		call_end(call);
	else
		tool_fail(call, &err);
}

/* --- paths ---------------------------------------------------------------------------------- */

enum { SUGGESTIONS_MAX = 100, NAME_LEN_MAX = 255 };

struct look {
	struct waiting waiting; /* first */
	char *folder;           /* as it was typed, up to its last slash */
};

/* What cannot be looked into has no suggestions. */
static void on_listing(void *ctx, const struct file_listing *found, const struct error *err)
{
	struct look *look = ctx;
	struct call *call = look->waiting.call;
	auto_str folder = look->folder;

	free(look);
	if (err && err->kind == ERROR_CANCELLED) {
		tool_fail(call, err);
		return;
	}
	for (size_t i = 0; !err && i < found->count; i++) {
		const struct file_entry *entry = &found->entries[i];
		bool is_folder = entry->type == FILE_TYPE_DIRECTORY;
		auto_str value = mem_format("%s%s%s", folder, file_path_name(entry->path),
					    is_folder ? "/" : "");

		/* Other names cannot stand in a URI template's value. */
		if (utf8_is_valid(value, strlen(value)))
			call_add_value(call, value);
	}
	call_end(call);
}

/* "na*" becomes "na\**": the front of a name as a glob. */
static char *glob_of(const char *front)
{
	auto_buf glob = BUF_INIT((size_t)2 * PATH_ARG_MAX);

	for (; *front; front++)
		buf_addf(&glob, "%s%c", strchr("*?[]\\!", *front) ? "\\" : "", *front);
	buf_add_text(&glob, "*");
	return buf_take(&glob);
}

static void complete_path(struct call *call, const char *container_id, const char *front)
{
	const char *slash = strrchr(front, '/');
	const char *name = slash ? slash + 1 : front;
	auto_str folder = mem_format("/%.*s", (int)(name - front), front);
	auto_str glob = *name ? glob_of(name) : NULL;
	const struct file_list_request request = { .owner = call_owner(call),
						   .container_id = container_id,
						   .path = folder,
						   .pattern = glob,
						   .limit = SUGGESTIONS_MAX + 1 };
	struct look *look = mem_new(struct look);
	struct sandbox_op *op;
	struct error err;

	look->waiting.call = call;
	look->folder = mem_strndup(front, (size_t)(name - front));
	op = file_list(tools_of(call)->sandboxes, &request, on_listing, look, &err);
	if (op) {
		waiting_for(&look->waiting, op);
		return;
	}
	free(look->folder);
	free(look);
	tool_fail(call, &err);
}

/* Nothing begins with what is too long. */
static bool may_be_path(const char *front)
{
	const char *slash = strrchr(front, '/');

	return strlen(front) < PATH_ARG_MAX && strlen(slash ? slash + 1 : front) <= NAME_LEN_MAX;
}

void file_complete(struct call *call, const struct json *args)
{
	const char *name = json_get_text(args, "name"), *front = json_get_text(args, "value");
	const struct json *known = json_get_object(json_get_object(args, "context"), "arguments");
	const char *container_id = json_get_text(known, "container_id");

	if (strcmp(name, "container_id") == 0)
		complete_container(call, front);
	else if (strcmp(name, "path") == 0 && container_id && may_be_path(front))
		complete_path(call, container_id, front);
	else
		call_end(call);
}
