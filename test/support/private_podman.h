/* A private Podman service with the built-in image, in a directory of its own, for tests of what
 * talks to a real one.  Run from the repository's root, as root.  A machine on which it does not
 * come up fails the test loudly. */
#ifndef PRIVATE_PODMAN_H
#define PRIVATE_PODMAN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "loop.h"
#include "own.h"
#include "podman.h"

#define RIG_IMAGE "localhost/sandpod-test:1"

struct rig {
	char dir[64];
	struct loop *loop;
	struct podman_machine machine;
	struct podman_service *service;
	struct podman *podman;
	bool up;
	bool imported;
	struct error err;
};

/* --- running the loop until something is true ---------------------------------------------- */

typedef bool rig_is_fn(void *ctx);

struct rig_wait {
	struct loop *loop;
	rig_is_fn *is;
	void *ctx;
	int64_t until;
	bool is_true;
};

static inline void rig_look(void *ctx)
{
	struct rig_wait *wait = ctx;

	wait->is_true = wait->is(wait->ctx);
	if (wait->is_true || clock_mono_ms() >= wait->until)
		loop_stop(wait->loop);
}

/* Whether it became true in time. */
static inline bool rig_until(struct loop *loop, int64_t most_ms, rig_is_fn *is, void *ctx)
{
	struct rig_wait wait = { loop, is, ctx, clock_mono_ms() + most_ms, false };
	struct timer *timer = timer_start(loop, 0, 2, rig_look, &wait);

	loop_run(loop);
	timer_stop(timer);
	return wait.is_true;
}

static inline bool rig_is_set(void *ctx)
{
	return *(bool *)ctx;
}

/* --- up and down --------------------------------------------------------------------------- */

static inline void rig_run(const char *const *argv)
{
	extern char **environ;
	pid_t pid;
	int status = -1;

	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void rig_on_up(void *ctx)
{
	((struct rig *)ctx)->up = true;
}

static inline void rig_on_down(void *ctx)
{
	((struct rig *)ctx)->up = false;
}

static inline void rig_on_failed(void *ctx, const struct error *err)
{
	(void)ctx;
	fail_msg("no Podman here: %s", err->text);
}

static inline void rig_on_imported(void *ctx, const struct error *err)
{
	struct rig *rig = ctx;

	if (err)
		fail_msg("the test image could not be imported: %s", err->text);
	rig->imported = true;
}

static inline void rig_import(struct rig *rig)
{
	auto_str tar = mem_format("%s/rootfs.tar", rig->dir);
	const char *const build[] = { "sh", "images/builtin/build.sh", tar, NULL };

	rig_run(build);
	(void)podman_image_import(rig->podman, RIG_IMAGE, tar, rig_on_imported, rig);
	assert_true(rig_until(rig->loop, 60000, rig_is_set, &rig->imported));
}

static inline struct rig *rig_open(void)
{
	static const struct podman_service_events events = { rig_on_up, rig_on_down,
							     rig_on_failed };
	struct rig *rig = mem_new(struct rig);

	snprintf(rig->dir, sizeof(rig->dir), "/tmp/sandpod-test-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	rig->loop = loop_new(&rig->err);
	assert_non_null(rig->loop);
	if (!podman_machine_probe(rig->dir, &rig->machine, &rig->err))
		fail_msg("%s", rig->err.text);
	rig->service =
		podman_service_start(rig->loop, rig->dir, &rig->machine, &events, rig, &rig->err);
	if (!rig->service)
		fail_msg("%s", rig->err.text);
	assert_true(rig_until(rig->loop, 30000, rig_is_set, &rig->up));
	rig->podman = podman_open(rig->loop, podman_service_socket(rig->service), &rig->err);
	assert_non_null(rig->podman);
	rig_import(rig);
	return rig;
}

/* Whatever is still mounted below the directory, last first. */
static inline void rig_unmount(const struct rig *rig)
{
	char line[4096];
	char path[1024];
	bool found = true;

	while (found) {
		FILE *file = fopen("/proc/self/mountinfo", "re");
		char last[1024] = "";

		assert_non_null(file);
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "%*s %*s %*s %*s %1023s", path) == 1 &&
			    strncmp(path, rig->dir, strlen(rig->dir)) == 0)
				snprintf(last, sizeof(last), "%s", path);
		fclose(file);
		found = last[0] != '\0' && umount2(last, MNT_DETACH) == 0;
	}
}

/* Whether a process has the directory in its command line. */
static inline bool rig_is_in_use_by(const char *pid, const char *dir)
{
	char path[300];
	char text[8192];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	return memmem(text, len, dir, strlen(dir)) != NULL;
}

struct rig_quiet {
	struct rig *rig;
	int64_t next_look; /* going through /proc is not free */
};

/* Nothing works in the directory any more: each exec's conmon cleans up after two seconds. */
static inline bool rig_is_quiet(void *ctx)
{
	struct rig_quiet *quiet = ctx;
	struct dirent *entry;
	bool used = false;
	DIR *proc;

	if (clock_mono_ms() < quiet->next_look)
		return false;
	quiet->next_look = clock_mono_ms() + 100;
	proc = opendir("/proc");
	assert_non_null(proc);
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			used = used || rig_is_in_use_by(entry->d_name, quiet->rig->dir);
	closedir(proc);
	return !used;
}

static inline void rig_close(struct rig *rig)
{
	const char *const clean[] = { "rm", "-rf", "--one-file-system", rig->dir, NULL };
	struct rig_quiet quiet = { .rig = rig };

	podman_close(rig->podman);
	podman_service_stop(rig->service);
	(void)rig_until(rig->loop, 20000, rig_is_quiet, &quiet);
	loop_free(rig->loop);
	rig_unmount(rig);
	rig_run(clean);
	free(rig);
}

#endif
