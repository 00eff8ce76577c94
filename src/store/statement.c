/* Prepared statements.  Each is prepared once and kept, because preparing costs more than running;
 * a store has a few dozen.  Borrowed by an auto_statement, given back reset and without values. */
#include "internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct statement *find_kept(struct store *store, const char *sql)
{
	for (size_t i = 0; i < store->statement_count; i++)
		if (store->statements[i].sql == sql && !store->statements[i].lent)
			return &store->statements[i];
	return NULL;
}

static bool is_known(const struct store *store, const char *sql)
{
	for (size_t i = 0; i < store->statement_count; i++)
		if (store->statements[i].sql == sql)
			return true;
	return false;
}

static struct statement *prepare(struct store *store, const char *sql, struct error *err)
{
	bool keep = !is_known(store, sql) && store->statement_count < STATEMENTS_MAX;
	struct statement *made;
	sqlite3_stmt *handle;

	if (sqlite3_prepare_v3(store->db, sql, -1, keep ? SQLITE_PREPARE_PERSISTENT : 0, &handle,
			       NULL) != SQLITE_OK) {
		(void)db_failed(store->db, err);
		return NULL;
	}
	made = keep ? &store->statements[store->statement_count++] : mem_new(struct statement);
	*made = (struct statement){ .sql = sql, .handle = handle, .db = store->db, .kept = keep };
	return made;
}

struct statement *statement_borrow(struct store *store, const char *sql, struct error *err)
{
	struct statement *statement = find_kept(store, sql);

	if (!statement)
		statement = prepare(store, sql, err);
	if (statement)
		statement->lent = true;
	return statement;
}

void statement_return(struct statement *statement)
{
	if (!statement->kept) {
		(void)sqlite3_finalize(statement->handle);
		free(statement);
		return;
	}
	/* The result repeats an error that was reported when it happened. */
	(void)sqlite3_reset(statement->handle);
	(void)sqlite3_clear_bindings(statement->handle);
	statement->failed_bind = SQLITE_OK;
	statement->lent = false;
}

void statement_forget_all(struct store *store)
{
	for (size_t i = 0; i < store->statement_count; i++) {
		assert(!store->statements[i].lent);
		(void)sqlite3_finalize(store->statements[i].handle);
	}
	store->statement_count = 0;
}

static int parameter(struct statement *statement, const char *name)
{
	int index = sqlite3_bind_parameter_index(statement->handle, name);

	assert(index > 0);
	return index;
}

static void bound(struct statement *statement, int code)
{
	if (statement->failed_bind == SQLITE_OK)
		statement->failed_bind = code;
}

void bind_text(struct statement *statement, const char *name, const char *text)
{
	bound(statement, sqlite3_bind_text(statement->handle, parameter(statement, name), text, -1,
					   SQLITE_STATIC));
}

void bind_int(struct statement *statement, const char *name, int64_t value)
{
	bound(statement, sqlite3_bind_int64(statement->handle, parameter(statement, name), value));
}

bool statement_next(struct statement *statement, bool *ret_row, struct error *err)
{
	int code;

	if (statement->failed_bind != SQLITE_OK)
		return error_set(err, ERROR_LIMIT, "a value is too large for the database");
	code = sqlite3_step(statement->handle);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_failed(statement->db, err);
	*ret_row = code == SQLITE_ROW;
	return true;
}

bool statement_run(struct statement *statement, struct error *err)
{
	bool row = true;

	while (row)
		if (!statement_next(statement, &row, err))
			return false;
	return true;
}

bool statement_change(struct statement *statement, const char *noun, struct error *err)
{
	if (!statement_run(statement, err))
		return false;
	if (sqlite3_changes(statement->db) == 0)
		return error_set(err, ERROR_NOT_FOUND, "there is no such %s", noun);
	return true;
}

bool statement_first(struct statement *statement, const char *noun, struct error *err)
{
	bool row = false;

	if (!statement_next(statement, &row, err))
		return false;
	return row || error_set(err, ERROR_NOT_FOUND, "there is no such %s", noun);
}

struct statement *statement_find(struct store *store, const char *sql, const char *id,
				 const char *noun, struct error *err)
{
	auto_statement statement = statement_borrow(store, sql, err);

	if (!statement)
		return NULL;
	bind_text(statement, ":id", id);
	if (!statement_first(statement, noun, err))
		return NULL;
	return take(statement);
}

bool statement_each(struct statement *statement, statement_row_fn *on_row, void *ctx,
		    struct error *err)
{
	bool more = true;

	while (more) {
		if (!statement_next(statement, &more, err))
			return false;
		more = more && on_row(ctx, statement);
	}
	return true;
}

int64_t column_int(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

char *column_copy(struct statement *statement, int column)
{
	return mem_strdup((const char *)sqlite3_column_text(statement->handle, column));
}

void column_into(struct statement *statement, int column, char *ret_text, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement->handle, column);

	(void)snprintf(ret_text, size, "%s", text ? (const char *)text : "");
}
