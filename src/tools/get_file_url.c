/* get_file_url: a link with which a person fetches a file out of a container. */
#include "internal.h"
#include "http.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"file_path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "A regular file in the container; a relative path starts at its working directory"},
		"ttl_seconds": {"type": "integer", "description": "How long the link works, at most as long as its container. Default: as long as its container"},
		"disposition": {"type": "string", "enum": ["auto", "attachment", "inline"], "default": "auto", "description": "How the bytes come (a browser gets a page about them in any case). auto: to be shown if the type is harmless (text, pictures, sound, film), else to be saved. attachment: always to be saved"}
	},
	"required": ["container_id", "file_path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"url": {"type": "string", "description": "Anybody who has it can fetch the file while it works"},
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute, in the container"},
	"name": {"type": "string"},
	"size": {"type": "integer"},
	"mime_type": {"type": "string"},
	"modified_at": {"type": "string"},
	"expires_at": {"type": "string"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["url", "name", "size", "mime_type", "expires_at"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { ROUNDING_MS = 1000 };

enum { A_CONTAINER, A_PATH, A_TTL, A_DISPOSITION, A_COUNT };

static const char *const path_aliases[] = { "path", "file", NULL };
static const char *const dispositions[] = { "auto", "attachment", "inline", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "file_path", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX,
		     .aliases = path_aliases },
	[A_TTL] = { "ttl_seconds", ARG_INT, .least = 1, .most = 31536000 },
	[A_DISPOSITION] = { "disposition", ARG_CHOICE, .choices = dispositions },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	int64_t most = ((const struct tools_context *)ctx)->settings->ttl_ms;
	const struct argument_bound ttl = { "ttl_seconds", 1000, 1000, most, -1 };

	(void)bind_number(property, name, &ttl, 1);
	return true;
}

static const char *media_type_of(const struct file_view *view)
{
	return view->media_type ? view->media_type : http_media_type(view->name);
}

/* The address for people; and, where the client itself can read the file, the one for that. */
static void add_links(struct call *call, const struct file_view *view, const char *container_id)
{
	auto_str uri = NULL;

	call_add_link(call, view->url, view->name, media_type_of(view), (int64_t)view->size);
	if (view->path[0] != '/' || view->size > FILE_RESOURCE_MAX)
		return;
	uri = file_uri(container_id, view->path);
	call_add_link(call, uri, view->name, media_type_of(view), (int64_t)view->size);
}

struct share {
	struct waiting waiting;
	char *container_id;
	int64_t wanted_until; /* 0: nothing was said */
};

static struct json *file_json(const struct file_view *view, const char *container_id)
{
	struct json *out = json_object();

	json_put_text(out, "url", view->url);
	json_put_text(out, "container_id", container_id);
	json_put_text(out, "path", view->path);
	json_put_text(out, "name", view->name);
	json_put_int(out, "size", (int64_t)view->size);
	json_put_text(out, "mime_type", media_type_of(view));
	json_put(out, "modified_at", time_json(view->modified_ms));
	json_put(out, "expires_at", time_json(view->expires_at));
	return out;
}

static void on_done(void *ctx, const struct file_view *view, const struct error *err)
{
	struct share *share = ctx;
	struct call *call = share->waiting.call;
	auto_str container_id = share->container_id;
	int64_t wanted_until = share->wanted_until;
	auto_str text = NULL;
	char expires[CLOCK_TEXT_SIZE], modified[CLOCK_TEXT_SIZE], size[FORMAT_SIZE];

	free(share);
	if (err) {
		tool_fail(call, err);
		return;
	}
	clock_format(view->expires_at, expires);
	clock_format(view->modified_ms, modified);
	format_size((int64_t)view->size, size);
	text = mem_format("%s\n[%s · %s · %s · %s in %s · modified %s · works until %s]", view->url,
			  view->name, size, media_type_of(view), view->path, container_id, modified,
			  expires);
	if (wanted_until - ROUNDING_MS > view->expires_at)
		call_warn(call,
			  "ttl_seconds: the link works until %s only, because it ends with its "
			  "container; check_container with extend_seconds may make that later",
			  expires);
	call_add_text(call, text);
	add_links(call, view, container_id);
	call_answer(call, file_json(view, container_id));
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct file_request request;
	struct share *share;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	request = (struct file_request){ .owner = call_owner(call),
					 .container_id = values[A_CONTAINER].text,
					 .path = values[A_PATH].text,
					 .disposition = values[A_DISPOSITION].text,
					 .ttl_ms = values[A_TTL].number * 1000 };
	share = mem_new(struct share);
	share->waiting.call = call;
	share->container_id = mem_strdup(request.container_id);
	if (request.ttl_ms > 0)
		share->wanted_until = clock_wall_ms() + request.ttl_ms;
	op = file_share(tools_of(call)->sandboxes, &request, on_done, share, &err);
	if (op) {
		waiting_for(&share->waiting, op);
	} else {
		free(share->container_id);
		free(share);
		tool_fail(call, &err);
	}
}

const struct tool tool_get_file_url = {
	.name = "get_file_url",
	.title = "Get a link to a file",
	.description =
		"Use this to hand a person a file of a container: it gives a link. A browser "
		"shows the file there (pictures, PDF, code, Markdown, tables) with a button "
		"that saves it; curl and other programs get its bytes, of any size. The "
		"link dies with its container.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.open_world = true,
	.set = "files",
	.bind = bind,
	.run = run,
};
