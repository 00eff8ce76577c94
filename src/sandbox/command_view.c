/* Looking at commands: finding one for its owner, what is told of it, its output, the list.  One
 * that is over has no object any more; one is made from its row and files for the look, and goes
 * after it. What belongs to another owner is not found, in the words for what never existed. */
#include <string.h>
#include "internal.h"

/* Of a command that is over: made for one look at it. */
static struct command *from_row(struct sandboxes *all, struct command_row *row,
				const struct container_row *container, const struct sandbox *sb)
{
	struct command *command = command_new(all, row);

	command->phase = COMMAND_OVER;
	spool_load(&command->spools[COMMAND_STDOUT], command->row.stdout_bytes);
	spool_load(&command->spools[COMMAND_STDERR], command->row.stderr_bytes);
	spool_load(&command->spools[COMMAND_OUTCOME], command->row.outcome_bytes);
	command->hint = command_hint(command, container, sb);
	return command;
}

struct command *command_get(struct sandboxes *all, const char *owner, const char *id,
			    struct error *err)
{
	auto_command_row row = { 0 };
	auto_container_row container = { 0 };
	struct command *command;
	struct sandbox *sb;

	if (!id_is_formed("x-", id)) {
		not_found_error("command", id, err);
		return NULL;
	}
	if (!store_command_find(all->store, id, &row, err)) {
		if (err->kind == ERROR_NOT_FOUND)
			not_found_error("command", id, err);
		return NULL;
	}
	sb = registry_find(all, owner, row.container_id);
	command = sb ? command_find(sb, (uint32_t)row.stream) : NULL;
	if (command)
		return command;
	if (sb)
		return from_row(all, &row, &sb->row, sb);
	if (!store_container_find(all->store, row.container_id, &container, err) ||
	    (owner && strcmp(container.owner, owner) != 0)) {
		not_found_error("command", id, err);
		return NULL;
	}
	return from_row(all, &row, &container, NULL);
}

static void refresh(struct command *command)
{
	struct command_row *row = &command->row;

	if (command->phase == COMMAND_OVER)
		return;
	row->stdout_bytes = command->spools[COMMAND_STDOUT].total;
	row->stderr_bytes = command->spools[COMMAND_STDERR].total;
	row->outcome_bytes = command->spools[COMMAND_OUTCOME].total;
	row->duration_ms = clock_wall_ms() - row->started_at;
	if (row->duration_ms < 0)
		row->duration_ms = 0;
}

void command_view_fill(struct command *command, struct command_view *ret_view)
{
	refresh(command);
	*ret_view = (struct command_view){
		.row = &command->row,
		.all = command->all,
		.spool_limit = command->all->settings.output_spool,
		.hint = command->hint,
		.command = command,
	};
	for (int stream = COMMAND_STDOUT; stream <= COMMAND_STDERR; stream++) {
		const struct spool *spool = &command->spools[stream];

		ret_view->kept[stream] = spool_readable(spool);
		ret_view->tail_from[stream] = spool_tail_from(spool);
	}
}

bool command_output(const struct command_view *view, enum command_stream stream, int64_t offset,
		    int64_t len, struct buf *ret_data, struct error *err)
{
	return spool_read(&view->command->spools[stream], offset, len, ret_data, err);
}

struct each {
	struct sandbox *sb;
	command_each_fn *on_row;
	void *ctx;
};

static bool each_row(void *ctx, const struct command_row *row)
{
	struct each *each = ctx;
	struct command *command = each->sb ? command_find(each->sb, (uint32_t)row->stream) : NULL;

	if (command) {
		refresh(command);
		row = &command->row;
	}
	return each->on_row(each->ctx, row);
}

bool command_each(struct sandboxes *all, const char *owner, const char *container_id,
		  command_each_fn *on_row, void *ctx, struct error *err)
{
	auto_container_row container = { 0 };
	struct each each = { registry_find(all, owner, container_id), on_row, ctx };

	if (!each.sb && (!id_is_formed("c-", container_id) ||
			 !store_container_find(all->store, container_id, &container, err) ||
			 (owner && strcmp(container.owner, owner) != 0)))
		return not_found_error("container", container_id, err);
	return store_command_each(all->store, container_id, false, each_row, &each, err);
}
