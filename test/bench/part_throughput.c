/* How many commands a second: callers in a closed loop, each with its own connection, over a number
 * of containers; beside how many fork + exec the same containers do by themselves, and (where it
 * can be awaited) beside `podman exec` and fresh exec sessions over REST. */
#include "bench.h"

#include <stdatomic.h>
#include <stdio.h>

enum { MOST = 32, WARM_UP_MS = 300 };

struct hall {
	struct bench *bench;
	const struct server *server;
	int ms; /* of one measurement */
	char ours[MOST][ANY_ID_SIZE];
	char bare[MOST][ANY_ID_SIZE];
};

/* Callers at work. */
struct crowd {
	struct contender contender;
	const char (*ids)[ANY_ID_SIZE];
	int containers;
	int64_t from_ns, until_ns; /* only what ends between them counts */
	struct samples samples;
};

static bool run_one(struct crowd *crowd, struct worker *worker, const char *id,
		    const struct buf *request, struct error *err)
{
	return crowd->contender.way == WAY_SANDPOD ? caller_repeat(&worker->caller, request, err)
						   : worker_run(worker, id, "true", err);
}

static void call_on(void *ctx, int index)
{
	struct crowd *crowd = ctx;
	const char *id = crowd->ids[index % crowd->containers];
	auto_worker worker = { 0 };
	auto_buf request = { 0 };
	struct error err;

	if (!worker_open(&worker, &crowd->contender, &err)) {
		samples_fail(&crowd->samples, &err);
		return;
	}
	request = caller_prepare(&worker.caller, id, "true");
	for (;;) {
		int64_t start_ns = now_ns(), end_ns;

		if (start_ns >= crowd->until_ns)
			return;
		if (!run_one(crowd, &worker, id, &request, &err)) {
			samples_fail(&crowd->samples, &err);
			return;
		}
		end_ns = now_ns();
		if (end_ns >= crowd->from_ns && end_ns < crowd->until_ns)
			samples_add(&crowd->samples, (double)(end_ns - start_ns) / 1e6);
	}
}

/* Commands per second; the times are left in crowd->samples.  One of ours that fails ends the part;
 * Podman loses an exec session now and then when there are several ("no exec session with ID"). */
static bool run_crowd(struct crowd *crowd, int callers, int ms, double *ret_rate, struct error *err)
{
	crowd->from_ns = ns_in(WARM_UP_MS);
	crowd->until_ns = crowd->from_ns + (int64_t)ms * 1000000;
	if (!in_threads(callers, call_on, crowd, err))
		return false;
	if (crowd->samples.failed > 0 &&
	    (crowd->contender.way == WAY_SANDPOD || crowd->samples.count == 0)) {
		*err = crowd->samples.first_err;
		return false;
	}
	*ret_rate = (double)crowd->samples.count * 1000 / ms;
	return true;
}

/* --- the floor of several containers ----------------------------------------------------- */

struct floor_crowd {
	const struct server *server;
	const char (*ids)[ANY_ID_SIZE];
	int ms;
	size_t counts[MOST];
	bool good[MOST];
};

static void floor_on(void *ctx, int index)
{
	struct floor_crowd *crowd = ctx;
	auto_caller caller = { 0 };
	struct floor_result result;
	struct error err;

	if (!server_caller(crowd->server, &caller, &err) ||
	    !floor_run(&caller, crowd->ids[index], FLOOR_ROUNDS_MAX, crowd->ms, &result, &err))
		return;
	crowd->counts[index] = result.times.count;
	crowd->good[index] = true;
}

/* All at the same time. */
static bool floor_rate(const struct hall *hall, int containers, double *ret_rate, struct error *err)
{
	struct floor_crowd crowd = { .server = hall->server,
				     .ids = (const char(*)[ANY_ID_SIZE])hall->ours,
				     .ms = hall->ms };
	int64_t start_ns = now_ns();
	double sum = 0, ms;

	if (!in_threads(containers, floor_on, &crowd, err))
		return false;
	ms = ms_since(start_ns);
	for (int i = 0; i < containers; i++) {
		if (!crowd.good[i])
			return error_set(err, ERROR_UNAVAILABLE, "the floor could not be measured");
		sum += (double)crowd.counts[i];
	}
	/* By the clock of all, not of each: towards the end the last ones have the machine alone.
	 */
	*ret_rate = sum * 1000 / ms;
	return true;
}

