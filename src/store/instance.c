/* The one row about the database itself: its id, and a counter that a probe can write to. */
#include "store.h"
#include "internal.h"

enum column { COLUMN_ID };

static const char make_sql[] = "INSERT INTO instance (one, id) VALUES (1, :id)"
			       " ON CONFLICT (one) DO NOTHING";

bool instance_make(struct store *store, struct error *err)
{
	auto_statement statement = statement_borrow(store, make_sql, err);
	char id[ID_SIZE];

	if (!statement)
		return false;
	id_new("i-", id);
	bind_text(statement, ":id", id);
	return statement_run(statement, err);
}

static const char id_sql[] = "SELECT id FROM instance";

bool store_instance_id(struct store *store, char ret_id[ID_SIZE], struct error *err)
{
	auto_statement statement = statement_borrow(store, id_sql, err);

	if (!statement || !statement_first(statement, "instance", err))
		return false;
	column_into(statement, COLUMN_ID, ret_id, ID_SIZE);
	return true;
}

static const char probe_sql[] = "UPDATE instance SET probes = probes + 1";

bool store_probe(struct store *store, struct error *err)
{
	auto_statement statement = statement_borrow(store, probe_sql, err);

	return statement && statement_change(statement, "instance", err);
}
