/* Settings: defaults, every kind of value, and a sentence for every kind of bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "buf.h"
#include "config.h"

/* Empties the environment for the test that follows. */
static int setup(void **state)
{
	(void)state;
	return clearenv();
}

static struct config read_fine(void)
{
	struct config config;
	struct error err;

	if (!config_read(&config, &err))
		fail_msg("%s", err.text);
	return config;
}

static void without_variables_there_are_the_defaults(void **state)
{
	struct config c;

	(void)state;
	setenv("HOME", "/home/somebody", 1);
	c = read_fine();
	assert_int_equal(c.port, 3000);
	assert_string_equal(c.host, "127.0.0.1");
	assert_null(c.base_url);
	assert_int_equal(c.data_dir[0], '/');
	assert_null(c.podman_socket);
	assert_string_equal(c.sandbox_image, "docker.io/library/alpine");
	assert_true(c.sandbox_image_is_default);
	assert_int_equal(c.sandbox_memory, 256 << 20);
	assert_int_equal(c.sandbox_cpu_milli, 500);
	assert_int_equal(c.sandbox_pids, 100);
	assert_int_equal(c.sandbox_disk, 0);
	assert_int_equal(c.sandbox_ttl_ms, 7200000);
	assert_string_equal(c.sandbox_network, "auto");
	assert_null(c.network_allow);
	assert_null(c.sandbox_images);
	assert_null(c.image_store);
	assert_int_equal(c.command_wait_ms, 3000);
	assert_int_equal(c.command_timeout_ms, 3600000);
	assert_int_equal(c.output_limit, 16384);
	assert_int_equal(c.output_spool, 64 << 20);
	assert_int_equal(c.upload_limit, INT64_C(10) << 30);
	assert_int_equal(c.max_containers, 100);
	assert_string_equal(c.tool_sets, "containers,commands,code,files");
	assert_int_equal(c.auth, AUTH_AUTO);
	assert_string_equal(c.allow_unenforced, "");
	assert_int_equal(c.log_level, LOG_INFO);
	assert_int_equal(c.log_format, LOG_TEXT);
	config_release(&c);
	assert_null(c.host);
}

static void the_web_tools_are_offered_where_their_image_is(void **state)
{
	struct config c;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("SANDBOX_IMAGES", "python=localhost/p,web=localhost/w", 1);
	c = read_fine();
	assert_string_equal(c.tool_sets, "containers,commands,code,files,web");
	assert_string_equal(c.web_domains, "*");
	assert_string_equal(c.web_search, "none");
	assert_int_equal(c.web_memory, 1 << 30);
	config_release(&c);
	setenv("SANDPOD_TOOLS", "files", 1);
	c = read_fine();
	assert_string_equal(c.tool_sets, "files");
	config_release(&c);
}

static void what_the_web_tools_need_is_missed_at_the_start(void **state)
{
	static const char *const needs[][3] = {
		{ "SANDPOD_TOOLS", "files,web", "SANDBOX_IMAGES" },
		{ "WEB_SEARCH", "searxng", "SEARXNG_URL" },
		{ "WEB_SEARCH", "brave", "BRAVE_API_KEY" },
	};
	struct config c;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		clearenv();
		setenv("DATA_DIR", "/x", 1);
		setenv(needs[i][0], needs[i][1], 1);
		assert_false(config_read(&c, &err));
		assert_non_null(strstr(err.text, needs[i][2]));
	}
}

static void a_bad_key_is_not_shown(void **state)
{
	struct config c;
	struct error err;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("BRAVE_API_KEY", "SECRET KEY", 1);
	assert_false(config_read(&c, &err));
	assert_non_null(strstr(err.text, "BRAVE_API_KEY"));
	assert_null(strstr(err.text, "SECRET"));
}

static void an_empty_variable_counts_as_not_set(void **state)
{
	struct config c;

	(void)state;
	setenv("PORT", "", 1);
	setenv("PODMAN_SOCKET", "", 1);
	setenv("HOME", "/home/somebody", 1);
	c = read_fine();
	assert_int_equal(c.port, 3000);
	assert_null(c.podman_socket);
	config_release(&c);
}

