/* Containers: one row each, from the wish to have one until the sweep takes its tombstone. */
#include "store.h"
#include "internal.h"

#include <assert.h>
#include <stdlib.h>

/* In this order in every query here; COLUMNS and the enum belong together. */
#define COLUMNS                                                                                    \
	"id, owner, name, request_id, image, state, podman_id, uid_slot, memory, cpu_milli, pids," \
	" disk, network, workdir, env, posture, next_stream, created_at, expires_at, gone_at,"     \
	" gone_reason, shape"

enum column {
	COLUMN_ID,
	COLUMN_OWNER,
	COLUMN_NAME,
	COLUMN_REQUEST_ID,
	COLUMN_IMAGE,
	COLUMN_STATE,
	COLUMN_PODMAN_ID,
	COLUMN_UID_SLOT,
	COLUMN_MEMORY,
	COLUMN_CPU_MILLI,
	COLUMN_PIDS,
	COLUMN_DISK,
	COLUMN_NETWORK,
	COLUMN_WORKDIR,
	COLUMN_ENV,
	COLUMN_POSTURE,
	COLUMN_NEXT_STREAM,
	COLUMN_CREATED_AT,
	COLUMN_EXPIRES_AT,
	COLUMN_GONE_AT,
	COLUMN_GONE_REASON,
	COLUMN_SHAPE,
};

void container_row_release(struct container_row *row)
{
	free(row->name);
	free(row->request_id);
	free(row->image);
	free(row->podman_id);
	free(row->network);
	free(row->workdir);
	free(row->env);
	free(row->posture);
	free(row->gone_reason);
	free(row->shape);
	*row = (struct container_row){ 0 };
}

static void read_row(struct statement *st, struct container_row *ret_row)
{
	*ret_row = (struct container_row){
		.name = column_copy(st, COLUMN_NAME),
		.request_id = column_copy(st, COLUMN_REQUEST_ID),
		.image = column_copy(st, COLUMN_IMAGE),
		.podman_id = column_copy(st, COLUMN_PODMAN_ID),
		.uid_slot = column_int(st, COLUMN_UID_SLOT),
		.memory = column_int(st, COLUMN_MEMORY),
		.cpu_milli = column_int(st, COLUMN_CPU_MILLI),
		.pids = column_int(st, COLUMN_PIDS),
		.disk = column_int(st, COLUMN_DISK),
		.network = column_copy(st, COLUMN_NETWORK),
		.workdir = column_copy(st, COLUMN_WORKDIR),
		.env = column_copy(st, COLUMN_ENV),
		.posture = column_copy(st, COLUMN_POSTURE),
		.next_stream = column_int(st, COLUMN_NEXT_STREAM),
		.created_at = column_int(st, COLUMN_CREATED_AT),
		.expires_at = column_int(st, COLUMN_EXPIRES_AT),
		.gone_at = column_int(st, COLUMN_GONE_AT),
		.gone_reason = column_copy(st, COLUMN_GONE_REASON),
		.shape = column_copy(st, COLUMN_SHAPE),
	};
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_OWNER, ret_row->owner, sizeof(ret_row->owner));
	column_into(st, COLUMN_STATE, ret_row->state, sizeof(ret_row->state));
}

static const char add_sql[] =
	"INSERT INTO container (" COLUMNS ") VALUES"
	" (:id, :owner, :name, :request_id, :image, :state, :podman_id, :uid_slot, :memory,"
	"  :cpu_milli, :pids, :disk, :network, :workdir, :env, :posture, :next_stream,"
	"  :created_at, :expires_at, :gone_at, :gone_reason, :shape)";

