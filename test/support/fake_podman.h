/* A Podman that does what a test tells it to: slow, silent, cut in half, 404, 409, 500, garbage. It
 * listens on a Unix socket in a directory of its own, one thread a connection, and plays a
 * well-behaved agent behind exec links. */
#ifndef FAKE_PODMAN_H
#define FAKE_PODMAN_H

#include <stdbool.h>
#include <stddef.h>

struct fake_podman;

enum fake_fault {
	FAKE_FINE,    /* the answer below, or the usual one */
	FAKE_SILENT,  /* takes the request and never answers */
	FAKE_HANGUP,  /* closes without an answer */
	FAKE_HALF,    /* closes in the middle of the answer */
	FAKE_GARBAGE, /* 200 with bytes that are no JSON */
	FAKE_SLOW,    /* one byte of the answer at a time, an instant apart */
	FAKE_HUGE,    /* a body without end */
};

struct fake_rule {
	const char *method; /* "POST", … */
	const char *path;   /* part of the target; that of an exec session wants "/exec" in it */
	enum fake_fault fault;
	int status; /* 0: the usual answer */
	const char *body;
	int times; /* how often it applies; 0: always */
};

struct fake_podman *fake_podman_start(void);
/* Ends every connection and removes the socket. */
void fake_podman_stop(struct fake_podman *fake);
const char *fake_podman_socket(const struct fake_podman *fake);
/* One rule at a time; NULL: none.  Copied. */
void fake_podman_rule(struct fake_podman *fake, const struct fake_rule *rule);
/* How many requests came whose method and target hold these. */
int fake_podman_count(struct fake_podman *fake, const char *method, const char *path);
/* Waits until every container was removed again; false after half a minute. */
bool fake_podman_wait_empty(struct fake_podman *fake);
/* Breaks every exec link; the containers and what runs in them live on. */
void fake_podman_cut_links(struct fake_podman *fake);
/* Forgets all containers, as if somebody had removed them behind our back. */
void fake_podman_lose_all(struct fake_podman *fake);
/* Takes no connection from now on, and ends those that there are. */
void fake_podman_die(struct fake_podman *fake);

#endif
