/* The real server inside the test's process, over a fake Podman: its loop runs in a thread of its
 * own; the test talks to it by HTTP. */
#ifndef SUPPORT_SERVER_H
#define SUPPORT_SERVER_H

#include "fake_podman.h"
#include "json.h"

struct server;

struct server *server_start(struct fake_podman *fake);
void server_stop(struct server *server);

/* Calls a tool in the server's one session; the result (of the JSON-RPC answer), which the caller
 * owns. */
struct json *server_tool(struct server *server, const char *name, const char *arguments);
/* GET; the status, and the body, which the caller owns. */
long server_get(struct server *server, const char *path, char **ret_body);

#endif