static void set(const char *const pairs[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		setenv(pairs[i][0], pairs[i][1], 1);
}

static void every_kind_of_value_is_read(void **state)
{
	static const char *const pairs[][2] = {
		{ "PORT", "0" },
		{ "HOST", "::" },
		{ "BASE_URL", "https://x.example/sub//" },
		{ "DATA_DIR", "/srv/data" },
		{ "PODMAN_SOCKET", "tcp://10.0.0.1:8080" },
		{ "SANDBOX_IMAGE", "builtin" },
		{ "SANDBOX_MEMORY", "1G" },
		{ "SANDBOX_CPUS", "1.25" },
		{ "SANDBOX_DISK", "10g" },
		{ "SANDBOX_TTL", "90m" },
		{ "SANDBOX_NETWORK", "none" },
		{ "SANDBOX_LINK", "exec" },
		{ "COMMAND_WAIT", "500ms" },
		{ "OUTPUT_LIMIT", "5000" },
		{ "SANDPOD_TOOLS", "files,commands" },
		{ "AUTH", "key" },
		{ "ALLOW_UNENFORCED", "memory,pids" },
		{ "LOG_LEVEL", "error" },
		{ "LOG_FORMAT", "json" },
	};
	struct config c;

	(void)state;
	set(pairs, sizeof(pairs) / sizeof(pairs[0]));
	c = read_fine();
	assert_int_equal(c.port, 0);
	assert_string_equal(c.host, "::");
	assert_string_equal(c.base_url, "https://x.example/sub");
	assert_string_equal(c.data_dir, "/srv/data");
	assert_string_equal(c.podman_socket, "tcp://10.0.0.1:8080");
	assert_false(c.sandbox_image_is_default);
	assert_int_equal(c.sandbox_memory, 1 << 30);
	assert_int_equal(c.sandbox_cpu_milli, 1250);
	assert_int_equal(c.sandbox_disk, INT64_C(10) << 30);
	assert_int_equal(c.sandbox_ttl_ms, 5400000);
	assert_string_equal(c.sandbox_network, "none");
	assert_string_equal(c.sandbox_link, "exec");
	assert_int_equal(c.command_wait_ms, 500);
	assert_int_equal(c.output_limit, 5000);
	assert_string_equal(c.tool_sets, "files,commands");
	assert_int_equal(c.auth, AUTH_KEY);
	assert_true(config_list_has(c.allow_unenforced, "pids"));
	assert_int_equal(c.log_level, LOG_ERROR);
	assert_int_equal(c.log_format, LOG_JSON);
	config_release(&c);
}

static void the_public_domain_of_the_host_is_the_base_url_unless_one_is_set(void **state)
{
	struct config c;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("RAILWAY_PUBLIC_DOMAIN", "pod.up.railway.app", 1);
	c = read_fine();
	assert_string_equal(c.base_url, "https://pod.up.railway.app");
	config_release(&c);
	setenv("BASE_URL", "http://other", 1);
	c = read_fine();
	assert_string_equal(c.base_url, "http://other");
	config_release(&c);
}

static void a_relative_data_directory_becomes_absolute(void **state)
{
	auto_str here = getcwd(NULL, 0);
	auto_str wanted = mem_format("%s/some/where", here);
	struct config c;

	(void)state;
	setenv("DATA_DIR", "some/where", 1);
	c = read_fine();
	assert_string_equal(c.data_dir, wanted);
	config_release(&c);
}

static const struct {
	const char *name, *value;
	const char *sentence; /* what it must say besides the name and the value */
} bad[] = {
	{ "PORT", "65536", "a whole number from 0 to 65535" },
	{ "PORT", "-1", "a whole number" },
	{ "PORT", "3000x", "a whole number" },
	{ "PORT", " 3000", "a whole number" },
	{ "PORT", "0x10", "a whole number" },
	{ "PORT", "99999999999999999999", "a whole number" },
	{ "HOST", "example.org", "a numeric address or localhost" },
	{ "HOST", "127.0.0.1:80", "a numeric address" },
	{ "BASE_URL", "example.org", "a URL" },
	{ "BASE_URL", "ftp://x", "a URL" },
	{ "BASE_URL", "https://", "a URL" },
	{ "BASE_URL", "https:///", "a URL" },
	{ "BASE_URL", "https://a b", "a URL" },
	{ "BASE_URL", "https://a/?q", "a URL" },
	{ "BASE_URL", "https://a\"b", "a URL" },
	{ "RAILWAY_PUBLIC_DOMAIN", "a b", "a domain" },
	{ "DATA_DIR", "/a\nb", "a directory" },
	{ "PODMAN_SOCKET", "podman.sock", "the path of a socket or tcp://host:port" },
	{ "PODMAN_SOCKET", "tcp://host", "tcp://host:port" },
	{ "PODMAN_SOCKET", "tcp://:80", "tcp://host:port" },
	{ "PODMAN_SOCKET", "tcp://host:0", "tcp://host:port" },
	{ "PODMAN_SOCKET", "tcp://host:80/x", "tcp://host:port" },
	{ "SANDBOX_IMAGE", "a\xff", "the name of an image" },
	{ "SANDBOX_MEMORY", "256q", "a size such as 64k, 256m or 1g from 16m to 1t" },
	{ "SANDBOX_MEMORY", "1m", "from 16m to 1t" },
	{ "SANDBOX_MEMORY", "9999999999t", "a size" },
	{ "SANDBOX_MEMORY", "1.5g", "a size" },
	{ "SANDBOX_CPUS", "0", "from 0.01 to 1024" },
	{ "SANDBOX_CPUS", "0.", "a number such as 0.5 or 2" },
	{ "SANDBOX_CPUS", ".5", "a number" },
	{ "SANDBOX_CPUS", "0.1234", "a number" },
	{ "SANDBOX_CPUS", "1e2", "a number" },
	{ "SANDBOX_TTL", "2", "a duration such as" },
	{ "SANDBOX_TTL", "2w", "a duration" },
	{ "SANDBOX_TTL", "h", "a duration" },
	{ "SANDBOX_TTL", "10ms", "from 1s to 30d" },
	{ "SANDBOX_NETWORK", "host", "one of auto,none,internet" },
	{ "SANDBOX_IMAGES", "python", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "python=", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "=x", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "Python=x", "a-z, 0-9 and -" },
	{ "SANDBOX_IMAGES", "py_thon=x", "a-z, 0-9 and -" },
	{ "SANDBOX_IMAGES", "-py=x", "a-z, 0-9 and -" },
	{ "SANDBOX_IMAGES", "py=x y", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "py=--all", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "py=x,", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "py=x,web=y,py=z", "NAME=IMAGE,…" },
	{ "SANDBOX_IMAGES", "a23456789012345678901234567890123=x", "NAME=IMAGE,…" },
	{ "IMAGE_STORE", "build/images", "the path of a directory" },
	{ "IMAGE_STORE", "/a\"b", "the path of a directory" },
	{ "NETWORK_ALLOW", "10.1.2.3:0", "ADDRESS[/BITS][:PORT]" },
	{ "NETWORK_ALLOW", "10.1.2.3:65536", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3:", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3:80:80", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3/8", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.0.0.0/7", "no wider than /8" },
	{ "NETWORK_ALLOW", "0.0.0.0/0", "no wider than /8" },
	{ "NETWORK_ALLOW", "10.1.2.3/33", "ADDRESS" },
	{ "NETWORK_ALLOW", "127.0.0.1:80", "ADDRESS" },
	{ "NETWORK_ALLOW", "224.0.0.0/8", "ADDRESS" },
	{ "NETWORK_ALLOW", "[fd00::1]:80", "containers have no other" },
	{ "NETWORK_ALLOW", "index.example.org:80", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3,", "ADDRESS" },
	{ "NETWORK_ALLOW", ",10.1.2.3", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3, 10.1.2.4", "ADDRESS" },
	{ "NETWORK_ALLOW", "10.1.2.3 accept", "ADDRESS" },
	{ "COMMAND_WAIT", "46s", "from 0ms to 45s" },
	{ "WEB_ALLOWED_DOMAINS", "example.org,", "DOMAIN" },
	{ "WEB_ALLOWED_DOMAINS", "*,example.org", "DOMAIN" },
	{ "WEB_ALLOWED_DOMAINS", "https://example.org", "DOMAIN" },
	{ "WEB_ALLOWED_DOMAINS", "*.", "DOMAIN" },
	{ "WEB_TIMEOUT_DEFAULT", "41s", "from 1s to 40s" },
	{ "WEB_SEARCH", "google", "one of none,searxng,brave,duckduckgo" },
	{ "SEARXNG_URL", "search.example.org", "a URL" },
	{ "SANDPOD_TOOLS", "containers,wbe", "one or more of containers,commands,code,files" },
	{ "SANDPOD_TOOLS", "containers,", "one or more of" },
	{ "SANDPOD_TOOLS", ",", "one or more of" },
	{ "AUTH", "None", "one of auto,none,key" },
	{ "AUTH", "auto,none", "one of" },
	{ "ALLOW_UNENFORCED", "memory, pids", "one or more of memory,swap,cpu,pids" },
	{ "ALLOW_UNENFORCED", "memory,,pids", "one or more of" },
	{ "ALLOW_UNENFORCED", "memroy", "one or more of" },
	{ "ALLOW_UNENFORCED", "memory,", "one or more of" },
	{ "LOG_LEVEL", "verbose", "one of debug,info,warn,error" },
	{ "LOG_FORMAT", "xml", "one of text,json" },
};

static void a_bad_value_gives_a_sentence_that_names_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_str start = mem_format("%s is \"", bad[i].name);
		struct config config = { .port = 77 };
		struct error err = { .kind = ERROR_NONE };

		clearenv();
		setenv("DATA_DIR", "/x", 1);
		setenv(bad[i].name, bad[i].value, 1);
		if (config_read(&config, &err))
			fail_msg("%s=%s was accepted", bad[i].name, bad[i].value);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_memory_equal(err.text, start, strlen(start));
		if (!strstr(err.text, bad[i].sentence))
			fail_msg("%s", err.text);
		assert_int_equal(config.port, 77);
		assert_null(config.host);
	}
}

static void further_images_are_read_one_by_one(void **state)
{
	struct config_image image;
	const char *list;
	struct config c;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("SANDBOX_IMAGES", "python=/srv/p.tar,web-2=registry.example/web@sha256:00=", 1);
	c = read_fine();
	list = c.sandbox_images;
	assert_true(config_image_next(&list, &image));
	assert_string_equal(image.name, "python");
	assert_string_equal(image.reference, "/srv/p.tar");
	assert_true(config_image_next(&list, &image));
	assert_string_equal(image.name, "web-2");
	assert_string_equal(image.reference, "registry.example/web@sha256:00=");
	assert_false(config_image_next(&list, &image));
	config_release(&c);
	list = NULL;
	assert_false(config_image_next(&list, &image));
}

static void images_that_contradict_other_settings_are_refused(void **state)
{
	struct config config;
	struct error err;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("SANDBOX_IMAGE", "python", 1);
	setenv("SANDBOX_IMAGES", "web=x,python=y", 1);
	assert_false(config_read(&config, &err));
	assert_non_null(strstr(err.text, "SANDBOX_IMAGES names python"));
	setenv("SANDBOX_IMAGES", "web=x", 1);
	setenv("IMAGE_STORE", "/srv/images", 1);
	config = read_fine();
	assert_string_equal(config.image_store, "/srv/images");
	config_release(&config);
	setenv("PODMAN_SOCKET", "/run/podman.sock", 1);
	assert_false(config_read(&config, &err));
	assert_non_null(strstr(err.text, "IMAGE_STORE"));
}

static void what_may_be_reached_is_read_one_by_one_in_one_form(void **state)
{
	static const struct config_reach wanted[] = { { "10.1.2.3/32", 8080 },
						      { "192.168.7.0/24", 0 },
						      { "172.16.0.0/12", 443 } };
	struct config_reach reach;
	const char *list;
	struct config c;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("NETWORK_ALLOW", "10.1.2.3:8080,192.168.7.0/24,172.16.0.0/12:443", 1);
	c = read_fine();
	list = c.network_allow;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(config_reach_next(&list, &reach));
		assert_string_equal(reach.network, wanted[i].network);
		assert_int_equal(reach.port, wanted[i].port);
	}
	assert_false(config_reach_next(&list, &reach));
	config_release(&c);
	list = NULL;
	assert_false(config_reach_next(&list, &reach));
}

