/* What a client is told of the server as a whole: the usual path, in the names of the tools that
 * are offered.  All of it stays below 1 KB, because it stands in each of its model's contexts. */
#include "internal.h"
#include "buf.h"
#include "config.h"

enum { INSTRUCTIONS_MAX = 1024 };

static const struct {
	const char *set;
	const char *text;
} parts[] = {
	{ "containers",
	  " create_container makes one, and the other tools take the container_id that "
	  "it returned. It and its links end at its expires_at; check_container moves "
	  "that, destroy_container ends it earlier." },
	{ "commands",
	  " execute_command runs a command. One that runs longer than a few seconds is handed back "
	  "as running: read on with check_command, feed it with send_input, end it with "
	  "kill_command. Long output is shortened in the middle; check_command reads any part of "
	  "it." },
	{ "code", " run_code keeps variables from call to call, install_packages adds what is "
		  "missing, and run_once runs in a container that ends with it." },
	{ "files",
	  " read_file, write_file, edit_file and list_files work on files; get_file_url gives "
	  "a person a link to one, get_upload_url a link to send one." },
	{ "web", " web_search, web_scrape and web_browse read the web." },
};

char *tools_instructions(const char *sets)
{
	auto_buf text = BUF_INIT(INSTRUCTIONS_MAX);

	buf_add_text(&text, "Sandpod gives you Linux containers.");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (config_list_has(sets, parts[i].set))
			buf_add_text(&text, parts[i].text);
	return buf_take(&text);
}
