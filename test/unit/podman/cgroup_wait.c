/* The kernel's wait brought forward: it must change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "buf.h"
#include "internal.h"

static char *read_cgroups(void)
{
	struct buf text = BUF_INIT(65536);
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		assert_true(buf_add_text(&text, line));
	(void)fclose(file);
	return buf_take(&text);
}

static void we_stay_in_our_cgroups(void **state)
{
	auto_str before = read_cgroups();
	struct error err;
	struct loop *loop = loop_new(&err);
	struct podman *local = podman_open(loop, "/nowhere.sock", &err);
	struct podman *elsewhere = podman_open(loop, "tcp://127.0.0.1:1", &err);

	(void)state;
	assert_non_null(local);
	assert_non_null(elsewhere);
	podman_start_is_near(local);
	podman_start_is_near(elsewhere);
	podman_close(local);
	podman_close(elsewhere);
	loop_free(loop); /* waits for what helper threads do */
	auto_str after = read_cgroups();
	assert_string_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(we_stay_in_our_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
