/* What work in the background costs those who ask for something meanwhile: a command in one
 * container when it is quiet, while the pool fills up behind others that were taken from it, and
 * while those are removed.  The three take turns, on one connection. */
#include "bench.h"

#include <stdio.h>

enum { TAKEN_MAX = 32, BETWEEN_LOOKS = 20, REST_MS = 500, WAIT_MS = 120000, QUIET_COMMANDS = 400 };

struct background {
	struct bench *bench;
	const struct server *server;
	struct caller caller;
	struct rest rest;
	char ours[CONTAINER_ID_SIZE];
	char taken[TAKEN_MAX][CONTAINER_ID_SIZE];
	int count, gone; /* of those that were taken */
	struct samples quiet, refill, removal;
};

static void auto_background_(struct background *work)
{
	caller_close(&work->caller);
	rest_close(&work->rest);
	samples_release(&work->quiet);
	samples_release(&work->refill);
	samples_release(&work->removal);
}

static bool time_commands(struct background *work, int count, struct samples *samples,
			  struct error *err)
{
	auto_buf request = caller_prepare(&work->caller, work->ours, "true");

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!caller_repeat(&work->caller, &request, err))
			return false;
		samples_add(samples, ms_since(start_ns));
	}
	return true;
}

static bool is_full(struct background *work, bool *ret_over, struct error *err)
{
	enum pool_state state;
	struct error look_err;

	*ret_over = server_wait_pool(work->server, now_ns(), &state, &look_err);
	if (*ret_over || look_err.kind == ERROR_TIMEOUT)
		return true;
	*err = look_err;
	return false;
}

static bool are_gone(struct background *work, bool *ret_over, struct error *err)
{
	bool there = false;

	while (work->gone < work->count && !there) {
		auto_str name = mem_format("sandpod-%s", work->taken[work->gone]);

		if (!rest_exists(&work->rest, name, &there, err))
			return false;
		work->gone += !there;
	}
	*ret_over = work->gone == work->count;
	return true;
}

/* Commands until that is over; the looks are not timed. */
static bool time_until(struct background *work,
		       bool (*look)(struct background *work, bool *ret_over, struct error *err),
		       struct samples *samples, struct error *err)
{
	int64_t deadline_ns = ns_in(WAIT_MS);
	bool over = false;

	while (!over) {
		if (now_ns() > deadline_ns)
			return error_set(err, ERROR_TIMEOUT, "the background work does not end");
		if (!time_commands(work, BETWEEN_LOOKS, samples, err) || !look(work, &over, err))
			return false;
	}
	return true;
}

static bool all_turns(struct background *work, struct error *err)
{
	enum pool_state state;

	if (!server_wait_pool(work->server, ns_in(WAIT_MS), &state, err) ||
	    !wait_until(ns_in(REST_MS), err) ||
	    !time_commands(work, QUIET_COMMANDS, &work->quiet, err))
		return false;
	for (int i = 0; i < work->count; i++)
		if (!caller_create(&work->caller, 0, work->taken[i], err))
			return false;
	if (!time_until(work, is_full, &work->refill, err) || !wait_until(ns_in(REST_MS), err))
		return false;
	for (int i = 0; i < work->count; i++)
		if (!caller_destroy(&work->caller, work->taken[i], err))
			return false;
	work->gone = 0;
	return time_until(work, are_gone, &work->removal, err);
}

static void report_slowing(const struct background *work, const char *when,
			   const struct samples *samples)
{
	struct summary quiet = samples_summary(&work->quiet);
	struct summary busy = samples_summary(samples);
	const struct {
		const char *name;
		double quiet, busy;
	} rows[] = {
		{ "p50", quiet.p50, busy.p50 },
		{ "p95", quiet.p95, busy.p95 },
		{ "p99", quiet.p99, busy.p99 },
	};
	auto_str what = mem_format("execute_command true, %s", when);

	report_times(&work->bench->report, what, &busy,
		     (const struct versus[]){ { "when it is quiet", quiet.p50 }, { NULL, 0 } });
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_str name = mem_format("  %s, %s: over that when quiet", when, rows[i].name);

		report_value(&work->bench->report, name, rows[i].busy / rows[i].quiet, "times",
			     BETTER_NEITHER, NULL);
	}
}

static bool measure(struct background *work, struct error *err)
{
	struct summary quiet;
	int rounds = pick(work->bench, 5, 2);

	if (!server_caller(work->server, &work->caller, err))
		return false;
	rest_open(&work->rest, work->server);
	if (!caller_create(&work->caller, 0, work->ours, err))
		return false;
	for (int i = 0; i < rounds; i++)
		if (!all_turns(work, err))
			return false;
	quiet = samples_summary(&work->quiet);
	report_times(&work->bench->report, "execute_command true, quiet", &quiet, NULL);
	report_slowing(work, "while the pool refills", &work->refill);
	report_slowing(work, "while containers are removed", &work->removal);
	report_note(&work->bench->report, "%d containers taken and removed, %d times", work->count,
		    rounds);
	return true;
}

bool part_refill(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	AUTO(background)
	struct background work = { .bench = bench, .server = &server, .count = pick(bench, 24, 8) };
	auto_str size = mem_format("POOL_SIZE=%d", work.count);
	/* So that the quota of the container is not taken for a cost of the background. */
	auto_str cpus = mem_format("SANDBOX_CPUS=%ld", sysconf(_SC_NPROCESSORS_ONLN));
	enum pool_state state;

	report_part(&bench->report, "refill", "a command while there is work in the background");
	if (!server_start(&server, bench->sandpod, (const char *const[]){ size, cpus, NULL },
			  err) ||
	    !server_wait_pool(&server, ns_in(WAIT_MS), &state, err))
		return false;
	if (state == POOL_FULL)
		return measure(&work, err);
	return error_set(err, ERROR_INTERNAL, "GET /ready tells of no pool");
}
