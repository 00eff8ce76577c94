/* A real private service: an image, a container with every limit, a link, the death of the service.
 * The tests build on one another, in this order. */
#include "world.h"

static void the_service_comes_up(void **state)
{
	int64_t start_ms = clock_mono_ms();

	(void)state;
	start_service();
	print_message("service up: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
}

static void on_info(void *ctx, const struct podman_info *info, const struct error *err)
{
	if (info) {
		assert_string_equal(info->runtime, world.machine.runtime);
		assert_false(info->rootless);
		assert_non_null(strstr(info->cgroup_controllers, "memory"));
		assert_true(info->version[0] >= '4');
	}
	on_done(ctx, err);
}

static void the_service_uses_what_was_found(void **state)
{
	(void)state;
	(void)podman_get_info(world.podman, on_info, NULL);
	must_end_well();
}

static void a_missing_image_is_not_found(void **state)
{
	(void)state;
	(void)podman_image_find(world.podman, image, on_done, NULL);
	await(&world.is_done);
	assert_int_equal(world.err.kind, ERROR_NOT_FOUND);
}

static void an_image_is_imported(void **state)
{
	(void)state;
	import_image();
	(void)podman_image_find(world.podman, image, on_done, NULL);
	must_end_well();
}

static void a_container_of_a_missing_image_is_not_found(void **state)
{
	(void)state;
	create("real-test", "localhost/no-such:1", NULL);
	await(&world.is_done);
	assert_int_equal(world.err.kind, ERROR_NOT_FOUND);
}

static void a_container_is_created_and_started(void **state)
{
	int64_t start_ms = clock_mono_ms();

	(void)state;
	create("real-test", image, NULL);
	must_end_well();
	print_message("create: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
	start_ms = clock_mono_ms();
	(void)podman_container_start(world.podman, world.id, on_done, NULL);
	must_end_well();
	print_message("start: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
}

static void a_name_in_use_is_a_conflict(void **state)
{
	char id[sizeof(world.id)];

	(void)state;
	memcpy(id, world.id, sizeof(id));
	create("real-test", image, NULL);
	await(&world.is_done);
	assert_int_equal(world.err.kind, ERROR_CONFLICT);
	memcpy(world.id, id, sizeof(id));
}

static void it_is_found_by_its_label_and_inspected(void **state)
{
	int64_t pid;

	(void)state;
	(void)podman_container_list(world.podman, "test.id", "real", on_list, NULL);
	must_end_well();
	assert_int_equal(world.list_count, 1);
	assert_string_equal(world.state, "running");
	assert_string_equal(world.label, "real");
	pid = world.pid;
	assert_true(pid > 0);
	(void)podman_container_list(world.podman, "test.id", "unreal", on_list, NULL);
	must_end_well();
	assert_int_equal(world.list_count, 0);
	(void)podman_container_inspect(world.podman, world.id, on_container, NULL);
	must_end_well();
	assert_string_equal(world.state, "running");
	assert_string_equal(world.label, "real");
	assert_true(world.pid == pid);
}

static const char *const cat[] = { busybox, "cat", NULL };

static void a_link_echoes_every_byte_even_the_detach_keys(void **state)
{
	static const char single[] = { 0x10, 0x11, 0x10, 0x11, 1, 2, 3, 0, 0x1d };
	int64_t start_ms = clock_mono_ms();
	int64_t sent_ms;

	(void)state;
	open_link(cat);
	await(&world.is_open);
	print_message("link: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
	for (size_t i = 0; i < sizeof(single); i++) {
		sent_ms = clock_mono_ms();
		(void)podman_link_write(world.link, single + i, 1);
		await_data(i + 1);
	}
	print_message("echo: %lld ms\n", (long long)(clock_mono_ms() - sent_ms));
	assert_memory_equal(world.data.data, single, sizeof(single));
	/* Our own first detach key comes late, when it comes alone, and is not lost. */
	buf_clear(&world.data);
	(void)podman_link_write(world.link, "\x1c", 1);
	(void)podman_ping(world.podman, on_done, NULL);
	must_end_well();
	(void)podman_link_write(world.link, "\x1d", 1);
	(void)podman_ping(world.podman, on_done, NULL);
	must_end_well();
	(void)podman_link_write(world.link, "xy", 2);
	await_data(4);
	assert_string_equal(world.data.data, "\x1c\x1d"
					     "xy");
}

static void a_link_carries_megabytes_in_order(void **state)
{
	enum { SIZE = 8 << 20 };
	char *block = mem_zeroed(1, SIZE);
	int64_t start_ms = clock_mono_ms();

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		block[i] = (char)(i * 2654435761u >> 13);
	buf_clear(&world.data);
	(void)podman_link_write(world.link, block, SIZE);
	await_data(SIZE);
	print_message("8 MiB there and back: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
	assert_memory_equal(world.data.data, block, SIZE);
	free(block);
}

static void the_limits_hold_inside(void **state)
{
	static const char *const argv[] = {
		busybox,
		"sh",
		"-c",
		"cd /proc/self; busybox grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' status;"
		"busybox cat uid_map cgroup limits; exit 7",
		NULL,
	};

	(void)state;
	open_link(argv);
	await(&world.is_over);
	assert_non_null(world.data.data);
	assert_non_null(strstr(world.data.data, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(world.data.data, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(world.data.data, "NoNewPrivs:\t1"));
	assert_non_null(strstr(world.data.data, "Seccomp:\t2"));
	assert_non_null(strstr(world.data.data, "1900000000      65536"));
	assert_null(strstr(world.data.data, world.id));
	assert_int_equal(world.err.kind, ERROR_UNAVAILABLE);
}

static void a_program_that_is_missing_ends_the_link_with_a_reason(void **state)
{
	static const char *const argv[] = { "/no/such/program", NULL };

	(void)state;
	open_link(argv);
	await(&world.is_over);
	print_message("the reason: %s\n", world.err.text);
	assert_true(world.err.kind != ERROR_NONE);
	assert_null(strstr(world.err.text, world.dir));
}

static bool process_is_alive(int64_t pid)
{
	return kill((pid_t)pid, 0) == 0;
}

static void the_death_of_the_service_ends_links_and_nothing_else(void **state)
{
	int64_t container_pid = world.pid;
	int ups = world.up_count;
	int downs = world.down_count;

	(void)state;
	open_link(cat);
	await(&world.is_open);
	assert_int_equal(kill(peer_pid(podman_service_socket(world.service)), SIGKILL), 0);
	timer_reset(world.guard, GUARD_MS);
	while (world.up_count == ups || !world.is_over)
		loop_run(world.loop);
	assert_int_equal(world.down_count, downs + 1);
	assert_int_equal(world.up_count, ups + 1);
	assert_true(process_is_alive(container_pid));
	open_link(cat);
	await(&world.is_open);
	(void)podman_link_write(world.link, "again", 5);
	await_data(5);
	(void)podman_container_inspect(world.podman, world.id, on_container, NULL);
	must_end_well();
	assert_string_equal(world.state, "running");
}

static void a_killed_container_is_removed_and_nothing_is_left(void **state)
{
	int64_t pid = world.pid;
	int64_t start_ms;

	(void)state;
	podman_link_close(world.link);
	world.link = NULL;
	(void)podman_container_kill(world.podman, world.id, on_done, NULL);
	must_end_well();
	start_ms = clock_mono_ms();
	(void)podman_container_remove(world.podman, world.id, on_done, NULL);
	must_end_well();
	print_message("remove: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
	(void)podman_container_remove(world.podman, world.id, on_done, NULL);
	must_end_well();
	(void)podman_container_list(world.podman, "test.id", "real", on_list, NULL);
	must_end_well();
	assert_int_equal(world.list_count, 0);
	assert_false(process_is_alive(pid));
	(void)podman_container_inspect(world.podman, world.id, on_container, NULL);
	await(&world.is_done);
	assert_int_equal(world.err.kind, ERROR_NOT_FOUND);
	world.id[0] = '\0';
}

static void an_executable_is_put_into_a_container_before_its_start(void **state)
{
	static const char *const argv[] = { "/agent/busybox", "echo", "-n", "works", NULL };

	(void)state;
	create("real-put", image, NULL);
	must_end_well();
	(void)podman_archive_put(world.podman, world.id, "/agent", "busybox", busybox, on_done,
				 NULL);
	must_end_well();
	(void)podman_container_start(world.podman, world.id, on_done, NULL);
	must_end_well();
	open_link(argv);
	await(&world.is_over);
	if (world.data.len == 0)
		fail_msg("%s", world.err.text);
	assert_string_equal(buf_text(&world.data), "works");
	(void)podman_container_remove(world.podman, world.id, on_done, NULL);
	must_end_well();
	world.id[0] = '\0';
}

static void a_service_that_is_stopped_is_dead(void **state)
{
	int pid = peer_pid(podman_service_socket(world.service));
	auto_str path = mem_format("/proc/%d/cmdline", pid);
	int64_t start_ms = clock_mono_ms();
	char text[16];
	FILE *file;

	(void)state;
	podman_link_close(world.link);
	world.link = NULL;
	podman_close(world.podman);
	world.podman = NULL;
	podman_service_stop(world.service);
	world.service = NULL;
	print_message("stop: %lld ms\n", (long long)(clock_mono_ms() - start_ms));
	assert_true(clock_mono_ms() - start_ms < 2500);
	/* A zombie, at most: it has no command line. */
	file = fopen(path, "re");
	if (file) {
		assert_int_equal(fread(text, 1, sizeof(text), file), 0);
		fclose(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_service_comes_up),
		cmocka_unit_test(the_service_uses_what_was_found),
		cmocka_unit_test(a_missing_image_is_not_found),
		cmocka_unit_test(an_image_is_imported),
		cmocka_unit_test(a_container_of_a_missing_image_is_not_found),
		cmocka_unit_test(a_container_is_created_and_started),
		cmocka_unit_test(a_name_in_use_is_a_conflict),
		cmocka_unit_test(it_is_found_by_its_label_and_inspected),
		cmocka_unit_test(a_link_echoes_every_byte_even_the_detach_keys),
		cmocka_unit_test(a_link_carries_megabytes_in_order),
		cmocka_unit_test(the_limits_hold_inside),
		cmocka_unit_test(a_program_that_is_missing_ends_the_link_with_a_reason),
		cmocka_unit_test(the_death_of_the_service_ends_links_and_nothing_else),
		cmocka_unit_test(a_killed_container_is_removed_and_nothing_is_left),
		cmocka_unit_test(an_executable_is_put_into_a_container_before_its_start),
		cmocka_unit_test(a_service_that_is_stopped_is_dead),
	};

	return cmocka_run_group_tests(tests, start_world, end_world);
}