static void a_list_of_what_may_be_reached_has_an_end(void **state)
{
	auto_buf list = BUF_INIT(4096);
	struct config config;
	struct error err;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	for (int i = 0; i < CONFIG_REACH_MAX; i++)
		assert_true(buf_addf(&list, "%s10.0.0.%d", i ? "," : "", i));
	setenv("NETWORK_ALLOW", buf_text(&list), 1);
	config = read_fine();
	config_release(&config);
	assert_true(buf_add_text(&list, ",10.0.1.1"));
	setenv("NETWORK_ALLOW", buf_text(&list), 1);
	assert_false(config_read(&config, &err));
}

static void what_may_hold_a_password_is_never_shown(void **state)
{
	static const char *const names[] = { "PIP_INDEX", "NPM_REGISTRY", "APK_MIRROR",
					     "APT_MIRROR" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct config config;
		struct error err;

		clearenv();
		setenv("DATA_DIR", "/x", 1);
		setenv(names[i], "ftp://user:secret@host/", 1);
		assert_false(config_read(&config, &err));
		assert_non_null(strstr(err.text, names[i]));
		assert_non_null(strstr(err.text, "a URL"));
		assert_null(strstr(err.text, "secret"));
	}
}

static void a_package_index_is_a_url_or_a_source_line(void **state)
{
	struct config config;
	struct error err;

	(void)state;
	clearenv();
	setenv("DATA_DIR", "/x", 1);
	setenv("PIP_INDEX", "https://user:word@index.example:8443/simple/", 1);
	setenv("APT_MIRROR", "deb [trusted=yes] http://apt.example ./", 1);
	assert_true(config_read(&config, &err));
	assert_string_equal(config.pip_index, "https://user:word@index.example:8443/simple/");
	assert_string_equal(config.apt_mirror, "deb [trusted=yes] http://apt.example ./");
	assert_null(config.npm_registry);
	config_release(&config);
}

