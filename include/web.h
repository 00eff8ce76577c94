/* The routes of the HTTP server: which path goes to the protocol, which to a file, which to a
 *probe. Sees http/, mcp/ and sandbox/; nothing but app/ sees it.
 *
 *	POST GET DELETE  / and /mcp      mcp_http; GET / without an event stream: server information
 *	GET              /sse            the event stream of 2024-11-05 clients …
 *	POST             /messages/:id   … and their messages
 *	GET HEAD         /files/:fileId  a person gets a page about it, a program the file
 *	PUT              /uploads/:id    an upload, streamed into its container
 *	GET HEAD         /health         alive
 *	GET HEAD         /ready          able to create: Podman, database, image
 *	OPTIONS          / and /mcp      CORS; elsewhere the methods
 */
#ifndef WEB_H
#define WEB_H

#include "http.h"
#include "mcp.h"
#include "podman.h"
#include "sandbox.h"
#include "store.h"

/* A PUT below this has its body streamed: http_options.stream_put_under. */
#define WEB_UPLOADS "/uploads/"

struct web {
	struct mcp *mcp;
	struct sandboxes *sandboxes;
	struct store *store;
	struct podman *podman; /* /ready asks it for the image */
	const char *image;
	const struct sandbox_image *images; /* further ones: /ready tells of them; NULL: none */
	const char *version;
	struct loop *loop;
	bool draining;     /* /ready says no */
	unsigned previews; /* pages about files that are being made or sent */
};

/* The http_handler_fn; ctx is a struct web. */
void web_handle(void *ctx, struct http_request *req);

#endif
