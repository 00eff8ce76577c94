/* Protocol sessions, kept so that they outlive a restart.  Only the hash of a session's id is here:
 * who reads the database cannot take a session over. */
#include "store.h"
#include "internal.h"

#define COLUMNS "id_hash, owner, protocol_version, created_at, seen_at, client_can, client_name"

enum column {
	COLUMN_ID_HASH,
	COLUMN_OWNER,
	COLUMN_PROTOCOL_VERSION,
	COLUMN_CREATED_AT,
	COLUMN_SEEN_AT,
	COLUMN_CLIENT_CAN,
	COLUMN_CLIENT_NAME,
};

static const char add_sql[] = "INSERT INTO session (" COLUMNS ") VALUES"
			      " (:id_hash, :owner, :protocol_version, :created_at, :seen_at,"
			      " :client_can, :client_name)";

bool store_session_add(struct store *store, const struct session_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id_hash", row->id_hash);
	bind_text(st, ":owner", row->owner);
	bind_text(st, ":protocol_version", row->protocol_version);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":seen_at", row->seen_at);
	bind_int(st, ":client_can", row->client_can);
	bind_text(st, ":client_name", row->client_name);
	return statement_run(st, err);
}

static void read_row(struct statement *st, struct session_row *ret_row)
{
	ret_row->created_at = column_int(st, COLUMN_CREATED_AT);
	ret_row->seen_at = column_int(st, COLUMN_SEEN_AT);
	ret_row->client_can = column_int(st, COLUMN_CLIENT_CAN);
	column_into(st, COLUMN_CLIENT_NAME, ret_row->client_name, sizeof(ret_row->client_name));
	column_into(st, COLUMN_ID_HASH, ret_row->id_hash, sizeof(ret_row->id_hash));
	column_into(st, COLUMN_OWNER, ret_row->owner, sizeof(ret_row->owner));
	column_into(st, COLUMN_PROTOCOL_VERSION, ret_row->protocol_version,
		    sizeof(ret_row->protocol_version));
}

static const char find_sql[] = "SELECT " COLUMNS " FROM session WHERE id_hash = :id_hash";

bool store_session_find(struct store *store, const char *id_hash, struct session_row *ret_row,
			struct error *err)
{
	auto_statement st = statement_borrow(store, find_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id_hash", id_hash);
	if (!statement_first(st, "session", err))
		return false;
	read_row(st, ret_row);
	return true;
}

static const char seen_sql[] = "UPDATE session SET seen_at = :seen_at WHERE id_hash = :id_hash";

bool store_session_seen(struct store *store, const char *id_hash, int64_t seen_at,
			struct error *err)
{
	auto_statement st = statement_borrow(store, seen_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id_hash", id_hash);
	bind_int(st, ":seen_at", seen_at);
	return statement_change(st, "session", err);
}

static const char remove_sql[] = "DELETE FROM session WHERE id_hash = :id_hash";

bool store_session_remove(struct store *store, const char *id_hash, struct error *err)
{
	auto_statement st = statement_borrow(store, remove_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id_hash", id_hash);
	return statement_change(st, "session", err);
}
