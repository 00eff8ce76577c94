/* What is told of a container: its row and what is known without asking it. */
#include "internal.h"

enum { UNKNOWN = -1 };

void view_fill_row(const struct container_row *row, struct sandbox_view *ret_view)
{
	*ret_view = (struct sandbox_view){
		.row = row,
		.runtimes = "",
		.memory_bytes = UNKNOWN,
		.memory_peak_bytes = UNKNOWN,
		.cpu_ms = UNKNOWN,
		.pids = UNKNOWN,
		.disk_bytes = UNKNOWN,
	};
}

void view_fill(const struct sandbox *sb, struct sandbox_view *ret_view)
{
	struct error err;

	view_fill_row(&sb->row, ret_view);
	ret_view->linked = link_is_up(sb);
	ret_view->uptime_ms = clock_mono_ms() - sb->born_mono;
	ret_view->commands_running = command_running_count(sb);
	ret_view->runtimes = sb->hello.runtimes;
	if (!store_file_count(sb->all->store, sb->row.id, clock_wall_ms(), &ret_view->files_shared,
			      &err))
		log_warn(sb->row.id, "its files could not be counted: %s", err.text);
}