bool store_container_add(struct store *store, const struct container_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":owner", row->owner);
	bind_text(st, ":name", row->name);
	bind_text(st, ":request_id", row->request_id);
	bind_text(st, ":image", row->image);
	bind_text(st, ":state", row->state);
	bind_text(st, ":podman_id", row->podman_id);
	bind_int(st, ":uid_slot", row->uid_slot);
	bind_int(st, ":memory", row->memory);
	bind_int(st, ":cpu_milli", row->cpu_milli);
	bind_int(st, ":pids", row->pids);
	bind_int(st, ":disk", row->disk);
	bind_text(st, ":network", row->network);
	bind_text(st, ":workdir", row->workdir);
	bind_text(st, ":env", row->env);
	bind_text(st, ":posture", row->posture);
	bind_int(st, ":next_stream", row->next_stream);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":expires_at", row->expires_at);
	bind_int(st, ":gone_at", row->gone_at);
	bind_text(st, ":gone_reason", row->gone_reason);
	bind_text(st, ":shape", row->shape);
	return statement_run(st, err);
}

static const char shift_sql[] = "UPDATE container SET created_at = created_at + :step_ms,"
				" expires_at = expires_at + :step_ms WHERE id = :id";

bool store_container_shift(struct store *store, const char *id, int64_t step_ms, struct error *err)
{
	auto_statement st = statement_borrow(store, shift_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":step_ms", step_ms);
	return statement_change(st, "container", err);
}

static const char give_sql[] =
	"UPDATE container SET owner = :owner, name = :name, request_id = :request_id,"
	" state = :state, memory = :memory, cpu_milli = :cpu_milli, pids = :pids,"
	" workdir = :workdir, env = :env, posture = :posture, created_at = :created_at,"
	" expires_at = :expires_at, shape = NULL WHERE id = :id AND state = 'warm'";

bool store_container_give(struct store *store, const struct container_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, give_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":owner", row->owner);
	bind_text(st, ":name", row->name);
	bind_text(st, ":request_id", row->request_id);
	bind_text(st, ":state", row->state);
	bind_int(st, ":memory", row->memory);
	bind_int(st, ":cpu_milli", row->cpu_milli);
	bind_int(st, ":pids", row->pids);
	bind_text(st, ":workdir", row->workdir);
	bind_text(st, ":env", row->env);
	bind_text(st, ":posture", row->posture);
	bind_int(st, ":created_at", row->created_at);
	bind_int(st, ":expires_at", row->expires_at);
	return statement_change(st, "container", err);
}

/* sql changes one column of the container :id to :value. */
static bool set_text(struct store *store, const char *sql, const char *id, const char *value,
		     struct error *err)
{
	auto_statement st = statement_borrow(store, sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_text(st, ":value", value);
	return statement_change(st, "container", err);
}

static const char state_sql[] = "UPDATE container SET state = :value WHERE id = :id";

bool store_container_set_state(struct store *store, const char *id, const char *state,
			       struct error *err)
{
	return set_text(store, state_sql, id, state, err);
}

static const char podman_id_sql[] = "UPDATE container SET podman_id = :value WHERE id = :id";

bool store_container_set_podman_id(struct store *store, const char *id, const char *podman_id,
				   struct error *err)
{
	return set_text(store, podman_id_sql, id, podman_id, err);
}

static const char posture_sql[] = "UPDATE container SET posture = :value WHERE id = :id";

bool store_container_set_posture(struct store *store, const char *id, const char *posture,
				 struct error *err)
{
	return set_text(store, posture_sql, id, posture, err);
}

static const char reason_sql[] = "UPDATE container SET gone_reason = :value WHERE id = :id";

bool store_container_set_reason(struct store *store, const char *id, const char *reason,
				struct error *err)
{
	return set_text(store, reason_sql, id, reason, err);
}

static const char forget_request_sql[] = "UPDATE container SET request_id = :value WHERE id = :id";

bool store_container_forget_request(struct store *store, const char *id, struct error *err)
{
	return set_text(store, forget_request_sql, id, NULL, err);
}

static const char expiry_sql[] = "UPDATE container SET expires_at = :expires_at WHERE id = :id";

bool store_container_set_expiry(struct store *store, const char *id, int64_t expires_at,
				struct error *err)
{
	auto_statement st = statement_borrow(store, expiry_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":expires_at", expires_at);
	return statement_change(st, "container", err);
}

static const char take_streams_sql[] = "UPDATE container SET next_stream = next_stream + :count"
				       " WHERE id = :id RETURNING next_stream - :count";

bool store_container_take_streams(struct store *store, const char *id, int64_t count,
				  int64_t *ret_first, struct error *err)
{
	enum { COLUMN_FIRST };
	auto_statement st = statement_borrow(store, take_streams_sql, err);
	int64_t first;

	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":count", count);
	if (!statement_first(st, "container", err))
		return false;
	first = column_int(st, COLUMN_FIRST);
	/* It commits at the end, not at the row. */
	if (!statement_run(st, err))
		return false;
	*ret_first = first;
	return true;
}

