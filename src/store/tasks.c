/* Tasks: calls that outlive their request.  A row is written before the client hears of the task,
 * and keeps the answer until its time is over. */
#include "store.h"
#include "internal.h"
#include <stdlib.h>

#define COLUMNS                                                                                    \
	"id, owner, tool, handle, state, message, answer, created_at, updated_at, expires_at"

enum column {
	COLUMN_ID,
	COLUMN_OWNER,
	COLUMN_TOOL,
	COLUMN_HANDLE,
	COLUMN_STATE,
	COLUMN_MESSAGE,
	COLUMN_ANSWER,
	COLUMN_CREATED_AT,
	COLUMN_UPDATED_AT,
	COLUMN_EXPIRES_AT,
};

void task_row_release(struct task_row *row)
{
	free(row->tool);
	free(row->handle);
	free(row->message);
	free(row->answer);
	*row = (struct task_row){ .tool = NULL };
}

static void read_row(struct statement *st, struct task_row *ret_row)
{
	*ret_row = (struct task_row){
		.tool = column_copy(st, COLUMN_TOOL),
		.handle = column_copy(st, COLUMN_HANDLE),
		.message = column_copy(st, COLUMN_MESSAGE),
		.answer = column_copy(st, COLUMN_ANSWER),
		.created_at = column_int(st, COLUMN_CREATED_AT),
		.updated_at = column_int(st, COLUMN_UPDATED_AT),
		.expires_at = column_int(st, COLUMN_EXPIRES_AT),
	};
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_OWNER, ret_row->owner, sizeof(ret_row->owner));
	column_into(st, COLUMN_STATE, ret_row->state, sizeof(ret_row->state));
}

static const char add_sql[] = "INSERT INTO task (" COLUMNS ") VALUES (:id, :owner, :tool, :handle,"
			      " :state, :message, :answer, :created_at, :updated_at, :expires_at)";

bool store_task_add(struct store *store, const struct task_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":owner", row->owner);
	bind_text(st, ":tool", row->tool);
	bind_text(st, ":handle", row->handle);
	bind_text(st, ":state", row->state);
	bind_text(st, ":message", row->message);
	bind_text(st, ":answer", row->answer);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":updated_at", row->updated_at);
	bind_int(st, ":expires_at", row->expires_at);
	return statement_run(st, err);
}

static const char set_sql[] = "UPDATE task SET handle = :handle, state = :state,"
			      " message = :message, answer = :answer, updated_at = :updated_at"
			      " WHERE id = :id";

bool store_task_set(struct store *store, const struct task_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, set_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":handle", row->handle);
	bind_text(st, ":state", row->state);
	bind_text(st, ":message", row->message);
	bind_text(st, ":answer", row->answer);
	bind_int(st, ":updated_at", row->updated_at);
	return statement_change(st, "task", err);
}

static const char find_sql[] = "SELECT " COLUMNS " FROM task WHERE id = :id";

bool store_task_find(struct store *store, const char *id, struct task_row *ret_row,
		     struct error *err)
{
	auto_statement st = statement_find(store, find_sql, id, "task", err);

	if (!st)
		return false;
	read_row(st, ret_row);
	return true;
}

struct walk {
	store_task_fn *on_row;
	void *ctx;
};

static bool on_statement_row(void *ctx, struct statement *st)
{
	const struct walk *walk = ctx;
	auto_task_row row = { .tool = NULL };

	read_row(st, &row);
	return walk->on_row(walk->ctx, &row);
}

static const char of_owner_sql[] = "SELECT " COLUMNS " FROM task WHERE owner = :owner"
				   " AND expires_at > :now ORDER BY created_at, id";

bool store_task_each(struct store *store, const char *owner, int64_t now, store_task_fn *on_row,
		     void *ctx, struct error *err)
{
	struct walk walk = { on_row, ctx };
	auto_statement st = statement_borrow(store, of_owner_sql, err);

	if (!st)
		return false;
	bind_text(st, ":owner", owner);
	bind_int(st, ":now", now);
	return statement_each(st, on_statement_row, &walk, err);
}

static const char open_sql[] = "SELECT " COLUMNS " FROM task"
			       " WHERE state IN ('working', 'input_required')"
			       " ORDER BY created_at, id";

bool store_task_each_open(struct store *store, store_task_fn *on_row, void *ctx, struct error *err)
{
	struct walk walk = { on_row, ctx };
	auto_statement st = statement_borrow(store, open_sql, err);

	return st && statement_each(st, on_statement_row, &walk, err);
}

static const char count_sql[] = "SELECT count(*) FROM task WHERE owner = :owner";

static const char count_all_sql[] = "SELECT count(*) FROM task";

bool store_task_count(struct store *store, const char *owner, int64_t *ret_count, struct error *err)
{
	auto_statement st = statement_borrow(store, owner ? count_sql : count_all_sql, err);

	if (!st)
		return false;
	if (owner)
		bind_text(st, ":owner", owner);
	if (!statement_first(st, "task", err))
		return false;
	*ret_count = column_int(st, 0);
	return true;
}

static const char sweep_sql[] = "DELETE FROM task WHERE expires_at <= :now";

bool store_task_sweep(struct store *store, int64_t now, struct error *err)
{
	auto_statement st = statement_borrow(store, sweep_sql, err);

	if (!st)
		return false;
	bind_int(st, ":now", now);
	return statement_run(st, err);
}
