/* Create → first command done, by the method of github.com/computesdk/benchmarks (METHODOLOGY.md,
 * and src/util/stats.ts for the arithmetic):
 *
 *   - the time of one attempt is from sending the create to having the result of the first command;
 *     the container is destroyed right after, and that is not timed;
 *   - sequential: one after the other; staggered: one more every 200 ms; burst: all at once;
 *   - the lowest and highest 5 % of the successful times are cut off; then median, p95 and p99 by
 *     nearest rank; each scores 100 × (1 − ms / 10 000), at least 0; 60 % median + 25 % p95 + 15 %
 *     p99, times the share of attempts that succeeded.
 *
 * Two things differ, because this is one machine and no cloud: the command is `true` (the image has
 * no node), and there is no network but loopback.  A staggered attempt counts from when it should
 * have begun, so that a late start is not forgiven. */
#include "bench.h"
#include "proc.h"

#include <sys/resource.h>

enum {
	POOL = 100,
	BLOCK = 10, /* how many in a row before it is the next one's turn */
	STAGGER_MS = 200,
	CEILING_MS = 10000,
	POOL_WAIT_MS = 120000,
	CONTENDERS_MAX = 4,
};

/* One contender in one mode. */
struct race {
	struct contender contender;
	struct server *pooled; /* wait for its pool before a turn; NULL: it has none */
	struct samples samples;
	struct samples removals; /* only their failures are looked at */
	struct samples ready;    /* since the start of all */
	int64_t start_ns;
	int64_t gap_ns;              /* between the starts of attempts */
	double client_ms, server_ms; /* processor time that they took */
};

struct field {
	struct race races[CONTENDERS_MAX];
	int count;
};

static double score_of(double ms)
{
	return ms < CEILING_MS ? 100 * (1 - ms / CEILING_MS) : 0;
}

static double league_score(const struct summary *summary)
{
	double timing = 0.60 * score_of(summary->p50) + 0.25 * score_of(summary->p95) +
			0.15 * score_of(summary->p99);
	size_t all = summary->count + summary->failed;

	return all > 0 ? timing * (double)summary->count / (double)all : 0;
}

/* One attempt; the time counts from start_ns. */
static void attempt(struct race *race, struct worker *worker, int64_t start_ns)
{
	char id[ANY_ID_SIZE] = "";
	struct error err;

	if (worker_create(worker, id, &err) && worker_run(worker, id, "true", &err)) {
		samples_add(&race->samples, ms_since(start_ns));
		samples_add(&race->ready, ms_since(race->start_ns));
	} else {
		samples_fail(&race->samples, &err);
	}
	if (*id && !worker_destroy(worker, id, &err))
		samples_fail(&race->removals, &err);
}

static bool wait_pool(struct race *race, struct error *err)
{
	enum pool_state state;

	return !race->pooled || server_wait_pool(race->pooled, ns_in(POOL_WAIT_MS), &state, err);
}

static bool go_on(struct error *err)
{
	return !stopping() || error_set(err, ERROR_CANCELLED, "the bench was interrupted");
}

static void race_clear(struct race *race)
{
	samples_release(&race->samples);
	samples_release(&race->removals);
	samples_release(&race->ready);
}

/* --- the modes --------------------------------------------------------------------------- */

static bool sequential_block(struct race *race, int count, struct error *err)
{
	auto_worker worker = { 0 };

	if (!worker_open(&worker, &race->contender, err))
		return false;
	for (int i = 0; i < count && !stopping(); i++)
		attempt(race, &worker, now_ns());
	/* Its pool fills again in its own time, not in that of the next one. */
	return wait_pool(race, err) && go_on(err);
}

static bool sequential(struct field *field, int count, struct error *err)
{
	for (int done = 0; done < count; done += BLOCK)
		for (int i = 0; i < field->count; i++)
			if (!sequential_block(&field->races[i],
					      count - done < BLOCK ? count - done : BLOCK, err))
				return false;
	return true;
}

static void attempt_in_thread(void *ctx, int index)
{
	struct race *race = ctx;
	int64_t start_ns = race->start_ns + index * race->gap_ns;
	auto_worker worker = { 0 };
	struct error err;

	if (!worker_open(&worker, &race->contender, &err) || !wait_until(start_ns, &err))
		samples_fail(&race->samples, &err);
	else
		attempt(race, &worker, start_ns);
}

/* Of the bench, its threads that have ended included. */
static double own_cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* Staggered, or (with no gap) a burst.  The threads are there before the clock starts. */
static bool concurrent(struct race *race, int count, int gap_ms, struct error *err)
{
	race->start_ns = ns_in(100);
	race->gap_ns = (int64_t)gap_ms * 1000000;
	race->client_ms = own_cpu_ms();
	race->server_ms = proc_cpu_ms(race->contender.server->process.pid);
	if (!in_threads(count, attempt_in_thread, race, err))
		return false;
	race->client_ms = own_cpu_ms() - race->client_ms;
	race->server_ms = proc_cpu_ms(race->contender.server->process.pid) - race->server_ms;
	return wait_pool(race, err) && go_on(err);
}

