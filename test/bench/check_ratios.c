/* How each ratio of the check is measured: short, but with the turns taken one by one, so that
 * whatever else the machine does falls on both. */
#include "check.h"
#include "proc.h"

#include <stdio.h>

enum {
	POOL_WAIT_MS = 60000,
	CREATES = 8,
	CROWD = 8,
	RATE_MS = 300,
	RATE_ROUNDS = 7,
	FILE_BYTES = 192 << 20,
	FILE_ROUNDS = 3,
	REST_MS = 250,
};
#define SOURCE "/tmp/source"

static bool add_times(struct stage *stage,
		      bool (*one)(struct stage *stage, double *ret_ms, struct error *err),
		      int times, struct samples *samples, struct error *err)
{
	for (int i = 0; i < times; i++) {
		double ms = 0;

		if (!one(stage, &ms, err))
			return false;
		samples_add(samples, ms);
	}
	return true;
}

bool measure_pair(struct stage *stage, const struct pair *pair, double *ret_ratio,
		  struct error *err)
{
	auto_samples left = { 0 };
	auto_samples right = { 0 };

	for (int i = 0; i < pair->rounds; i++)
		if (!add_times(stage, pair->left, pair->left_times, &left, err) ||
		    !add_times(stage, pair->right, pair->right_times, &right, err))
			return false;
	*ret_ratio = samples_summary(&right).p10 / samples_summary(&left).p10;
	return true;
}

/* --- commands ------------------------------------------------------------------------------ */

bool time_command(struct stage *stage, double *ret_ms, struct error *err)
{
	auto_buf request = caller_prepare(&stage->caller, stage->ours, "true");
	int64_t start_ns = now_ns();
	bool good = caller_repeat(&stage->caller, &request, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_bare_exec(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = rest_exec(&stage->rest, stage->bare, "true", NULL, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_floor(struct stage *stage, double *ret_ms, struct error *err)
{
	struct floor_result result = { 0 };
	bool good = floor_run(&stage->caller, stage->ours, 100, 1000, &result, err);

	*ret_ms = result.times.p50;
	return good;
}

bool ratio_command(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_command, time_bare_exec, 10, 20, 2 },
			    ret_ratio, err);
}

bool ratio_floor(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_floor, time_command, 10, 1, 50 }, ret_ratio,
			    err);
}

/* Callers who share the container with the floor program's turn. */
struct crowd {
	struct stage *stage;
	int64_t until_ns;
	struct samples samples;
};

static void call_on(void *ctx, int index)
{
	struct crowd *crowd = ctx;
	auto_caller caller = { 0 };
	auto_buf request = { 0 };
	struct error err;

	(void)index;
	if (!server_caller(&crowd->stage->cold, &caller, &err)) {
		samples_fail(&crowd->samples, &err);
		return;
	}
	request = caller_prepare(&caller, crowd->stage->ours, "true");
	while (now_ns() < crowd->until_ns) {
		if (!caller_repeat(&caller, &request, &err)) {
			samples_fail(&crowd->samples, &err);
			return;
		}
		samples_add(&crowd->samples, 1);
	}
}

/* Commands per second of eight callers, over those that a program inside gets done. */
static bool rate_once(struct stage *stage, struct samples *ratios, struct error *err)
{
	struct crowd crowd = { .stage = stage };
	struct floor_result floor = { 0 };
	bool good;

	if (!floor_run(&stage->caller, stage->ours, FLOOR_ROUNDS_MAX, RATE_MS, &floor, err))
		return false;
	crowd.until_ns = ns_in(RATE_MS);
	if (!in_threads(CROWD, call_on, &crowd, err))
		return false;
	samples_add(ratios, (double)crowd.samples.count * 1000 / RATE_MS / floor.per_second);
	good = crowd.samples.failed == 0;
	if (!good)
		*err = crowd.samples.first_err;
	samples_release(&crowd.samples);
	return good;
}

bool ratio_rate(struct stage *stage, double *ret_ratio, struct error *err)
{
	auto_samples ratios = { 0 };

	for (int i = 0; i < RATE_ROUNDS; i++)
		if (!rate_once(stage, &ratios, err))
			return false;
	*ret_ratio = samples_summary(&ratios).p50;
	return true;
}

/* --- containers ------------------------------------------------------------------------------ */

/* create, first command, and (not timed) destroy. */
static bool time_birth(const struct contender *contender, double *ret_ms, struct error *err)
{
	auto_worker worker = { 0 };
	char id[ANY_ID_SIZE];
	int64_t start_ns;

	if (!worker_open(&worker, contender, err))
		return false;
	start_ns = now_ns();
	if (!worker_create(&worker, id, err) || !worker_run(&worker, id, "true", err))
		return false;
	*ret_ms = ms_since(start_ns);
	return worker_destroy(&worker, id, err);
}

static bool time_pooled_birth(struct stage *stage, double *ret_ms, struct error *err)
{
	return time_birth(&(struct contender){ .way = WAY_SANDPOD, .server = &stage->pooled },
			  ret_ms, err);
}

/* The pool has filled again before it: that would slow it. */
static bool time_bare_birth(struct stage *stage, double *ret_ms, struct error *err)
{
	enum pool_state state;

	if (!server_wait_pool(&stage->pooled, ns_in(POOL_WAIT_MS), &state, err))
		return false;
	return time_birth(&(struct contender){ .way = WAY_REST, .server = &stage->cold }, ret_ms,
			  err);
}

