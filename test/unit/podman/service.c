/* A private service's files, its life in a directory, and what it says when it cannot come up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "internal.h"
#include "log.h"

enum { GUARD_MS = 60000 };

static char dir[64];
static struct service_paths paths;

static const struct podman_machine machine = {
	.runtime = "runc",
	.storage_driver = "overlay",
	.cgroup_layout = "v1",
	.open_files_max = 500,
	.processes_max = 1000000,
};

static int setup(void **state)
{
	(void)state;
	log_open(LOG_ERROR, LOG_TEXT);
	snprintf(dir, sizeof(dir), "/tmp/podman-service-XXXXXX");
	assert_non_null(mkdtemp(dir));
	service_paths_init(&paths, dir);
	return 0;
}

static int teardown(void **state)
{
	const char *const argv[] = { "rm", "-rf", "--one-file-system", dir, NULL };
	auto_buf output = BUF_INIT(4096);
	int status;

	(void)state;
	mounts_unshare(&paths);
	service_paths_release(&paths);
	(void)tool_run(argv, NULL, &output, &status, 20000);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static char *read_text(const char *path)
{
	char text[8192];
	FILE *file = fopen(path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	return mem_strndup(text, len);
}

static bool exists(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

static void write_files(void)
{
	struct error err = { 0 };

	if (!service_files_write(&paths, &machine, &err))
		fail_msg("%s", err.text);
}

static void the_configuration_fits_the_machine(void **state)
{
	auto_str text = NULL;
	auto_str policy = mem_format("%s/.config/containers/policy.json", paths.home);

	(void)state;
	write_files();
	text = read_text(paths.containers_conf);
	assert_non_null(strstr(text, "runtime = \"runc\"\n"));
	assert_non_null(strstr(text, "cgroup_manager = \"cgroupfs\"\n"));
	assert_non_null(strstr(text, "exit_command_delay = 2\n"));
	assert_non_null(strstr(text, "lock_type = \"file\"\n"));
	assert_non_null(strstr(text, "[\"nofile=500:500\", \"nproc=4096:4096\"]"));
	/* Where Podman has a profile of its own, it gets ours instead. */
	assert_true(exists(paths.seccomp_json) == (strstr(text, paths.seccomp_json) != NULL));
	assert_true(exists(paths.seccomp_json) || !exists("/usr/share/containers/seccomp.json"));
	assert_true(exists(policy));
	assert_true(exists(paths.storage_conf));
	assert_true(exists(paths.registries_conf));
}

static void the_same_life_keeps_what_is_running(void **state)
{
	auto_str state_file = mem_format("%s/alive", paths.tmpdir);

	(void)state;
	write_files();
	write_text(state_file, "x");
	write_files();
	assert_true(exists(state_file));
}

static void a_new_life_begins_with_an_empty_run_directory(void **state)
{
	auto_str state_file = mem_format("%s/deep/er", paths.tmpdir);
	auto_str state_dir = mem_format("%s/deep", paths.tmpdir);
	auto_str life = mem_format("%s/life", paths.run);
	auto_str outside = mem_format("%s/outside", dir);
	auto_str kept = mem_format("%s/outside/kept", dir);
	auto_str link = mem_format("%s/link", paths.run);

	(void)state;
	write_files();
	assert_int_equal(mkdir(state_dir, 0755), 0);
	assert_int_equal(mkdir(outside, 0755), 0);
	write_text(state_file, "x");
	write_text(kept, "x");
	assert_int_equal(symlink(outside, link), 0);
	write_text(life, "00000000-0000-0000-0000-000000000000 1\n");
	write_files();
	assert_false(exists(state_file));
	assert_false(exists(link));
	assert_true(exists(kept));
	assert_true(exists(paths.tmpdir));
}

static void a_directory_that_would_break_the_configuration_is_refused(void **state)
{
	struct service_paths bad;
	struct error err;

	(void)state;
	service_paths_init(&bad, "/tmp/a\"b");
	assert_false(service_files_write(&bad, &machine, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	service_paths_release(&bad);
}

struct outcome {
	struct loop *loop;
	int ups;
	struct error err;
};

static void on_up(void *ctx)
{
	struct outcome *outcome = ctx;

	outcome->ups++;
}

static void on_failed(void *ctx, const struct error *err)
{
	struct outcome *outcome = ctx;

	outcome->err = *err;
	loop_stop(outcome->loop);
}

static void on_guard(void *ctx)
{
	(void)ctx;
	fail_msg("nothing happened for a minute");
}

static const struct podman_service_events events = { on_up, on_up, on_failed };

static void a_service_that_never_comes_up_is_given_up_with_its_last_words(void **state)
{
	struct podman_machine broken = machine;
	struct outcome outcome = { 0 };
	struct podman_service *service;
	struct timer *guard;
	struct error err;

	(void)state;
	snprintf(broken.runtime, sizeof(broken.runtime), "nosuchruntime");
	outcome.loop = loop_new(&err);
	guard = timer_start(outcome.loop, GUARD_MS, 0, on_guard, NULL);
	service = podman_service_start(outcome.loop, dir, &broken, &events, &outcome, &err);
	assert_non_null(service);
	loop_run(outcome.loop);
	print_message("%s\n", outcome.err.text);
	assert_int_equal(outcome.err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(outcome.err.text, "nosuchruntime"));
	assert_int_equal(outcome.ups, 0);
	podman_service_stop(service);
	timer_stop(guard);
	loop_free(outcome.loop);
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
	auto_str deep = mem_format("%s/%0120d", dir, 0);
	struct error err;
	struct loop *loop = loop_new(&err);

	(void)state;
	assert_null(podman_service_start(loop, deep, &machine, &events, NULL, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	loop_free(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_configuration_fits_the_machine),
		TEST(the_same_life_keeps_what_is_running),
		TEST(a_new_life_begins_with_an_empty_run_directory),
		TEST(a_directory_that_would_break_the_configuration_is_refused),
		TEST(a_service_that_never_comes_up_is_given_up_with_its_last_words),
		TEST(a_path_too_long_for_a_socket_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
