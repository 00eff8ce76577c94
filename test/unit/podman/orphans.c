/* A copy of a dead service is found by its arguments and killed; whatever else runs is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "internal.h"

#define SOCKET  "/tmp/sandpod-orphan-test/podman.sock"
#define STORAGE "/tmp/sandpod-orphan-test/storage"

extern char **environ;

/* This program again, under other arguments: it waits (see main). */
static pid_t start(const char *name, const char *uri)
{
	char *argv[] = { (char *)name, (char *)"system", (char *)"service", (char *)uri, NULL };
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
	return pid;
}

static bool lives(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void only_the_copy_is_killed(void **state)
{
	pid_t copy = start("podman", "unix://" SOCKET);
	pid_t longer = start("podman", "unix://" SOCKET "2");
	pid_t other = start("podmen", "unix://" SOCKET);
	int status = 0;

	(void)state;
	service_orphans_kill(SOCKET);
	assert_int_equal(waitpid(copy, &status, 0), copy);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(lives(longer));
	assert_true(lives(other));
	end(longer);
	end(other);
}

static void what_watches_over_containers_of_that_storage_alone_is_killed(void **state)
{
	pid_t janitor = start("/usr/bin/conmon", STORAGE "/overlay-containers/x/userdata");
	pid_t cleanup = start("/usr/bin/podman", STORAGE);
	pid_t longer = start("/usr/bin/conmon", STORAGE "2/overlay-containers/x");
	pid_t other = start("/usr/bin/tar", STORAGE);
	int status = 0;

	(void)state;
	service_janitors_kill(STORAGE);
	assert_int_equal(waitpid(janitor, &status, 0), janitor);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(cleanup, &status, 0), cleanup);
	assert_true(lives(longer));
	assert_true(lives(other));
	end(longer);
	end(other);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_copy_is_killed),
		cmocka_unit_test(what_watches_over_containers_of_that_storage_alone_is_killed),
	};

	if (argc == 4 && argv[3]) /* started by a test */
		for (;;)
			pause();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
