/* Nothing may grow: the times of creation and of a command with few containers and with many, and
 * with a database that has a long history; beside those of the bare API at the same moment, because
 * Podman's own times do grow. */
#include "bench.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>

enum { LEVELS = 3, BUSY_MS = 10000, POOL_WAIT_MS = 60000, OLD_ROWS = 100000 };

struct level {
	struct summary creates, commands, bare_creates, bare_commands;
};

/* Copies of rows that the server itself has written, so that this knows no column but those that
 * must differ. */
static const char history_sql[] =
	"BEGIN;"
	"CREATE TEMP TABLE n AS WITH RECURSIVE i(k) AS"
	" (SELECT 1 UNION ALL SELECT k + 1 FROM i WHERE k < 95000) SELECT k FROM i;"
	"CREATE TEMP TABLE old AS SELECT o.*, n.k FROM n,"
	" (SELECT * FROM container WHERE gone_at > 0 LIMIT 1) o WHERE n.k <= 5000;"
	"UPDATE temp.old SET id = 'c-old' || k, request_id = NULL;"
	"ALTER TABLE temp.old DROP COLUMN k;"
	"INSERT INTO container SELECT * FROM temp.old;"
	"CREATE TEMP TABLE ran AS SELECT o.*, n.k FROM n,"
	" (SELECT * FROM command WHERE state = 'exited' LIMIT 1) o;"
	"UPDATE temp.ran SET id = 'x-old' || k, container_id = 'c-old' || (1 + k % 5000),"
	" stream = 1 + k;"
	"ALTER TABLE temp.ran DROP COLUMN k;"
	"INSERT INTO command SELECT * FROM temp.ran;"
	"COMMIT;";

/* That nothing was left out: a SELECT that finds no row to copy is no error to SQLite. */
static bool count_history(sqlite3 *db, struct error *err)
{
	static const char sql[] = "SELECT (SELECT count(*) FROM container WHERE id LIKE 'c-old%') +"
				  " (SELECT count(*) FROM command WHERE id LIKE 'x-old%')";
	sqlite3_stmt *statement = NULL;
	long long rows = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		rows = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rows == OLD_ROWS ||
	       error_set(err, ERROR_INTERNAL, "the history has %lld rows of %d", rows, OLD_ROWS);
}

static bool add_history(const struct server *server, struct error *err)
{
	auto_str path = mem_format("%s/sandpod.db", server->dir);
	sqlite3 *db = NULL;
	bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;

	if (good) {
		sqlite3_busy_timeout(db, BUSY_MS);
		good = sqlite3_exec(db, history_sql, NULL, NULL, NULL) == SQLITE_OK;
	}
	if (!good)
		error_set(err, ERROR_INTERNAL, "writing a history: %s", sqlite3_errmsg(db));
	good = good && count_history(db, err);
	sqlite3_close(db);
	return good;
}

/* --- one level ------------------------------------------------------------------------------ */

static bool time_creates(struct worker *worker, int count, struct samples *samples,
			 struct error *err)
{
	char id[ANY_ID_SIZE];

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!worker_create(worker, id, err) || !worker_run(worker, id, "true", err))
			return false;
		samples_add(samples, ms_since(start_ns));
		if (!worker_destroy(worker, id, err))
			return false;
	}
	return true;
}

static bool time_commands(struct worker *worker, const char *id, int count, struct samples *samples,
			  struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!worker_run(worker, id, "true", err))
			return false;
		samples_add(samples, ms_since(start_ns));
	}
	return true;
}

static bool take_turns(struct bench *bench, const struct server *server, struct worker workers[2],
		       struct samples samples[4], struct error *err)
{
	enum pool_state state;
	char ids[2][ANY_ID_SIZE];
	int blocks = pick(bench, 10, 3);
	bool good = worker_create(&workers[0], ids[0], err) &&
		    worker_create(&workers[1], ids[1], err) &&
		    worker_run(&workers[0], ids[0], "true", err);

	for (int i = 0; good && i < blocks; i++)
		/* With a pool that is full and quiet, so that it slows nobody. */
		good = server_wait_pool(server, ns_in(POOL_WAIT_MS), &state, err) &&
		       time_creates(&workers[0], 2, &samples[0], err) &&
		       time_creates(&workers[1], 2, &samples[1], err) &&
		       time_commands(&workers[0], ids[0], 50, &samples[2], err) &&
		       time_commands(&workers[1], ids[1], 3, &samples[3], err);
	return good && worker_destroy(&workers[0], ids[0], err) &&
	       worker_destroy(&workers[1], ids[1], err);
}

static bool measure(struct bench *bench, const struct server *server, struct level *ret_level,
		    struct error *err)
{
	const struct contender contenders[2] = { { .way = WAY_SANDPOD, .server = server },
						 { .way = WAY_REST, .server = server } };
	struct worker workers[2] = { 0 };
	struct samples samples[4] = { 0 };
	bool good = worker_open(&workers[0], &contenders[0], err) &&
		    worker_open(&workers[1], &contenders[1], err) &&
		    take_turns(bench, server, workers, samples, err);

	*ret_level = (struct level){
		.creates = samples_summary(&samples[0]),
		.bare_creates = samples_summary(&samples[1]),
		.commands = samples_summary(&samples[2]),
		.bare_commands = samples_summary(&samples[3]),
	};
	for (int i = 0; i < 4; i++)
		samples_release(&samples[i]);
	worker_close(&workers[0]);
	worker_close(&workers[1]);
	return good;
}

static void report_level(struct bench *bench, const char *name, const struct level *level,
			 const struct level *least)
{
	const struct {
		const char *what;
		const struct summary *now, *first;
	} rows[] = {
		{ "create + first command", &level->creates, &least->creates },
		{ "bare create + start + exec", &level->bare_creates, &least->bare_creates },
		{ "execute_command true", &level->commands, &least->commands },
		{ "bare exec", &level->bare_commands, &least->bare_commands },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_str what = mem_format("%s: %s", name, rows[i].what);

		report_times(&bench->report, what, rows[i].now,
			     level == least
				     ? NULL
				     : (const struct versus[]){ { "at first", rows[i].first->p50 },
								{ NULL, 0 } });
	}
}

static bool measure_levels(struct bench *bench, struct server *server, struct error *err)
{
	const int counts[LEVELS] = { pick(bench, 12, 4), pick(bench, 100, 12),
				     pick(bench, 200, 20) };
	struct level levels[LEVELS + 1];
	auto_str last = mem_format("%d containers, 100 000 old rows", counts[LEVELS - 1]);
	int alive = 0;

	for (int i = 0; i < LEVELS; i++) {
		auto_str name = mem_format("%d containers", counts[i]);

		if (!create_many(server, counts[i] - alive, err) ||
		    !measure(bench, server, &levels[i], err))
			return false;
		alive = counts[i];
		report_level(bench, name, &levels[i], &levels[0]);
	}
	if (!server_end(server, SIGTERM, err) || !add_history(server, err) ||
	    !server_again(server, true, err) || !measure(bench, server, &levels[LEVELS], err))
		return false;
	report_level(bench, last, &levels[LEVELS], &levels[0]);
	return true;
}

bool part_growth(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };

	report_part(&bench->report, "growth",
		    "the same with more containers and more history; creation is from the "
		    "pool");
	return server_start(&server, bench->sandpod, (const char *const[]){ "POOL_SIZE=8", NULL },
			    err) &&
	       server_end(&server, SIGTERM, err) && server_again(&server, true, err) &&
	       measure_levels(bench, &server, err);
}
