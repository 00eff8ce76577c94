/* Bringing the schema up to date.  The schema number is PRAGMA user_version; each migration sets
 * its own at its end, so that it and its number commit together or not at all.  Released
 * migrations are never edited: migrations/CHECKSUMS holds what was released. */
#include "store.h"
#include "internal.h"

#include <stdio.h>

/* The limit on literals is the standard's least; every compiler here takes far longer ones. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static const struct migration migrations[] = {
#include "migrations.inc"
};

enum { MIGRATION_COUNT = sizeof(migrations) / sizeof(*migrations) };

/* The first column of the first row; 0 when there is no row. */
static bool read_number(sqlite3 *db, const char *sql, int *ret_number, struct error *err)
{
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &handle, NULL);
	bool ok;

	if (code == SQLITE_OK)
		code = sqlite3_step(handle);
	ok = code == SQLITE_ROW || code == SQLITE_DONE || db_failed(db, err);
	if (ok)
		*ret_number = code == SQLITE_ROW ? sqlite3_column_int(handle, 0) : 0;
	(void)sqlite3_finalize(handle);
	return ok;
}

static bool read_version(sqlite3 *db, int *ret_version, struct error *err)
{
	return read_number(db, "PRAGMA user_version", ret_version, err);
}

/* Foreign keys are not enforced while migrating; nothing may be left hanging. */
static bool check_references(sqlite3 *db, struct error *err)
{
	int hanging = 0;

	if (!read_number(db, "SELECT count(*) FROM pragma_foreign_key_check", &hanging, err))
		return false;
	if (hanging > 0)
		return error_set(err, ERROR_INTERNAL, "%d rows refer to rows that are not there",
				 hanging);
	return true;
}

static bool apply(sqlite3 *db, const struct migration *migration, int number, struct error *err)
{
	int now = 0;

	if (!db_exec(db, migration->sql, err) || !check_references(db, err) ||
	    !read_version(db, &now, err))
		return false;
	if (now != number)
		return error_set(err, ERROR_INTERNAL, "it sets the schema number %d, not %d", now,
				 number);
	return true;
}

static bool migrate_one(sqlite3 *db, const struct migration *migration, int number,
			struct error *err)
{
	auto_transaction transaction = NULL;
	int have = 0;

	if (!db_begin(db, err))
		return false;
	transaction = db;
	/* Asked again inside: another program may have migrated meanwhile. */
	if (!read_version(db, &have, err))
		return false;
	if (have < number && !apply(db, migration, number, err))
		return error_wrap(err, "migration %s", migration->name);
	if (!db_commit(db, err))
		return error_wrap(err, "migration %s", migration->name);
	(void)take(transaction);
	return true;
}

bool migrate_by(sqlite3 *db, const struct migration *list, int count, struct error *err)
{
	int have = 0;

	if (!read_version(db, &have, err))
		return false;
	if (have > count || have < 0)
		return error_set(
			err, ERROR_CONFLICT,
			"it was written by a newer program (its schema number is %d, this "
			"program knows up to %d); start that program, or use another DATA_DIR",
			have, count);
	for (int number = have + 1; number <= count; number++)
		if (!migrate_one(db, &list[number - 1], number, err))
			return false;
	return true;
}

bool migrate(sqlite3 *db, struct error *err)
{
	return migrate_by(db, migrations, MIGRATION_COUNT, err);
}
