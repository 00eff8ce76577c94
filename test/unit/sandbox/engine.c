/* What becomes of containers and of what is under way when the Podman service is killed. */
#include "house.h"
#include "peer.h"
#include <dirent.h>

static bool is_down(void *ctx)
{
	return !((struct rig *)ctx)->up;
}

/* Kills the service and tells the house, as the app does. */
static void kill_service(struct house *house)
{
	podman_service_restart(rig->service);
	assert_true(rig_until(rig->loop, 30 * SECONDS, is_down, rig));
	sandboxes_podman_down(house->all);
}

static void await_service(struct house *house)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &rig->up));
	sandboxes_podman_up(house->all);
}

static bool is_linked(void *ctx)
{
	struct house *house = ctx;

	return link_is_up(registry_find(house->all, "me", house->id));
}

static void a_container_lives_on_and_stays_linked_by_its_socket(void **state)
{
	struct house *house = *state;

	create_default(house);
	kill_service(house);
	assert_true(is_linked(house));
	check(house, 0);
	assert_in_range(house->memory_bytes, 1, 64 << 20);
	await_service(house);
	assert_true(is_linked(house));
}

static void a_container_lives_on_and_is_linked_again_by_an_exec_session(void **state)
{
	struct house *house = *state;
	uint64_t boot;

	house->all->carrier = &exec_carrier;
	create_default(house);
	boot = registry_find(house->all, "me", house->id)->hello.boot;
	kill_service(house);
	assert_false(is_linked(house));
	await_service(house);
	assert_true(rig_until(rig->loop, 30 * SECONDS, is_linked, house));
	assert_int_equal(registry_find(house->all, "me", house->id)->hello.boot, boot);
	check(house, 0);
	assert_in_range(house->memory_bytes, 1, 64 << 20);
}

static bool three_are_done(void *ctx)
{
	return ((struct house *)ctx)->done == 3;
}

static bool all_are_settled(void *ctx)
{
	struct house *house = ctx;

	for (struct sandbox *sb = house->all->living; sb; sb = sb->hh.next)
		if (sb->state != SANDBOX_RUNNING || !link_is_up(sb))
			return false;
	return true;
}

/* No process speaks of our directory but the service itself (and its server, this test). */
static bool nothing_is_left(void *ctx)
{
	char path[300];
	char text[16384];
	bool found = false;
	DIR *dir = opendir("/proc");

	(void)ctx;
	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

		if (len > 0 && memmem(text, (size_t)len, rig->dir, strlen(rig->dir)) &&
		    strtol(entry->d_name, NULL, 10) !=
			    peer_pid(podman_service_socket(rig->service)))
			found = true;
	}
	closedir(dir);
	return !found;
}

struct after {
	int64_t ms;
};

static bool time_is_over(void *ctx)
{
	return clock_mono_ms() >= ((struct after *)ctx)->ms;
}

/* At a different moment of three births each time: each of them ends in one answer, and what does
 * not run afterwards is gone. */
static void births_under_way_end_in_one_answer_each_and_leave_nothing_half_made(void **state)
{
	static const int64_t moments[] = { 1, 15, 40, 90, 160 };
	struct house *house = *state;
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct after after;
		size_t living;
		bool gone = false;

		house->done = 0;
		for (int j = 0; j < 3; j++)
			if (!sandbox_create(house->all, &request, on_view, house, &err))
				fail_msg("%s", err.text);
		after.ms = clock_mono_ms() + moments[i];
		assert_true(rig_until(rig->loop, 10 * SECONDS, time_is_over, &after));
		kill_service(house);
		await_service(house);
		assert_true(rig_until(rig->loop, 60 * SECONDS, three_are_done, house));
		assert_true(rig_until(rig->loop, 60 * SECONDS, all_are_settled, house));
		living = HASH_COUNT(house->all->living);
		assert_int_equal(count_in_podman(house), living);
		sandboxes_destroy_all(house->all, on_all_gone, &gone);
		assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &gone));
		assert_int_equal(count_in_podman(house), 0);
		assert_int_equal(house->done, 3);
		house->all->leaving = false; /* as after a restart */
	}
	/* Two seconds after an exec its conmon goes. */
	assert_true(rig_until(rig->loop, 20 * SECONDS, nothing_is_left, NULL));
}

static void ends_under_way_are_finished_when_it_is_back(void **state)
{
	struct house *house = *state;
	bool gone = false;

	create_default(house);
	create_default(house);
	sandboxes_destroy_all(house->all, on_all_gone, &gone);
	kill_service(house);
	await_service(house);
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &gone));
	assert_int_equal(count_in_podman(house), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(a_container_lives_on_and_stays_linked_by_its_socket),
		LIFE(a_container_lives_on_and_is_linked_again_by_an_exec_session),
		LIFE(births_under_way_end_in_one_answer_each_and_leave_nothing_half_made),
		LIFE(ends_under_way_are_finished_when_it_is_back),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
