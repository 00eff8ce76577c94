/* Code in an interpreter that is kept, beside a new Python per call: `podman exec … python3 -c` in
 * a container of the same image, behind the same walls.
 *
 * The first call of a context pays for the start of its interpreter, so it is measured by itself.
 * The image is the one of `make image-store`; without it there is nothing to measure. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 5, WARM_UP = 5 };
#define SUM      "1+1"
#define BARE_SUM "exec python3 -c 'print(1+1)'"
#define IMAGE    "python"

struct scene {
	struct bench *bench;
	const struct server *server;
	struct caller caller;
	struct rest rest;
	char ours[CONTAINER_ID_SIZE];
	char bare[PODMAN_ID_SIZE];
	struct samples kept, first, cli, api;
	int contexts; /* begun so far */
};

static void auto_scene_(struct scene *scene)
{
	caller_close(&scene->caller);
	rest_close(&scene->rest);
	samples_release(&scene->kept);
	samples_release(&scene->first);
	samples_release(&scene->cli);
	samples_release(&scene->api);
}

/* --- one turn of each -------------------------------------------------------------------- */

static struct json *code_args(const struct scene *scene, const char *context, const char *code)
{
	struct json *args = json_object();

	json_put_text(args, "container_id", scene->ours);
	json_put_text(args, "context", context);
	json_put_text(args, "code", code);
	return args;
}

static bool turn_kept(struct scene *scene, int count, struct error *err)
{
	auto_buf request =
		caller_prepare_tool(&scene->caller, "run_code", code_args(scene, "kept", SUM));

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!caller_expect(&scene->caller, &request, "\"result\":2", err))
			return false;
		samples_add(&scene->kept, ms_since(start_ns));
	}
	return true;
}

/* The context ends itself afterwards: a container has room for a few only. */
static bool time_first(struct scene *scene, struct error *err)
{
	auto_str context = mem_format("first-%d", scene->contexts++);
	auto_buf request =
		caller_prepare_tool(&scene->caller, "run_code", code_args(scene, context, SUM));
	auto_buf end = caller_prepare_tool(&scene->caller, "run_code",
					   code_args(scene, context, "import os; os._exit(0)"));
	int64_t start_ns = now_ns();

	if (!caller_expect(&scene->caller, &request, "\"result\":2", err))
		return false;
	samples_add(&scene->first, ms_since(start_ns));
	return caller_repeat(&scene->caller, &end, err);
}

static bool time_cli(struct scene *scene, struct error *err)
{
	struct cli cli = { .server = scene->server, .remote = scene->bench->cli.remote };
	int64_t start_ns = now_ns();

	if (!cli_exec(&cli, scene->bare, BARE_SUM, NULL, err))
		return false;
	samples_add(&scene->cli, ms_since(start_ns));
	return true;
}

static bool time_rest(struct scene *scene, struct error *err)
{
	int64_t start_ns = now_ns();

	if (!rest_exec(&scene->rest, scene->bare, BARE_SUM, NULL, err))
		return false;
	samples_add(&scene->api, ms_since(start_ns));
	return true;
}

static bool all_turns(struct scene *scene, struct error *err)
{
	int many = pick(scene->bench, 100, 20), few = pick(scene->bench, 10, 3);

	for (int block = 0; block < BLOCKS; block++) {
		if (!turn_kept(scene, many, err))
			return false;
		for (int i = 0; i < few; i++)
			if (!time_first(scene, err) || !time_cli(scene, err) ||
			    !time_rest(scene, err))
				return false;
	}
	return true;
}

/* --- the scene --------------------------------------------------------------------------- */

static bool set(struct scene *scene, double cpus, struct error *err)
{
	if (!server_caller(scene->server, &scene->caller, err))
		return false;
	rest_open(&scene->rest, scene->server);
	scene->rest.cpus = cpus;
	if (!caller_create(&scene->caller, cpus, scene->ours, err) ||
	    !rest_create(&scene->rest, scene->bare, err))
		return false;
	/* The first of each pays for what later ones share, the pages of Python's files too. */
	if (!turn_kept(scene, WARM_UP, err) || !time_first(scene, err) || !time_cli(scene, err) ||
	    !time_rest(scene, err))
		return false;
	samples_release(&scene->kept);
	samples_release(&scene->first);
	samples_release(&scene->cli);
	samples_release(&scene->api);
	return true;
}

static void report_scene(const struct scene *scene)
{
	struct report *report = &scene->bench->report;
	struct summary kept = samples_summary(&scene->kept);
	struct summary first = samples_summary(&scene->first);
	struct summary cli = samples_summary(&scene->cli);
	struct summary api = samples_summary(&scene->api);
	const struct versus against[] = {
		{ "podman exec python3 -c", cli.p50 },
		{ "python3 -c in a fresh exec session over REST", api.p50 },
		{ NULL, 0 },
	};

	report_times(report, "run_code 1+1, in a living context", &kept, against);
	report_times(report, "run_code 1+1, the first of a context", &first, against);
	report_times(report, "  podman exec python3 -c 'print(1+1)'", &cli, NULL);
	report_times(report, "  the same in a fresh exec session over REST", &api, NULL);
}

static bool measure(struct bench *bench, const struct server *server, double cpus,
		    struct error *err)
{
	AUTO(scene) struct scene scene = { .bench = bench, .server = server };

	if (!set(&scene, cpus, err) || !all_turns(&scene, err))
		return false;
	report_scene(&scene);
	return true;
}

/* Where `make image-store` puts images: beside the builds.  The caller owns it. */
static char *images_dir(const char *sandpod)
{
	const char *slash = strrchr(sandpod, '/');

	return slash ? mem_format("%.*s/../images", (int)(slash - sandpod), sandpod)
		     : mem_strdup("../images");
}

bool part_code(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
	auto_str dir = images_dir(bench->sandpod);
	auto_str stored = mem_format("%s/" IMAGE ".stored", dir);
	auto_str path = mem_format("%s/store", dir);
	auto_str cpus = mem_format("SANDBOX_CPUS=%g", cores);
	auto_str store = NULL;
	char *real = NULL;

	report_part(&bench->report, "code", "`1+1` in Python");
	if (access(stored, F_OK) == 0)
		real = realpath(path, NULL);
	if (!real) {
		report_note(&bench->report,
			    "left out: the image \"" IMAGE "\" is not built (make image-store)");
		return error_set(err, ERROR_UNAVAILABLE,
				 "the image \"" IMAGE "\" is not built: make image-store");
	}
	store = mem_format("IMAGE_STORE=%s", real);
	free(real);
	return server_start(&server, bench->sandpod,
			    (const char *const[]){ store, cpus,
						   "SANDBOX_IMAGE=localhost/sandpod-" IMAGE, NULL },
			    err) &&
	       measure(bench, &server, cores, err);
}
