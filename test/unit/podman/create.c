/* The create body, compared with what it must say: Podman ignores what it does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

static bool same(const struct json *a, const struct json *b);

static bool same_object(const struct json *a, const struct json *b)
{
	if (json_size(a) != json_size(b))
		return false;
	for (const struct json *m = json_first(a); m; m = json_next(m))
		if (!json_get(b, json_key(m)) || !same(m, json_get(b, json_key(m))))
			return false;
	return true;
}

static bool same_array(const struct json *a, const struct json *b)
{
	const struct json *n = json_first(b);

	if (json_size(a) != json_size(b))
		return false;
	for (const struct json *m = json_first(a); m; m = json_next(m), n = json_next(n))
		if (!same(m, n))
			return false;
	return true;
}

static bool same(const struct json *a, const struct json *b)
{
	auto_str text_a = json_print(a);
	auto_str text_b = json_print(b);

	if (json_type(a) != json_type(b))
		return false;
	if (json_type(a) == JSON_OBJECT)
		return same_object(a, b);
	if (json_type(a) == JSON_ARRAY)
		return same_array(a, b);
	return strcmp(text_a, text_b) == 0;
}

static void expect(const struct json *body, const char *wanted)
{
	struct error err;
	auto_json value = json_parse(wanted, strlen(wanted), &err);
	auto_str got = json_print(body);

	if (!value)
		fail_msg("%s", err.text);
	if (!same(body, value))
		fail_msg("the body is %s", got);
}

static const char *const entrypoint[] = { "/.agent/agent", "init", NULL };
static const struct podman_pair labels[] = { { "sandpod.id", "c-1" }, { NULL, NULL } };
static const struct podman_pair env[] = { { "LANG", "C.UTF-8" }, { NULL, NULL } };
static const char *const tmpfs_options[] = { "size=4m", "mode=755", NULL };
static const struct podman_mount mounts[] = { { "tmpfs", "tmpfs", "/etc", tmpfs_options } };

static struct podman_spec spec(void)
{
	return (struct podman_spec){
		.name = "sandpod-c-1",
		.image = "localhost/bb:1",
		.entrypoint = entrypoint,
		.hostname = "sandbox",
		.workdir = "/workspace",
		.labels = labels,
		.env = env,
		.mounts = mounts,
		.mount_count = 1,
		.memory = 268435456,
		.cpu_milli = 500,
		.pids = 100,
		.shm_size = 16777216,
		.uid_base = 1000000,
		.uid_count = 65536,
		.open_files_max = 1024,
		.processes_max = 4096,
		.timeout_seconds = 7500,
	};
}

#define COMMON                                                                                     \
	"\"name\":\"sandpod-c-1\",\"image\":\"localhost/bb:1\","                                   \
	"\"entrypoint\":[\"/.agent/agent\",\"init\"],\"user\":\"0:0\",\"hostname\":\"sandbox\","   \
	"\"work_dir\":\"/workspace\",\"labels\":{\"sandpod.id\":\"c-1\"},"                         \
	"\"env\":{\"LANG\":\"C.UTF-8\"},"                                                          \
	"\"mounts\":[{\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"destination\":\"/etc\","           \
	"\"options\":[\"size=4m\",\"mode=755\"]}],"                                                \
	"\"userns\":{\"nsmode\":\"private\"},"                                                     \
	"\"idmappings\":{\"HostUIDMapping\":false,\"HostGIDMapping\":false,"                       \
	"\"UIDMap\":[{\"container_id\":0,\"host_id\":1000000,\"size\":65536}],"                    \
	"\"GIDMap\":[{\"container_id\":0,\"host_id\":1000000,\"size\":65536}]},"                   \
	"\"ipcns\":{\"nsmode\":\"private\"},\"pidns\":{\"nsmode\":\"private\"},"                   \
	"\"utsns\":{\"nsmode\":\"private\"},\"cgroupns\":{\"nsmode\":\"private\"},"                \
	"\"cap_drop\":[\"ALL\"],\"no_new_privileges\":true,"                                       \
	"\"shm_size\":16777216,"                                                                   \
	"\"resource_limits\":{\"memory\":{\"limit\":268435456,\"swap\":268435456},"                \
	"\"cpu\":{\"quota\":50000,\"period\":100000},\"pids\":{\"limit\":100}},"                   \
	"\"r_limits\":[{\"type\":\"nofile\",\"soft\":1024,\"hard\":1024},"                         \
	"{\"type\":\"nproc\",\"soft\":4096,\"hard\":4096}],"                                       \
	"\"log_configuration\":{\"driver\":\"none\"},\"use_image_hosts\":true,"                    \
	"\"httpproxy\":false,\"timeout\":7500,\"stop_timeout\":0,\"restart_policy\":\"no\","       \
	"\"init\":false"

static void a_container_without_network_has_every_limit(void **state)
{
	const struct podman_spec wanted = spec();
	auto_json body = container_create_body(&wanted);

	(void)state;
	expect(body, "{" COMMON ",\"netns\":{\"nsmode\":\"none\"}}");
}

static void a_container_with_network_has_a_bridge_and_name_servers(void **state)
{
	static const char *const dns[] = { "1.1.1.1", "9.9.9.9", NULL };
	struct podman_spec wanted = spec();
	auto_json body = NULL;

	(void)state;
	wanted.network = "sandpod-net";
	wanted.dns = dns;
	body = container_create_body(&wanted);
	expect(body, "{" COMMON ",\"netns\":{\"nsmode\":\"bridge\"},"
		     "\"Networks\":{\"sandpod-net\":{}},\"dns_server\":[\"1.1.1.1\",\"9.9.9.9\"]}");
}

static void a_bound_on_the_disk_and_a_profile_are_passed_on(void **state)
{
	struct podman_spec wanted = spec();
	auto_json body = NULL;

	(void)state;
	wanted.disk = 1073741824;
	wanted.seccomp_profile = "/x/seccomp.json";
	body = container_create_body(&wanted);
	expect(body, "{" COMMON ",\"netns\":{\"nsmode\":\"none\"},"
		     "\"seccomp_profile_path\":\"/x/seccomp.json\","
		     "\"storage_opts\":{\"size\":\"1073741824\"}}");
}

static void foreign_text_in_a_path_is_encoded(void **state)
{
	auto_str path = path_of("/containers/", "../a b?c#%\xc3\xa9", "/json");
	auto_str query = path_with(mem_strdup("/x?"), "filters", "{\"a\":[\"b=c&d\"]}");
	auto_str more = path_with(mem_strdup("/x?all=true"), "y", "z");

	(void)state;
	assert_string_equal(path, "/v4.0.0/libpod/containers/..%2Fa%20b%3Fc%23%25%C3%A9/json");
	assert_string_equal(query, "/x?filters=%7B%22a%22%3A%5B%22b%3Dc%26d%22%5D%7D");
	assert_string_equal(more, "/x?all=true&y=z");
}

static void a_tar_header_has_the_right_sum(void **state)
{
	char block[TAR_BLOCK];
	unsigned sum = 0;
	unsigned stored = 0;

	(void)state;
	tar_header(block, "agent", 70000);
	assert_int_equal(sscanf(block + 148, "%6o", &stored), 1);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	assert_int_equal(sum, stored);
	assert_string_equal(block, "agent");
	assert_string_equal(block + 124, "00000210560");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_without_network_has_every_limit),
		cmocka_unit_test(a_container_with_network_has_a_bridge_and_name_servers),
		cmocka_unit_test(a_bound_on_the_disk_and_a_profile_are_passed_on),
		cmocka_unit_test(foreign_text_in_a_path_is_encoded),
		cmocka_unit_test(a_tar_header_has_the_right_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
