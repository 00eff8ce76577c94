/* create_container: a wish for a container, within the server's maxima. */
#include "internal.h"
#include <math.h>

enum {
	NAME_MAX_BYTES = 64,
	PATH_MAX_BYTES = 4096,
	IMAGE_MAX_BYTES = 256,
	MIB = 1024 * 1024,
	TEXT_MAX = 64 * 1024,
};

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"name": {"type": "string", "maxLength": 64, "description": "A label to tell it from others. Default: none"},
		"image": {"type": "string", "description": "One of the images that this server allows. Default: the server's"},
		"memory_mb": {"type": "integer", "minimum": 8, "maximum": 1048576, "description": "Memory in MiB. Default and maximum: the server's (usually 256)"},
		"cpus": {"type": "number", "exclusiveMinimum": 0, "maximum": 1024, "description": "Processors; 0.5 is half of one. Default and maximum: the server's (usually 0.5)"},
		"pids": {"type": "integer", "minimum": 8, "maximum": 1000000, "description": "Processes at the same time. Default and maximum: the server's (usually 100)"},
		"disk_mb": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Disk in MiB, where the server can bound it. Default and maximum: the server's"},
		"ttl_seconds": {"type": "integer", "minimum": 1, "maximum": 604800, "description": "It is destroyed after this time. Default and maximum: the server's (usually 7200)"},
		"network": {"type": "string", "enum": ["none", "internet"], "description": "none: no network at all. internet: public addresses only. Default: internet where the server allows it, else none"},
		"env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Environment variables of all its commands. Default: none"},
		"workdir": {"type": "string", "description": "Absolute path where commands start. Default: /workspace"},
		"request_id": {"type": "string", "maxLength": 128, "description": "Any text of yours: the same one gives the same container back instead of a second. Default: none"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	CONTAINER_PROPERTIES "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "expires_at", "limits"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	A_NAME,
	A_IMAGE,
	A_MEMORY,
	A_CPUS,
	A_PIDS,
	A_DISK,
	A_TTL,
	A_NETWORK,
	A_ENV,
	A_WORKDIR,
	A_REQUEST_ID,
	A_COUNT,
};

static const char *const networks[] = { "none", "internet", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_NAME] = { "name", ARG_TEXT, .least = 1, .most = NAME_MAX_BYTES },
	[A_IMAGE] = { "image", ARG_TEXT, .least = 1, .most = IMAGE_MAX_BYTES },
	[A_MEMORY] = { "memory_mb", ARG_INT, .least = 8, .most = 1048576 },
	[A_CPUS] = { "cpus", ARG_NUMBER, .least = 0, .most = 1024 },
	[A_PIDS] = { "pids", ARG_INT, .least = 8, .most = 1000000 },
	[A_DISK] = { "disk_mb", ARG_INT, .least = 1, .most = 1048576 },
	[A_TTL] = { "ttl_seconds", ARG_INT, .least = 1, .most = 604800 },
	[A_NETWORK] = { "network", ARG_CHOICE, .choices = networks },
	[A_ENV] = { .name = "env", .type = ARG_OBJECT },
	[A_WORKDIR] = { "workdir", ARG_TEXT, .least = 1, .most = PATH_MAX_BYTES,
			.aliases = workdir_aliases },
	[A_REQUEST_ID] = { "request_id", ARG_TEXT, .least = 1, .most = 128 },
};

static void on_done(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_buf text = BUF_INIT(TEXT_MAX);

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	container_text(view, &text);
	buf_addf(&text, "[run commands with execute_command(container_id=\"%s\", command=\"…\")]",
		 view->row->id);
	call_add_text(call, buf_text(&text));
	call_answer(call, container_json(view));
}

/* Less than a thousandth of a processor is none. */
static bool read_cpus(const struct arg_value *value, int64_t *ret_milli, struct error *err)
{
	int64_t milli = value->given ? (int64_t)llround(value->real * 1000) : 0;

	if (value->given && milli <= 0)
		return error_set(err, ERROR_INVALID, "cpus must be more than 0, but it is %g",
				 value->real);
	*ret_milli = milli;
	return true;
}

static bool read_wish(const struct arg_value values[A_COUNT], struct sandbox_request *ret_request,
		      char ***ret_env, struct error *err)
{
	struct sandbox_request wish = {
		.name = values[A_NAME].text,
		.request_id = values[A_REQUEST_ID].text,
		.image = values[A_IMAGE].text,
		.memory = values[A_MEMORY].number * MIB,
		.pids = values[A_PIDS].number,
		.disk = values[A_DISK].number * MIB,
		.ttl_ms = values[A_TTL].number * 1000,
		.network = values[A_NETWORK].text,
		.workdir = values[A_WORKDIR].text,
	};

	if (!read_cpus(&values[A_CPUS], &wish.cpu_milli, err))
		return false;
	if (wish.workdir && wish.workdir[0] != '/')
		return error_set(err, ERROR_INVALID,
				 "workdir must be an absolute path that begins with /");
	if (values[A_ENV].given) {
		*ret_env = env_read(values[A_ENV].object, err);
		if (!*ret_env)
			return false;
		wish.env = (const char *const *)*ret_env;
	}
	*ret_request = wish;
	return true;
}

static bool refuse_allowlist(struct call *call, const struct json *args)
{
	struct error err;

	if (!json_get_array(args, "network"))
		return false;
	error_set(&err, ERROR_INVALID,
		  "network is a list, but allowlists of domains are not available yet: it must be "
		  "\"none\" or \"internet\"");
	tool_fail(call, &err);
	return true;
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct sandbox_request request;
	struct waiting *waiting;
	struct sandbox_op *op;
	struct error err;
	auto_env env = NULL;

	if (refuse_allowlist(call, args) || !args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!read_wish(values, &request, &env, &err)) {
		tool_fail(call, &err);
		return;
	}
	request.owner = call_owner(call);
	waiting = waiting_new(call);
	op = sandbox_create(tools_of(call)->sandboxes, &request, on_done, waiting, &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_create_container = {
	.name = "create_container",
	.title = "Create a container",
	.description =
		"Use this first: it makes a private Linux container in which you can run commands "
		"as root. Gives its container_id, limits and the time at which it is destroyed. "
		"All "
		"arguments are optional.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.open_world = true,
	.set = "containers",
	.run = run,
};
