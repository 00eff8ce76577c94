/* Two containers on a fenced bridge, for real: what they reach before, and what after.  The tests
 * build on one another, in this order. */
#include "world.h"

#include <netinet/in.h>
#include <sys/socket.h>

static char bridge[INTERFACE_NAME_MAX + 1];
static char port[8];
static int listener = -1;
static struct watch *accepting;
static char first[80], second[80];
static struct podman_link *server; /* runs in the second container */

static void run_tool(const char *const *argv)
{
	auto_buf output = BUF_INIT(4096);
	int status;

	(void)tool_run(argv, NULL, &output, &status, 5000);
}

static void on_connection(void *ctx, unsigned events)
{
	auto_fd fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	(void)ctx;
	(void)events;
	assert_true(fd >= 0);
	assert_int_equal(send(fd, "hi\n", 3, MSG_NOSIGNAL), 3);
}

/* A server on every address of this machine, as ours may be. */
static void listen_here(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	struct error err;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	accepting = watch_open(world.loop, listener, LOOP_READ, on_connection, NULL, &err);
	assert_non_null(accepting);
}

static int start(void **state)
{
	start_world(state);
	snprintf(bridge, sizeof(bridge), "sptest%d", (int)getpid());
	listen_here();
	return 0;
}

static int end(void **state)
{
	auto_str table = mem_format("fence_%s", bridge);
	const char *const inet[] = { "nft", "delete", "table", "inet", table, NULL };
	const char *const ports[] = { "nft", "delete", "table", "bridge", table, NULL };
	const char *const link[] = { "ip", "link", "delete", bridge, NULL };

	watch_close(accepting);
	close(listener);
	podman_link_close(server);
	end_world(state);
	run_tool(inet);
	run_tool(ports);
	run_tool(link);
	return 0;
}

/* Whether the container world.id can open a connection and hears the greeting. */
static bool reaches(const char *address, const char *to_port)
{
	static const char script[] =
		"busybox timeout 2 busybox nc \"$1\" \"$2\" </dev/null; echo .";
	const char *const argv[] = { busybox, "sh", "-c", script, "sh", address, to_port, NULL };

	open_link(argv);
	await(&world.is_over);
	if (world.data.len == 0)
		fail_msg("%s", world.err.text);
	return strcmp(world.data.data, "hi\n.\n") == 0;
}

static void start_one(const char *name, char ret_id[80])
{
	create(name, image, bridge);
	must_end_well();
	(void)podman_container_start(world.podman, world.id, on_done, NULL);
	must_end_well();
	memcpy(ret_id, world.id, sizeof(world.id));
}

static void need_a_bridge(void)
{
	if (!world.machine.bridge)
		fail_msg("no bridge can be made here: is netavark there, and are ip and nft?");
}

static void a_network_is_created_once(void **state)
{
	(void)state;
	need_a_bridge();
	start_service();
	import_image();
	for (int i = 0; i < 2; i++) {
		(void)podman_network_create(world.podman, bridge, bridge, "10.213.77.0/24", on_done,
					    NULL);
		must_end_well();
	}
	(void)podman_network_create(world.podman, "x", "bad name", "10.213.78.0/24", on_done, NULL);
	await(&world.is_done);
	assert_int_equal(world.err.kind, ERROR_INVALID);
}

/* Listens in the second container; the link stays open as long as it does. */
static struct podman_link *serve_inside(void)
{
	static const char *const argv[] = {
		busybox, "sh", "-c", "echo up; while :; do echo hi | busybox nc -l -p 7000; done",
		NULL
	};
	struct podman_link *link;

	memcpy(world.id, second, sizeof(second));
	open_link(argv);
	await_data(3);
	link = world.link;
	world.link = NULL;
	return link;
}

static void without_a_fence_everything_is_reached(void **state)
{
	(void)state;
	need_a_bridge();
	start_one("bridge-1", first);
	start_one("bridge-2", second);
	server = serve_inside();
	memcpy(world.id, first, sizeof(first));
	assert_true(reaches("10.213.77.1", port));
	assert_true(reaches("10.213.77.3", "7000"));
}

