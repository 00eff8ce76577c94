/* What clients meet: the key (if one is asked for), the protocol, and HTTP or stdio.  With stdio
 * there is an HTTP server too, on loopback, because people open the links to files. */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include "log.h"

enum {
	CONNECTIONS_MAX = 2000,
	PER_ADDRESS_MAX = 200,
	IDLE_SECONDS = 75,
	MAX_WAIT_MS = 45 * 1000, /* clients give up at about 60 s */
};

static bool is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

/* Whether others than this machine reach us: by the address we listen on, or through the proxy that
 * BASE_URL tells of. */
static bool is_public(const struct app *app)
{
	const char *url = app->config.base_url;
	const char *start = url ? strstr(url, "://") : NULL;
	auto_str host = NULL;

	if (!is_loopback(app->config.host))
		return true;
	if (!start)
		return false;
	start += strlen("://");
	if (*start == '[')
		host = mem_strndup(start + 1, strcspn(start + 1, "]"));
	else
		host = mem_strndup(start, strcspn(start, ":/"));
	return !is_loopback(host);
}

static bool wants_key(const struct app *app)
{
	switch (app->config.auth) {
	case AUTH_NONE:
		return false;
	case AUTH_KEY:
		return true;
	case AUTH_AUTO:
		return is_public(app);
	}
	return true;
}

/* The first start with a key makes it; it is shown this once and kept as a salted hash. */
static bool make_first_key(struct app *app, struct error *err)
{
	char key[MCP_KEY_SIZE];
	bool exists;

	if (!mcp_key_exists(app->store, &exists, err))
		return false;
	if (exists) {
		puts("api key: asked for, and made at an earlier start");
		return true;
	}
	if (!mcp_key_make(app->store, key, err))
		return false;
	printf("api key (shown this once): %s\n", key);
	return true;
}

/* Whoever watches the command hears of it. */
static void on_command_end(void *ctx, const char *owner, const char *command_id)
{
	const struct app *app = ctx;
	auto_str uri = command_uri(command_id);

	if (app->mcp)
		mcp_resource_updated(app->mcp, owner, uri);
}

static bool has_image(const struct config *config, const char *name)
{
	const char *list = config->sandbox_images;
	struct config_image image;

	while (config_image_next(&list, &image))
		if (strcmp(image.name, name) == 0)
			return true;
	return false;
}

static struct tools_web web_of(const struct app *app)
{
	const struct config *config = &app->config;

	return (struct tools_web){
		.image = has_image(config, "web") ? "web" : NULL,
		.allowed_domains = config->web_domains,
		.network_allow = config->network_allow,
		.timeout_ms = config->web_timeout_ms,
		.size = config->web_size,
		.memory = config->web_memory,
		.cpu_milli = config->web_cpu_milli,
		.pids = config->web_pids,
		.search = config->web_search,
		.searxng_url = config->searxng_url,
		.brave_api_key = config->brave_api_key,
		.grants = web_grants_new(),
	};
}

