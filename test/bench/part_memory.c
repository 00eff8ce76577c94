/* What it costs to be there: resident memory of the server with nothing, with containers that are
 * linked, and with sessions that are open; of the two processes in each container; of Podman's
 * service and its monitors; and the processor time of all that while nobody asks for anything. */
#include "bench.h"
#include "proc.h"

#include <stdio.h>

enum { QUIET_MS = 5000, POOL_WAIT_MS = 60000 };

struct house {
	struct bench *bench;
	const struct server *server;
	int podman; /* the pid of the service */
};

static void report_kib(const struct house *house, const char *what, int64_t kib)
{
	report_value(&house->bench->report, what, (double)kib / 1024, "MiB", BETTER_NEITHER, NULL);
}

static void report_server(const struct house *house, int containers, int sessions)
{
	auto_str what = mem_format("server: %d containers, %d more sessions", containers, sessions);

	report_kib(house, what, proc_status_kib(house->server->process.pid, "VmRSS"));
	report_note(&house->bench->report, "of that its own, not of files: %.1f MiB",
		    (double)proc_status_kib(house->server->process.pid, "RssAnon") / 1024);
}

static bool open_sessions(const struct house *house, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		auto_caller caller = { 0 };

		if (!caller_open(&caller, house->server->port, NULL, err))
			return error_wrap(err, "session %d", i + 1);
	}
	return true;
}

/* --- the rest of the house ----------------------------------------------------------------- */

static void report_each(const struct house *house, const char *what, const char *comm,
			const char *words)
{
	struct proc_sum rss = proc_sum_kib(comm, words, house->server->dir, "Rss");
	struct proc_sum pss = proc_sum_kib(comm, words, house->server->dir, "Pss");
	auto_str name = mem_format("%s, proportional share, of %d", what, pss.count);

	if (pss.count == 0)
		return;
	report_value(&house->bench->report, name, (double)pss.kib / pss.count, "KiB each",
		     BETTER_NEITHER, NULL);
	report_note(&house->bench->report, "%s: %.0f KiB resident each, shared pages included",
		    what, (double)rss.kib / rss.count);
}

/* Processor time while nobody asks for anything, once the creation has settled: of the server, and
 * of all that works for it. */
static bool report_idle(struct bench *bench, const struct server *server, const char *when,
			struct error *err)
{
	int pid = server->process.pid, wait_ms = pick(bench, 10000, 3000);
	struct proc_usage before, after;
	auto_str alone = mem_format("server, %s: processor time while idle", when);
	auto_str all = mem_format("all, %s: processor time while idle", when);

	if (!wait_until(ns_in(QUIET_MS), err))
		return false;
	proc_usage(pid, server->dir, &before);
	if (!wait_until(ns_in(wait_ms), err))
		return false;
	proc_usage(pid, server->dir, &after);
	report_value(&bench->report, alone, (after.ms[0] - before.ms[0]) * 1000 / wait_ms,
		     "ms per second", BETTER_NEITHER, NULL);
	report_value(&bench->report, all, proc_usage_since(&before, &after) * 1000 / wait_ms,
		     "ms per second", BETTER_NEITHER, NULL);
	report_note(&bench->report, "all: %d processes", after.count);
	return true;
}

/* Spare containers are to cost nothing while they wait. */
static bool report_idle_pool(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	enum pool_state state;

	return server_start(&server, bench->sandpod, (const char *const[]){ "POOL_SIZE=8", NULL },
			    err) &&
	       server_wait_pool(&server, ns_in(POOL_WAIT_MS), &state, err) &&
	       report_idle(bench, &server, "a pool of 8", err);
}

static bool measure(struct house *house, struct error *err)
{
	int few = pick(house->bench, 48, 8), many = pick(house->bench, 200, 20);
	int sessions = pick(house->bench, 1000, 100);
	int pid = house->server->process.pid;
	int64_t with_containers;

	report_server(house, 0, 0);
	report_kib(house, "Podman's service: 0 containers",
		   proc_status_kib(house->podman, "VmRSS"));
	if (!create_many(house->server, few, err))
		return false;
	report_server(house, few, 0);
	if (!create_many(house->server, many - few, err))
		return false;
	with_containers = proc_status_kib(pid, "VmRSS");
	report_server(house, many, 0);
	if (!open_sessions(house, sessions, err))
		return false;
	report_server(house, many, sessions);
	report_value(&house->bench->report, "  of that, each session",
		     (double)(proc_status_kib(pid, "VmRSS") - with_containers) / sessions, "KiB",
		     BETTER_NEITHER, NULL);
	report_each(house, "agent, process 1", "agent", "init");
	report_each(house, "agent, link", "agent", "link");
	report_each(house, "conmon", "conmon", "");
	report_kib(house, "Podman's service: all these containers",
		   proc_status_kib(house->podman, "VmRSS"));
	return report_idle(house->bench, house->server, "all these containers", err) &&
	       report_idle_pool(house->bench, err);
}

bool part_memory(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	struct house house = { .bench = bench, .server = &server };

	report_part(&bench->report, "memory", "resident memory, and processor time while idle");
	if (!server_start(&server, bench->sandpod, NULL, err))
		return false;
	house.podman = proc_child(server.process.pid, "service");
	return measure(&house, err);
}
