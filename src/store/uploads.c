/* Upload links: where in which container one transfer may put a file, and until when.
 *
 *	free ──> taken ──> used
 *	  ^        │        │
 *	  └────────┴────────┘   the transfer failed, and nothing was put there
 *
 * Each step is one statement that asks for the state before it, so that of two who come at once one
 * gets nothing. */
#include "store.h"
#include "internal.h"

#include <stdlib.h>

#define COLUMNS "id, container_id, path, max_bytes, created_at, expires_at"

enum column {
	COLUMN_ID,
	COLUMN_CONTAINER_ID,
	COLUMN_PATH,
	COLUMN_MAX_BYTES,
	COLUMN_CREATED_AT,
	COLUMN_EXPIRES_AT,
};

void upload_row_release(struct upload_row *row)
{
	free(row->path);
	*row = (struct upload_row){ 0 };
}

static const char add_sql[] =
	"INSERT INTO upload (" COLUMNS ", state) VALUES"
	" (:id, :container_id, :path, :max_bytes, :created_at, :expires_at, 'free')";

bool store_upload_add(struct store *store, const struct upload_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":container_id", row->container_id);
	bind_text(st, ":path", row->path);
	bind_int(st, ":max_bytes", row->max_bytes);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":expires_at", row->expires_at);
	return statement_run(st, err);
}

static const char find_sql[] =
	"SELECT " COLUMNS " FROM upload WHERE id = :id AND state = 'free' AND expires_at > :now";

bool store_upload_find(struct store *store, const char *id, int64_t now, struct upload_row *ret_row,
		       struct error *err)
{
	auto_statement st = statement_borrow(store, find_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":now", now);
	if (!statement_first(st, "upload link", err))
		return false;
	*ret_row = (struct upload_row){
		.path = column_copy(st, COLUMN_PATH),
		.max_bytes = column_int(st, COLUMN_MAX_BYTES),
		.created_at = column_int(st, COLUMN_CREATED_AT),
		.expires_at = column_int(st, COLUMN_EXPIRES_AT),
	};
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_CONTAINER_ID, ret_row->container_id, sizeof(ret_row->container_id));
	return true;
}

static const char take_sql[] = "UPDATE upload SET state = 'taken'"
			       " WHERE id = :id AND state = 'free' AND expires_at > :now";

bool store_upload_take(struct store *store, const char *id, int64_t now, struct error *err)
{
	auto_statement st = statement_borrow(store, take_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":now", now);
	return statement_change(st, "upload link", err);
}

static const char use_sql[] = "UPDATE upload SET state = 'used' WHERE id = :id AND state = 'taken'";
static const char free_sql[] =
	"UPDATE upload SET state = 'free' WHERE id = :id AND state <> 'free'";

static bool change(struct store *store, const char *sql, const char *id, struct error *err)
{
	auto_statement st = statement_borrow(store, sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	return statement_change(st, "upload link", err);
}

bool store_upload_use(struct store *store, const char *id, struct error *err)
{
	return change(store, use_sql, id, err);
}

bool store_upload_free(struct store *store, const char *id, struct error *err)
{
	return change(store, free_sql, id, err);
}

static const char free_taken_sql[] = "UPDATE upload SET state = 'free' WHERE state = 'taken'";

bool store_upload_free_taken(struct store *store, struct error *err)
{
	auto_statement st = statement_borrow(store, free_taken_sql, err);

	return st && statement_run(st, err);
}

static const char count_sql[] =
	"SELECT count(*) FROM upload WHERE container_id = :container_id AND expires_at > :now";

bool store_upload_count(struct store *store, const char *container_id, int64_t now,
			int64_t *ret_count, struct error *err)
{
	enum { COLUMN_COUNT };
	auto_statement st = statement_borrow(store, count_sql, err);

	if (!st)
		return false;
	bind_text(st, ":container_id", container_id);
	bind_int(st, ":now", now);
	if (!statement_first(st, "count", err))
		return false;
	*ret_count = column_int(st, COLUMN_COUNT);
	return true;
}
