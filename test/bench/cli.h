/* The podman program, as people use it from a shell: `podman run -d` and `podman exec`, on the same
 * storage and behind the same walls.  There are two ways to drive that storage: the program itself
 * (local), or through the service (remote, `podman --url`).  The faster of the two is compared
 * with. */
#ifndef CLI_H
#define CLI_H

#include "server.h"

struct cli {
	const struct server *server;
	bool remote;
	double cpus; /* 0: the server's default */
};

/* Tries both, alternating, and takes the faster for every comparison of this run. */
struct cli_choice {
	bool made, remote;
	double local_ms, remote_ms; /* medians of run + exec */
};
bool cli_choose(const struct server *server, struct cli_choice *ret_choice,
		struct error *err) must_check;

enum { CLI_ID_SIZE = 80 };
bool cli_run(const struct cli *cli, char ret_id[CLI_ID_SIZE], struct error *err) must_check;
/* `sh -c command`; ret_bytes may be NULL. */
bool cli_exec(const struct cli *cli, const char *id, const char *command, int64_t *ret_bytes,
	      struct error *err) must_check;
/* `podman cp`: a path of the machine, or CONTAINER:PATH. */
bool cli_copy(const struct cli *cli, const char *from, const char *to,
	      struct error *err) must_check;
/* Every container of the storage of a server that has ended, whoever made it. */
bool cli_remove_everything(const struct server *server, struct error *err) must_check;
bool cli_remove(const struct cli *cli, const char *id, struct error *err) must_check;

#endif