bool ratio_pool(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage,
			    &(struct pair){ time_pooled_birth, time_bare_birth, CREATES / 2, 2, 2 },
			    ret_ratio, err);
}

/* With the pool full and the last one's removal over before each: what is left is the way of taking
 * one. */
static bool time_quiet_birth(struct stage *stage, double *ret_ms, struct error *err)
{
	enum pool_state state;

	return server_wait_pool(&stage->pooled, ns_in(POOL_WAIT_MS), &state, err) &&
	       wait_until(ns_in(REST_MS), err) && time_pooled_birth(stage, ret_ms, err);
}

bool ratio_taking(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_floor, time_quiet_birth, CREATES, 1, 1 },
			    ret_ratio, err);
}

static bool time_create(struct stage *stage, double *ret_ms, struct error *err)
{
	char id[CONTAINER_ID_SIZE];
	int64_t start_ns = now_ns();

	if (!caller_create(&stage->caller, 0, id, err))
		return false;
	*ret_ms = ms_since(start_ns);
	return caller_destroy(&stage->caller, id, err);
}

static bool time_bare_create(struct stage *stage, double *ret_ms, struct error *err)
{
	char id[PODMAN_ID_SIZE];
	int64_t start_ns = now_ns();

	if (!rest_create(&stage->rest, id, err))
		return false;
	*ret_ms = ms_since(start_ns);
	return rest_remove(&stage->rest, id, err);
}

bool ratio_cold(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_bare_create, time_create, CREATES, 1, 1 },
			    ret_ratio, err);
}

static bool time_destroy(struct stage *stage, double *ret_ms, struct error *err)
{
	char id[CONTAINER_ID_SIZE];
	int64_t start_ns;

	if (!caller_create(&stage->caller, 0, id, err))
		return false;
	start_ns = now_ns();
	if (!caller_destroy(&stage->caller, id, err))
		return false;
	*ret_ms = ms_since(start_ns);
	return true;
}

static bool time_bare_remove(struct stage *stage, double *ret_ms, struct error *err)
{
	char id[PODMAN_ID_SIZE];
	int64_t start_ns;

	if (!rest_create(&stage->rest, id, err))
		return false;
	start_ns = now_ns();
	if (!rest_remove(&stage->rest, id, err))
		return false;
	*ret_ms = ms_since(start_ns);
	return true;
}

bool ratio_destroy(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_destroy, time_bare_remove, CREATES, 1, 1 },
			    ret_ratio, err);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static bool time_output(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = caller_run(&stage->caller, stage->ours, "head -c 4000000 " SOURCE, NULL, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_bare_output(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = rest_exec(&stage->rest, stage->bare, "head -c 4000000 " SOURCE, NULL, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool make_source(struct stage *stage, struct error *err)
{
	auto_str make = mem_format("[ -f " SOURCE " ] || truncate -s %d " SOURCE, FILE_BYTES);

	return caller_run(&stage->caller, stage->ours, make, NULL, err) &&
	       rest_exec(&stage->rest, stage->bare, make, NULL, err);
}

bool ratio_output(struct stage *stage, double *ret_ratio, struct error *err)
{
	return make_source(stage, err) &&
	       measure_pair(stage, &(struct pair){ time_output, time_bare_output, 5, 2, 1 },
			    ret_ratio, err);
}

static bool time_download(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = transfer_download(&stage->caller, stage->ours, SOURCE, FILE_BYTES, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_exec_out(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = transfer_exec_out(&stage->rest, stage->bare, SOURCE, FILE_BYTES, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

bool ratio_download(struct stage *stage, double *ret_ratio, struct error *err)
{
	return make_source(stage, err) &&
	       measure_pair(stage,
			    &(struct pair){ time_download, time_exec_out, FILE_ROUNDS, 1, 1 },
			    ret_ratio, err);
}

static bool time_upload(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = transfer_upload(&stage->caller, stage->ours, "/tmp/target", FILE_BYTES, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_exec_in(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = transfer_exec_in(&stage->rest, stage->bare, "/tmp/target", FILE_BYTES, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

bool ratio_upload(struct stage *stage, double *ret_ratio, struct error *err)
{
	return measure_pair(stage, &(struct pair){ time_upload, time_exec_in, FILE_ROUNDS, 1, 1 },
			    ret_ratio, err);
}

/* How much more the server holds while it hands out a file, over the size of the file. */
bool ratio_memory(struct stage *stage, double *ret_ratio, struct error *err)
{
	int pid = stage->cold.process.pid;
	int64_t before, peak;
	double ms;

	if (!make_source(stage, err))
		return false;
	proc_reset_peak(pid);
	before = proc_status_kib(pid, "VmRSS");
	if (!time_download(stage, &ms, err))
		return false;
	peak = proc_status_kib(pid, "VmHWM");
	if (before <= 0 || peak < before)
		return error_set(err, ERROR_INTERNAL, "/proc says %lld KiB, then a peak of %lld",
				 (long long)before, (long long)peak);
	*ret_ratio = (double)(peak - before) * 1024 / FILE_BYTES;
	return true;
}
