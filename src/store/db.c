/* The connection: opening, pragmas, transactions, and SQLite's errors in our words.  WAL with
 * synchronous=NORMAL: a power cut may lose the last writes but never corrupts, which is enough,
 * because Podman is the truth about containers; a crash of the program loses nothing. */
#include "store.h"
#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "clock.h"
#include "log.h"
#include "clock.h"
#include "log.h"

/* A checkpoint waits for the disk three times, and copies each page once, however often it is in
 * the log: a log of 4000 pages, which is 16 MiB, has a fourth of the checkpoints of the 1000 by
 * default. trusted_schema: a schema that somebody planted in the file runs no function of ours. */
static const char pragmas[] = "PRAGMA busy_timeout = 100;"
			      "PRAGMA synchronous = NORMAL;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA wal_autocheckpoint = 4000;"
			      "PRAGMA journal_size_limit = 16777216;"
			      "PRAGMA trusted_schema = OFF;";

/* Foreign keys stay off while migrating, so that a table can be built anew. */
static const char foreign_keys[] = "PRAGMA foreign_keys = ON";

static const char journal_mode[] = "PRAGMA journal_mode = WAL";

/* "UNIQUE constraint failed: container.uid_slot" names our columns; only those are told on. */
static bool constraint_failed(sqlite3 *db, int code, struct error *err)
{
	const char *columns = strchr(sqlite3_errmsg(db), ':');

	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return error_set(err, ERROR_CONFLICT,
				 "the container that this belongs to is not in the database");
	if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE)
		return error_set(err, ERROR_CONFLICT, "this is in the database already%s",
				 columns ? columns : "");
	return error_set(err, ERROR_INTERNAL, "the row does not fit the schema%s",
			 columns ? columns : "");
}

/* For the operator a line, once in a while: every call would write one, to the disk that is full.
 */
static void warn_of_full_disk(void)
{
	enum { SILENCE_MS = 60 * 1000 };
	static int64_t warned_at;
	int64_t now = clock_mono_ms();

	if (warned_at != 0 && now - warned_at < SILENCE_MS)
		return;
	warned_at = now;
	log_warn("store", "the disk of DATA_DIR is full: nothing new can be begun until there is "
			  "space again");
}

static bool disk_full(struct error *err)
{
	warn_of_full_disk();
	error_set(err, ERROR_LIMIT, "the server's disk is full; its operator must free space");
	return error_advise(err, "tell the operator of this server, and try again later", true);
}

bool db_failed(sqlite3 *db, struct error *err)
{
	int code = sqlite3_extended_errcode(db), number = sqlite3_system_errno(db);

	switch (code & 0xFF) {
	case SQLITE_CONSTRAINT:
		return constraint_failed(db, code, err);
	case SQLITE_FULL:
		return disk_full(err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, ERROR_UNAVAILABLE, "another program holds the database");
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		if (number == ENOSPC || number == EDQUOT)
			return disk_full(err);
		return error_set(err, ERROR_UNAVAILABLE,
				 "the database cannot be read or written: %s", sqlite3_errmsg(db));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(err, ERROR_INTERNAL, "the database file is damaged: %s",
				 sqlite3_errmsg(db));
	case SQLITE_NOMEM:
		return error_set(err, ERROR_UNAVAILABLE, "the database ran out of memory");
	default:
		return error_set(err, ERROR_INTERNAL, "the database refused: %s",
				 sqlite3_errmsg(db));
	}
}

bool db_exec(sqlite3 *db, const char *sql, struct error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || db_failed(db, err);
}

/* IMMEDIATE: whoever begins can write, or is told at once. */
bool db_begin(sqlite3 *db, struct error *err)
{
	return db_exec(db, "BEGIN IMMEDIATE", err);
}

bool db_commit(sqlite3 *db, struct error *err)
{
	return db_exec(db, "COMMIT", err);
}

void db_rollback(sqlite3 *db)
{
	/* A full disk or an I/O error may have rolled back already. */
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* Makes the file for its owner alone; SQLite gives its journals the same mode.  A file that is
 * there is not opened: closing it would drop the locks that another connection holds on it. */
static bool make_private(const char *path, struct error *err)
{
	auto_fd fd = -1;

	if (strcmp(path, ":memory:") == 0)
		return true;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 || errno == EEXIST)
		return true;
	if (errno == ENOSPC || errno == EDQUOT)
		return disk_full(err);
	return error_set_errno(err, ERROR_UNAVAILABLE, errno, "%s cannot be made", path);
}

static bool use_write_ahead_log(struct store *store, struct error *err)
{
	enum { COLUMN_MODE };
	auto_statement statement = statement_borrow(store, journal_mode, err);
	char mode[16] = "";

	if (!statement || !statement_first(statement, "journal mode", err))
		return false;
	column_into(statement, COLUMN_MODE, mode, sizeof(mode));
	if (strcmp(mode, "wal") == 0 || strcmp(mode, "memory") == 0)
		return true;
	return error_set(err, ERROR_UNAVAILABLE,
			 "the file system under the database does not allow a write-ahead log "
			 "(mode %s); put DATA_DIR on a local disk",
			 mode);
}

static bool prepare(struct store *store, struct error *err)
{
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	return db_exec(store->db, pragmas, err) && use_write_ahead_log(store, err) &&
	       migrate(store->db, err) && db_exec(store->db, foreign_keys, err) &&
	       instance_make(store, err);
}

OWNED_BY_SCOPE(store, struct store *, store_close)
#define auto_store AUTO(store) struct store *

struct store *store_open(const char *path, struct error *err)
{
	auto_store store = mem_new(struct store);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE;

	if (!make_private(path, err) ||
	    (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK &&
	     !db_failed(store->db, err)) ||
	    !prepare(store, err)) {
		(void)error_wrap(err, "opening the database");
		return NULL;
	}
	return take(store);
}

void store_close(struct store *store)
{
	int code;

	if (!store)
		return;
	statement_forget_all(store);
	code = sqlite3_close(store->db);
	/* Busy would mean a statement that nobody gave back. */
	assert(code != SQLITE_BUSY);
	free(store);
}
