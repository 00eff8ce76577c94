/* The list of tools, in the order of tools/list, and the sets that SANDPOD_TOOLS picks from. */
#include <string.h>
#include "internal.h"
#include "config.h"

/* clang-format off */
static const struct tool *const all_tools[] = {
	&tool_create_container,
	&tool_list_containers,
	&tool_check_container,
	&tool_destroy_container,
	&tool_execute_command,
	&tool_check_command,
	&tool_send_input,
	&tool_kill_command,
	&tool_list_commands,
	&tool_run_code,
	&tool_install_packages,
	&tool_run_once,
	&tool_read_file,
	&tool_write_file,
	&tool_edit_file,
	&tool_list_files,
	&tool_move_file,
	&tool_delete_file,
	&tool_get_file_url,
	&tool_get_upload_url,
	&tool_web_search,
	&tool_web_scrape,
	&tool_web_browse,
	/* compat-container-mcp */
	&tool_system_run_command,
	&tool_system_run_python,
	&tool_system_env_var,
	&tool_file_read,
	&tool_file_write,
	&tool_file_list,
	&tool_file_delete,
	&tool_file_move,
	/* compat-code-sandbox */
	&tool_create_sandbox,
	&tool_close_sandbox,
	&tool_get_sandbox_status,
	&tool_execute_code,
	&tool_install_package,
	&tool_create_run_close,
	&tool_upload_file,
	NULL,
};
/* clang-format on */

/* Whether one of the words of one list is in the other. */
static bool have_common(const char *sets, const char *tool_sets)
{
	while (*tool_sets) {
		size_t len = strcspn(tool_sets, ",");
		auto_str word = mem_strndup(tool_sets, len);

		if (config_list_has(sets, word))
			return true;
		tool_sets += len + (tool_sets[len] == ',');
	}
	return false;
}

const struct tool **tools_select(const char *sets)
{
	size_t count = 0, at = 0;
	const struct tool **picked;

	while (all_tools[count])
		count++;
	picked = mem_array(const struct tool *, count + 1);
	for (size_t i = 0; i < count; i++)
		if (have_common(sets, all_tools[i]->set))
			picked[at++] = all_tools[i];
	return picked;
}