/* A tombstone keeps the time when it became one. */
static const char gone_sql[] = "UPDATE container SET state = 'gone',"
			       " gone_at = iif(gone_at = 0, :gone_at, gone_at) WHERE id = :id";

bool store_container_gone(struct store *store, const char *id, int64_t gone_at, struct error *err)
{
	auto_statement st = statement_borrow(store, gone_sql, err);

	assert(gone_at > 0);
	if (!st)
		return false;
	bind_text(st, ":id", id);
	bind_int(st, ":gone_at", gone_at);
	return statement_change(st, "container", err);
}

static const char find_sql[] = "SELECT " COLUMNS " FROM container WHERE id = :id";

bool store_container_find(struct store *store, const char *id, struct container_row *ret_row,
			  struct error *err)
{
	auto_statement st = statement_find(store, find_sql, id, "container", err);

	if (!st)
		return false;
	read_row(st, ret_row);
	return true;
}

static const char find_request_sql[] =
	"SELECT " COLUMNS " FROM container WHERE owner = :owner AND request_id = :request_id"
	" ORDER BY gone_at = 0 DESC, created_at DESC, rowid DESC LIMIT 1";

bool store_container_find_request(struct store *store, const char *owner, const char *request_id,
				  struct container_row *ret_row, struct error *err)
{
	auto_statement st = statement_borrow(store, find_request_sql, err);

	if (!st)
		return false;
	bind_text(st, ":owner", owner);
	bind_text(st, ":request_id", request_id);
	if (!statement_first(st, "container", err))
		return false;
	read_row(st, ret_row);
	return true;
}

/* No index gives this order, so SQLite collects and sorts all rows before it gives out the first:
 * on_row may write to the table that it walks. */
#define OLDEST_FIRST " ORDER BY created_at, rowid"

static const char each_living_sql[] =
	"SELECT " COLUMNS " FROM container WHERE gone_at = 0" OLDEST_FIRST;
static const char each_living_of_owner_sql[] =
	"SELECT " COLUMNS " FROM container WHERE gone_at = 0 AND owner = :owner" OLDEST_FIRST;
static const char each_sql[] = "SELECT " COLUMNS " FROM container" OLDEST_FIRST;
static const char each_of_owner_sql[] =
	"SELECT " COLUMNS " FROM container WHERE owner = :owner" OLDEST_FIRST;

static const char *each_query(bool of_owner, bool include_gone)
{
	if (of_owner)
		return include_gone ? each_of_owner_sql : each_living_of_owner_sql;
	return include_gone ? each_sql : each_living_sql;
}

struct walk {
	store_container_fn *on_row;
	void *ctx;
};

static bool on_statement(void *ctx, struct statement *st)
{
	const struct walk *walk = ctx;
	auto_container_row row = { 0 };

	read_row(st, &row);
	return walk->on_row(walk->ctx, &row);
}

bool store_container_each(struct store *store, const char *owner, bool include_gone,
			  store_container_fn *on_row, void *ctx, struct error *err)
{
	struct walk walk = { on_row, ctx };
	auto_statement st = statement_borrow(store, each_query(owner, include_gone), err);

	if (!st)
		return false;
	if (owner)
		bind_text(st, ":owner", owner);
	return statement_each(st, on_statement, &walk, err);
}