static void names_of_other_servers_are_read_where_ours_are_not_set(void **state)
{
	struct config c;
	struct error err;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("MCP_PORT", "8000", 1);
	setenv("MCP_HOST", "0.0.0.0", 1);
	setenv("LOG_LEVEL", "CRITICAL", 1);
	c = read_fine();
	assert_int_equal(c.port, 8000);
	assert_string_equal(c.host, "0.0.0.0");
	assert_int_equal(c.log_level, LOG_ERROR);
	config_release(&c);
	setenv("PORT", "3001", 1);
	setenv("LOG_LEVEL", "WARNING", 1);
	c = read_fine();
	assert_int_equal(c.port, 3001);
	assert_int_equal(c.log_level, LOG_WARN);
	config_release(&c);
	setenv("MCP_HOST", "here", 1);
	assert_false(config_read(&c, &err));
	assert_non_null(strstr(err.text, "MCP_HOST is \"here\""));
}

static void a_drop_in_set_has_the_defaults_of_its_original(void **state)
{
	struct config c;

	(void)state;
	setenv("DATA_DIR", "/x", 1);
	setenv("SANDPOD_TOOLS", "compat-container-mcp,compat-code-sandbox", 1);
	setenv("WEB_TIMEOUT_DEFAULT", "20", 1);
	c = read_fine();
	assert_null(c.bash_allowed_commands);
	assert_int_equal(c.bash_timeout_default_ms, 30000);
	assert_int_equal(c.bash_timeout_max_ms, 120000);
	assert_int_equal(c.python_memory_limit_mb, 256);
	assert_int_equal(c.python_timeout_default_ms, 30000);
	assert_int_equal(c.python_timeout_max_ms, 120000);
	assert_int_equal(c.web_timeout_ms, 20000);
	assert_int_equal(c.file_max_size_mb, 10);
	assert_string_equal(c.file_allowed_extensions, "txt,md,csv,json,py");
	config_release(&c);
}

