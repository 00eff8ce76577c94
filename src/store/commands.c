/* Commands: one row each, written before the command starts and completed when it has ended. */
#include "store.h"
#include "internal.h"

#include <stdlib.h>

/* In this order in every query here; COLUMNS and the enum belong together. */
#define COLUMNS                                                                                    \
	"id, container_id, stream, command, state, exit_code, signal, reason, started_at,"         \
	" ended_at, duration_ms, cpu_ms, memory_peak, stdout_bytes, stderr_bytes, kill_after_ms,"  \
	" input_closed, language, context, outcome_bytes, fresh, state_lost, context_over"

enum column {
	COLUMN_ID,
	COLUMN_CONTAINER_ID,
	COLUMN_STREAM,
	COLUMN_COMMAND,
	COLUMN_STATE,
	COLUMN_EXIT_CODE,
	COLUMN_SIGNAL,
	COLUMN_REASON,
	COLUMN_STARTED_AT,
	COLUMN_ENDED_AT,
	COLUMN_DURATION_MS,
	COLUMN_CPU_MS,
	COLUMN_MEMORY_PEAK,
	COLUMN_STDOUT_BYTES,
	COLUMN_STDERR_BYTES,
	COLUMN_KILL_AFTER_MS,
	COLUMN_INPUT_CLOSED,
	COLUMN_LANGUAGE,
	COLUMN_CONTEXT,
	COLUMN_OUTCOME_BYTES,
	COLUMN_FRESH,
	COLUMN_STATE_LOST,
	COLUMN_CONTEXT_OVER,
};

void command_row_release(struct command_row *row)
{
	free(row->command);
	free(row->reason);
	free(row->language);
	free(row->context);
	free(row->state_lost);
	*row = (struct command_row){ 0 };
}

static void read_row(struct statement *st, struct command_row *ret_row)
{
	*ret_row = (struct command_row){
		.stream = column_int(st, COLUMN_STREAM),
		.command = column_copy(st, COLUMN_COMMAND),
		.exit_code = column_int(st, COLUMN_EXIT_CODE),
		.signal = column_int(st, COLUMN_SIGNAL),
		.reason = column_copy(st, COLUMN_REASON),
		.started_at = column_int(st, COLUMN_STARTED_AT),
		.ended_at = column_int(st, COLUMN_ENDED_AT),
		.duration_ms = column_int(st, COLUMN_DURATION_MS),
		.cpu_ms = column_int(st, COLUMN_CPU_MS),
		.memory_peak = column_int(st, COLUMN_MEMORY_PEAK),
		.stdout_bytes = column_int(st, COLUMN_STDOUT_BYTES),
		.stderr_bytes = column_int(st, COLUMN_STDERR_BYTES),
		.kill_after_ms = column_int(st, COLUMN_KILL_AFTER_MS),
		.input_closed = column_int(st, COLUMN_INPUT_CLOSED) != 0,
		.language = column_copy(st, COLUMN_LANGUAGE),
		.context = column_copy(st, COLUMN_CONTEXT),
		.outcome_bytes = column_int(st, COLUMN_OUTCOME_BYTES),
		.fresh = column_int(st, COLUMN_FRESH) != 0,
		.state_lost = column_copy(st, COLUMN_STATE_LOST),
		.context_over = column_int(st, COLUMN_CONTEXT_OVER) != 0,
	};
	column_into(st, COLUMN_ID, ret_row->id, sizeof(ret_row->id));
	column_into(st, COLUMN_CONTAINER_ID, ret_row->container_id, sizeof(ret_row->container_id));
	column_into(st, COLUMN_STATE, ret_row->state, sizeof(ret_row->state));
}

/* What the end of a command fixes. */
static void bind_end(struct statement *st, const struct command_row *row)
{
	bind_text(st, ":state", row->state);
	bind_int(st, ":exit_code", row->exit_code);
	bind_int(st, ":signal", row->signal);
	bind_text(st, ":reason", row->reason);
	bind_int(st, ":ended_at", row->ended_at);
	bind_int(st, ":duration_ms", row->duration_ms);
	bind_int(st, ":cpu_ms", row->cpu_ms);
	bind_int(st, ":memory_peak", row->memory_peak);
	bind_int(st, ":stdout_bytes", row->stdout_bytes);
	bind_int(st, ":stderr_bytes", row->stderr_bytes);
	bind_int(st, ":outcome_bytes", row->outcome_bytes);
	bind_int(st, ":fresh", row->fresh);
	bind_text(st, ":state_lost", row->state_lost);
	bind_int(st, ":context_over", row->context_over);
}