static int64_t lesser(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

static struct tools_compat compat_of(const struct config *config)
{
	return (struct tools_compat){
		.commands = config->bash_allowed_commands,
		.command_ms = lesser(config->bash_timeout_default_ms, config->bash_timeout_max_ms),
		.python_ms =
			lesser(config->python_timeout_default_ms, config->python_timeout_max_ms),
		.memory = config->python_memory_limit_mb << 20,
		.file_bytes = config->file_max_size_mb << 20,
		.extensions = config->file_allowed_extensions,
	};
}

static bool open_mcp(struct app *app, bool key_required, struct error *err)
{
	auto_str instructions = tools_instructions(app->config.tool_sets);

	app->tools = tools_select(app->config.tool_sets);
	app->tools_context = (struct tools_context){
		.loop = app->loop,
		.sandboxes = app->sandboxes,
		.settings = &app->settings,
		.output_limit = app->config.output_limit,
		.command_wait_ms = app->config.command_wait_ms,
		.max_wait_ms = MAX_WAIT_MS,
		.web = web_of(app),
		.compat = compat_of(&app->config),
	};
	app->mcp = mcp_new(
		&(struct mcp_options){ .loop = app->loop,
				       .store = app->store,
				       .offers = { .tools = app->tools,
						   .templates = tools_templates,
						   .prompts = tools_prompts,
						   .list_resources = tools_list_resources },
				       .tool_ctx = &app->tools_context,
				       .key_required = key_required,
				       .any_host = app->options.mode != APP_STDIO && is_public(app),
				       .name = "sandpod",
				       .title = "Sandpod",
				       .version = SANDPOD_VERSION,
				       .instructions = instructions },
		err);
	sandboxes_on_command_end(app->sandboxes, on_command_end, app);
	return app->mcp && mcp_resume(app->mcp, err);
}

static bool open_http(struct app *app, struct error *err)
{
	struct http_options options = {
		.host = app->options.mode == APP_STDIO ? "127.0.0.1" : app->config.host,
		.port = (uint16_t)app->config.port,
		.body_max = MCP_MESSAGE_MAX,
		.too_large = mcp_too_large,
		.stream_put_under = WEB_UPLOADS,
		.connections_max = CONNECTIONS_MAX,
		.per_address_max = PER_ADDRESS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = web_handle,
		.ctx = &app->web,
	};

	app->web = (struct web){ .mcp = app->mcp,
				 .sandboxes = app->sandboxes,
				 .store = app->store,
				 .podman = app->podman,
				 .image = app->image,
				 .images = images_list(app),
				 .version = SANDPOD_VERSION,
				 .loop = app->loop };
	app->http = http_open(app->loop, &options, err);
	if (!app->http && app->options.mode == APP_STDIO) {
		options.port = 0; /* a window beside another: any port serves for links */
		app->http = http_open(app->loop, &options, err);
	}
	return app->http != NULL;
}

static void name_base_url(struct app *app)
{
	if (app->config.base_url)
		snprintf(app->base_url, sizeof(app->base_url), "%s", app->config.base_url);
	else
		snprintf(app->base_url, sizeof(app->base_url), "http://localhost:%u",
			 http_port(app->http));
}

/* What an operator may not have meant. */
static void warn_of_openness(const struct app *app, bool key_required)
{
	if (app->options.mode == APP_STDIO || !is_public(app))
		return;
	if (!key_required)
		log_warn("server", "AUTH=none: whoever reaches this server can use it");
	if (!app->config.base_url)
		log_warn("server", "links to files say %s; set BASE_URL to what people can open",
			 app->base_url);
}

static void on_stdio_end(void *ctx)
{
	stop_begin(ctx);
}

static bool open_stdio(struct app *app, struct error *err)
{
	app->stdio = mcp_stdio_open(app->mcp, STDIN_FILENO, STDOUT_FILENO, on_stdio_end, app, err);
	return app->stdio != NULL;
}

static void announce(const struct app *app)
{
	bool v6 = strchr(app->config.host, ':') != NULL;

	printf("listening on http://%s%s%s:%u\n", v6 ? "[" : "", app->config.host, v6 ? "]" : "",
	       http_port(app->http));
	fflush(stdout);
}

bool step_front(struct app *app, struct error *err)
{
	bool stdio = app->options.mode == APP_STDIO;
	bool key_required = !stdio && wants_key(app);

	if (key_required && !make_first_key(app, err))
		return false;
	if (!open_mcp(app, key_required, err) || !open_http(app, err))
		return false;
	name_base_url(app);
	if (stdio && !open_stdio(app, err))
		return false;
	warn_of_openness(app, key_required);
	if (!stdio)
		announce(app);
	log_info("server", "%s on %s, network %s%s%s%s", app->engine_text, app->base_url,
		 app->settings.network, app->network_note ? " (" : "",
		 app->network_note ? app->network_note : "", app->network_note ? ")" : "");
	step_done(app, NULL);
	return true;
}

void front_close(struct app *app)
{
	if (app->stdio)
		mcp_stdio_close(take(app->stdio));
	mcp_free(app->mcp);
	app->mcp = NULL;
	http_close(app->http);
	app->http = NULL;
	free(take(app->tools));
	web_grants_free(take(app->tools_context.web.grants));
}
