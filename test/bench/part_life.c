/* Beginning and end of one container, without a pool: how much the server adds to what Podman needs
 * to create and start it, how soon destroy answers, and how soon the container is really gone. */
#include "bench.h"

#include <stdio.h>

enum { POLL_MS = 2, GONE_MS = 30000 };

struct life {
	struct caller caller;
	struct rest rest;
	struct samples create, bare_create;
	struct samples answer, gone, bare_delete, bare_kill_delete;
};

static void auto_life_(struct life *life)
{
	caller_close(&life->caller);
	rest_close(&life->rest);
	samples_release(&life->create);
	samples_release(&life->bare_create);
	samples_release(&life->answer);
	samples_release(&life->gone);
	samples_release(&life->bare_delete);
	samples_release(&life->bare_kill_delete);
}

static bool wait_gone(struct life *life, const char *id, struct error *err)
{
	auto_str name = mem_format("sandpod-%s", id);
	int64_t deadline_ns = ns_in(GONE_MS);
	bool there = true;

	for (;;) {
		if (!rest_exists(&life->rest, name, &there, err))
			return false;
		if (!there)
			return true;
		if (now_ns() > deadline_ns)
			return error_set(err, ERROR_TIMEOUT, "a container was not removed");
		if (!wait_until(ns_in(POLL_MS), err))
			return false;
	}
}

static bool live_ours(struct life *life, struct error *err)
{
	char id[CONTAINER_ID_SIZE];
	int64_t start_ns = now_ns();

	if (!caller_create(&life->caller, 0, id, err))
		return false;
	samples_add(&life->create, ms_since(start_ns));
	start_ns = now_ns();
	if (!caller_destroy(&life->caller, id, err))
		return false;
	samples_add(&life->answer, ms_since(start_ns));
	if (!wait_gone(life, id, err))
		return false;
	samples_add(&life->gone, ms_since(start_ns));
	return true;
}

static bool live_bare(struct life *life, bool kill_first, struct error *err)
{
	char id[PODMAN_ID_SIZE];
	int64_t start_ns = now_ns();

	if (!rest_create(&life->rest, id, err))
		return false;
	samples_add(&life->bare_create, ms_since(start_ns));
	start_ns = now_ns();
	if ((kill_first && !rest_kill(&life->rest, id, err)) || !rest_remove(&life->rest, id, err))
		return false;
	samples_add(kill_first ? &life->bare_kill_delete : &life->bare_delete, ms_since(start_ns));
	return true;
}

static void report_life(struct report *report, const struct life *life)
{
	struct summary create = samples_summary(&life->create);
	struct summary bare_create = samples_summary(&life->bare_create);
	struct summary answer = samples_summary(&life->answer);
	struct summary gone = samples_summary(&life->gone);
	struct summary bare_delete = samples_summary(&life->bare_delete);
	struct summary bare_kill = samples_summary(&life->bare_kill_delete);
	const struct versus ends[] = {
		{ "bare kill + delete", bare_kill.p50 },
		{ "bare forced delete", bare_delete.p50 },
		{ NULL, 0 },
	};

	report_times(
		report, "create_container on demand", &create,
		(const struct versus[]){ { "bare create + start", bare_create.p50 }, { NULL, 0 } });
	report_times(report, "  bare create + start", &bare_create, NULL);
	report_times(report, "destroy_container, its answer", &answer, NULL);
	report_times(report, "destroy_container, until gone", &gone, ends);
	report_times(report, "  bare kill + delete", &bare_kill, NULL);
	report_times(report, "  bare forced delete", &bare_delete, NULL);
}

bool part_life(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	AUTO(life) struct life life = { 0 };
	int rounds = pick(bench, 40, 6);

	report_part(&bench->report, "life", "one container, from its beginning to its end");
	if (!server_start(&server, bench->sandpod, NULL, err) ||
	    !server_caller(&server, &life.caller, err))
		return false;
	rest_open(&life.rest, &server);
	for (int i = 0; i < rounds; i++)
		if (!live_ours(&life, err) || !live_bare(&life, i % 2, err))
			return false;
	report_life(&bench->report, &life);
	return true;
}
