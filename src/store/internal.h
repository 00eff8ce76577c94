/* What the files of the store share: the connection, statements kept prepared, transactions. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>
#include "error.h"
#include "own.h"

enum { STATEMENTS_MAX = 64 };

/* A prepared statement.  The address of its text is its name in the store's table, so the text
 * must be a static array. */
struct statement {
	const char *sql;
	sqlite3_stmt *handle;
	sqlite3 *db;
	int failed_bind; /* the first result of a bind that was not SQLITE_OK */
	bool lent;
	bool kept; /* in the store's table; else it goes when it is given back */
};

struct store {
	sqlite3 *db;
	struct statement statements[STATEMENTS_MAX];
	size_t statement_count;
};

/* --- db.c -------------------------------------------------------------------------------- */

/* Turns the connection's last error into ours; returns false. */
bool db_failed(sqlite3 *db, struct error *err);
bool db_exec(sqlite3 *db, const char *sql, struct error *err) must_check;
bool db_begin(sqlite3 *db, struct error *err) must_check;
bool db_commit(sqlite3 *db, struct error *err) must_check;
void db_rollback(sqlite3 *db);

/* Set after db_begin and taken after db_commit: leaving in between means rolling back. */
OWNED_BY_SCOPE(transaction, sqlite3 *, db_rollback)
#define auto_transaction AUTO(transaction) sqlite3 *

/* --- statement.c ------------------------------------------------------------------------- */

/* NULL when it cannot be prepared.  Lent twice at once (a walk within a walk), the second borrower
 * gets one of its own. */
struct statement *statement_borrow(struct store *store, const char *sql, struct error *err);
void statement_return(struct statement *statement);
void statement_forget_all(struct store *store);

OWNED_BY_SCOPE(statement, struct statement *, statement_return)
#define auto_statement AUTO(statement) struct statement *

/* Parameters by name (":id").  Text is borrowed until the statement is given back; NULL is NULL. */
void bind_text(struct statement *statement, const char *name, const char *text);
void bind_int(struct statement *statement, const char *name, int64_t value);

/* Goes to the next row; *ret_row tells whether there is one. */
bool statement_next(struct statement *statement, bool *ret_row, struct error *err) must_check;
/* Runs to the end. */
bool statement_run(struct statement *statement, struct error *err) must_check;
/* Runs to the end; ERROR_NOT_FOUND, naming noun, when not one row was changed. */
bool statement_change(struct statement *statement, const char *noun, struct error *err) must_check;
/* Goes to the first row; ERROR_NOT_FOUND, naming noun, when there is none. */
bool statement_first(struct statement *statement, const char *noun, struct error *err) must_check;
/* Borrows it, binds ":id" and goes to the first row; NULL with ERROR_NOT_FOUND when there is none.
 */
struct statement *statement_find(struct store *store, const char *sql, const char *id,
				 const char *noun, struct error *err);
/* Calls on_row with each row until there are no more, or it returns false: enough. */
typedef bool statement_row_fn(void *ctx, struct statement *statement);
bool statement_each(struct statement *statement, statement_row_fn *on_row, void *ctx,
		    struct error *err) must_check;

/* Columns of the current row, by the enum that stands beside the SQL. */
int64_t column_int(struct statement *statement, int column);
/* The caller's; NULL for NULL. */
char *column_copy(struct statement *statement, int column);
void column_into(struct statement *statement, int column, char *ret_text, size_t size);

/* --- migrate.c --------------------------------------------------------------------------- */

struct migration {
	const char *name; /* NNNN_what.sql */
	const char *sql;  /* ends with PRAGMA user_version = NNNN */
};

bool migrate(sqlite3 *db, struct error *err) must_check;
/* Brings the schema to number count by those of the list that are missing. */
bool migrate_by(sqlite3 *db, const struct migration *list, int count, struct error *err) must_check;

/* --- instance.c -------------------------------------------------------------------------- */

/* Gives a new database its id. */
bool instance_make(struct store *store, struct error *err) must_check;

#endif
