/* The short form for every run of the tests: ratios only, never times.  A bound lies within 0.55 of
 * the usual (or 1.8 times it), so that a regression by half misses it, where the ratio is steady.
 * Those marked "wide" are not: they lie between two wake-ups and something that mostly computes,
 * and double or halve with what else the processors do.  They find what is several times slower. */
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
	  ratio_command, true, 35, 100 /* wide */ },
	{ "a command: times its fork + exec alone",
	  ratio_floor, false, 4.2, 2.5 /* wide */ },
	{ "commands per second of 8 callers: share of fork + exec alone",
	  ratio_rate, true, 0.45, 1.0 /* wide */ },
	{ "create + first command from the pool: times faster than bare",
	  ratio_pool, true, 16.5, 30 },
	{ "create + first command from the pool: times fork + exec alone",
	  ratio_taking, false, 18, 9 /* wide */ },
	{ "create on demand: times bare create + start",
	  ratio_cold, false, 1.6, 1.0 /* wide */ },
	{ "the answer to destroy: times faster than a bare removal",
	  ratio_destroy, true, 154, 280 /* wide: more on a busy machine */ },
	{ "a command that prints 4 MB: times faster than a fresh exec session",
	  ratio_output, true, 2.1, 3.7 },
	{ "download: times the speed of the exec stream",
	  ratio_download, true, 1.65, 3.0 /* wide */ },
	{ "upload: times the speed of the exec stream",
	  ratio_upload, true, 0.83, 1.5 },
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
