/* What is said about the way a command ended, and about files that cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "internal.h"

static const struct sandbox_settings settings = {
	.memory = 256 << 20, .pids = 100, .network = "internet", .installs = true
};

/* A command that ended with 127 in a container of this network; what its hint says. */
static char *missing(const char *network, const char *runtimes, const char *said,
		     enum program_found found, const char *package)
{
	struct command_row row = { .state = "exited", .exit_code = 127 };
	struct container_row container = { .id = "c-1", .network = (char *)network };

	return hint_make(&(struct hint_facts){ .row = &row,
					       .container = &container,
					       .settings = &settings,
					       .runtimes = runtimes,
					       .said = said,
					       .found = found,
					       .package = package });
}

static void a_missing_program_names_its_package_and_the_call(void **state)
{
	auto_str apt = missing("internet", "sh apt-get", "sh: 1: rg: not found\n",
			       PROGRAM_IN_PACKAGE, "ripgrep");
	auto_str apk = missing("internet", "sh bash apk", "bash: line 1: g++: command not found\n",
			       PROGRAM_IN_PACKAGE, "g++");

	(void)state;
	assert_string_equal(apt, "rg is not in this image; install_packages(container_id=\"c-1\", "
				 "manager=\"apt\", packages=[\"ripgrep\"]) brings it");
	assert_non_null(strstr(apk, "manager=\"apk\", packages=[\"g++\"]) brings it"));
}

static void code_without_its_interpreter_names_the_package_too(void **state)
{
	struct command_row row = { .state = "lost", .reason = (char *)"no node" };
	struct container_row container = { .id = "c-1", .network = (char *)"internet" };
	auto_str hint = hint_make(&(struct hint_facts){ .row = &row,
							.container = &container,
							.settings = &settings,
							.runtimes = "sh apt-get python3",
							.said = "",
							.missing = "node",
							.found = PROGRAM_IN_PACKAGE,
							.package = "nodejs" });

	(void)state;
	assert_string_equal(hint, "node is not in this image; install_packages(container_id="
				  "\"c-1\", manager=\"apt\", packages=[\"nodejs\"]) brings it");
}

static void without_an_index_the_call_is_the_best_that_the_manager_can_do(void **state)
{
	auto_str apk = missing("internet", "sh apk", "sh: git: not found\n", PROGRAM_UNKNOWN, "");
	auto_str apt =
		missing("internet", "apt-get", "sh: 1: git: not found\n", PROGRAM_UNKNOWN, "");

	(void)state;
	assert_non_null(strstr(apk, "packages=[\"cmd:git\"]) brings it if any package has it"));
	assert_non_null(
		strstr(apt, "packages=[\"git\"]) brings it if its package is called the same"));
}

static void what_no_package_has_is_not_to_be_installed(void **state)
{
	auto_str hint =
		missing("internet", "sh apt-get", "sh: 1: gti: not found\n", PROGRAM_NOWHERE, "");

	(void)state;
	assert_string_equal(hint, "gti is not in this image, nor in any package of its "
				  "distribution; there are: sh apt-get");
}

static void without_a_network_the_hint_says_which_setting_would_allow_it(void **state)
{
	struct command_row row = { .state = "exited", .exit_code = 127 };
	struct container_row container = { .id = "c-1", .network = (char *)"none" };
	struct sandbox_settings nowhere = { .network = "none" };
	auto_str one =
		missing("none", "apt-get", "sh: 1: rg: not found\n", PROGRAM_IN_PACKAGE, "ripgrep");
	auto_str all = hint_make(&(struct hint_facts){ .row = &row,
						       .container = &container,
						       .settings = &nowhere,
						       .runtimes = "apt-get",
						       .said = "sh: 1: rg: not found\n",
						       .found = PROGRAM_IN_PACKAGE,
						       .package = "ripgrep" });

	(void)state;
	assert_non_null(strstr(one, "create_container(network=\"internet\")"));
	assert_non_null(strstr(one, "packages=[\"ripgrep\"])"));
	assert_non_null(strstr(all, "SANDBOX_NETWORK=internet"));
	/* A server without install_packages names what it has. */
	assert_non_null(strstr(all, "execute_command \"apt-get update && apt-get install -y "
				    "ripgrep\""));
}

static void an_image_without_packages_says_what_is_there(void **state)
{
	auto_str hint = missing("none", "sh awk", "sh: git: not found\n", PROGRAM_UNKNOWN, "");

	(void)state;
	assert_non_null(strstr(hint, "there are: sh awk"));
}

static void expect_none(const char *said)
{
	auto_str hint = missing("internet", "apt-get", said, PROGRAM_UNKNOWN, "");

	assert_null(hint);
}

static void text_that_names_no_program_gives_no_hint(void **state)
{
	(void)state;
	expect_none("sh: : not found");
	expect_none("sh: a b;c\": not found");
	expect_none("page not found");
	expect_none(": not found");
	expect_none("");
	expect_none("sh: --help: not found");
	expect_none("sh: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: not found");
}

