/* The server under test: started on a free port with a data directory of its own, and gone with
 * all its containers afterwards, whatever happened. */
#ifndef SERVER_H
#define SERVER_H

#include "caller.h"
#include "process.h"

struct server {
	const char *program;
	char *dir;  /* its DATA_DIR */
	char **env; /* its whole environment */
	struct process process;
	int port;
	char *socket;               /* of its private Podman */
	char *image;                /* what its containers are made of */
	char session[SESSION_SIZE]; /* one that callers may share */
	double start_ms;            /* from exec to "listening on" */
	bool leaves_containers;     /* as it runs now, when it ends */
};

/* settings: "NAME=value", NULL-terminated; the most common ones are set already. */
bool server_start(struct server *server, const char *program, const char *const *settings,
		  struct error *err) must_check;
/* Ends and removes everything, what was made beside it in its Podman included; also after a start
 * that failed or none at all. */
void server_stop(struct server *server);

static inline void auto_server_(struct server *slot)
{
	server_stop(slot);
}
#define auto_server AUTO(server) struct server

/* Ends the process alone, by this signal. */
bool server_end(struct server *server, int signal, struct error *err) must_check;
/* Starts it again on the same data.  keep: its end will not be the end of its containers. */
bool server_again(struct server *server, bool keep, struct error *err) must_check;

/* A caller in the shared session. */
bool server_caller(const struct server *server, struct caller *ret_caller,
		   struct error *err) must_check;

/* Whether GET /ready tells of a pool; if so, waits until it is full. */
enum pool_state { POOL_NONE, POOL_FULL };
bool server_wait_pool(const struct server *server, int64_t deadline_ns, enum pool_state *ret_state,
		      struct error *err) must_check;

#endif
