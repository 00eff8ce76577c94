/* Looking at this very machine, and the tool that does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "clock.h"
#include "internal.h"

static int count_entries(const char *dir)
{
	DIR *entries = opendir(dir);
	int count = 0;

	while (entries && readdir(entries))
		count++;
	closedir(entries);
	return count - 2;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static void this_machine_has_a_runtime_a_driver_and_limits(void **state)
{
	static const char *const runtimes[] = { "crun", "runc", NULL };
	static const char *const drivers[] = { "overlay", "fuse-overlayfs", "vfs", NULL };
	static const char *const layouts[] = { "v1", "v2", "mixed", NULL };
	char dir[] = "/tmp/podman-machine-XXXXXX";
	struct podman_machine machine;
	struct rlimit files;
	struct error err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (!podman_machine_probe(dir, &machine, &err))
		fail_msg("%s", err.text);
	print_message("runtime %s, driver %s, cgroup %s, bridge %d (%s) %s\n", machine.runtime,
		      machine.storage_driver, machine.cgroup_layout, machine.bridge,
		      machine.bridge_why, machine.firewall);
	assert_true(is_one_of(machine.runtime, runtimes));
	assert_true(is_one_of(machine.storage_driver, drivers));
	assert_true(is_one_of(machine.cgroup_layout, layouts));
	assert_int_equal(machine.bridge, machine.bridge_why[0] == '\0');
	getrlimit(RLIMIT_NOFILE, &files);
	assert_true(machine.open_files_max > 0);
	assert_true((rlim_t)machine.open_files_max <= files.rlim_max);
	/* The trial of overlay leaves nothing behind. */
	assert_int_equal(count_entries(dir), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void a_tool_is_fed_and_heard(void **state)
{
	static const char *const argv[] = { "sh", "-c", "cat; echo oops >&2; exit 3", NULL };
	auto_buf output = BUF_INIT(100);
	int status = -1;

	(void)state;
	assert_true(tool_run(argv, "hello ", &output, &status, 5000));
	assert_string_equal(output.data, "hello oops\n");
	assert_int_equal(status, 3);
}

static void a_tool_that_does_not_end_is_killed(void **state)
{
	static const char *const loud[] = { "cat", "/dev/zero", NULL };
	static const char *const silent[] = { "tail", "-f", "/dev/null", NULL };
	int64_t start_ms = clock_mono_ms();
	auto_buf output = BUF_INIT(100);
	int status = -1;

	(void)state;
	assert_false(tool_run(silent, NULL, &output, &status, 200));
	assert_false(tool_run(loud, NULL, &output, &status, 200));
	assert_true(clock_mono_ms() - start_ms < 5000);
}

static void a_tool_that_is_missing_fails(void **state)
{
	static const char *const argv[] = { "there-is-no-such-tool", NULL };
	auto_buf output = BUF_INIT(100);
	int status = -1;

	(void)state;
	assert_false(tool_run(argv, "x", &output, &status, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_has_a_runtime_a_driver_and_limits),
		cmocka_unit_test(a_tool_is_fed_and_heard),
		cmocka_unit_test(a_tool_that_does_not_end_is_killed),
		cmocka_unit_test(a_tool_that_is_missing_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
