/* The same three verbs for the server under test, for podman's command line, and for the bare
 * API. */
#include "bench.h"

#include <stdio.h>

bool worker_open(struct worker *worker, const struct contender *contender, struct error *err)
{
	*worker = (struct worker){ .contender = contender };
	rest_open(&worker->rest, contender->server);
	worker->rest.cpus = contender->cpus;
	return server_caller(contender->server, &worker->caller, err);
}

void worker_close(struct worker *worker)
{
	caller_close(&worker->caller);
	rest_close(&worker->rest);
}

static struct cli cli_of(const struct worker *worker)
{
	return (struct cli){ .server = worker->contender->server,
			     .remote = worker->contender->remote_cli,
			     .cpus = worker->contender->cpus };
}

bool worker_create(struct worker *worker, char ret_id[ANY_ID_SIZE], struct error *err)
{
	struct cli cli = cli_of(worker);

	switch (worker->contender->way) {
	case WAY_SANDPOD:
		return caller_create(&worker->caller, worker->contender->cpus, ret_id, err);
	case WAY_CLI:
		return cli_run(&cli, ret_id, err);
	case WAY_REST:
		return rest_create(&worker->rest, ret_id, err);
	}
	return false;
}

bool worker_run(struct worker *worker, const char *id, const char *command, struct error *err)
{
	struct cli cli = cli_of(worker);

	switch (worker->contender->way) {
	case WAY_SANDPOD:
		return caller_run(&worker->caller, id, command, NULL, err);
	case WAY_CLI:
		return cli_exec(&cli, id, command, NULL, err);
	case WAY_REST:
		return rest_exec(&worker->rest, id, command, NULL, err);
	}
	return false;
}

bool worker_destroy(struct worker *worker, const char *id, struct error *err)
{
	struct cli cli = cli_of(worker);

	switch (worker->contender->way) {
	case WAY_SANDPOD:
		return caller_destroy(&worker->caller, id, err);
	case WAY_CLI:
		return cli_remove(&cli, id, err);
	case WAY_REST:
		return rest_remove(&worker->rest, id, err);
	}
	return false;
}
