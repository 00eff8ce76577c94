/* create_container: a wish for a container, within the server's maxima. */
#include "create_container.h"
#include <math.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 64,
	IMAGE_MAX_BYTES = 256,
	IMAGES_MAX = 64, /* more than the settings take */
	MIB = 1024 * 1024,
	TEXT_MAX = 64 * 1024,
	WORTH_TELLING_MS = 500, /* less is a birth */
};

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "A label to tell it from others. Default: none"},)
	CONTAINER_ARGUMENTS
	SCHEMA(,
		"request_id": {"type": "string", "minLength": 1, "maxLength": 128, "description": "Any text of yours: the same one gives the same container back instead of a second. Default: none"}
	}
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	CONTAINER_PROPERTIES "," SCHEMA("waited_ms": {"type": "integer", "description": "How long it waited for its turn, because many were asked for"})
	"," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["container_id", "status", "expires_at", "limits"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum { A_REQUEST_ID = CONTAINER_ARGS, A_COUNT };

static const char *const networks[] = { "none", "internet", NULL };
static const char *const no_network[] = { "none", NULL };

const struct arg container_args[CONTAINER_ARGS] = {
	[CONTAINER_NAME] = { "name", ARG_TEXT, .least = 1, .most = NAME_MAX_BYTES },
	[CONTAINER_IMAGE] = { "image", ARG_TEXT, .least = 1, .most = IMAGE_MAX_BYTES },
	/* The domain knows the real bounds and says them; these keep the numbers sane. */
	[CONTAINER_MEMORY] = { "memory_mb", ARG_INT, .least = 1, .most = 1048576 },
	[CONTAINER_CPUS] = { "cpus", ARG_NUMBER, .least = 0, .most = 1024 },
	[CONTAINER_PIDS] = { "pids", ARG_INT, .least = 1, .most = 1000000 },
	[CONTAINER_DISK] = { "disk_mb", ARG_INT, .least = 1, .most = 1048576 },
	[CONTAINER_TTL] = { "ttl_seconds", ARG_INT, .least = 1, .most = 31536000 },
	[CONTAINER_NETWORK] = { "network", ARG_CHOICE, .choices = networks },
	[CONTAINER_ENV] = { .name = "env", .type = ARG_OBJECT },
	[CONTAINER_WORKDIR] = { "workdir", ARG_TEXT, .least = 1, .most = PATH_ARG_MAX,
				.aliases = workdir_aliases },
};

static const struct arg request_id_arg = { "request_id", ARG_TEXT, .least = 1, .most = 128 };

/* The default and what the operator names beside it, there or not yet. */
static void bind_images(struct json *property, const struct sandbox_settings *settings)
{
	const char *names[IMAGES_MAX + 2] = { settings->image };
	size_t count = 1;

	for (const struct sandbox_image *i = settings->images; i && i->name; i++)
		if (count <= IMAGES_MAX)
			names[count++] = i->name;
	bind_choice(property, names, settings->image);
}

bool container_bind(const void *ctx, const char *name, struct json *property)
{
	const struct sandbox_settings *s = ((const struct tools_context *)ctx)->settings;
	const struct argument_bound bounds[] = {
		{ "memory_mb", MIB, SANDBOX_MEMORY_LEAST, s->memory, s->memory },
		{ "cpus", 1000, SANDBOX_CPU_LEAST, s->cpu_milli, s->cpu_milli },
		{ "pids", 1, SANDBOX_PIDS_LEAST, s->pids, s->pids },
		{ "disk_mb", MIB, SANDBOX_DISK_LEAST, s->disk, s->disk },
		{ "ttl_seconds", 1000, SANDBOX_TTL_LEAST_MS, s->ttl_ms, s->ttl_ms },
	};
	bool internet = strcmp(s->network, "internet") == 0;

	if (strcmp(name, "disk_mb") == 0 && s->disk == 0)
		return false; /* the storage here cannot bound it */
	if (strcmp(name, "image") == 0)
		bind_images(property, s);
	else if (strcmp(name, "network") == 0)
		bind_choice(property, internet ? networks : no_network, s->network);
	else
		bind_number(property, name, bounds, sizeof(bounds) / sizeof(*bounds));
	return true;
}

static void on_done(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct json *result;

	free(waiting);
	if (err) {
		tool_fail(call, err);
		return;
	}
	container_text(view, &text);
	if (view->waited_ms >= WORTH_TELLING_MS)
		buf_addf(&text, "it waited %.1f s for its turn\n",
			 (double)view->waited_ms / 1000.0);
	buf_addf(&text, "[run commands with execute_command(container_id=\"%s\", command=\"…\")]",
		 view->row->id);
	call_add_text(call, buf_text(&text));
	result = container_json(view);
	if (view->waited_ms >= WORTH_TELLING_MS)
		json_put_int(result, "waited_ms", view->waited_ms);
	call_answer(call, result);
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

bool container_wish(const struct arg_value values[CONTAINER_ARGS],
		    struct sandbox_request *ret_request, char ***ret_env, struct error *err)
{
	struct sandbox_request wish = {
		.name = values[CONTAINER_NAME].text,
		.image = values[CONTAINER_IMAGE].text,
		.memory = values[CONTAINER_MEMORY].number * MIB,
		.pids = values[CONTAINER_PIDS].number,
		.disk = values[CONTAINER_DISK].number * MIB,
		.ttl_ms = values[CONTAINER_TTL].number * 1000,
		.network = values[CONTAINER_NETWORK].text,
		.workdir = values[CONTAINER_WORKDIR].text,
	};

	if (!read_cpus(&values[CONTAINER_CPUS], &wish.cpu_milli, err))
		return false;
	if (wish.workdir && wish.workdir[0] != '/')
		return error_set(err, ERROR_INVALID,
				 "workdir must be an absolute path that begins with /");
	if (values[CONTAINER_ENV].given) {
		*ret_env = env_read(values[CONTAINER_ENV].object, err);
		if (!*ret_env)
			return false;
		wish.env = (const char *const *)*ret_env;
	}
	*ret_request = wish;
	return true;
}

bool container_refuse_allowlist(struct call *call, const struct json *args)
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

/* To a client that wants to hear of progress, when this one has to wait for its turn. */
static void tell_wait(struct call *call, const struct sandbox_line *before)
{
	const struct sandboxes *all = tools_of(call)->sandboxes;
	auto_buf text = BUF_INIT(TEXT_MAX);

	if (sandboxes_line(all, call_owner(call)).length <= before->length)
		return;
	buf_addf(&text, "%lld other containers come before this one, which begins in about %.1f s",
		 (long long)before->before, (double)before->wait_ms / 1000.0);
	call_progress(call, 0, -1, buf_text(&text));
}

static void run(struct call *call, const struct json *args)
{
	struct arg table[A_COUNT];
	struct arg_value values[A_COUNT];
	struct sandbox_request request;
	struct waiting *waiting;
	struct sandbox_line before = sandboxes_line(tools_of(call)->sandboxes, call_owner(call));
	struct sandbox_op *op;
	struct error err;
	auto_env env = NULL;

	memcpy(table, container_args, sizeof(container_args));
	table[A_REQUEST_ID] = request_id_arg;
	if (container_refuse_allowlist(call, args) ||
	    !args_read(call, args, table, A_COUNT, values))
		return;
	if (!container_wish(values, &request, &env, &err)) {
		tool_fail(call, &err);
		return;
	}
	request.request_id = values[A_REQUEST_ID].text;
	request.owner = call_owner(call);
	waiting = waiting_new(call);
	op = sandbox_create(tools_of(call)->sandboxes, &request, on_done, waiting, &err);
	if (op)
		tell_wait(call, &before);
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
	.bind = container_bind,
	.run = run,
};