static void a_long_bad_value_is_cut(void **state)
{
	char value[4096];
	struct config config;
	struct error err;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	setenv("AUTH", value, 1);
	assert_false(config_read(&config, &err));
	assert_non_null(strstr(err.text, "it must be one of auto,none,key"));
}

static void lists_are_searched_by_whole_words(void **state)
{
	(void)state;
	assert_true(config_list_has("a,bc,d", "bc"));
	assert_true(config_list_has("a,bc,d", "d"));
	assert_false(config_list_has("a,bc,d", "b"));
	assert_false(config_list_has("a,bc,d", "c,d"));
	assert_false(config_list_has("", "a"));
	assert_false(config_list_has(NULL, "a"));
}

static void the_help_names_every_setting_with_its_default(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	config_print_help(out);
	fclose(out);
	assert_non_null(strstr(text, "SANDBOX_MEMORY"));
	assert_non_null(strstr(text, "default: 256m"));
	assert_non_null(strstr(text, "LOG_FORMAT"));
	assert_null(strstr(text, "(null)"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, "  ", 2) == 0 && (line[25] != ' ' || line[26] == ' '))
			fail_msg("not in its column: %.60s", line);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_variables_there_are_the_defaults),
		TEST(an_empty_variable_counts_as_not_set),
		TEST(the_web_tools_are_offered_where_their_image_is),
		TEST(what_the_web_tools_need_is_missed_at_the_start),
		TEST(a_bad_key_is_not_shown),
		TEST(every_kind_of_value_is_read),
		TEST(the_public_domain_of_the_host_is_the_base_url_unless_one_is_set),
		TEST(a_relative_data_directory_becomes_absolute),
		TEST(a_bad_value_gives_a_sentence_that_names_it),
		TEST(further_images_are_read_one_by_one),
		TEST(images_that_contradict_other_settings_are_refused),
		TEST(what_may_be_reached_is_read_one_by_one_in_one_form),
		TEST(a_list_of_what_may_be_reached_has_an_end),
		TEST(what_may_hold_a_password_is_never_shown),
		TEST(a_package_index_is_a_url_or_a_source_line),
		TEST(names_of_other_servers_are_read_where_ours_are_not_set),
		TEST(a_drop_in_set_has_the_defaults_of_its_original),
		TEST(a_long_bad_value_is_cut),
		TEST(lists_are_searched_by_whole_words),
		TEST(the_help_names_every_setting_with_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
