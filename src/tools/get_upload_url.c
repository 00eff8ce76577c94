/* get_upload_url: a link with which a person or a program puts one file into a container. */
#include "internal.h"
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"path": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "The file that is to be in the container; a relative path starts at its working directory. Missing folders are made; a file that is there is replaced when all of the new one has come"},
		"ttl_seconds": {"type": "integer", "description": "How long the link waits to be used, at most as long as its container lives. Default: that long"},
		"max_bytes": {"type": "integer", "description": "A larger file is refused. Default: the server's limit"}
	},
	"required": ["container_id", "path"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
	"url": {"type": "string", "description": "Whoever has it can send the file, once"},
	"method": {"type": "string", "enum": ["PUT"], "description": "The file is the request's body"},
	"curl": {"type": "string", "description": "A ready command line; put the name of the local file after -T"},
	"container_id": {"type": "string"},
	"path": {"type": "string", "description": "Absolute, in the container"},
	"replaces": {"type": "boolean", "description": "There is a file of this name already"},
	"max_bytes": {"type": "integer"},
	"expires_at": {"type": "string"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["url", "method", "curl", "expires_at"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { ROUNDING_MS = 1000, LINE_MAX_BYTES = 64 * 1024 };

enum { A_CONTAINER, A_PATH, A_TTL, A_MAX, A_COUNT };

static const char *const path_aliases[] = { "file_path", "file", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PATH] = { "path", ARG_TEXT, .required = true, .least = 1, .most = PATH_ARG_MAX,
		     .aliases = path_aliases },
	[A_TTL] = { "ttl_seconds", ARG_INT, .least = 1, .most = 31536000 },
	[A_MAX] = { "max_bytes", ARG_INT, .least = 1, .most = INT64_C(1) << 50 },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	const struct sandbox_settings *settings = ((const struct tools_context *)ctx)->settings;
	const struct argument_bound bounds[] = {
		{ "ttl_seconds", 1000, 1000, settings->ttl_ms, -1 },
		{ "max_bytes", 1, 1, settings->upload_limit, settings->upload_limit },
	};

	(void)bind_number(property, name, bounds, 2);
	return true;
}

struct offer {
	struct waiting waiting;
	char *container_id;
	int64_t wanted_until; /* 0: nothing was said */
	int64_t wanted_bytes;
};

/* One word of a shell's command line, whatever is in it. */
static void add_word(struct buf *line, const char *text)
{
	buf_add_text(line, "'");
	for (; *text; text++)
		if (*text == '\'')
			buf_add_text(line, "'\\''");
		else
			buf_add(line, text, 1);
	buf_add_text(line, "'");
}

/* Without globbing, or braces in the name would be taken for several files; with "./" in front, or
 * a hyphen would be taken for standard input. */
static char *curl_line(const struct upload_view *view)
{
	auto_buf line = BUF_INIT(LINE_MAX_BYTES);
	auto_str local = mem_format(".%s", strrchr(view->path, '/'));

	buf_add_text(&line, "curl --fail-with-body --globoff -T ");
	add_word(&line, local);
	buf_add_text(&line, " ");
	add_word(&line, view->url);
	return buf_take(&line);
}

static struct json *upload_json(const struct upload_view *view, const char *container_id,
				const char *curl)
{
	struct json *out = json_object();

	json_put_text(out, "url", view->url);
	json_put_text(out, "method", "PUT");
	json_put_text(out, "curl", curl);
	json_put_text(out, "container_id", container_id);
	json_put_text(out, "path", view->path);
	json_put_bool(out, "replaces", view->replaces);
	json_put_int(out, "max_bytes", view->max_bytes);
	json_put(out, "expires_at", time_json(view->expires_at));
	return out;
}

static void warn(struct call *call, const struct offer *offer, const struct upload_view *view,
		 const char *expires)
{
	if (offer->wanted_until - ROUNDING_MS > view->expires_at)
		call_warn(call,
			  "ttl_seconds: the link works until %s only, because it ends with its "
			  "container; check_container with extend_seconds may make that later",
			  expires);
	if (offer->wanted_bytes > view->max_bytes)
		call_warn(call, "max_bytes: this server takes at most %lld (UPLOAD_LIMIT)",
			  (long long)view->max_bytes);
}

static void on_done(void *ctx, const struct upload_view *view, const struct error *err)
{
	struct offer *offer = ctx;
	struct call *call = offer->waiting.call;
	auto_str container_id = offer->container_id;
	auto_str curl = NULL;
	auto_str text = NULL;
	char expires[CLOCK_TEXT_SIZE], size[FORMAT_SIZE];

	if (err) {
		free(offer);
		tool_fail(call, err);
		return;
	}
	curl = curl_line(view);
	clock_format(view->expires_at, expires);
	format_size(view->max_bytes, size);
	text = mem_format("%s\n[PUT %s · one use · %s %s in %s · at most %s · works until %s]",
			  curl, view->url, view->replaces ? "replaces" : "makes", view->path,
			  container_id, size, expires);
	warn(call, offer, view, expires);
	free(offer);
	call_add_text(call, text);
	call_answer(call, upload_json(view, container_id, curl));
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct upload_request request;
	struct offer *offer;
	struct sandbox_op *op;
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	request = (struct upload_request){ .owner = call_owner(call),
					   .container_id = values[A_CONTAINER].text,
					   .path = values[A_PATH].text,
					   .ttl_ms = values[A_TTL].number * 1000,
					   .max_bytes = values[A_MAX].number };
	offer = mem_new(struct offer);
	offer->waiting.call = call;
	offer->container_id = mem_strdup(request.container_id);
	offer->wanted_bytes = request.max_bytes;
	if (request.ttl_ms > 0)
		offer->wanted_until = clock_wall_ms() + request.ttl_ms;
	op = upload_offer(tools_of(call)->sandboxes, &request, on_done, offer, &err);
	if (op) {
		waiting_for(&offer->waiting, op);
	} else {
		free(offer->container_id);
		free(offer);
		tool_fail(call, &err);
	}
}

const struct tool tool_get_upload_url = {
	.name = "get_upload_url",
	.title = "Get a link to send a file",
	.description = "Use this to bring a file of any size into a container from outside: it "
		       "gives a link that takes one PUT, and a curl command line for it. The link "
		       "dies with its container, or when it was used.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.open_world = true,
	.set = "files",
	.bind = bind,
	.run = run,
};
