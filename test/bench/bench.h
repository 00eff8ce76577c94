/* What the parts of the bench share.  A part starts the servers that it needs, measures, reports,
 * and clears up; parts know nothing of each other. */
#ifndef BENCH_H
#define BENCH_H

#include "caller.h"
#include "cli.h"
#include "process.h"
#include "report.h"
#include "rest.h"
#include "server.h"
#include "stats.h"
#include "stop.h"

struct bench {
	const char *sandpod; /* the program under test */
	const char *floor;   /* the static program that measures fork + exec inside a container */
	const char *json_path;
	const char *wanted; /* names of parts, with commas; NULL: all */
	bool quick;
	bool check;
	struct report report;
	struct cli_choice cli; /* how podman's command line is used */
};

/* The machine and the versions, and the choice of bench->cli. */
bool machine_report(struct bench *bench, struct error *err) must_check;

typedef bool part_run(struct bench *bench, struct error *err);
part_run part_create, part_execute, part_throughput, part_output, part_transfer;
part_run part_life, part_refill, part_memory, part_restart, part_growth, part_leaks;
part_run part_code, part_files;

/* Checks ratios against the margins of check.c; true when all hold. */
bool check_run(struct bench *bench, struct error *err) must_check;

/* The smaller count where the bench is to be quick. */
static inline int pick(const struct bench *bench, int whole, int quick)
{
	return bench->quick ? quick : whole;
}

/* --- work in threads ----------------------------------------------------------------------------
 */

/* Runs work(ctx, 0 … count-1), each in a thread of its own, and waits for all. */
bool in_threads(int count, void (*work)(void *ctx, int index), void *ctx,
		struct error *err) must_check;

/* Several at once, in the shared session; count is a multiple of four. */
bool create_many(const struct server *server, int count, struct error *err) must_check;

/* --- who is compared ----------------------------------------------------------------------------
 */

/* One way to get a container and a finished command: all have the same walls. */
enum way { WAY_SANDPOD, WAY_CLI, WAY_REST };

struct contender {
	const char *name;
	enum way way;
	const struct server *server;
	bool remote_cli;
	double cpus; /* of its containers; 0: the default of the server */
};

/* What one thread keeps while it uses a contender; a kept connection is part of the game. */
struct worker {
	const struct contender *contender;
	struct caller caller;
	struct rest rest;
};

bool worker_open(struct worker *worker, const struct contender *contender,
		 struct error *err) must_check;
void worker_close(struct worker *worker);
static inline void auto_worker_(struct worker *slot)
{
	worker_close(slot);
}
#define auto_worker AUTO(worker) struct worker

enum { ANY_ID_SIZE = 96 };
bool worker_create(struct worker *worker, char ret_id[ANY_ID_SIZE], struct error *err) must_check;
/* Runs `sh -c command` to its end and sees that it ended with 0. */
bool worker_run(struct worker *worker, const char *id, const char *command,
		struct error *err) must_check;
bool worker_destroy(struct worker *worker, const char *id, struct error *err) must_check;

/* --- the floor ----------------------------------------------------------------------------------
 */

/* Puts the floor program into a container (as /tmp/floor). */
bool floor_install(const struct bench *bench, struct caller *caller, const char *id,
		   struct error *err) must_check;
/* fork + exec of `sh -c true`, in a row, by a program inside of the container: so many times, or
 * for so long. */
enum { FLOOR_ROUNDS_MAX = 100000, FLOOR_MS_MAX = 30000 };
struct floor_result {
	struct summary times;
	double per_second;
};
bool floor_run(struct caller *caller, const char *id, int rounds, int ms,
	       struct floor_result *ret_result, struct error *err) must_check;

#endif