/* --- the report -------------------------------------------------------------------------- */

static double p50_of(const struct field *field, enum way way)
{
	for (int i = 0; i < field->count; i++)
		if (field->races[i].contender.way == way)
			return samples_trimmed(&field->races[i].samples, 0.05).p50;
	return 0;
}

static void report_failures(struct report *report, const struct race *race)
{
	if (race->samples.failed > 0)
		report_note(report, "%zu attempts failed; the first said: %s", race->samples.failed,
			    race->samples.first_err.text);
	if (race->removals.failed > 0)
		report_note(report, "%zu containers were not removed at once; the first said: %s",
			    race->removals.failed, race->removals.first_err.text);
}

/* From the first request until the first and until the last container was ready. */
static void report_wall(struct report *report, const char *what, const struct race *race)
{
	struct summary ready = samples_summary(&race->ready);
	auto_str last = mem_format("%s, wall clock", what);
	auto_str first = mem_format("%s, first ready", what);

	report_value(report, last, ready.max, "ms", BETTER_LESS, NULL);
	report_value(report, first, ready.min, "ms", BETTER_LESS, NULL);
	if (race->contender.way == WAY_SANDPOD)
		report_note(report,
			    "processor time meanwhile: %.0f ms of the server, %.0f ms of the bench "
			    "itself",
			    race->server_ms, race->client_ms);
}

static void report_field(struct bench *bench, struct field *field, const char *mode,
			 bool is_concurrent)
{
	const struct versus against[] = {
		{ "podman run -d + podman exec", p50_of(field, WAY_CLI) },
		{ "bare REST create + start + exec", p50_of(field, WAY_REST) },
		{ NULL, 0 },
	};

	for (int i = 0; i < field->count; i++) {
		struct race *race = &field->races[i];
		struct summary summary = samples_trimmed(&race->samples, 0.05);
		auto_str what = mem_format("%s: %s", mode, race->contender.name);

		report_scored(&bench->report, what, &summary, league_score(&summary),
			      race->contender.way == WAY_SANDPOD ? against : NULL);
		report_failures(&bench->report, race);
		if (is_concurrent)
			report_wall(&bench->report, what, race);
		race_clear(race);
	}
}

static bool all_concurrent(struct bench *bench, struct field *field, const char *mode, int gap_ms,
			   struct error *err)
{
	for (int i = 0; i < field->count; i++)
		if (!concurrent(&field->races[i], pick(bench, 100, 20), gap_ms, err))
			return error_wrap(err, "%s, %s", mode, field->races[i].contender.name);
	report_field(bench, field, mode, true);
	return true;
}

static struct field field_of_servers(const struct bench *bench, struct server *cold,
				     struct server *warm)
{
	struct field field = { .count = 0 };

	if (warm)
		field.races[field.count++] = (struct race){
			.contender = { .name = "sandpod, pool warm",
				       .way = WAY_SANDPOD,
				       .server = warm },
			.pooled = warm,
		};
	field.races[field.count++].contender = (struct contender){ .name = "sandpod, pool off",
								   .way = WAY_SANDPOD,
								   .server = cold };
	field.races[field.count++].contender =
		(struct contender){ .name = "podman run -d + podman exec",
				    .way = WAY_CLI,
				    .server = cold,
				    .remote_cli = bench->cli.remote };
	field.races[field.count++].contender =
		(struct contender){ .name = "bare REST", .way = WAY_REST, .server = cold };
	return field;
}

static bool measure(struct bench *bench, struct server *cold, struct server *warm,
		    struct error *err)
{
	struct field field = field_of_servers(bench, cold, warm);
	bool good;

	report_note(&bench->report,
		    "ComputeSDK's method, trimmed by 5 %%; `true` for `node -v`; loopback; "
		    "sequential takes turns in blocks of %d",
		    BLOCK);
	good = sequential(&field, pick(bench, 100, 20), err);
	if (good) {
		report_field(bench, &field, "sequential", false);
		good = all_concurrent(bench, &field, "staggered", STAGGER_MS, err) &&
		       all_concurrent(bench, &field, "burst", 0, err);
	}
	for (int i = 0; i < field.count; i++)
		race_clear(&field.races[i]);
	return good;
}

bool part_create(struct bench *bench, struct error *err)
{
	auto_server cold = { 0 };
	auto_server warm = { 0 };
	auto_str size = mem_format("POOL_SIZE=%d", POOL);
	enum pool_state state;

	report_part(&bench->report, "create", "create → first command done");
	if (!server_start(&cold, bench->sandpod, NULL, err) ||
	    !server_start(&warm, bench->sandpod, (const char *const[]){ size, NULL }, err) ||
	    !server_wait_pool(&warm, ns_in(POOL_WAIT_MS), &state, err))
		return false;
	if (state == POOL_NONE)
		report_note(&bench->report, "this server has no pool: only on demand is measured");
	return measure(bench, &cold, state == POOL_NONE ? NULL : &warm, err);
}
