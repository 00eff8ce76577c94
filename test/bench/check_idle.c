/* How busy a server with a full pool is while nobody asks for anything: the one ratio of the check
 * that has no other side. */
#include "check.h"
#include "proc.h"

enum {
	POOL_WAIT_MS = 60000,
	SETTLE_MS = 3000, /* Podman's clean-up lives two seconds after an exec */
	IDLE_MS = 3000,
	/* Server and service; monitor and agent of each of the spare ones. */
	PROCESSES_LEAST = 2 + 8 * 2,
};

/* Processor time over time, while nobody asks for anything and the pool is full: of the server,
 * Podman's service, the monitors and the agents. */
bool ratio_idle(struct stage *stage, double *ret_ratio, struct error *err)
{
	const struct server *server = &stage->pooled;
	struct proc_usage before, after;
	enum pool_state state;

	if (!server_wait_pool(server, ns_in(POOL_WAIT_MS), &state, err) ||
	    !wait_until(ns_in(SETTLE_MS), err))
		return false;
	proc_usage(server->process.pid, server->dir, &before);
	if (!wait_until(ns_in(IDLE_MS), err))
		return false;
	proc_usage(server->process.pid, server->dir, &after);
	if (after.count < PROCESSES_LEAST || after.ms[0] <= 0)
		return error_set(err, ERROR_INTERNAL, "only %d processes were found", after.count);
	*ret_ratio = proc_usage_since(&before, &after) / IDLE_MS;
	return true;
}
