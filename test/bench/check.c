/* The short form for every run of the tests: ratios only, never times.  A bound is about 0.55 of
 * the usual (or 1.8 times it), so that a regression by half misses it and another machine mostly
 * does not.  Those marked "wide" vary by a half from run to run, because Podman's part does; what
 * is ours in them is held by the line that follows. */
#include "check.h"

#include <stdio.h>

enum { POOL = 8, POOL_WAIT_MS = 60000 };

static const struct margin {
	const char *what;
	check_ratio *measure;
	bool at_least; /* else at most */
	double bound;
	double measured; /* on two cores, when the bound was chosen */
} margins[] = {
	/* clang-format off */
	{ "a command: times faster than a fresh exec session",
	  ratio_command, true, 25, 55 /* wide */ },
	{ "a command: times its fork + exec alone",
	  ratio_floor, false, 4.0, 2.2 },
	{ "commands per second of 8 callers: share of fork + exec alone",
	  ratio_rate, true, 0.5, 0.92 },
	{ "create + first command from the pool: times faster than bare",
	  ratio_pool, true, 20, 45 /* wide */ },
	{ "create + first command from the pool: times fork + exec alone",
	  ratio_taking, false, 12.5, 6.9 },
	{ "create on demand: times bare create + start",
	  ratio_cold, false, 1.4, 0.78 },
	{ "the answer to destroy: times faster than a bare removal",
	  ratio_destroy, true, 37, 67 },
	{ "a command that prints 4 MB: times faster than a fresh exec session",
	  ratio_output, true, 1.9, 3.4 },
	{ "download: times the speed of the exec stream",
	  ratio_download, true, 1.9, 3.6 },
	{ "upload: times the speed of the exec stream",
	  ratio_upload, true, 0.78, 1.42 },
	{ "code in a kept interpreter of sh: times a command",
	  ratio_code, false, 12, 5 /* wide */ },
	{ "write_file + read_file of 4 KiB: times faster than exec sessions",
	  ratio_files, true, 12, 100 /* wide */ },
	/* The usual of these two is nothing: 2 MB and 10 ms per second are what is let pass. */
	{ "memory for a download: share of the file",
	  ratio_memory, false, 0.01, 0.001 },
	{ "processor time while idle: share",
	  ratio_idle, false, 0.01, 0.001 },
	/* clang-format on */
};
enum { MARGIN_COUNT = sizeof(margins) / sizeof(margins[0]) };

static void auto_stage_(struct stage *stage)
{
	caller_close(&stage->caller);
	rest_close(&stage->rest);
	server_stop(&stage->pooled);
	server_stop(&stage->cold);
}

static bool set(struct stage *stage, struct error *err)
{
	const struct bench *bench = stage->bench;
	double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
	auto_str cpus = mem_format("SANDBOX_CPUS=%g", cores);
	auto_str pool = mem_format("POOL_SIZE=%d", POOL);
	enum pool_state state;

	if (!server_start(&stage->cold, bench->sandpod, (const char *const[]){ cpus, NULL }, err) ||
	    !server_start(&stage->pooled, bench->sandpod, (const char *const[]){ pool, NULL },
			  err) ||
	    !server_wait_pool(&stage->pooled, ns_in(POOL_WAIT_MS), &state, err) ||
	    !server_caller(&stage->cold, &stage->caller, err))
		return false;
	if (state != POOL_FULL)
		return error_set(err, ERROR_INTERNAL, "GET /ready tells of no pool");
	rest_open(&stage->rest, &stage->cold);
	stage->rest.cpus = cores;
	return caller_create(&stage->caller, cores, stage->ours, err) &&
	       rest_create(&stage->rest, stage->bare, err) &&
	       floor_install(bench, &stage->caller, stage->ours, err);
}

static bool holds(const struct margin *margin, double ratio)
{
	return margin->at_least ? ratio >= margin->bound : ratio <= margin->bound;
}

/* A ratio that is missed is measured once more: the machine may have had something else to do. */
static bool check(struct stage *stage, const struct margin *margin, bool *ret_held,
		  struct error *err)
{
	double ratio = 0;

	if (!margin->measure(stage, &ratio, err) ||
	    (!holds(margin, ratio) && !margin->measure(stage, &ratio, err)))
		return error_wrap(err, "%s", margin->what);
	*ret_held = holds(margin, ratio);
	printf("  %-4s  %s: %.3f (%s %g; usual: %g)\n", *ret_held ? "ok" : "MISS", margin->what,
	       ratio, margin->at_least ? "at least" : "at most", margin->bound, margin->measured);
	fflush(stdout);
	return true;
}

bool check_run(struct bench *bench, struct error *err)
{
	AUTO(stage) struct stage stage = { .bench = bench };
	int missed = 0;

	puts("bench: ratios against margins");
	if (!set(&stage, err))
		return false;
	for (size_t i = 0; i < MARGIN_COUNT; i++) {
		bool held = true;

		if (!check(&stage, &margins[i], &held, err))
			return false;
		missed += !held;
	}
	return missed == 0 || error_set(err, ERROR_LIMIT,
					"%d of %d ratios missed their margin twice; "
					"make bench shows the whole of it",
					missed, MARGIN_COUNT);
}
