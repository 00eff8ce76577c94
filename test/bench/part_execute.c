/* A command that does nothing, in a running container: what the way to it and back costs.
 *
 * A container's CPU quota stops it for the rest of each 100 ms once it is used up, whoever asked
 * for the command: that is the limit at work and no overhead.  So everything is measured twice,
 * with half a processor (the default) and with all of them, and the kernel's own count of such
 * stops stands beside each.
 *
 * Calls in a closed loop wait for each other, and so hide what a slow one would have done to those
 * behind it; the paced row sends on a fixed beat and counts from the beat (Tene's "coordinated
 * omission"). */
#include "bench.h"
#include "proc.h"

enum { BLOCKS = 10, WARM_UP = 20, BEAT_MS = 20 };

/* One size of container. */
struct scene {
	struct bench *bench;
	const struct server *server;
	double cpus;
	struct caller caller;
	struct rest rest;
	char ours[CONTAINER_ID_SIZE];
	char floored[CONTAINER_ID_SIZE];
	char bare[PODMAN_ID_SIZE];
	struct samples sandpod, paced, cli, api;
	struct summary floor;
};

struct throttle {
	int64_t periods, stops, stopped_ns;
};

static bool read_throttle(struct scene *scene, const char *id, struct throttle *ret_throttle,
			  struct error *err)
{
	auto_str text = NULL;

	if (!caller_run(
		    &scene->caller, id,
		    "cat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpu.stat",
		    &text, err))
		return error_wrap(err, "reading cpu.stat");
	*ret_throttle = (struct throttle){
		.periods = field_of(text, "nr_periods"),
		.stops = field_of(text, "nr_throttled"),
		.stopped_ns =
			field_of(text, "throttled_time") + field_of(text, "throttled_usec") * 1000,
	};
	return true;
}

/* --- one turn of each -------------------------------------------------------------------- */

static bool turn_sandpod(struct scene *scene, int count, struct error *err)
{
	auto_buf request = caller_prepare(&scene->caller, scene->ours, "true");

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!caller_repeat(&scene->caller, &request, err))
			return false;
		samples_add(&scene->sandpod, ms_since(start_ns));
	}
	return true;
}

static bool turn_paced(struct scene *scene, int count, struct error *err)
{
	auto_buf request = caller_prepare(&scene->caller, scene->ours, "true");
	int64_t beat_ns = now_ns();

	for (int i = 0; i < count; i++) {
		beat_ns += BEAT_MS * INT64_C(1000000);
		if (!wait_until(beat_ns, err) || !caller_repeat(&scene->caller, &request, err))
			return false;
		samples_add(&scene->paced, ms_since(beat_ns));
	}
	return true;
}

static bool turn_cli(struct scene *scene, int count, struct error *err)
{
	struct cli cli = { .server = scene->server, .remote = scene->bench->cli.remote };

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!cli_exec(&cli, scene->bare, "true", NULL, err))
			return false;
		samples_add(&scene->cli, ms_since(start_ns));
	}
	return true;
}

static bool turn_rest(struct scene *scene, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!rest_exec(&scene->rest, scene->bare, "true", NULL, err))
			return false;
		samples_add(&scene->api, ms_since(start_ns));
	}
	return true;
}

/* The floor program gives percentiles, not times: over the turns the middle ones are kept. */
struct floor_turns {
	struct samples p50, p95, p99;
};

static bool turn_floor(struct scene *scene, int count, struct floor_turns *turns, struct error *err)
{
	struct floor_result result;

	if (!floor_run(&scene->caller, scene->floored, count, FLOOR_MS_MAX, &result, err))
		return false;
	samples_add(&turns->p50, result.times.p50);
	samples_add(&turns->p95, result.times.p95);
	samples_add(&turns->p99, result.times.p99);
	scene->floor.count += result.times.count;
	scene->floor.p50 = samples_summary(&turns->p50).p50;
	scene->floor.p95 = samples_summary(&turns->p95).p50;
	scene->floor.p99 = samples_summary(&turns->p99).p50;
	return true;
}