static void isolated_ports_do_not_reach_one_another(void **state)
{
	struct error err = { 0 };

	(void)state;
	need_a_bridge();
	if (!podman_ports_isolate(bridge, &err))
		fail_msg("%s", err.text);
	assert_false(reaches("10.213.77.3", "7000"));
	assert_true(reaches("10.213.77.1", port));
}

static void a_fence_keeps_this_machine_out_of_reach(void **state)
{
	struct error err = { 0 };

	(void)state;
	need_a_bridge();
	assert_true(podman_fence_raise(world.loop, bridge, NULL, on_done, NULL, &err));
	must_end_well();
	assert_false(reaches("10.213.77.1", port));
	assert_false(reaches("10.213.77.3", "7000"));
}

/* A machine of the internet: a network namespace behind a route of ours, with a public address (one
 * of this test's own, so that others at the same time do no harm). */
static char internet[24];
static char near_end[32], far_end[32], far_address[32];
static struct child *web;

static void on_web_exit(void *ctx, int exit_code, int signal)
{
	(void)ctx;
	(void)exit_code;
	(void)signal;
	web = NULL;
}

static void name_internet(void)
{
	int number = (int)getpid() & 0x3fff;
	int third = number >> 6, fourth = (number & 0x3f) << 2;

	snprintf(internet, sizeof(internet), "sptnet%d", (int)getpid() % 100000);
	snprintf(near_end, sizeof(near_end), "44.131.%d.%d/30", third, fourth + 1);
	snprintf(far_end, sizeof(far_end), "44.131.%d.%d/30", third, fourth + 2);
	snprintf(far_address, sizeof(far_address), "44.131.%d.%d", third, fourth + 2);
}

static void make_internet(void)
{
	const char *const add[] = { "ip", "netns", "add", internet, NULL };
	const char *const pair[] = { "ip",   "link", "add",  internet, "type",   "veth",
				     "peer", "name", "eth0", "netns",  internet, NULL };
	const char *const ours[] = { "ip", "addr", "add", near_end, "dev", internet, NULL };
	const char *const up[] = { "ip", "link", "set", internet, "up", NULL };
	const char *const theirs[] = { "ip",    "-n",  internet, "addr", "add",
				       far_end, "dev", "eth0",   NULL };
	const char *const their_up[] = { "ip", "-n", internet, "link", "set", "eth0", "up", NULL };
	const char *const serve[] = { "ip", "netns", "exec", internet, busybox, "nc", "-ll",
				      "-p", "80",    "-e",   busybox,  "echo",  "hi", NULL };
	const struct child_options options = { .argv = serve, .on_exit = on_web_exit };
	struct error err;

	run_tool(add);
	run_tool(pair);
	run_tool(ours);
	run_tool(up);
	run_tool(theirs);
	run_tool(their_up);
	web = child_spawn(world.loop, &options, &err);
	assert_non_null(web);
}

static void unmake_internet(void)
{
	const char *const delete[] = { "ip", "netns", "delete", internet, NULL };

	if (web) {
		child_signal(web, SIGKILL);
		child_forget(web);
	}
	if (*internet)
		run_tool(delete);
}

static void a_fence_lets_the_internet_through(void **state)
{
	bool is_heard = false;

	(void)state;
	need_a_bridge();
	name_internet();
	make_internet();
	/* The server out there may need a moment to listen. */
	for (int i = 0; i < 20 && !is_heard; i++)
		is_heard = reaches(far_address, "80");
	unmake_internet();
	assert_true(is_heard);
	assert_false(reaches("10.213.77.1", port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_created_once),
		cmocka_unit_test(without_a_fence_everything_is_reached),
		cmocka_unit_test(isolated_ports_do_not_reach_one_another),
		cmocka_unit_test(a_fence_keeps_this_machine_out_of_reach),
		cmocka_unit_test(a_fence_lets_the_internet_through),
	};

	return cmocka_run_group_tests(tests, start, end);
}
