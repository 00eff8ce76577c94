/* A real private service in a directory of its own, with an image of busybox: what the tests that
 * need a living Podman begin with.  Everything is taken away at the end, also after a failure. */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "clock.h"
#include "internal.h"
#include "log.h"
#include "peer.h"

enum { GUARD_MS = 60000 };

static const char image[] = "localhost/real-test:1";
static const char busybox[] = "/bin/busybox";

struct world {
	struct loop *loop;
	struct timer *guard;
	char dir[64];
	struct podman_machine machine;
	struct podman_service *service;
	struct podman *podman;
	int up_count, down_count;
	bool is_done;
	struct error err;
	char id[80];
	char state[32];
	char label[32];
	int64_t pid;
	size_t list_count;
	char leftovers[4][80];
	struct podman_link *link; /* closed at the end */
	bool is_open, is_over;
	struct buf data;
};

static struct world world;

static inline void on_guard(void *ctx)
{
	(void)ctx;
	fail_msg("nothing happened for a minute");
}

/* Runs the loop until *flag is true, which is then false again. */
static inline void await(bool *flag)
{
	timer_reset(world.guard, GUARD_MS);
	while (!*flag)
		loop_run(world.loop);
	*flag = false;
}

static inline void on_done(void *ctx, const struct error *err)
{
	(void)ctx;
	world.err = err ? *err : (struct error){ 0 };
	world.is_done = true;
	loop_stop(world.loop);
}

static inline void must_end_well(void)
{
	await(&world.is_done);
	if (world.err.kind != ERROR_NONE)
		fail_msg("%s", world.err.text);
}

static inline void on_id(void *ctx, const char *id, const struct error *err)
{
	snprintf(world.id, sizeof(world.id), "%s", id ? id : "");
	on_done(ctx, err);
}

static inline void on_container(void *ctx, const struct podman_container *container,
				const struct error *err)
{
	const char *label = container ? podman_container_label(container, "test.id") : NULL;

	snprintf(world.state, sizeof(world.state), "%s", container ? container->state : "");
	snprintf(world.label, sizeof(world.label), "%s", label ? label : "");
	world.pid = container ? container->pid : 0;
	on_done(ctx, err);
}

static inline void on_list(void *ctx, const struct podman_container *containers, size_t count,
			   const struct error *err)
{
	world.list_count = count;
	if (count == 1) {
		on_container(ctx, &containers[0], err);
		return;
	}
	on_done(ctx, err);
}

static inline void on_up(void *ctx)
{
	(void)ctx;
	world.up_count++;
	loop_stop(world.loop);
}

static inline void on_down(void *ctx)
{
	(void)ctx;
	world.down_count++;
	loop_stop(world.loop);
}

static inline void on_failed(void *ctx, const struct error *err)
{
	(void)ctx;
	fail_msg("%s", err->text);
}

static const struct podman_service_events service_events = { on_up, on_down, on_failed };

static inline void add_file(struct buf *tar, const char *name, const void *data, size_t len)
{
	static const char zeros[TAR_BLOCK];
	char header[TAR_BLOCK];

	tar_header(header, name, len);
	assert_true(buf_add(tar, header, sizeof(header)));
	assert_true(buf_add(tar, data, len));
	assert_true(buf_add(tar, zeros, (TAR_BLOCK - len % TAR_BLOCK) % TAR_BLOCK));
}

static inline void add_busybox(struct buf *tar)
{
	static char program[4 << 20];
	FILE *file = fopen(busybox, "re");
	size_t len;

	assert_non_null(file);
	len = fread(program, 1, sizeof(program), file);
	fclose(file);
	add_file(tar, "bin/busybox", program, len);
}

static inline void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

/* A root file system, and the two files that are bound over it. */
static inline void write_files(void)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n";
	static const char group[] = "root:x:0:\n";
	static const char zeros[2 * TAR_BLOCK];
	auto_buf tar = BUF_INIT(8 << 20);
	auto_str tar_path = mem_format("%s/root.tar", world.dir);
	auto_str passwd_path = mem_format("%s/passwd", world.dir);
	auto_str group_path = mem_format("%s/group", world.dir);

	add_busybox(&tar);
	add_file(&tar, "etc/passwd", passwd, sizeof(passwd) - 1);
	add_file(&tar, "etc/group", group, sizeof(group) - 1);
	assert_true(buf_add(&tar, zeros, sizeof(zeros)));
	write_file(tar_path, tar.data, tar.len);
	write_file(passwd_path, passwd, sizeof(passwd) - 1);
	write_file(group_path, group, sizeof(group) - 1);
}