static void names_of_programs_and_packages_are_words_that_need_no_quoting(void **state)
{
	(void)state;
	assert_true(program_is_plain("x86_64-linux-gnu-g++"));
	assert_true(package_is_plain("libstdc++6"));
	assert_false(package_is_plain(""));
	assert_false(package_is_plain("a b"));
	assert_false(package_is_plain("a\"]) or say"));
	assert_false(package_is_plain("-y"));
	assert_false(package_is_plain("a;b"));
	assert_false(package_is_plain("a\x1b"));
}

static char *hint_of(const struct command_row *row, const struct container_row *container,
		     const char *said)
{
	return hint_make(&(struct hint_facts){ .row = row,
					       .container = container,
					       .settings = &settings,
					       .runtimes = "",
					       .said = said });
}

static void a_limit_names_the_argument_that_raises_it(void **state)
{
	static const struct {
		struct command_row row;
		int64_t memory, pids;
		const char *part;
	} ends[] = {
		{ { .state = "oom_killed" }, 64 << 20, 10, "larger memory_mb" },
		{ { .state = "oom_killed" }, 256 << 20, 10, "most this server gives" },
		{ { .state = "timed_out", .kill_after_ms = 5000 }, 1, 1, "kill_after_seconds" },
		{ { .state = "exited", .exit_code = 2, .reason = (char *)REASON_PIDS },
		  1,
		  10,
		  "larger pids" },
		{ { .state = "exited", .exit_code = 1, .reason = (char *)REASON_OOM },
		  64 << 20,
		  10,
		  "64 MiB" },
		{ { .state = "killed", .signal = SIGSYS }, 1, 1, "32-bit" },
		{ { .state = "exited", .exit_code = 128 + SIGSYS }, 1, 1, "32-bit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct container_row container = { .memory = ends[i].memory, .pids = ends[i].pids };
		auto_str hint = hint_of(&ends[i].row, &container, "");

		assert_non_null(hint);
		if (!strstr(hint, ends[i].part))
			fail_msg("\"%s\" does not say \"%s\"", hint, ends[i].part);
	}
}

static void an_ordinary_end_speaks_for_itself(void **state)
{
	struct command_row ok = { .state = "exited" };
	struct command_row lost = { .state = "lost" };
	struct command_row killed = { .state = "killed", .signal = SIGKILL };
	struct container_row container = { .memory = 1 };

	(void)state;
	assert_null(hint_of(&ok, &container, "x: not found"));
	assert_null(hint_of(&lost, &container, ""));
	assert_null(hint_of(&killed, &container, ""));
}

static void every_reason_why_a_file_cannot_be_had_is_a_sentence(void **state)
{
	static const struct {
		int number;
		const char *where;
		enum error_kind kind;
		const char *part; /* of the sentence or of what to do next */
	} reasons[] = {
		{ ENOENT, "open", ERROR_NOT_FOUND, "no file /a/b" },
		{ EACCES, "open", ERROR_CONFLICT, "chmod a+r" },
		{ EACCES, "kernel file", ERROR_INVALID, "belongs to the kernel" },
		{ EISDIR, "open", ERROR_INVALID, "tar czf" },
		{ ENXIO, "open", ERROR_INVALID, "not a regular file" },
		{ ELOOP, "open", ERROR_INVALID, "symbolic links" },
		{ ENODATA, "read", ERROR_CONFLICT, "became shorter" },
		{ EMFILE, "files", ERROR_LIMIT, "make the same call again" },
		{ 4000, "open", ERROR_CONFLICT, "cannot be read" },
		{ -1, "open", ERROR_CONFLICT, "cannot be read" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct wire_failed failed = { .number = (uint32_t)reasons[i].number };

		strncpy(failed.where, reasons[i].where, sizeof(failed.where) - 1);
		assert_false(path_error(&failed, "/a/b", &err));
		assert_int_equal(err.kind, reasons[i].kind);
		if (!strstr(err.text, "/a/b") || !(strstr(err.text, reasons[i].part) ||
						   (err.next && strstr(err.next, reasons[i].part))))
			fail_msg("\"%s\" \"%s\"", err.text, err.next ? err.next : "");
	}
}

static void a_long_path_does_not_push_the_sentence_out(void **state)
{
	static char path[4001];
	struct wire_failed failed = { .number = EISDIR, .where = "open" };
	struct error err;

	(void)state;
	memset(path, '/', sizeof(path) - 1);
	path_error(&failed, path, &err);
	assert_non_null(strstr(err.text, "… is a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_program_names_its_package_and_the_call),
		cmocka_unit_test(code_without_its_interpreter_names_the_package_too),
		cmocka_unit_test(without_an_index_the_call_is_the_best_that_the_manager_can_do),
		cmocka_unit_test(what_no_package_has_is_not_to_be_installed),
		cmocka_unit_test(without_a_network_the_hint_says_which_setting_would_allow_it),
		cmocka_unit_test(an_image_without_packages_says_what_is_there),
		cmocka_unit_test(names_of_programs_and_packages_are_words_that_need_no_quoting),
		cmocka_unit_test(text_that_names_no_program_gives_no_hint),
		cmocka_unit_test(a_limit_names_the_argument_that_raises_it),
		cmocka_unit_test(an_ordinary_end_speaks_for_itself),
		cmocka_unit_test(every_reason_why_a_file_cannot_be_had_is_a_sentence),
		cmocka_unit_test(a_long_path_does_not_push_the_sentence_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
