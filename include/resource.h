/* What a resource and a resource template are.  Seen by mcp/, which dispatches, and by whoever
 * offers them. */
#ifndef RESOURCE_H
#define RESOURCE_H

#include "tool.h"

struct resource {
	const char *uri;
	const char *name;
	const char *title; /* may be NULL */
	const char *description;
	const char *media_type; /* may be NULL */
	bool changes;           /* mcp_resource_updated is called when it does */
	call_run_fn *read;      /* call_add_contents, then call_end */
};

/* One that is watched for somebody, made and ended by whoever offers it. */
struct resource_watch;
typedef void resource_changed_fn(void *ctx);

/* The URI template of RFC 6570 as far as: {name}, which stands for a segment, and {+name} at the
 * end, which stands for all that follows. */
struct resource_template {
	const char *uri_template;
	const char *name;
	const char *title; /* may be NULL */
	const char *description;
	const char *media_type; /* may be NULL */
	bool changes;           /* mcp_resource_updated is called when it does */
	/* Where a change has to be looked for: begins that for an owner, by the values of the
	 * template, and calls on_changed at each change (never from inside) until unwatch.  NULL
	 * with err: it cannot be watched, or is not his.  tool_ctx is what call_context gives. */
	struct resource_watch *(*watch)(void *tool_ctx, const char *owner,
					const struct json *values, resource_changed_fn *on_changed,
					void *ctx, struct error *err);
	void (*unwatch)(struct resource_watch *watch);
	call_run_fn *read;     /* args: the values by name, decoded */
	call_run_fn *complete; /* as of a prompt */
};

#endif
