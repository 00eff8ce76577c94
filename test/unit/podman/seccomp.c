/* The profile of system calls: which programs it lets in, and that nothing else of it changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"
#include "log.h"

static const char whole[] = "{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,\n"
			    " \"archMap\": [ { \"architecture\": \"SCMP_ARCH_X86_64\",\n"
			    "  \"subArchitectures\": [ \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\" ] },\n"
			    "  { \"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [ "
			    "\"SCMP_ARCH_ARM\" ] } ],\n"
			    " \"syscalls\": [ { \"names\": [ \"clone\" ], \"args\": [ { \"value\": "
			    "18446744073709551615 } ] "
			    "} ] }";

static char *narrow(const char *text)
{
	struct error err;

	return seccomp_narrow(text, strlen(text), &err);
}

static void only_the_machines_own_kind_is_left(void **state)
{
	auto_str narrowed = narrow(whole);

	(void)state;
	assert_non_null(narrowed);
	assert_non_null(strstr(narrowed, "{\"architecture\":\"SCMP_ARCH_X86_64\","
					 "\"subArchitectures\":[]}"));
	assert_non_null(strstr(narrowed, "{\"architecture\":\"SCMP_ARCH_AARCH64\","
					 "\"subArchitectures\":[]}"));
	assert_null(strstr(narrowed, "SCMP_ARCH_X86\""));
	assert_null(strstr(narrowed, "X32"));
	assert_null(strstr(narrowed, "SCMP_ARCH_ARM"));
}

static void all_else_stays_byte_for_byte(void **state)
{
	auto_str narrowed = narrow(whole);

	(void)state;
	assert_non_null(narrowed);
	assert_non_null(strstr(narrowed, "\"defaultAction\":\"SCMP_ACT_ERRNO\""));
	assert_non_null(strstr(narrowed, "\"defaultErrnoRet\":38"));
	assert_non_null(strstr(narrowed, "[ { \"names\": [ \"clone\" ], \"args\": [ { \"value\": "
					 "18446744073709551615 } ] } ]"));
}

static void what_is_no_such_profile_is_left_to_podman(void **state)
{
	static const char *const others[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"archMap\":7}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(narrow(others[i]));
}

static void the_first_file_that_exists_counts(void **state)
{
	char path[] = "/tmp/podman-seccomp-XXXXXX";
	const char *const places[] = { "/no/such/file", path, "/no/other", NULL };
	const char *const nowhere[] = { "/no/such/file", NULL };
	auto_fd fd = mkstemp(path);
	auto_str narrowed = NULL;

	(void)state;
	assert_true(write(fd, whole, strlen(whole)) == (ssize_t)strlen(whole));
	narrowed = seccomp_profile_read(places);
	unlink(path);
	assert_non_null(narrowed);
	assert_non_null(strstr(narrowed, "\"subArchitectures\":[]"));
	assert_null(seccomp_profile_read(nowhere));
}

static void a_file_that_is_no_profile_is_none(void **state)
{
	char path[] = "/tmp/podman-seccomp-XXXXXX";
	const char *const places[] = { path, NULL };
	auto_fd fd = mkstemp(path);

	(void)state;
	log_open(LOG_ERROR, LOG_TEXT);
	assert_null(seccomp_profile_read(places));
	assert_int_equal(write(fd, "{\"archMap\":[", 12), 12);
	assert_null(seccomp_profile_read(places));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_machines_own_kind_is_left),
		cmocka_unit_test(all_else_stays_byte_for_byte),
		cmocka_unit_test(what_is_no_such_profile_is_left_to_podman),
		cmocka_unit_test(the_first_file_that_exists_counts),
		cmocka_unit_test(a_file_that_is_no_profile_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
