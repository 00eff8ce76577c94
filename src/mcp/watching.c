/* Resources whose changes have to be looked for: however many want to hear of one, it is watched
 * once for each owner, from the first of them to the last. */
#include "internal.h"
#include <string.h>

struct watching {
	struct watching *next;
	struct mcp *mcp;
	char *owner;
	char *uri;
	const struct resource_template *form;
	struct resource_watch *watch;
	unsigned wanted; /* by so many */
};

static void on_changed(void *ctx)
{
	const struct watching *watching = ctx;
	/* Whoever is told may end what he is told of. */
	auto_str owner = mem_strdup(watching->owner);
	auto_str uri = mem_strdup(watching->uri);

	mcp_resource_updated(watching->mcp, owner, uri);
}

static struct watching *find(struct mcp *mcp, const char *owner, const char *uri, unsigned *ret_all,
			     unsigned *ret_own)
{
	struct watching *found = NULL;

	*ret_all = *ret_own = 0;
	for (struct watching *at = mcp->watchings; at; at = at->next) {
		++*ret_all;
		if (strcmp(at->owner, owner) != 0)
			continue;
		++*ret_own;
		if (strcmp(at->uri, uri) == 0)
			found = at;
	}
	return found;
}

static void watching_free(struct watching *watching)
{
	free(watching->owner);
	free(watching->uri);
	free(watching);
}

static struct watching *watch(struct mcp *mcp, const char *owner, const char *uri,
			      const struct resource_template *form, const struct json *values,
			      struct error *err)
{
	struct watching *watching = mem_new(struct watching);

	watching->mcp = mcp;
	watching->owner = mem_strdup(owner);
	watching->uri = mem_strdup(uri);
	watching->form = form;
	watching->watch = form->watch(mcp->tool_ctx, owner, values, on_changed, watching, err);
	if (!watching->watch) {
		watching_free(watching);
		return NULL;
	}
	watching->next = mcp->watchings;
	mcp->watchings = watching;
	return watching;
}

bool watching_begin(struct mcp *mcp, const char *owner, const char *uri,
		    struct watching **ret_watching, struct error *err)
{
	const struct resource_template *form;
	auto_json values = NULL;
	struct watching *watching = NULL;
	unsigned all, own;

	if (!resource_changes(mcp, uri, &form, &values))
		return error_set(err, ERROR_INVALID,
				 "changes of this resource are not told; resources/templates/list "
				 "says of which they are");
	if (form && form->watch) {
		watching = find(mcp, owner, uri, &all, &own);
		if (!watching && (own >= WATCHINGS_PER_OWNER || all >= WATCHINGS_MAX))
			return error_set(
				err, ERROR_LIMIT,
				"%u resources are watched for this caller, and no more are taken "
				"now; unsubscribe from others",
				own);
		if (!watching)
			watching = watch(mcp, owner, uri, form, values, err);
		if (!watching)
			return false;
		watching->wanted++;
	}
	*ret_watching = watching;
	return true;
}

void watching_end(struct watching *watching)
{
	struct watching **at;

	if (!watching || --watching->wanted > 0)
		return;
	at = &watching->mcp->watchings;
	while (*at != watching)
		at = &(*at)->next;
	*at = watching->next;
	watching->form->unwatch(watching->watch);
	watching_free(watching);
}
