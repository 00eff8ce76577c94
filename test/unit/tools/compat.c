/* The drop-in set compat-container-mcp: its policies, and its shapes. */
#include "fakes.h"
#include "compat_code.h"

/* --- BASH_ALLOWED_COMMANDS ------------------------------------------------------------------ */

static const char listed[] = "ls,cat,echo,grep,head";

static void allowed_lines_are_allowed(void **state)
{
	static const char *const lines[] = {
		"ls",
		"ls -la /tmp",
		"  ls  ",
		"/bin/ls; /usr/bin/cat a",
		"ls | grep x | head -5",
		"ls && cat a || echo no",
		"echo 'a; rm b' \"c | rm d\" e\\;rm",
		"echo \"it's\" 'say \"hi\"'",
		"ls > out 2>&1 < in",
		"ls &> out; cat >| out",
		"A=1 B=2 ls",
		"echo $HOME ${HOME} \"$HOME ${HOME}\" a#b",
		"ls\ncat a\n",
		"ls \\\n -l",
		"ls &",
		">out ls",
		"",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!compat_shell_allows(lines[i], listed, &err))
			fail_msg("%s: %s", lines[i], err.text);
	assert_true(compat_shell_allows("rm -rf $(pwd)", NULL, &err));
	assert_true(compat_shell_allows("rm -rf $(pwd)", "*", &err));
}

static void what_is_not_listed_or_cannot_be_followed_is_refused(void **state)
{
	static const char *const lines[] = {
		"rm a",
		"ls; rm a",
		"ls;rm a",
		"ls | rm a",
		"ls||rm a",
		"ls & rm a",
		"ls\nrm a",
		"ls | A=1 rm",
		"> out rm a",
		"/tmp/ls",
		"./ls",
		"../bin/ls",
		"echo $(rm a)",
		"echo `rm a`",
		"echo \"$(rm a)\"",
		"echo \"`rm a`\"",
		"A=$(rm a) ls",
		"echo ${x:-`rm a`}",
		"echo \"${x#'\"'}\" ; rm -rf y # '",
		"echo ${x#'\"'} ; rm y",
		"cat <<E\nE\nrm",
		"cat <(rm a)",
		"ls >(rm a)",
		"(rm a)",
		"ls() { rm a; }; ls",
		"{ rm a; }",
		"if ls; then rm; fi",
		"! rm",
		"$CMD a",
		"'rm' a",
		"\"rm\" a",
		"r\\m a",
		"l? a",
		"~/ls",
		"{ls,rm}",
		"ls # it's\nrm a # '",
		"ls $'\\'' ; rm a # '",
		"echo 'open",
		"echo \"open",
		"eval ls",
		"exec ls",
		"lsx",
		"l",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (compat_shell_allows(lines[i], listed, &err))
			fail_msg("%s", lines[i]);
		assert_memory_equal(err.text, "Command not allowed", 19);
	}
}

/* --- paths ---------------------------------------------------------------------------------- */

