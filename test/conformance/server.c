/* Serves the fixture on a free port of loopback and says which; ends with SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "fixture.h"
#include "http.h"
#include "log.h"
#include "store.h"

static void on_request(void *ctx, struct http_request *req)
{
	struct mcp *mcp = ctx;
	const char *path = http_path(req);

	if (strcmp(path, "/sse") == 0)
		mcp_old_stream(mcp, req);
	else if (strncmp(path, mcp_old_messages, strlen(mcp_old_messages)) == 0)
		mcp_old_message(mcp, req);
	else
		mcp_http(mcp, req);
}

static void on_signal(void *ctx, int number)
{
	(void)number;
	loop_stop(ctx);
}

static struct http_server *serve(struct fixture *fixture, struct error *err)
{
	const struct http_options options = { .host = "127.0.0.1",
					      .body_max = MCP_MESSAGE_MAX,
					      .connections_max = 200,
					      .per_address_max = 200,
					      .idle_seconds = 60,
					      .handler = on_request,
					      .ctx = fixture->mcp };

	return http_open(fixture->loop, &options, err);
}

static bool open_all(struct fixture *fixture, struct store **ret_store,
		     struct http_server **ret_http, struct error *err)
{
	struct mcp_options options = {
		.offers = { .tools = fixture_tools,
			    .resources = fixture_resources,
			    .templates = fixture_templates,
			    .prompts = fixture_prompts,
			    .lists_change = true },
		.tool_ctx = fixture,
		.name = "conformance-fixture",
		.title = "Conformance fixture",
		.version = "1.0.0",
		.instructions = "The tools of the conformance suite.",
	};

	fixture->loop = loop_new(err);
	*ret_store = fixture->loop ? store_open(":memory:", err) : NULL;
	options.loop = fixture->loop;
	options.store = *ret_store;
	fixture->mcp = *ret_store ? mcp_new(&options, err) : NULL;
	*ret_http = fixture->mcp && mcp_resume(fixture->mcp, err) ? serve(fixture, err) : NULL;
	return *ret_http != NULL;
}

int main(void)
{
	struct fixture fixture = { .loop = NULL };
	struct signal_watch *on_term;
	struct http_server *http;
	struct store *store;
	struct error err;

	signal(SIGPIPE, SIG_IGN);
	log_open(LOG_WARN, LOG_TEXT);
	if (!open_all(&fixture, &store, &http, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	on_term = signal_open(fixture.loop, SIGTERM, on_signal, fixture.loop, &err);
	printf("listening on http://localhost:%u/mcp\n", http_port(http));
	fflush(stdout);
	loop_run(fixture.loop);
	signal_close(on_term);
	mcp_free(fixture.mcp);
	http_close(http);
	store_close(store);
	loop_free(fixture.loop);
	return 0;
}
