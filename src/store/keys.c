/* Bearer keys, salted and hashed.  There are few; whoever checks one walks them all. */
#include "store.h"
#include "internal.h"

#define COLUMNS "id, salt, hash, created_at"

enum column { COLUMN_ID, COLUMN_SALT, COLUMN_HASH, COLUMN_CREATED_AT };

static const char add_sql[] =
	"INSERT INTO api_key (" COLUMNS ") VALUES (:id, :salt, :hash, :created_at)";

bool store_key_add(struct store *store, const struct key_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":salt", row->salt);
	bind_text(st, ":hash", row->hash);
	bind_int(st, ":created_at", row->created_at);
	return statement_run(st, err);
}

static void read_row(struct statement *st, struct key_row *ret_row)
{
	ret_row->created_at = column_int(st, COLUMN_CREATED_AT);
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_SALT, ret_row->salt, sizeof(ret_row->salt));
	column_into(st, COLUMN_HASH, ret_row->hash, sizeof(ret_row->hash));
}

static const char each_sql[] = "SELECT " COLUMNS " FROM api_key ORDER BY created_at, rowid";

struct walk {
	store_key_fn *on_row;
	void *ctx;
};

static bool on_statement(void *ctx, struct statement *st)
{
	const struct walk *walk = ctx;
	struct key_row row;

	read_row(st, &row);
	return walk->on_row(walk->ctx, &row);
}

bool store_key_each(struct store *store, store_key_fn *on_row, void *ctx, struct error *err)
{
	struct walk walk = { on_row, ctx };
	auto_statement st = statement_borrow(store, each_sql, err);

	if (!st)
		return false;
	return statement_each(st, on_statement, &walk, err);
}
