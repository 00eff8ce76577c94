/* Nothing is left: after thousands of commands, and after rounds of create and destroy with the
 * server and its Podman killed in between, the counts are what they were. */
#include "bench.h"
#include "proc.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
	CALLERS = 8,
	BATCHES = 4,
	SETTLE_MS = 90000, /* longer than from one look for strays to the next */
	POLL_MS = 500,
	QUIET_MS = 3000,
	WATCH_MS = 20,
	POOL_WAIT_MS = 90000,
};

/* What could be left. */
struct counts {
	int64_t containers, processes, descriptors, living_rows;
};

struct work {
	const struct server *server;
	atomic_int left;
	atomic_int failed;
	int kill_at; /* Podman's service is killed when so much is left; 0: not */
	bool births; /* create, command, destroy; else commands */
};

static int64_t entries_of(const char *path)
{
	DIR *dir = opendir(path);
	int64_t count = -2; /* "." and ".." */

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static bool count_rows(const struct server *server, int64_t *ret_count, struct error *err)
{
	auto_str path = mem_format("%s/sandpod.db", server->dir);
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, "SELECT count(*) FROM container WHERE gone_at = 0", -1,
				       &st, NULL) == SQLITE_OK &&
		    sqlite3_step(st) == SQLITE_ROW;

	if (good)
		*ret_count = sqlite3_column_int64(st, 0);
	else
		error_set(err, ERROR_INTERNAL, "counting rows: %s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return good;
}

static bool take_counts(const struct server *server, struct counts *ret_counts, struct error *err)
{
	auto_rest rest = { 0 };
	auto_json list = NULL;
	auto_str fds = mem_format("/proc/%d/fd", server->process.pid);

	rest_open(&rest, server);
	list = rest_get(&rest, "/containers/json?all=true", err);
	if (!list || !count_rows(server, &ret_counts->living_rows, err))
		return false;
	ret_counts->containers = (int64_t)json_size(list);
	ret_counts->processes = proc_sum_kib("", server->dir, server->dir, "Pss").count;
	ret_counts->descriptors = entries_of(fds);
	return true;
}

static bool are_back(const struct counts *now, const struct counts *before)
{
	return now->containers <= before->containers && now->processes <= before->processes &&
	       now->descriptors <= before->descriptors && now->living_rows <= before->living_rows;
}

static bool are_same(const struct counts *now, const struct counts *before)
{
	return are_back(now, before) && are_back(before, now);
}

/* Removal goes on after the answer, strays are looked for each minute, monitors stay for two
 * seconds: until nothing has changed for longer, and nothing is beyond `least` (NULL: Podman has no
 * container that is not alive). */
static bool quieten(const struct server *server, const struct counts *least,
		    struct counts *ret_counts, struct error *err)
{
	struct counts last = { 0 };
	int64_t deadline_ns = ns_in(SETTLE_MS), since_ns = now_ns();
	bool at_rest;

	for (;;) {
		if (!take_counts(server, ret_counts, err))
			return false;
		at_rest = least ? are_back(ret_counts, least)
				: ret_counts->containers == ret_counts->living_rows;
		if (!at_rest || !are_same(ret_counts, &last)) {
			last = *ret_counts;
			since_ns = now_ns();
		}
		if (now_ns() - since_ns > QUIET_MS * INT64_C(1000000))
			return true;
		if (now_ns() > deadline_ns)
			return least ||
			       error_set(err, ERROR_TIMEOUT, "the server does not come to rest");
		if (!wait_until(ns_in(POLL_MS), err))
			return false;
	}
}

/* --- the work ------------------------------------------------------------------------------- */

static bool give_birth(struct caller *caller, struct error *err)
{
	char id[CONTAINER_ID_SIZE];

	return caller_create(caller, 0, id, err) && caller_run(caller, id, "true", NULL, err) &&
	       caller_destroy(caller, id, err);
}

static void work_on(struct work *work)
{
	auto_caller caller = { 0 };
	auto_buf request = { 0 };
	char id[CONTAINER_ID_SIZE] = "";
	struct error err;

	if (!server_caller(work->server, &caller, &err) ||
	    (!work->births && !caller_create(&caller, 0, id, &err))) {
		atomic_fetch_add(&work->failed, 1);
		return;
	}
	request = caller_prepare(&caller, id, "true");
	while (!stopping() && atomic_fetch_sub(&work->left, 1) > 0) {
		bool good = work->births ? give_birth(&caller, &err)
					 : caller_repeat(&caller, &request, &err);

		/* A call that a kill broke off is no leak: what it leaves behind is looked for. */
		if (!good)
			atomic_fetch_add(&work->failed, 1);
	}
	if (*id && !caller_destroy(&caller, id, &err))
		atomic_fetch_add(&work->failed, 1);
}

/* kill -9 of Podman's service, in the middle of the work. */
static void kill_podman(struct work *work)
{
	struct error err;
	int pid;

	while (atomic_load(&work->left) > work->kill_at)
		if (!wait_until(ns_in(WATCH_MS), &err))
			return;
	pid = proc_child(work->server->process.pid, "service");
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

static void work_or_kill(void *ctx, int index)
{
	struct work *work = ctx;

	if (index < CALLERS)
		work_on(work);
	else if (work->kill_at > 0)
		kill_podman(work);
}

static bool do_work(struct server *server, bool births, int count, bool with_kill, int *ret_failed,
		    struct error *err)
{
	struct work work = {
		.server = server,
		.left = count,
		.births = births,
		.kill_at = with_kill ? count / 2 : 0,
	};

	if (!in_threads(CALLERS + 1, work_or_kill, &work, err))
		return false;
	*ret_failed += work.failed;
	return !stopping() || error_set(err, ERROR_CANCELLED, "the bench was interrupted");
}

static bool start_again(struct server *server, struct error *err)
{
	enum pool_state state;

	return server_end(server, SIGKILL, err) && server_again(server, false, err) &&
	       server_wait_pool(server, ns_in(POOL_WAIT_MS), &state, err);
}

/* Births with Podman's service killed in each batch, and the server between two. */
static bool do_births(struct server *server, int count, int *ret_failed, struct error *err)
{
	for (int i = 0; i < BATCHES; i++)
		if (!do_work(server, true, count / BATCHES, true, ret_failed, err) ||
		    !start_again(server, err))
			return false;
	return true;
}

/* --- the report ----------------------------------------------------------------------------- */

static void report_left(struct bench *bench, const struct counts *before,
			const struct counts *after)
{
	const struct {
		const char *what;
		int64_t before, after;
	} rows[] = {
		{ "containers left", before->containers, after->containers },
		{ "processes left", before->processes, after->processes },
		{ "descriptors left", before->descriptors, after->descriptors },
		{ "rows of living containers left", before->living_rows, after->living_rows },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		report_value(&bench->report, rows[i].what, (double)(rows[i].after - rows[i].before),
			     "", BETTER_NEITHER, NULL);
}

static bool measure(struct bench *bench, struct server *server, struct error *err)
{
	int commands = pick(bench, 10000, 1000), births = pick(bench, 1000, 40), failed = 0;
	struct counts before, after;

	/* The first ones open what stays open; and a pool that a burst has made large is of its
	 * usual size again only when the server starts again. */
	if (!do_work(server, true, CALLERS, false, &failed, err) ||
	    !do_work(server, false, CALLERS, false, &failed, err) || !start_again(server, err) ||
	    !quieten(server, NULL, &before, err))
		return false;
	failed = 0;
	if (!do_work(server, false, commands, false, &failed, err))
		return false;
	report_note(&bench->report, "%d commands: %d failed", commands, failed);
	failed = 0;
	if (!do_births(server, births, &failed, err) || !quieten(server, &before, &after, err))
		return false;
	report_note(&bench->report,
		    "%d containers created, used and destroyed, with %d kills of Podman's service "
		    "in the middle and %d of the server between; %d calls were broken off by them",
		    births, BATCHES, BATCHES, failed);
	report_left(bench, &before, &after);
	return are_back(&after, &before) ||
	       error_set(err, ERROR_INTERNAL, "something was left behind");
}

bool part_leaks(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };

	report_part(&bench->report, "leaks", "what is left after much work and some kills");
	return server_start(&server, bench->sandpod, (const char *const[]){ "POOL_SIZE=8", NULL },
			    err) &&
	       measure(bench, &server, err);
}
