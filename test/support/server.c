#include "server.h"
#include <assert.h>
#include <curl/curl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"
#include "http.h"
#include "log.h"
#include "loop.h"
#include "mcp.h"
#include "podman.h"
#include "sandbox.h"
#include "tool.h"
#include "tools.h"
#include "web.h"

struct server {
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandbox_settings settings;
	struct sandboxes *sandboxes;
	struct tools_context context;
	const struct tool **tools;
	struct mcp *mcp;
	struct web web;
	struct http_server *http;
	struct watch *stop_watch;
	int stop_pipe[2];
	pthread_t thread;
	char dir[64];
	char url[128];
	char session[128];
	int next_id;
};

/* --- the server's thread ------------------------------------------------------------------- */

static void on_stop(void *ctx, unsigned events)
{
	struct server *server = ctx;

	(void)events;
	loop_stop(server->loop);
}

static void open_domain(struct server *server, struct fake_podman *fake, struct error *err)
{
	server->store = store_open(":memory:", err);
	assert(server->store);
	server->podman = podman_open(server->loop, fake_podman_socket(fake), err);
	assert(server->podman);
	server->settings = (struct sandbox_settings){
		.data_dir = server->dir,
		.agent_path = "/bin/true",
		.base_url = server->url,
		.image = "fake",
		.memory = 256 << 20,
		.cpu_milli = 500,
		.pids = 100,
		.ttl_ms = 7200 * 1000,
		.network = "none",
		.open_files_max = 1024,
		.processes_max = 4096,
		.exec_links = true, /* the fake has no process 1 that could come to us */
		.command_timeout_ms = 3600 * 1000,
		.output_limit = 16384,
		.output_spool = 1 << 20,
		.max_containers = 10,
		.allow_unenforced = "",
	};
	server->sandboxes =
		sandboxes_open(server->loop, server->store, server->podman, &server->settings, err);
	assert(server->sandboxes);
	sandboxes_podman_up(server->sandboxes);
}

static void open_front(struct server *server, struct error *err)
{
	server->tools = tools_select("containers,commands,code,files");
	server->context = (struct tools_context){ .sandboxes = server->sandboxes,
						  .loop = server->loop,
						  .settings = &server->settings,
						  .output_limit = 16384,
						  .command_wait_ms = 3000,
						  .max_wait_ms = 45000 };
	server->mcp = mcp_new(&(struct mcp_options){ .loop = server->loop,
						     .store = server->store,
						     .offers = { .tools = server->tools },
						     .name = "sandpod",
						     .tool_ctx = &server->context,
						     .version = "test" },
			      err);
	assert(server->mcp);
	server->web = (struct web){ .mcp = server->mcp,
				    .sandboxes = server->sandboxes,
				    .store = server->store,
				    .podman = server->podman,
				    .image = "fake",
				    .version = "test" };
	server->http = http_open(server->loop,
				 &(struct http_options){ .host = "127.0.0.1",
							 .body_max = 4 << 20,
							 .connections_max = 100,
							 .per_address_max = 100,
							 .idle_seconds = 75,
							 .handler = web_handle,
							 .ctx = &server->web },
				 err);
	assert(server->http);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", http_port(server->http));
}

static void *serve(void *ctx)
{
	struct server *server = ctx;

	loop_run(server->loop);
	return NULL;
}

/* --- the client --------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	return buf_add(ctx, data, size * count) ? size * count : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct server *server = ctx;
	static const char name[] = "mcp-session-id: ";

	if (strncasecmp(data, name, strlen(name)) == 0)
		snprintf(server->session, sizeof(server->session), "Mcp-Session-Id: %.*s",
			 (int)strcspn(data + strlen(name), "\r\n"), data + strlen(name));
	return size * count;
}

/* What takes long is answered by an event stream, of which the last message counts. */
static struct json *read_answer(const struct buf *body)
{
	static const char front[] = "\ndata: {";
	const char *text = buf_text(body);
	const char *at = text, *last = text;
	struct error err;

	while ((at = strstr(at, front)))
		last = at += strlen(front) - 1;
	return json_parse(last, last == text ? body->len : strcspn(last, "\n"), &err);
}

static struct json *post(struct server *server, const char *method, struct json *params)
{
	auto_json message = json_object();
	auto_buf body = BUF_INIT(64 << 20);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();
	char url[160];
	auto_str text = NULL;

	json_put_text(message, "jsonrpc", "2.0");
	json_put_int(message, "id", ++server->next_id);
	json_put_text(message, "method", method);
	json_put(message, "params", params);
	text = json_print(message);
	snprintf(url, sizeof(url), "%s/mcp", server->url);
	headers = curl_slist_append(headers, "Accept: application/json, text/event-stream");
	if (server->session[0])
		headers = curl_slist_append(headers, server->session);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, server);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	assert(curl_easy_perform(curl) == CURLE_OK);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return read_answer(&body);
}

static void shake_hands(struct server *server)
{
	struct json *params = json_object(), *info = json_object();
	auto_json answer = NULL;

	json_put_text(params, "protocolVersion", "2025-11-25");
	json_put(params, "capabilities", json_object());
	json_put_text(info, "name", "component");
	json_put_text(info, "version", "1");
	json_put(params, "clientInfo", info);
	answer = post(server, "initialize", params);
	assert(answer && server->session[0]);
}

struct json *server_tool(struct server *server, const char *name, const char *arguments)
{
	struct json *params = json_object();
	auto_json answer = NULL;
	const struct json *result;

	json_put_text(params, "name", name);
	json_put(params, "arguments", json_new_raw(arguments, strlen(arguments)));
	answer = post(server, "tools/call", params);
	result = answer ? json_get_object(answer, "result") : NULL;
	return result ? json_copy(result) : NULL;
}

long server_get(struct server *server, const char *path, char **ret_body)
{
	auto_buf body = BUF_INIT(16 << 20);
	CURL *curl = curl_easy_init();
	char url[256];
	long status = 0;

	snprintf(url, sizeof(url), "%s%s", server->url, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	assert(curl_easy_perform(curl) == CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	*ret_body = buf_take(&body);
	return status;
}

/* --- both ------------------------------------------------------------------------------------ */

struct server *server_start(struct fake_podman *fake)
{
	struct server *server = mem_new(struct server);
	struct error err;

	log_open(LOG_ERROR, LOG_TEXT);
	snprintf(server->dir, sizeof(server->dir), "/tmp/component-XXXXXX");
	assert(mkdtemp(server->dir));
	server->loop = loop_new(&err);
	assert(server->loop);
	open_domain(server, fake, &err);
	open_front(server, &err);
	assert(pipe(server->stop_pipe) == 0);
	server->stop_watch =
		watch_open(server->loop, server->stop_pipe[0], LOOP_READ, on_stop, server, &err);
	assert(server->stop_watch);
	assert(pthread_create(&server->thread, NULL, serve, server) == 0);
	shake_hands(server);
	return server;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void server_stop(struct server *server)
{
	assert(write(server->stop_pipe[1], "x", 1) == 1);
	pthread_join(server->thread, NULL);
	watch_close(server->stop_watch);
	close(server->stop_pipe[0]);
	close(server->stop_pipe[1]);
	mcp_free(server->mcp);
	http_close(server->http);
	sandboxes_close(server->sandboxes);
	podman_close(server->podman);
	store_close(server->store);
	loop_free(server->loop);
	free(server->tools);
	nftw(server->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(server);
}
