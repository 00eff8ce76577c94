/* Subscriptions to resources in the 2025 revisions.  They end with their session; and those of
 * sessions that nobody carries make room when there is none. */
#include "internal.h"
#include <string.h>

struct subscription {
	struct subscription *next;
	char *scope;
	char *owner;
	char *uri;
	struct watching *watching;
};

static void subscription_end(struct subscription **at)
{
	struct subscription *subscription = *at;

	*at = subscription->next;
	watching_end(subscription->watching);
	free(subscription->scope);
	free(subscription->owner);
	free(subscription->uri);
	free(subscription);
}

/* Clients go away without a word.  False: there was nothing to end. */
static bool end_unheard(struct mcp *mcp, const struct peer *peer)
{
	struct subscription **at = &mcp->subscriptions;
	bool any = false;

	while (*at) {
		if (strcmp((*at)->owner, peer->owner) != 0 || !(*at)->watching ||
		    strcmp((*at)->scope, peer->scope) == 0 || scope_is_heard(mcp, (*at)->scope)) {
			at = &(*at)->next;
			continue;
		}
		subscription_end(at);
		any = true;
	}
	return any;
}

bool watch_for(struct mcp *mcp, const struct peer *peer, const char *uri,
	       struct watching **ret_watching, struct error *err)
{
	if (watching_begin(mcp, peer->owner, uri, ret_watching, err))
		return true;
	return err->kind == ERROR_LIMIT && end_unheard(mcp, peer) &&
	       watching_begin(mcp, peer->owner, uri, ret_watching, err);
}

static struct subscription **find_subscription(struct mcp *mcp, const char *scope, const char *uri,
					       unsigned *ret_count)
{
	struct subscription **found = NULL;

	*ret_count = 0;
	for (struct subscription **at = &mcp->subscriptions; *at; at = &(*at)->next) {
		if (strcmp((*at)->scope, scope) != 0)
			continue;
		++*ret_count;
		if (uri && strcmp((*at)->uri, uri) == 0)
			found = at;
	}
	return found;
}

static void refuse_watching(const struct peer *peer, const struct rpc_message *message,
			    const char *uri, const struct error *err)
{
	struct fault fault;

	if (err->kind == ERROR_NOT_FOUND)
		resource_missing(peer->era, uri, &fault);
	else if (err->kind == ERROR_GONE)
		fault_set(&fault, 200, RPC_NO_RESOURCE, "%s", err->text);
	else
		fault_set(&fault, 200, rpc_code_of(err->kind), "%s", err->text);
	peer_refuse(peer, message, &fault);
}

void subscribe(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const char *uri = json_get_text(message->params, "uri");
	struct subscription *subscription;
	struct watching *watching;
	struct error err;
	unsigned count;

	if (!uri) {
		peer_error(peer, message, RPC_INVALID_PARAMS, "params.uri must be a string");
		return;
	}
	if (find_subscription(mcp, peer->scope, uri, &count)) {
		peer_result(peer, message, json_object());
		return;
	}
	if (count >= SUBSCRIPTIONS_MAX) {
		peer_error(peer, message, RPC_INVALID_PARAMS,
			   "no more subscriptions are taken; unsubscribe from others");
		return;
	}
	if (!watch_for(mcp, peer, uri, &watching, &err)) {
		refuse_watching(peer, message, uri, &err);
		return;
	}
	subscription = mem_new(struct subscription);
	subscription->scope = mem_strdup(peer->scope);
	subscription->owner = mem_strdup(peer->owner);
	subscription->uri = mem_strdup(uri);
	subscription->watching = watching;
	subscription->next = mcp->subscriptions;
	mcp->subscriptions = subscription;
	peer_result(peer, message, json_object());
}

void unsubscribe(struct mcp *mcp, const struct peer *peer, struct rpc_message *message)
{
	const char *uri = json_get_text(message->params, "uri");
	struct subscription **at;
	unsigned count;

	if (!uri) {
		peer_error(peer, message, RPC_INVALID_PARAMS, "params.uri must be a string");
		return;
	}
	at = find_subscription(mcp, peer->scope, uri, &count);
	if (at)
		subscription_end(at);
	peer_result(peer, message, json_object());
}

void subscriptions_end_scope(struct mcp *mcp, const char *scope)
{
	struct subscription **at = &mcp->subscriptions;

	while (*at)
		if (strcmp((*at)->scope, scope) == 0)
			subscription_end(at);
		else
			at = &(*at)->next;
}

void subscriptions_tell(struct mcp *mcp, const char *owner, const char *uri,
			const struct json *message)
{
	for (const struct subscription *s = mcp->subscriptions; s; s = s->next)
		if ((!owner || strcmp(s->owner, owner) == 0) && strcmp(s->uri, uri) == 0)
			scope_tell(mcp, s->scope, message);
}
