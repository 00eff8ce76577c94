/* Prompts that a person picks: ways to use containers that are worth a click. */
#include "internal.h"

enum { PROMPT_MAX = 1024 * 1024 };

static void add_text(struct call *call, const struct buf *text)
{
	struct json *block = json_object();

	json_put_text(block, "type", "text");
	json_put_text(block, "text", buf_text(text));
	call_add_message(call, "user", block);
	call_end(call);
}

static void run_tests(struct call *call, const struct json *args)
{
	const char *command = json_get_text(args, "command");
	auto_buf text = BUF_INIT(PROMPT_MAX);

	buf_addf(&text,
		 "Run the tests of this project in a clean container: %s\n\n"
		 "1. create_container (network internet, if packages must be fetched).\n"
		 "2. Bring the project in: clone it with execute_command, write its files with "
		 "write_file, or have a person send an archive to what get_upload_url gives.\n"
		 "3. Install what it needs, with install_packages or in its own way; look at its "
		 "README and its manifest for that.\n",
		 json_get_text(args, "project"));
	if (command && *command)
		buf_addf(&text, "4. Run: %s\n", command);
	else
		buf_add_text(&text, "4. Find out how its tests are run, and run all of them.\n");
	buf_add_text(&text, "5. Say which fail, with the lines that matter and the likely cause. "
			    "Do not mend anything yet.\n"
			    "6. destroy_container.\n");
	add_text(call, &text);
}

static void reproduce(struct call *call, const struct json *args)
{
	auto_buf text = BUF_INIT(PROMPT_MAX);

	buf_addf(&text,
		 "Reproduce this problem in a container, with as little as it takes:\n\n%s\n\n"
		 "Create a container, build the smallest case that shows the problem, and run it. "
		 "Give the exact commands, what was printed, and what was expected. Share the case "
		 "as a file with get_file_url. If it does not show, say what you tried.",
		 json_get_text(args, "problem"));
	add_text(call, &text);
}

static const struct prompt_argument run_tests_arguments[] = {
	{ "project", "Where it is: a repository's address, or a description", true },
	{ "command", "How its tests are run, if you know", false },
	{ NULL, NULL, false },
};
static const struct prompt run_tests_prompt = {
	.name = "run_tests",
	.title = "Run a project's tests in a clean container",
	.description = "Fetches a project into a container of its own, runs its tests and reports.",
	.arguments = run_tests_arguments,
	.run = run_tests,
};

static const struct prompt_argument reproduce_arguments[] = {
	{ "problem", "What goes wrong", true },
	{ NULL, NULL, false },
};
static const struct prompt reproduce_prompt = {
	.name = "reproduce",
	.title = "Reproduce a problem in a container",
	.description = "Builds the smallest case that shows a problem, and shares it.",
	.arguments = reproduce_arguments,
	.run = reproduce,
};

const struct prompt *const tools_prompts[] = { &run_tests_prompt, &reproduce_prompt, NULL };
