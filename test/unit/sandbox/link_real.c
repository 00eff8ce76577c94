/* How a container is linked on a real Podman: by its socket, and by an exec session where process 1
 * cannot come to that. */
#include "house.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct sandbox *sandbox_of(struct house *house)
{
	struct sandbox *sb = registry_find(house->all, "me", house->id);

	assert_non_null(sb);
	return sb;
}

static bool is_linked(void *ctx)
{
	return link_is_up(sandbox_of(ctx));
}

static void await_link(struct house *house)
{
	assert_true(rig_until(rig->loop, 30 * SECONDS, is_linked, house));
}

/* The process that holds an exec session open is the only other one in an idle container. */
static bool is_linked_by_exec(struct house *house)
{
	check(house, 0);
	return house->pids > 1;
}

static char *place_of(struct house *house)
{
	return link_place_path(house->all, sandbox_of(house)->row.id);
}

static void a_container_is_linked_by_its_socket(void **state)
{
	struct house *house = *state;
	auto_fd fd = -1;

	create_default(house);
	assert_false(is_linked_by_exec(house));
	assert_true(sandbox_of(house)->pid > 1);
	fd = direct_life(sandbox_of(house));
	assert_true(fd >= 0);
}

static void with_exec_links_there_is_no_socket(void **state)
{
	struct house *house = *state;

	house->all->settings.exec_links = true;
	create_default(house);
	assert_true(is_linked_by_exec(house));
	assert_false(link_place_is_there(sandbox_of(house)));
}

/* As SELinux does where the directory has the wrong label. */
static bool is_closed_to_process_1(void *ctx)
{
	struct house *house = ctx;
	struct sandbox *sb = house->all->living;
	auto_str path = sb ? link_place_path(house->all, sb->row.id) : NULL;

	return path && chmod(path, 0700) == 0;
}

static void one_that_cannot_come_to_its_socket_is_linked_by_exec(void **state)
{
	struct sandbox_request request = { .owner = "me" };
	struct house *house = *state;
	struct error err;

	assert_non_null(sandbox_create(house->all, &request, on_view, house, &err));
	assert_true(rig_until(rig->loop, 10 * SECONDS, is_closed_to_process_1, house));
	wait_done(house);
	assert_int_equal(house->err.kind, ERROR_NONE);
	assert_true(is_linked_by_exec(house));
	assert_int_equal(house->all->sockets_missed, 1);
}

static void after_three_of_those_nobody_waits_until_one_comes(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;

	house->all->sockets_missed = 3;
	create_default(house);
	assert_true(is_linked_by_exec(house));
	/* Without Podman's service there is nothing but the socket. */
	sandboxes_podman_down(house->all);
	sb = sandbox_of(house);
	assert_false(link_is_up(sb));
	await_link(house);
	assert_int_equal(house->all->sockets_missed, 0);
	sandboxes_podman_up(house->all);
	assert_true(link_is_up(sb));
}

static bool is_open(void *ctx)
{
	auto_str path = place_of(ctx);
	DIR *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	closedir(dir);
	return count == 4; /* the two of every directory, the bell, the socket */
}

static int visit(struct house *house)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_str path = place_of(house);
	auto_fd dir = open(path, O_PATH | O_CLOEXEC);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char name[DIGEST_TEXT_SIZE];

	link_place_name(house->all, house->id, name);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return take_fd(fd);
}

static bool is_sent_away(void *ctx)
{
	char byte;

	return recv(*(int *)ctx, &byte, 1, 0) == 0;
}

static void not_even_the_hosts_root_is_taken_for_process_1(void **state)
{
	struct house *house = *state;
	struct sandbox *sb;
	int fd;

	create_default(house);
	sb = sandbox_of(house);
	assert_false(is_open(house));
	kill((pid_t)sb->pid, SIGSTOP);
	link_drop(sb);
	link_keep(sb);
	assert_true(rig_until(rig->loop, 10 * SECONDS, is_open, house));
	fd = visit(house);
	assert_true(rig_until(rig->loop, 10 * SECONDS, is_sent_away, &fd));
	close(fd);
	assert_false(link_is_up(sb));
	kill((pid_t)sb->pid, SIGCONT);
	await_link(house);
	assert_false(is_open(house));
	assert_false(is_linked_by_exec(house));
}

static void nothing_is_left_of_where_it_was_met(void **state)
{
	struct house *house = *state;
	int64_t destroyed_at;
	struct error err;
	struct stat st;
	auto_str place = NULL;
	auto_str stale = mem_format("%s/link/c-nobody", rig->dir);
	auto_str inner = mem_format("%s/x", stale);

	create_default(house);
	place = place_of(house);
	assert_int_equal(stat(place, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(mkdir(stale, 0700), 0);
	assert_int_equal(mkfifo(inner, 0600), 0);
	sandboxes_close(house->all);
	open_all(house);
	assert_int_equal(stat(stale, &st), -1);
	assert_int_equal(stat(place, &st), 0);
	await_link(house);
	assert_true(sandbox_destroy(house->all, "me", house->id, &destroyed_at, &err));
	wait_gone(house);
	assert_int_equal(stat(place, &st), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(a_container_is_linked_by_its_socket),
		LIFE(with_exec_links_there_is_no_socket),
		LIFE(one_that_cannot_come_to_its_socket_is_linked_by_exec),
		LIFE(after_three_of_those_nobody_waits_until_one_comes),
		LIFE(not_even_the_hosts_root_is_taken_for_process_1),
		LIFE(nothing_is_left_of_where_it_was_met),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