/* --- the table --------------------------------------------------------------------------- */

static bool fill_hall(struct hall *hall, struct error *err)
{
	auto_caller caller = { 0 };
	auto_rest rest = { 0 };

	if (!server_caller(hall->server, &caller, err))
		return false;
	rest_open(&rest, hall->server);
	rest.cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);
	for (int i = 0; i < MOST; i++) {
		if (!caller_create(&caller, rest.cpus, hall->ours[i], err) ||
		    !floor_install(hall->bench, &caller, hall->ours[i], err))
			return false;
	}
	for (int i = 0; i < 8; i++)
		if (!rest_create(&rest, hall->bare[i], err))
			return false;
	return true;
}

static bool rate_of(struct hall *hall, enum way way, int callers, int containers, double *ret_rate,
		    struct error *err)
{
	struct crowd crowd = {
		.contender = { .way = way,
			       .server = hall->server,
			       .remote_cli = hall->bench->cli.remote },
		.ids = (const char(*)[ANY_ID_SIZE])(way == WAY_SANDPOD ? hall->ours : hall->bare),
		.containers = containers,
	};
	bool good = run_crowd(&crowd, callers, hall->ms, ret_rate, err);

	if (good && crowd.samples.failed > 0)
		report_note(&hall->bench->report, "of Podman's own, %zu failed: %s",
			    crowd.samples.failed, crowd.samples.first_err.text);
	samples_release(&crowd.samples);
	return good;
}

static bool measure_cell(struct hall *hall, int callers, int containers, struct error *err)
{
	struct crowd crowd = {
		.contender = { .way = WAY_SANDPOD, .server = hall->server },
		.ids = (const char(*)[ANY_ID_SIZE])hall->ours,
		.containers = containers,
	};
	auto_str what = mem_format("%d callers, %d containers", callers, containers);
	auto_str times_of = mem_format("  times of %s", what);
	double ours = 0, floor = 0, cli = 0, api = 0;
	struct summary times;
	/* What Podman itself does is measured where it does best and where it is one at a time. */
	bool with_podman = callers == containers && callers <= 8;

	if (!floor_rate(hall, containers, &floor, err) ||
	    !run_crowd(&crowd, callers, hall->ms, &ours, err)) {
		samples_release(&crowd.samples);
		return error_wrap(err, "%s", what);
	}
	times = samples_summary(&crowd.samples);
	samples_release(&crowd.samples);
	if (with_podman && (!rate_of(hall, WAY_CLI, callers, containers, &cli, err) ||
			    !rate_of(hall, WAY_REST, callers, containers, &api, err)))
		return error_wrap(err, "%s", what);
	report_value(&hall->bench->report, what, ours, "commands/s", BETTER_MORE,
		     (const struct versus[]){ { "podman exec", cli },
					      { "fresh exec sessions over REST", api },
					      { "fork + exec inside", floor },
					      { NULL, 0 } });
	report_times(&hall->bench->report, times_of, &times, NULL);
	return true;
}

bool part_throughput(struct bench *bench, struct error *err)
{
	static const int counts[] = { 1, 8, 32 };
	auto_server server = { 0 };
	auto_str cpus = mem_format("SANDBOX_CPUS=%ld", sysconf(_SC_NPROCESSORS_ONLN));
	struct hall hall = { .bench = bench, .server = &server, .ms = pick(bench, 3000, 1000) };
	bool good;

	report_part(&bench->report, "throughput", "commands per second, `true`, in a closed loop");
	if (!server_start(&server, bench->sandpod, (const char *const[]){ cpus, NULL }, err))
		return false;
	good = fill_hall(&hall, err);
	for (size_t i = 0; good && i < 9; i++)
		good = measure_cell(&hall, counts[i / 3], counts[i % 3], err);
	return good;
}
