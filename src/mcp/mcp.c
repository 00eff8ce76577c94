/* The object itself: what the carriers, methods and calls hold in common. */
#include "internal.h"

struct mcp *mcp_new(const struct mcp_options *options, struct error *err)
{
	struct mcp *mcp;

	for (const struct tool *const *tool = options->tools; *tool; tool++) {
		const struct tool *t = *tool;

		if (!json_scan(t->input_schema, strlen(t->input_schema), err) ||
		    !json_scan(t->output_schema, strlen(t->output_schema), err)) {
			error_wrap(err, "the schemas of tool %s", t->name);
			return NULL;
		}
	}
	mcp = mem_new(struct mcp);
	mcp->loop = options->loop;
	mcp->store = options->store;
	mcp->tools = options->tools;
	mcp->tool_ctx = options->tool_ctx;
	mcp->key_required = options->key_required;
	mcp->calls_per_owner = CALLS_PER_OWNER;
	mcp->any_host = options->any_host;
	mcp->version = mem_strdup(options->version);
	mcp->instructions = mem_strdup(options->instructions);
	mcp->tools_text = method_tools_text(options->tools, options->tool_ctx);
	return mcp;
}

void mcp_free(struct mcp *mcp)
{
	if (!mcp)
		return;
	calls_abandon(mcp);
	sessions_free(mcp);
	key_cache_release(&mcp->keys);
	free(mcp->version);
	free(mcp->instructions);
	free(mcp->tools_text);
	free(mcp);
}

void mcp_drain(struct mcp *mcp)
{
	struct session *session, *next;

	mcp->draining = true;
	HASH_ITER(hh, mcp->sessions, session, next)
	if (session->feed)
		feed_end(session->feed);
}

unsigned mcp_pending(const struct mcp *mcp)
{
	return mcp->pending;
}
