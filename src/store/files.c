/* File links: which file of which container a public id stands for, and until when. */
#include "store.h"
#include "internal.h"

#include <stdlib.h>

#define COLUMNS "id, container_id, path, name, disposition, created_at, expires_at"

enum column {
	COLUMN_ID,
	COLUMN_CONTAINER_ID,
	COLUMN_PATH,
	COLUMN_NAME,
	COLUMN_DISPOSITION,
	COLUMN_CREATED_AT,
	COLUMN_EXPIRES_AT,
};

void file_row_release(struct file_row *row)
{
	free(row->path);
	free(row->name);
	free(row->disposition);
	*row = (struct file_row){ 0 };
}

static const char add_sql[] =
	"INSERT INTO file (" COLUMNS ") VALUES"
	" (:id, :container_id, :path, :name, :disposition, :created_at, :expires_at)";

bool store_file_add(struct store *store, const struct file_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":container_id", row->container_id);
	bind_text(st, ":path", row->path);
	bind_text(st, ":name", row->name);
	bind_text(st, ":disposition", row->disposition);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":expires_at", row->expires_at);
	return statement_run(st, err);
}

static void read_row(struct statement *st, struct file_row *ret_row)
{
	*ret_row = (struct file_row){
		.path = column_copy(st, COLUMN_PATH),
		.name = column_copy(st, COLUMN_NAME),
		.disposition = column_copy(st, COLUMN_DISPOSITION),
		.created_at = column_int(st, COLUMN_CREATED_AT),
		.expires_at = column_int(st, COLUMN_EXPIRES_AT),
	};
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_CONTAINER_ID, ret_row->container_id, sizeof(ret_row->container_id));
}

static const char find_sql[] = "SELECT " COLUMNS " FROM file WHERE id = :id";

bool store_file_find(struct store *store, const char *id, struct file_row *ret_row,
		     struct error *err)
{
	auto_statement st = statement_find(store, find_sql, id, "file link", err);

	if (!st)
		return false;
	read_row(st, ret_row);
	return true;
}

static const char count_sql[] =
	"SELECT count(*) FROM file WHERE container_id = :container_id AND expires_at > :now";

bool store_file_count(struct store *store, const char *container_id, int64_t now,
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

static const char each_sql[] = "SELECT " COLUMNS " FROM file"
			       " WHERE container_id = :container_id AND expires_at > :now"
			       " ORDER BY created_at, id";

bool store_file_each(struct store *store, const char *container_id, int64_t now,
		     store_file_fn *on_row, void *ctx, struct error *err)
{
	auto_statement st = statement_borrow(store, each_sql, err);
	bool more = true;

	if (!st)
		return false;
	bind_text(st, ":container_id", container_id);
	bind_int(st, ":now", now);
	while (more) {
		auto_file_row row = { 0 };

		if (!statement_next(st, &more, err))
			return false;
		if (!more)
			break;
		read_row(st, &row);
		more = on_row(ctx, &row);
	}
	return true;
}