static bool all_turns(struct scene *scene, struct error *err)
{
	int many = pick(scene->bench, 100, 20), few = pick(scene->bench, 10, 3);
	struct floor_turns floor = { 0 };
	bool good = true;

	for (int block = 0; good && block < BLOCKS; block++)
		good = turn_sandpod(scene, many, err) && turn_cli(scene, few, err) &&
		       turn_rest(scene, few, err) && turn_floor(scene, many * 5, &floor, err) &&
		       turn_paced(scene, many / 2, err);
	samples_release(&floor.p50);
	samples_release(&floor.p95);
	samples_release(&floor.p99);
	return good;
}

/* --- a scene ----------------------------------------------------------------------------- */

static bool set(struct scene *scene, struct error *err)
{
	bool good;

	if (!server_caller(scene->server, &scene->caller, err))
		return false;
	rest_open(&scene->rest, scene->server);
	scene->rest.cpus = scene->cpus;
	if (!caller_create(&scene->caller, scene->cpus, scene->ours, err) ||
	    !caller_create(&scene->caller, scene->cpus, scene->floored, err) ||
	    !rest_create(&scene->rest, scene->bare, err) ||
	    !floor_install(scene->bench, &scene->caller, scene->floored, err))
		return false;
	/* The first of each pays for what later ones share. */
	good = turn_sandpod(scene, WARM_UP, err) && turn_rest(scene, 1, err) &&
	       turn_cli(scene, 1, err);
	samples_release(&scene->sandpod);
	samples_release(&scene->api);
	samples_release(&scene->cli);
	return good;
}

static void auto_scene_(struct scene *scene)
{
	caller_close(&scene->caller);
	rest_close(&scene->rest);
	samples_release(&scene->sandpod);
	samples_release(&scene->paced);
	samples_release(&scene->cli);
	samples_release(&scene->api);
}

static void report_throttle(struct report *report, const char *who, const struct throttle *before,
			    const struct throttle *after)
{
	report_note(report, "stopped by the quota, %s: %lld of %lld periods, %.1f ms in all", who,
		    (long long)(after->stops - before->stops),
		    (long long)(after->periods - before->periods),
		    (double)(after->stopped_ns - before->stopped_ns) / 1e6);
}

static void report_scene(const struct scene *scene)
{
	struct report *report = &scene->bench->report;
	struct summary sandpod = samples_summary(&scene->sandpod);
	struct summary paced = samples_summary(&scene->paced);
	struct summary cli = samples_summary(&scene->cli);
	struct summary api = samples_summary(&scene->api);
	const struct versus against[] = {
		{ "podman exec", cli.p50 },
		{ "a fresh exec session over REST", api.p50 },
		{ "fork + exec inside", scene->floor.p50 },
		{ NULL, 0 },
	};
	const struct {
		const char *what;
		const struct summary *times;
	} rows[] = {
		{ "execute_command true", &sandpod },
		{ "  on a fixed beat, counted from the beat", &paced },
		{ "  podman exec", &cli },
		{ "  fresh exec session over REST", &api },
		{ "  fork + exec inside (the floor)", &scene->floor },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_str name = mem_format("%s, cpus %g", rows[i].what, scene->cpus);

		report_times(report, name, rows[i].times, i == 0 ? against : NULL);
	}
	report_note(report, "at p50 %.2f ms over the floor; the beat is one each %d ms",
		    sandpod.p50 - scene->floor.p50, BEAT_MS);
}

static bool measure(struct bench *bench, const struct server *server, double cpus,
		    struct error *err)
{
	AUTO(scene) struct scene scene = { .bench = bench, .server = server, .cpus = cpus };
	struct throttle ours[2] = { 0 }, floor[2] = { 0 };

	if (!set(&scene, err) || !read_throttle(&scene, scene.ours, &ours[0], err) ||
	    !read_throttle(&scene, scene.floored, &floor[0], err) || !all_turns(&scene, err) ||
	    !read_throttle(&scene, scene.ours, &ours[1], err) ||
	    !read_throttle(&scene, scene.floored, &floor[1], err))
		return false;
	report_scene(&scene);
	report_throttle(&bench->report, "execute_command", &ours[0], &ours[1]);
	report_throttle(&bench->report, "floor", &floor[0], &floor[1]);
	return true;
}

bool part_execute(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	auto_str cpus = mem_format("SANDBOX_CPUS=%ld", cores);

	report_part(&bench->report, "execute", "`true` in a running container");
	return server_start(&server, bench->sandpod, (const char *const[]){ cpus, NULL }, err) &&
	       measure(bench, &server, (double)cores, err) && measure(bench, &server, 0.5, err);
}
