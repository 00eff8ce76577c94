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

static const struct sandbox_settings settings = { .memory = 256 << 20, .pids = 100 };

static void expect_missing(const char *image, const char *network, const char *runtimes,
			   const char *said, const char *part)
{
	struct command_row row = { .state = "exited", .exit_code = 127 };
	struct container_row container = { .image = (char *)image, .network = (char *)network };
	auto_str hint = hint_make(&row, &container, &settings, runtimes, said);

	if (!part) {
		assert_null(hint);
		return;
	}
	assert_non_null(hint);
	if (!strstr(hint, part))
		fail_msg("\"%s\" does not say \"%s\"", hint, part);
}

static void a_missing_program_names_its_package_and_the_call(void **state)
{
	(void)state;
	expect_missing("docker.io/library/alpine", "internet", "sh", "sh: python3: not found\n",
		       "execute_command \"apk add python3\"");
	expect_missing("alpine", "internet", "sh", "sh: pip: not found\n", "apk add py3-pip");
	expect_missing("debian:12", "internet", "sh", "sh: 1: node: not found\n",
		       "apt-get install -y nodejs");
	expect_missing("localhost/own", "internet", "sh bash apk",
		       "bash: line 1: git: command not found\n", "apk add git");
}

static void without_a_network_nothing_is_recommended_that_needs_one(void **state)
{
	(void)state;
	expect_missing("alpine", "none", "sh awk", "sh: git: not found\n", "has no network");
}

static void an_image_without_packages_says_what_is_there(void **state)
{
	(void)state;
	expect_missing("localhost/sandpod-builtin", "none", "sh awk", "sh: git: not found\n",
		       "there are: sh awk");
}

static void text_that_names_no_program_gives_no_hint(void **state)
{
	(void)state;
	expect_missing("alpine", "internet", "", "sh: : not found", NULL);
	expect_missing("alpine", "internet", "", "sh: a b;c\": not found", NULL);
	expect_missing("alpine", "internet", "", "page not found", NULL);
	expect_missing("alpine", "internet", "", ": not found", NULL);
	expect_missing("alpine", "internet", "", "", NULL);
	expect_missing(
		"alpine", "internet", "",
		"sh: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: not found",
		NULL);
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
		auto_str hint = hint_make(&ends[i].row, &container, &settings, "", "");

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
	assert_null(hint_make(&ok, &container, &settings, "", "x: not found"));
	assert_null(hint_make(&lost, &container, &settings, "", ""));
	assert_null(hint_make(&killed, &container, &settings, "", ""));
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
		cmocka_unit_test(without_a_network_nothing_is_recommended_that_needs_one),
		cmocka_unit_test(an_image_without_packages_says_what_is_there),
		cmocka_unit_test(text_that_names_no_program_gives_no_hint),
		cmocka_unit_test(a_limit_names_the_argument_that_raises_it),
		cmocka_unit_test(an_ordinary_end_speaks_for_itself),
		cmocka_unit_test(every_reason_why_a_file_cannot_be_had_is_a_sentence),
		cmocka_unit_test(a_long_path_does_not_push_the_sentence_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
