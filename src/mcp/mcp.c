/* The object itself: what the carriers, methods and calls hold in common. */
#include "internal.h"

enum { TICK_MS = 1000, TASK_SWEEP_TICKS = 60 };

static void make_state_key(struct mcp *mcp)
{
	unsigned char bytes[32];

	id_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(mcp->state_key + 2 * i, 3, "%02x", bytes[i]);
}

struct mcp *mcp_new(const struct mcp_options *options, struct error *err)
{
	struct mcp *mcp = mem_new(struct mcp);

	mcp->loop = options->loop;
	mcp->store = options->store;
	mcp->offers = options->offers;
	mcp->tool_ctx = options->tool_ctx;
	mcp->key_required = options->key_required;
	mcp->calls_per_owner = CALLS_PER_OWNER;
	mcp->any_host = options->any_host;
	mcp->name = mem_strdup(options->name);
	mcp->title = mem_strdup(options->title);
	mcp->version = mem_strdup(options->version);
	mcp->instructions = mem_strdup(options->instructions);
	make_state_key(mcp);
	if (!lists_make(mcp, err)) {
		mcp_free(mcp);
		return NULL;
	}
	params_collect(mcp);
	return mcp;
}

void mcp_free(struct mcp *mcp)
{
	if (!mcp)
		return;
	timer_stop(take(mcp->tick));
	listen_end_all(mcp);
	task_waits_end(mcp);
	calls_abandon(mcp);
	exchanges_free(mcp);
	old_links_free(mcp);
	outlets_end_all(mcp);
	sessions_free(mcp);
	key_cache_release(&mcp->keys);
	params_free(mcp);
	timer_stop(take(mcp->tick));
	free(mcp->name);
	free(mcp->title);
	free(mcp->version);
	free(mcp->instructions);
	free(mcp->tools_text[ERA_2025]);
	free(mcp->tools_text[ERA_2026]);
	free(mcp);
}

void mcp_drain(struct mcp *mcp)
{
	struct session *session, *next;

	mcp->draining = true;
	listen_end_all(mcp);
	task_waits_end(mcp);
	old_links_drain(mcp);
	HASH_ITER(hh, mcp->sessions, session, next)
	if (session->feed)
		outlet_finish(session->feed);
}

unsigned mcp_pending(const struct mcp *mcp)
{
	return mcp->pending;
}

static void on_tick(void *ctx)
{
	struct mcp *mcp = ctx;

	mcp->ticks++;
	exchanges_tick(mcp);
	outlets_tick(mcp);
	if (mcp->ticks % TASK_SWEEP_TICKS == 0)
		tasks_sweep(mcp);
	if (!mcp->exchanges && !mcp->outlets)
		timer_stop(take(mcp->tick));
}

void mcp_tick_start(struct mcp *mcp)
{
	if (!mcp->tick)
		mcp->tick = timer_start(mcp->loop, TICK_MS, TICK_MS, on_tick, mcp);
}
