/* Forgetting: tombstones past their time, with their commands and links, and sessions that
 * nobody used.  One transaction for each container and a bound on all of it, so that even a great
 * backlog holds the loop up for tens of milliseconds at most; the rest is for the next call. */
#include "store.h"
#include "internal.h"

enum { CONTAINERS_MAX = 1000, COMMANDS_MAX = 10000, SESSIONS_MAX = 10000 };

struct sweep {
	struct store *store;
	int64_t before;
	store_forget_fn *on_command;
	void *ctx;
	int64_t commands_left; /* how many more may be forgotten in this call */
};

static const char oldest_sql[] = "SELECT id FROM container WHERE gone_at > 0 AND gone_at < :before"
				 " ORDER BY gone_at LIMIT 1";

/* *ret_id becomes "" when no tombstone is old enough. */
static bool find_oldest(struct sweep *sweep, char ret_id[ID_SIZE], struct error *err)
{
	enum { COLUMN_ID };
	auto_statement st = statement_borrow(sweep->store, oldest_sql, err);
	bool found = false;

	if (!st)
		return false;
	bind_int(st, ":before", sweep->before);
	if (!statement_next(st, &found, err))
		return false;
	ret_id[0] = '\0';
	if (found)
		column_into(st, COLUMN_ID, ret_id, ID_SIZE);
	return true;
}

static const char forget_commands_sql[] =
	"DELETE FROM command WHERE rowid IN"
	" (SELECT rowid FROM command WHERE container_id = :container_id LIMIT :left) RETURNING id";

static bool forget_commands(struct sweep *sweep, const char *container_id, struct error *err)
{
	enum { COLUMN_ID };
	auto_statement st = statement_borrow(sweep->store, forget_commands_sql, err);
	char id[ID_SIZE];
	bool more = false;

	if (!st)
		return false;
	bind_text(st, ":container_id", container_id);
	bind_int(st, ":left", sweep->commands_left);
	for (;;) {
		if (!statement_next(st, &more, err))
			return false;
		if (!more)
			return true;
		column_into(st, COLUMN_ID, id, sizeof(id));
		if (sweep->on_command)
			sweep->on_command(sweep->ctx, id);
		sweep->commands_left--;
	}
}

static const char forget_files_sql[] = "DELETE FROM file WHERE container_id = :container_id";
static const char forget_uploads_sql[] = "DELETE FROM upload WHERE container_id = :container_id";
static const char forget_container_sql[] = "DELETE FROM container WHERE id = :container_id";

static bool forget_by(struct sweep *sweep, const char *sql, const char *container_id,
		      struct error *err)
{
	auto_statement st = statement_borrow(sweep->store, sql, err);

	if (!st)
		return false;
	bind_text(st, ":container_id", container_id);
	return statement_run(st, err);
}

/* The container itself stays while the bound on commands leaves some of them. */
static bool forget_container(struct sweep *sweep, const char *id, struct error *err)
{
	auto_transaction transaction = NULL;

	if (!db_begin(sweep->store->db, err))
		return false;
	transaction = sweep->store->db;
	if (!forget_commands(sweep, id, err))
		return false;
	if (sweep->commands_left > 0 && (!forget_by(sweep, forget_files_sql, id, err) ||
					 !forget_by(sweep, forget_uploads_sql, id, err) ||
					 !forget_by(sweep, forget_container_sql, id, err)))
		return false;
	if (!db_commit(sweep->store->db, err))
		return false;
	(void)take(transaction);
	return true;
}

static const char forget_sessions_sql[] =
	"DELETE FROM session WHERE rowid IN"
	" (SELECT rowid FROM session WHERE seen_at < :before LIMIT :most)";

static bool forget_sessions(struct sweep *sweep, struct error *err)
{
	auto_statement st = statement_borrow(sweep->store, forget_sessions_sql, err);

	if (!st)
		return false;
	bind_int(st, ":before", sweep->before);
	bind_int(st, ":most", SESSIONS_MAX);
	return statement_run(st, err);
}

bool store_sweep(struct store *store, int64_t before, store_forget_fn *on_command, void *ctx,
		 struct error *err)
{
	struct sweep sweep = {
		.store = store,
		.before = before,
		.on_command = on_command,
		.ctx = ctx,
		.commands_left = COMMANDS_MAX,
	};
	char id[ID_SIZE];

	for (int i = 0; i < CONTAINERS_MAX && sweep.commands_left > 0; i++) {
		if (!find_oldest(&sweep, id, err))
			return false;
		if (id[0] == '\0')
			break;
		if (!forget_container(&sweep, id, err))
			return error_wrap(err, "forgetting container %s", id);
	}
	return forget_sessions(&sweep, err);
}
