/* The bare REST API of the private Podman: the same containers, behind the same walls, without the
 * server between. */
#ifndef REST_H
#define REST_H

#include "client.h"
#include "json.h"
#include "server.h"

enum { PODMAN_ID_SIZE = 80 };

struct rest {
	struct client client;
	const struct server *server;
	double cpus; /* of what it makes; 0: the server's default */
};

void rest_open(struct rest *rest, const struct server *server);
void rest_close(struct rest *rest);

static inline void auto_rest_(struct rest *slot)
{
	rest_close(slot);
}
#define auto_rest AUTO(rest) struct rest

/* Created and started; it does nothing for an hour. */
bool rest_create(struct rest *rest, char ret_id[PODMAN_ID_SIZE], struct error *err) must_check;
bool rest_remove(struct rest *rest, const char *id, struct error *err) must_check;

bool rest_kill(struct rest *rest, const char *id, struct error *err) must_check;
bool rest_exists(struct rest *rest, const char *name, bool *ret_exists,
		 struct error *err) must_check;

/* A fresh exec session that runs `sh -c command` to its end: create, start, read all, inspect.
 * ret_bytes (may be NULL): how much it printed, frames included. */
bool rest_exec(struct rest *rest, const char *id, const char *command, int64_t *ret_bytes,
	       struct error *err) must_check;

/* An exec session that is fed: bytes go to stream.client, and its end is waited for. */
struct rest_stream {
	struct client client; /* released by whoever opened it */
	char session[PODMAN_ID_SIZE];
};
bool rest_stream_open(struct rest *rest, const char *id, const char *command,
		      struct rest_stream *ret_stream, struct error *err) must_check;
bool rest_stream_end(struct rest *rest, struct rest_stream *stream, struct error *err) must_check;

/* GET; the caller owns the value. */
struct json *rest_get(struct rest *rest, const char *path, struct error *err) must_check;

/* Everything that the bench made beside the server, the command line's containers included. */
bool rest_remove_all(const struct server *server, struct error *err) must_check;

/* A range of user ids that no other container of the bench has. */
int64_t bare_uid_base(void);

#endif