static void paths_begin_at_the_root_of_the_sandbox(void **state)
{
	static const struct {
		const char *path, *place, *shown;
	} paths[] = {
		{ "a.txt", "/workspace/a.txt", "a.txt" },
		{ "/a.txt", "/workspace/a.txt", "a.txt" },
		{ "/", "/workspace", "" },
		{ "", "/workspace", "" },
		{ ".", "/workspace", "" },
		{ "/workspace", "/workspace", "" },
		{ "/workspace/b/a.py", "/workspace/b/a.py", "b/a.py" },
		{ "/workspacex/a.py", "/workspace/workspacex/a.py", "workspacex/a.py" },
		{ "b//./c/../a.txt", "/workspace/b/a.txt", "b/a.txt" },
		{ "Makefile", "/workspace/Makefile", "Makefile" },
		{ ".profile", "/workspace/.profile", ".profile" },
		{ "d.x/file", "/workspace/d.x/file", "d.x/file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct error err;
		auto_str place = compat_place(paths[i].path, "txt,py", true, &err);

		if (!place)
			fail_msg("%s: %s", paths[i].path, err.text);
		assert_string_equal(place, paths[i].place);
		assert_string_equal(compat_shown(place), paths[i].shown);
	}
}

static void what_climbs_out_or_has_the_wrong_extension_is_refused(void **state)
{
	static const char *const paths[] = { "../etc/passwd", "a/../../b",
					     "/..",           "/workspace/../etc",
					     "a.sh",          "a.tar.gz",
					     ".a.sh",         "a.txt.exe" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (compat_place(paths[i], "txt,py", true, &err))
			fail_msg("%s", paths[i]);
	for (size_t i = 4; i < sizeof(paths) / sizeof(paths[0]); i++) {
		auto_str any = compat_place(paths[i], "*", true, &err);
		auto_str unasked = compat_place(paths[i], "txt", false, &err);

		assert_non_null(any);
		assert_non_null(unasked);
	}
}

/* --- the tools ------------------------------------------------------------------------------ */

static void give_sandbox(const char *replaces)
{
	struct sandbox_view view = container_view();
	sandbox_view_fn *on_view = domain.on_view;

	view.replaces = replaces;
	domain.on_view = NULL;
	on_view(domain.ctx, &view, NULL);
}

static void fail_sandbox(void)
{
	struct error err;
	sandbox_view_fn *on_view = domain.on_view;

	error_set(&err, ERROR_LIMIT, "all are in use");
	domain.on_view = NULL;
	on_view(domain.ctx, NULL, &err);
}

static void expect_answer(const char *tool, const char *wanted)
{
	auto_str text = NULL;

	if (!call->structured)
		fail_msg("%s", call->err.text);
	assert_fits_schema(tool, call->structured);
	text = json_print(call->structured);
	assert_string_equal(text, wanted);
}

static void a_command_runs_in_the_callers_own_sandbox(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	use("system_run_command", "{\"command\":\"ls\",\"working_dir\":\"/tmp\"}");
	assert_contains(domain.said, "default me default image=(null) network=none memory=0 ");
	give_sandbox(NULL);
	assert_string_equal(domain.said, "start me c-1 command=ls workdir=/tmp env=(null) stdin= "
					 "wait=32500 kill=30000");
	domain.out = "a\n";
	domain.err = "b\n";
	answer_command(&row, NULL);
	expect_answer("system_run_command",
		      "{\"stdout\":\"a\\n\",\"stderr\":\"b\\n\",\"exit_code\":0,\"success\":true}");
	assert_null(call->warning);
}

static void each_end_of_a_command_has_the_code_of_a_shell(void **state)
{
	static const struct {
		const char *state;
		int64_t code;
		const char *answer;
	} ends[] = {
		{ "exited", 3,
		  "{\"stdout\":\"\",\"stderr\":\"\",\"exit_code\":3,\"success\":false}" },
		{ "timed_out", 0,
		  "{\"stdout\":\"\",\"stderr\":\"Command execution timed out after 60 "
		  "seconds\",\"exit_code\":124,\"success\":false}" },
		{ "killed", 0,
		  "{\"stdout\":\"\",\"stderr\":\"a hint\",\"exit_code\":143,\"success\":false}" },
		{ "oom_killed", 0,
		  "{\"stdout\":\"\",\"stderr\":\"a hint\",\"exit_code\":137,\"success\":false}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct command_row row = command_row(ends[i].state);

		row.exit_code = ends[i].code;
		row.signal = SIGTERM;
		use("system_run_command", "{\"command\":\"x\"}");
		give_sandbox(NULL);
		answer_command(&row, "a hint");
		expect_answer("system_run_command", ends[i].answer);
	}
}

static void a_command_that_is_not_allowed_runs_nowhere(void **state)
{
	(void)state;
	call->tools.compat.commands = "ls,cat";
	use("system_run_command", "{\"command\":\"rm a\"}");
	assert_string_equal(domain.said, "");
	expect_answer("system_run_command",
		      "{\"stdout\":\"\",\"stderr\":\"Command not allowed: rm. Allowed commands: "
		      "ls,cat\",\"exit_code\":1,\"success\":false}");
}

static void a_smaller_memory_is_given_to_a_new_sandbox(void **state)
{
	(void)state;
	call->tools.compat.memory = 64 << 20;
	use("system_run_command", "{\"command\":\"ls\"}");
	assert_contains(domain.said, "memory=67108864");
}

static void a_lost_sandbox_is_told_of(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	use("system_run_command", "{\"command\":\"ls\"}");
	give_sandbox("container c-0 was destroyed at 10:02 UTC");
	answer_command(&row, NULL);
	assert_contains(call->warning, "lost with its files (container c-0 was destroyed at 10:02");
}

static void without_a_sandbox_the_shape_stays(void **state)
{
	static const struct {
		const char *tool, *args, *answer;
	} calls[] = {
		{ "system_run_command", "{\"command\":\"ls\"}",
		  "{\"stdout\":\"\",\"stderr\":\"\",\"exit_code\":1,\"success\":false,\"error\":"
		  "\"all "
		  "are in use\"}" },
		{ "system_env_var", "{}",
		  "{\"variables\":{},\"requested_var\":null,\"success\":false,\"error\":\"all are "
		  "in "
		  "use\"}" },
		{ "file_read", "{\"path\":\"a.txt\"}",
		  "{\"content\":\"\",\"size\":0,\"modified\":0,\"success\":false,\"error\":\"all "
		  "are "
		  "in use\"}" },
		{ "file_write", "{\"path\":\"a.txt\",\"content\":\"x\"}",
		  "{\"path\":\"a.txt\",\"success\":false,\"error\":\"all are in use\"}" },
		{ "file_list", "{}",
		  "{\"path\":\"/\",\"entries\":[],\"success\":false,\"error\":\"all are in "
		  "use\"}" },
		{ "file_delete", "{\"path\":\"a.txt\"}",
		  "{\"path\":\"a.txt\",\"success\":false,\"error\":\"all are in use\"}" },
		{ "file_move", "{\"source\":\"a.txt\",\"destination\":\"b.txt\"}",
		  "{\"source\":\"a.txt\",\"destination\":\"b.txt\",\"success\":false,\"error\":"
		  "\"all "
		  "are in use\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		use(calls[i].tool, calls[i].args);
		fail_sandbox();
		expect_answer(calls[i].tool, calls[i].answer);
	}
}

static void the_environment_is_the_sandboxes(void **state)
{
	static char environment[] = "HOME=/root\nPATH=/bin\nAPI_KEY=x\nmalformed\n=y\n";
	struct command_row row = command_row("exited");

	(void)state;
	use("system_env_var", "{\"var_name\":\"PATH\"}");
	give_sandbox(NULL);
	assert_contains(domain.said, "command=cat /proc/self/environ");
	domain.out = "PATH=/bin";
	answer_command(&row, NULL);
	expect_answer("system_env_var",
		      "{\"requested_var\":\"/bin\",\"variables\":{\"PATH\":\"/bin\"}}");
	use("system_env_var", "{\"var_name\":\"NONE\"}");
	give_sandbox(NULL);
	answer_command(&row, NULL);
	expect_answer("system_env_var", "{\"requested_var\":\"\",\"variables\":{\"NONE\":\"\"}}");
	use("system_env_var", "{}");
	give_sandbox(NULL);
	domain.out = environment;
	answer_command(&row, NULL);
	assert_fits_schema("system_env_var", call->structured);
	domain.out = "API_KEY=x";
	use("system_env_var", "{}");
	give_sandbox(NULL);
	answer_command(&row, NULL);
	expect_answer("system_env_var", "{\"requested_var\":null,\"variables\":{}}");
}

static void open_file(uint64_t size)
{
	const struct file_opened file = { .path = "/workspace/a.txt",
					  .size = size,
					  .modified_ms = 1500 };

	domain_files.events->on_open(domain_files.ctx, &file, NULL);
}

static void a_file_is_read_whole(void **state)
{
	(void)state;
	use("file_read", "{\"path\":\"/a.txt\"}");
	give_sandbox(NULL);
	assert_string_equal(domain.said, "open me c-1 path=/workspace/a.txt");
	open_file(5);
	domain_files.events->on_data(domain_files.ctx, "hel\xff", 4);
	domain_files.events->on_data(domain_files.ctx, "o", 1);
	domain_files.events->on_over(domain_files.ctx, NULL);
	expect_answer("file_read", "{\"content\":\"hel\xef\xbf\xbdo\",\"size\":5,\"modified\":1.5,"
				   "\"success\":true}");
	use("file_read", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	open_file(0);
	expect_answer("file_read",
		      "{\"content\":\"\",\"size\":0,\"modified\":1.5,\"success\":true}");
}

static void a_file_that_is_too_large_is_not_read(void **state)
{
	(void)state;
	use("file_read", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	open_file((1 << 20) + 1);
	assert_contains(json_get_text(call->structured, "error"),
			"File too large: 1048577 bytes (maximum 1 MB)");
	assert_false(domain_files.open);
	assert_null(domain_files.on_late);
}

static void reading_ends_with_its_call(void **state)
{
	(void)state;
	use("file_read", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	domain_files.on_late(domain_files.late_ctx);
	assert_contains(json_get_text(call->structured, "error"), "reading took too long");
	use("file_read", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(call->ends, 1);
	assert_false(domain_files.open);
}

static void a_file_is_written_moved_and_deleted(void **state)
{
	const struct file_wrote wrote = { "/workspace/a.txt", 2, false };
	const struct file_entry file = { .path = "/workspace/a.txt", .type = FILE_TYPE_REGULAR };

	(void)state;
	use("file_write", "{\"path\":\"a.txt\",\"content\":\"hi\",\"encoding\":\"utf-8\"}");
	give_sandbox(NULL);
	assert_contains(domain.said, "write me c-1 path=/workspace/a.txt");
	assert_contains(domain.said, "append=0 parents=1");
	domain_files.on_write(domain.ctx, &wrote, NULL);
	expect_answer("file_write", "{\"path\":\"a.txt\",\"success\":true}");
	use("file_move", "{\"source\":\"/a.txt\",\"destination\":\"b.txt\"}");
	give_sandbox(NULL);
	assert_string_equal(
		domain.said,
		"move me c-1 source=/workspace/a.txt destination=/workspace/b.txt overwrite=1");
	domain_files.on_move(domain.ctx, "", "", NULL);
	expect_answer("file_move",
		      "{\"source\":\"/a.txt\",\"destination\":\"b.txt\",\"success\":true}");
	use("file_delete", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	assert_string_equal(domain.said, "stat me c-1 path=/workspace/a.txt no_follow=1");
	domain_files.on_stat(domain.ctx, &file, NULL);
	assert_string_equal(domain.said, "delete me c-1 path=/workspace/a.txt recursive=0");
	domain_files.on_delete(domain.ctx, "", 1, NULL);
	expect_answer("file_delete", "{\"path\":\"a.txt\",\"success\":true}");
}

static void policies_of_files_are_told_in_the_shape(void **state)
{
	const struct file_entry folder = { .path = "/workspace/d", .type = FILE_TYPE_DIRECTORY };
	struct error missing;

	(void)state;
	use("file_write", "{\"path\":\"a.sh\",\"content\":\"hi\"}");
	expect_answer("file_write",
		      "{\"path\":\"a.sh\",\"success\":false,\"error\":\"File extension "
		      "not allowed: sh (allowed are txt,py)\"}");
	assert_string_equal(domain.said, "");
	error_set(&missing, ERROR_NOT_FOUND, "there is no file a.txt");
	error_advise(&missing, "see what is there with list_files", false);
	use("file_delete", "{\"path\":\"a.txt\"}");
	give_sandbox(NULL);
	domain_files.on_stat(domain.ctx, NULL, &missing);
	assert_string_equal(json_get_text(call->structured, "error"),
			    "there is no file a.txt (file_list shows what is there)");
	call->tools.compat.file_bytes = 1;
	use("file_write", "{\"path\":\"a.txt\",\"content\":\"hi\"}");
	assert_contains(json_get_text(call->structured, "error"), "Content too large: 2 bytes");
	use("file_move", "{\"source\":\"a.txt\",\"destination\":\"../b.txt\"}");
	assert_contains(json_get_text(call->structured, "error"), "Path traversal attempt");
	use("file_delete", "{\"path\":\"d\"}");
	give_sandbox(NULL);
	domain_files.on_stat(domain.ctx, &folder, NULL);
	expect_answer(
		"file_delete",
		"{\"path\":\"d\",\"success\":false,\"error\":\"Cannot delete directory: d\"}");
}

static void a_folder_is_listed_from_the_root_of_the_sandbox(void **state)
{
	static const struct file_entry entries[] = {
		{ .path = "/workspace/b/a.txt",
		  .type = FILE_TYPE_REGULAR,
		  .size = 3,
		  .modified_ms = 2000 },
		{ .path = "/workspace/b/d",
		  .type = FILE_TYPE_DIRECTORY,
		  .size = 4096,
		  .modified_ms = 1000 },
	};
	const struct file_listing found = { "/workspace/b", entries, 2, false };

	(void)state;
	use("file_list", "{\"path\":\"/b\",\"pattern\":\"*\"}");
	give_sandbox(NULL);
	assert_string_equal(domain.said,
			    "list me c-1 path=/workspace/b pattern=* recursive=0 limit=2000");
	domain_files.on_list(domain.ctx, &found, NULL);
	expect_answer(
		"file_list",
		"{\"path\":\"/b\",\"entries\":[{\"name\":\"a.txt\",\"path\":\"b/a.txt\","
		"\"is_directory\":false,\"size\":3,\"modified\":2},{\"name\":\"d\",\"path\":"
		"\"b/d\",\"is_directory\":true,\"size\":null,\"modified\":1}],\"success\":true}");
	assert_string_equal(call->text, "b/a.txt\nb/d/\n");
}

/* --- compat-code-sandbox --------------------------------------------------------------------- */

static void code_is_told_in_lists(void **state)
{
	static const struct {
		const char *whole, *shape;
	} views[] = {
		{ "{\"state\":\"exited\",\"stdout\":\"a\\n\",\"stderr\":\"\",\"result\":[1]}",
		  "{\"logs\":{\"stdout\":[\"a\\n\"],\"stderr\":[]},\"error\":null,\"result\":[1]"
		  "}" },
		{ "{\"state\":\"exited\",\"stdout\":\"\",\"stderr\":\"b\",\"error\":{\"type\":"
		  "\"E\",\"message\":"
		  "\"m\",\"traceback\":\"t\"}}",
		  "{\"logs\":{\"stdout\":[],\"stderr\":[\"b\"]},\"error\":{\"name\":\"E\","
		  "\"value\":\"m\","
		  "\"traceback\":\"t\"}}" },
		{ "{\"state\":\"timed_out\",\"hint\":\"late\"}",
		  "{\"logs\":{\"stdout\":[],\"stderr\":[]},\"error\":{\"name\":\"TimeoutError\","
		  "\"value\":"
		  "\"late\",\"traceback\":\"\"}}" },
		{ "{\"state\":\"lost\",\"reason\":\"why\"}",
		  "{\"logs\":{\"stdout\":[],\"stderr\":[]},\"error\":{\"name\":\"Interrupted\","
		  "\"value\":"
		  "\"why\",\"traceback\":\"\"}}" },
		{ "{\"state\":\"exited\",\"exit_code\":3,\"context_over\":true}",
		  "{\"logs\":{\"stdout\":[],\"stderr\":[]},\"error\":{\"name\":\"SystemExit\","
		  "\"value\":\"the code ended with exit code 3, and its interpreter with it: "
		  "variables are gone\",\"traceback\":\"\"}}" },
		{ "{\"state\":\"exited\",\"exit_code\":0}",
		  "{\"logs\":{\"stdout\":[],\"stderr\":[]},\"error\":null}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		struct error err;
		auto_json whole = json_parse(views[i].whole, strlen(views[i].whole), &err);
		auto_json shape = logs_of(whole);
		auto_str text = json_print(shape);

		assert_string_equal(text, views[i].shape);
	}
}

static void a_sandbox_goes_by_the_clients_name_or_its_id(void **state)
{
	struct sandbox_view view = container_view();

	(void)state;
	use("create_sandbox", "{\"session_id\":\"work\"}");
	assert_contains(domain.said, "default me session/work image=(null) network=(null) ");
	domain.on_view(domain.ctx, &view, NULL);
	assert_fits_schema("create_sandbox", call->structured);
	assert_string_equal(json_get_text(call->structured, "sandbox_id"), "c-1");
	use("create_sandbox", "{}");
	assert_contains(domain.said, "create me name=(null)");
	domain.on_view(domain.ctx, &view, NULL);
	assert_string_equal(json_get_text(call->structured, "status"), "active");
	use("close_sandbox", "{\"session_id\":\"work\"}");
	assert_string_equal(domain.said, "destroy me work");
	assert_fits_schema("close_sandbox", call->structured);
	error_set(&domain.refusal, ERROR_NOT_FOUND, "there is no such");
	use("close_sandbox", "{\"sandbox_id\":\"work\"}");
	assert_string_equal(json_get_text(call->structured, "status"), "closed");
}

static void an_upload_goes_into_its_folder(void **state)
{
	const struct file_wrote wrote = { "/data/a.txt", 1, false };

	(void)state;
	use("upload_file", "{\"sandbox_id\":\"c-1\",\"file_name\":\"a.txt\",\"file_content\":\"x\","
			   "\"destination_path\":\"data\"}");
	assert_contains(domain.said, "write me c-1 path=/data/a.txt");
	domain_files.on_write(domain.ctx, &wrote, NULL);
	assert_fits_schema("upload_file", call->structured);
	use("upload_file",
	    "{\"sandbox_id\":\"c-1\",\"file_name\":\"a.txt\",\"file_content\":\"x\"}");
	assert_contains(domain.said, "path=//a.txt");
	domain_files.on_write(domain.ctx, &wrote, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed_lines_are_allowed),
		cmocka_unit_test(what_is_not_listed_or_cannot_be_followed_is_refused),
		cmocka_unit_test(paths_begin_at_the_root_of_the_sandbox),
		cmocka_unit_test(what_climbs_out_or_has_the_wrong_extension_is_refused),
		WITH_CALL(a_command_runs_in_the_callers_own_sandbox),
		WITH_CALL(each_end_of_a_command_has_the_code_of_a_shell),
		WITH_CALL(a_command_that_is_not_allowed_runs_nowhere),
		WITH_CALL(a_smaller_memory_is_given_to_a_new_sandbox),
		WITH_CALL(a_lost_sandbox_is_told_of),
		WITH_CALL(without_a_sandbox_the_shape_stays),
		WITH_CALL(the_environment_is_the_sandboxes),
		WITH_CALL(a_file_is_read_whole),
		WITH_CALL(a_file_that_is_too_large_is_not_read),
		WITH_CALL(reading_ends_with_its_call),
		WITH_CALL(a_file_is_written_moved_and_deleted),
		WITH_CALL(policies_of_files_are_told_in_the_shape),
		WITH_CALL(a_folder_is_listed_from_the_root_of_the_sandbox),
		cmocka_unit_test(code_is_told_in_lists),
		WITH_CALL(a_sandbox_goes_by_the_clients_name_or_its_id),
		WITH_CALL(an_upload_goes_into_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