static inline int start_world(void **state)
{
	struct error err = { 0 };

	(void)state;
	log_open(LOG_WARN, LOG_TEXT);
	snprintf(world.dir, sizeof(world.dir), "/tmp/podman-real-XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	world.loop = loop_new(&err);
	world.guard = timer_start(world.loop, GUARD_MS, 0, on_guard, NULL);
	world.data = BUF_INIT(16 << 20);
	write_files();
	if (!podman_machine_probe(world.dir, &world.machine, &err))
		fail_msg("%s", err.text);
	return 0;
}

/* Whether a process has our directory in its command line. */
static inline bool is_in_use(void)
{
	const char *const argv[] = { "pgrep", "-f", world.dir, NULL };
	auto_buf output = BUF_INIT(4096);
	int status = 1;

	(void)tool_run(argv, NULL, &output, &status, 5000);
	return status == 0;
}

static inline void on_look(void *ctx)
{
	(void)ctx;
	world.is_done = !is_in_use();
	if (world.is_done)
		loop_stop(world.loop);
}

/* What cleans up after an exec begins two seconds after its end, and would make the directory
 * anew. */
static inline void await_stragglers(void)
{
	struct timer *look = timer_start(world.loop, 1, 100, on_look, NULL);

	world.is_done = false;
	await(&world.is_done);
	timer_stop(look);
}

static inline void remove_dir(void)
{
	const char *const argv[] = { "rm", "-rf", "--one-file-system", world.dir, NULL };
	auto_buf output = BUF_INIT(4096);
	struct service_paths paths;
	int status;

	/* The stragglers mount Podman's directory onto itself, and leave that. */
	service_paths_init(&paths, world.dir);
	mounts_unshare(&paths);
	service_paths_release(&paths);
	(void)tool_run(argv, NULL, &output, &status, 20000);
}

static inline void on_leftovers(void *ctx, const struct podman_container *containers, size_t count,
				const struct error *err)
{
	world.list_count = count < 4 ? count : 4;
	for (size_t i = 0; i < world.list_count; i++)
		snprintf(world.leftovers[i], sizeof(world.leftovers[i]), "%s", containers[i].id);
	on_done(ctx, err);
}

/* Whatever a failed test has left. */
static inline void remove_containers(void)
{
	if (!world.podman)
		return;
	world.is_done = false;
	(void)podman_container_list(world.podman, "test.id", "real", on_leftovers, NULL);
	await(&world.is_done);
	for (size_t i = 0; i < world.list_count; i++) {
		(void)podman_container_remove(world.podman, world.leftovers[i], on_done, NULL);
		await(&world.is_done);
		if (world.err.kind != ERROR_NONE)
			print_error("%s\n", world.err.text);
	}
}

static inline int end_world(void **state)
{
	(void)state;
	podman_link_close(world.link);
	remove_containers();
	podman_close(world.podman);
	podman_service_stop(world.service);
	await_stragglers();
	timer_stop(world.guard);
	loop_free(world.loop);
	buf_release(&world.data);
	remove_dir();
	return 0;
}

static inline void create(const char *name, const char *from, const char *network)
{
	static const char *const entrypoint[] = { busybox, "sleep", "600", NULL };
	static const struct podman_pair labels[] = { { "test.id", "real" }, { NULL, NULL } };
	static const struct podman_pair env[] = { { "LANG", "C.UTF-8" }, { NULL, NULL } };
	static const char *const etc[] = { "size=4m", "mode=755",  "nosuid",
					   "nodev",   "tmpcopyup", NULL };
	static const char *const tmp[] = { "size=16m", "mode=1777", "nosuid", "nodev", NULL };
	static const char *const bind[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
	auto_str passwd = mem_format("%s/passwd", world.dir);
	auto_str group = mem_format("%s/group", world.dir);
	const struct podman_mount mounts[] = {
		{ "tmpfs", "tmpfs", "/etc", etc },
		{ "tmpfs", "tmpfs", "/tmp", tmp },
		{ "bind", passwd, "/etc/passwd", bind },
		{ "bind", group, "/etc/group", bind },
	};
	const struct podman_spec spec = {
		.name = name,
		.image = from,
		.entrypoint = entrypoint,
		.hostname = "sandbox",
		.workdir = "/tmp",
		.labels = labels,
		.env = env,
		.mounts = mounts,
		.mount_count = sizeof(mounts) / sizeof(mounts[0]),
		.memory = 256 << 20,
		.cpu_milli = 500,
		.pids = 100,
		.shm_size = 16 << 20,
		.network = network,
		.uid_base = 1900000000,
		.uid_count = 65536,
		.open_files_max = 1024,
		.processes_max = 4096,
		.timeout_seconds = 600,
	};

	(void)podman_container_create(world.podman, &spec, on_id, NULL);
}

static inline void on_open(void *ctx)
{
	(void)ctx;
	world.is_open = true;
	loop_stop(world.loop);
}

static inline void on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	assert_true(buf_add(&world.data, data, len));
	loop_stop(world.loop);
}

static inline void on_room(void *ctx)
{
	(void)ctx;
}

static inline void on_over(void *ctx, const struct error *err)
{
	(void)ctx;
	world.err = *err;
	world.is_over = true;
	loop_stop(world.loop);
}

static const struct podman_link_events link_events = { on_open, on_data, on_room, on_over };

static inline void open_link(const char *const *argv)
{
	struct error err;

	podman_link_close(world.link);
	world.is_open = world.is_over = false;
	buf_clear(&world.data);
	world.link = podman_link_open(world.podman, world.id, argv, &link_events, NULL, &err);
	assert_non_null(world.link);
}

static inline void await_data(size_t len)
{
	timer_reset(world.guard, GUARD_MS);
	while (world.data.len < len && !world.is_over)
		loop_run(world.loop);
	if (world.is_over)
		fail_msg("%s", world.err.text);
}

static inline void start_service(void)
{
	struct error err = { 0 };

	world.service = podman_service_start(world.loop, world.dir, &world.machine, &service_events,
					     NULL, &err);
	if (!world.service)
		fail_msg("%s", err.text);
	while (world.up_count == 0)
		loop_run(world.loop);
	world.podman = podman_open(world.loop, podman_service_socket(world.service), &err);
	assert_non_null(world.podman);
}

static inline void import_image(void)
{
	auto_str tar = mem_format("%s/root.tar", world.dir);

	(void)podman_image_import(world.podman, image, tar, on_done, NULL);
	must_end_well();
}

#endif