static const char add_sql[] =
	"INSERT INTO command (" COLUMNS ") VALUES"
	" (:id, :container_id, :stream, :command, :state, :exit_code, :signal, :reason,"
	"  :started_at, :ended_at, :duration_ms, :cpu_ms, :memory_peak, :stdout_bytes,"
	"  :stderr_bytes, :kill_after_ms, :input_closed, :language, :context, :outcome_bytes,"
	"  :fresh, :state_lost, :context_over)";

bool store_command_add(struct store *store, const struct command_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, add_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_text(st, ":container_id", row->container_id);
	bind_int(st, ":stream", row->stream);
	bind_text(st, ":command", row->command);
	bind_int(st, ":started_at", row->started_at);
	bind_int(st, ":kill_after_ms", row->kill_after_ms);
	bind_int(st, ":input_closed", row->input_closed);
	bind_text(st, ":language", row->language);
	bind_text(st, ":context", row->context);
	bind_end(st, row);
	return statement_run(st, err);
}

static const char end_sql[] =
	"UPDATE command SET state = :state, exit_code = :exit_code, signal = :signal,"
	" reason = :reason, ended_at = :ended_at, duration_ms = :duration_ms, cpu_ms = :cpu_ms,"
	" memory_peak = :memory_peak, stdout_bytes = :stdout_bytes, stderr_bytes = :stderr_bytes,"
	" outcome_bytes = :outcome_bytes, fresh = :fresh, state_lost = :state_lost,"
	" context_over = :context_over"
	" WHERE id = :id";

bool store_command_end(struct store *store, const struct command_row *row, struct error *err)
{
	auto_statement st = statement_borrow(store, end_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", row->id);
	bind_end(st, row);
	return statement_change(st, "command", err);
}

static const char input_closed_sql[] = "UPDATE command SET input_closed = 1 WHERE id = :id";

bool store_command_set_input_closed(struct store *store, const char *id, struct error *err)
{
	auto_statement st = statement_borrow(store, input_closed_sql, err);

	if (!st)
		return false;
	bind_text(st, ":id", id);
	return statement_change(st, "command", err);
}

static const char find_sql[] = "SELECT " COLUMNS " FROM command WHERE id = :id";

bool store_command_find(struct store *store, const char *id, struct command_row *ret_row,
			struct error *err)
{
	auto_statement st = statement_find(store, find_sql, id, "command", err);

	if (!st)
		return false;
	read_row(st, ret_row);
	return true;
}

/* No index gives this order, so SQLite collects and sorts all rows before it gives out the first:
 * on_row may write to the table that it walks. */
#define OLDEST_FIRST " ORDER BY started_at, stream"

static const char each_sql[] =
	"SELECT " COLUMNS " FROM command WHERE container_id = :container_id" OLDEST_FIRST;
static const char each_running_sql[] =
	"SELECT " COLUMNS " FROM command"
	" WHERE container_id = :container_id AND state = 'running'" OLDEST_FIRST;

struct walk {
	store_command_fn *on_row;
	void *ctx;
};

static bool on_statement(void *ctx, struct statement *st)
{
	const struct walk *walk = ctx;
	auto_command_row row = { 0 };

	read_row(st, &row);
	return walk->on_row(walk->ctx, &row);
}

bool store_command_each(struct store *store, const char *container_id, bool running_only,
			store_command_fn *on_row, void *ctx, struct error *err)
{
	struct walk walk = { on_row, ctx };
	auto_statement st =
		statement_borrow(store, running_only ? each_running_sql : each_sql, err);

	if (!st)
		return false;
	bind_text(st, ":container_id", container_id);
	return statement_each(st, on_statement, &walk, err);
}
