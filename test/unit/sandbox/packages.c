/* What may be asked for, what the end of an install's output becomes, and an install in a real
 * container whose package manager is played by a script. */
#include "house.h"
#include "packages.h"

/* --- names --------------------------------------------------------------------------------- */

static const struct {
	const char *manager, *text, *name; /* NULL: refused */
} names[] = {
	{ "pip", "requests", "requests" },
	{ "pip", "Zope.Interface==6.0", "zope-interface" },
	{ "pip", "ruamel__yaml", "ruamel-yaml" },
	{ "pip", "requests[socks, use_chardet_on_py3]>=2.8.1, == 2.8.*", "requests" },
	{ "pip", "tool @ https://example.org/tool-1.zip", "tool" },
	{ "pip", "/workspace/tool-1.0-py3-none-any.whl", "" },
	{ "pip", "./tool", "" },
	{ "pip", "https://example.org/tool-1.zip", "" },
	{ "pip", "git+https://example.org/tool.git@main", "" },
	{ "pip", "-r requirements.txt", NULL },
	{ "pip", "--index-url=http://evil", NULL },
	{ "pip", "-e.", NULL },
	{ "pip", "requests; python_version<'3'", NULL },
	{ "pip", "requests urllib3", NULL },
	{ "pip", "requests\nurllib3", NULL },
	{ "pip", "req\tuests", NULL },
	{ "pip", "file:///etc/passwd", NULL },
	{ "pip", "$(id)", NULL },
	{ "pip", "", NULL },
	{ "pip", "caf\xc3\xa9", NULL },
	{ "npm", "lodash", "lodash" },
	{ "npm", "lodash@^4.17.0", "lodash" },
	{ "npm", "@types/node@20", "@types/node" },
	{ "npm", "@types/node", "@types/node" },
	{ "npm", "./left.tgz", "" },
	{ "npm", "--registry=http://evil", NULL },
	{ "npm", "@types", NULL },
	{ "npm", "a b", NULL },
	{ "npm", ".hidden", NULL },
	{ "apk", "curl", "curl" },
	{ "apk", "curl=8.5.0-r0", "curl" },
	{ "apk", "python3>=3.12", "python3" },
	{ "apk", "so:libcurl.so.4", "so:libcurl.so.4" },
	{ "apk", "curl@edge", "curl" },
	{ "apk", "!curl", NULL },
	{ "apk", "-U", NULL },
	{ "apt", "g++", "g++" },
	{ "apt", "curl=7.88.1-10+deb12u5", "curl" },
	{ "apt", "libc6:amd64", "libc6" },
	{ "apt", "curl/bookworm", "curl" },
	{ "apt", "./tool_1.0_all.deb", "" },
	{ "apt", "curl-", NULL },
	{ "apt", "*", NULL },
	{ "apt", "-o=Dir::Etc=/x", NULL },
	{ "apt", "Curl", NULL },
};

static void each_manager_gets_only_what_it_takes_for_one_package(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		auto_str name = NULL;
		bool local = false;
		struct error err;
		bool taken = package_name(names[i].manager, names[i].text, &name, &local, &err);

		if (taken != (names[i].name != NULL))
			fail_msg("%s: \"%s\"", names[i].manager, names[i].text);
		if (!taken) {
			assert_int_equal(err.kind, ERROR_INVALID);
			continue;
		}
		assert_string_equal(name, names[i].name);
		assert_int_equal(local, names[i].text[0] == '/' || names[i].text[0] == '.');
	}
}

static void a_name_of_any_length_is_answered(void **state)
{
	char *text = mem_zeroed(1, 100001);
	auto_str name = NULL;
	struct error err;
	bool local;

	(void)state;
	memset(text, 'a', 100000);
	for (const char *const *manager = package_managers; *manager; manager++)
		assert_false(package_name(*manager, text, &name, &local, &err));
	free(text);
}

/* --- the report ---------------------------------------------------------------------------- */

#define MARK "report-abcdefghijklmnopqrstuvwxyz"

static void parse(const char *text, struct package_report *report)
{
	package_report_parse(mem_strdup(text), MARK, report);
}

static void a_report_becomes_rows(void **state)
{
	auto_package_report report = { 0 };

	(void)state;
	parse("noise\ninstalled\tevil\t1\n\n" MARK "\nmanager\tpip\ninstalled\trequests\t2.31.0\n"
	      "installed\turllib3\t2.0\nfailed\tnosuch\tNo matching\tdistribution\n",
	      &report);
	assert_string_equal(report.manager, "pip");
	assert_null(report.here);
	assert_int_equal(report.installed_count, 2);
	assert_string_equal(report.installed[0].name, "requests");
	assert_string_equal(report.installed[0].text, "2.31.0");
	assert_string_equal(report.installed[1].name, "urllib3");
	assert_int_equal(report.failed_count, 1);
	assert_string_equal(report.failed[0].name, "nosuch");
	assert_string_equal(report.failed[0].text, "No matching");
}

static void what_is_no_report_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"manager\tpip\n",
		MARK,
		"x" MARK "\nmanager\tpip\n",
		"\n" MARK,
		"\n" MARK "\n",
		"\n" MARK "\n\t\t\t\n\n\ninstalled\nfailed\t\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		auto_package_report report = { 0 };

		parse(texts[i], &report);
		assert_null(report.manager);
		assert_int_equal(report.installed_count, 0);
		assert_int_equal(report.failed_count, 0);
	}
}

static void a_flood_of_rows_is_cut(void **state)
{
	auto_buf text = BUF_INIT(1 << 20);
	auto_package_report report = { 0 };

	(void)state;
	buf_add_text(&text, "\n" MARK "\n");
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "installed\tp%d\t1\n", i);
	parse(buf_text(&text), &report);
	assert_int_equal(report.installed_count, 1000);
}

static void only_an_installs_command_line_has_a_mark(void **state)
{
	char id[ID_SIZE];
	auto_str line = NULL;
	auto_str mark = NULL;
	auto_str none = NULL;

	(void)state;
	id_new("report-", id);
	line = package_command(id);
	assert_true(package_mark(line, &mark));
	assert_string_equal(mark, id);
	assert_false(package_mark("ls", &none));
	assert_false(package_mark(": x; eval \"$SANDPOD_INSTALL\"", &none));
	assert_false(package_mark("", &none));
}

static void what_was_said_ends_before_the_report(void **state)
{
	char *command = package_command(MARK);
	struct command_row row = { .command = command };
	struct command_view view = { .row = &row };

	(void)state;
	assert_int_equal(package_said_len(&view, "a\nreport-b\n\n" MARK "\nmanager\tpip\n"), 11);
	assert_int_equal(package_said_len(&view, "a\n"), 2);
	row.command = "ls";
	assert_int_equal(package_said_len(&view, "\n" MARK "\n"), (int)strlen(MARK) + 2);
	free(command);
}

/* --- in a container ------------------------------------------------------------------------ */

/* How the last command ended. */
static struct ended {
	char state[STORE_STATE_SIZE];
	int64_t exit_code;
	char out[8192];
} ended;

static void on_command(void *ctx, const struct command_view *view, const struct error *err)
{
	struct house *house = ctx;
	auto_buf out = BUF_INIT(sizeof(ended.out) - 1);
	struct error own;

	if (err)
		fail_msg("%s", err->text);
	memcpy(ended.state, view->row->state, sizeof(ended.state));
	ended.exit_code = view->row->exit_code;
	if (!command_output(view, COMMAND_STDOUT, 0, view->row->stdout_bytes, &out, &own))
		fail_msg("%s", own.text);
	snprintf(ended.out, sizeof(ended.out), "%s", buf_text(&out));
	house->done++;
}

static void run_command(struct house *house, const char *line)
{
	const struct command_request request = {
		.owner = "me",
		.container_id = house->id,
		.command = line,
		.wait_ms = 30 * SECONDS,
	};
	struct error err;

	if (!command_start(house->all, &request, on_command, house, &err))
		fail_msg("%s", err.text);
	wait_done(house);
	assert_string_equal(ended.state, "exited");
}

/* Plays apk: what begins with "no" does not exist, everything else brings a library along. */
static const char fake_apk[] =
	"mkdir -p /usr/bin && cat >/usr/bin/apk <<'END'\n"
	"#!/bin/sh\n"
	"if [ \"$1\" = info ]; then cat /tmp/world; exit 0; fi\n"
	"shift; echo \"apk add $*\" >>/tmp/asked; env >>/tmp/asked\n"
	"while [ \"${1#-}\" != \"$1\" ]; do\n"
	"  [ \"$1\" = --repositories-file ] && { shift; cat \"$1\" >>/tmp/asked; }; shift; done\n"
	"for a; do case $a in\n"
	"no*) printf 'ERROR: unable to select packages:\\n  %s (no such package):\\n' \"$a\"\n"
	"  echo \"    required by: world[$a]\"; exit 1;; esac; done\n"
	"for a; do printf '%s-1.2.3-r0\\nlib%s-0.1-r1\\n' \"$a\" \"$a\" >>/tmp/world; done\n"
	"echo OK\n"
	"END\n"
	"chmod +x /usr/bin/apk; : >/tmp/world; : >/tmp/asked";

static void play_apk(struct house *house)
{
	create_default(house);
	run_command(house, fake_apk);
	assert_int_equal(ended.exit_code, 0);
}

/* What an install came to. */
static struct package_report report;

static void on_installed(void *ctx, const struct command_view *view, const struct error *err)
{
	struct error own;

	package_report_release(&report);
	if (!err && !package_report(view, &report, &own))
		fail_msg("%s", own.text);
	on_command(ctx, view, err);
}

static bool install(struct house *house, const char *manager, const char *const *packages,
		    struct error *err)
{
	const struct package_request request = {
		.owner = "me",
		.container_id = house->id,
		.manager = manager,
		.packages = packages,
		.wait_ms = 30 * SECONDS,
	};

	if (!package_install(house->all, &request, on_installed, house, err))
		return false;
	wait_done(house);
	return true;
}

static void allow_network(struct house *house)
{
	struct sandbox *sb = registry_find(house->all, "me", house->id);

	free(sb->row.network);
	sb->row.network = mem_strdup("internet");
}

static void one_that_fails_does_not_keep_the_others_out(void **state)
{
	static const char *const packages[] = { "curl", "nosuch", "jq", NULL };
	struct house *house = *state;
	struct error err;

	play_apk(house);
	allow_network(house);
	assert_true(install(house, "apk", packages, &err));
	assert_string_equal(report.manager, "apk");
	assert_int_equal(report.installed_count, 4);
	assert_string_equal(report.installed[0].name, "curl");
	assert_string_equal(report.installed[0].text, "1.2.3-r0");
	assert_string_equal(report.installed[1].name, "jq");
	assert_string_equal(report.installed[2].name, "libcurl");
	assert_int_equal(report.failed_count, 1);
	assert_string_equal(report.failed[0].name, "nosuch");
	assert_string_equal(report.failed[0].text, "nosuch (no such package)");
	assert_int_equal(ended.exit_code, 1);
}

static void what_is_there_already_is_told_with_its_version(void **state)
{
	static const char *const packages[] = { "curl>1", NULL };
	struct house *house = *state;
	struct sandbox *sb;
	struct error err;

	play_apk(house);
	allow_network(house);
	run_command(house, "echo curl-7.0-r2 >/tmp/world; "
			   "sed -i 's/^for a; do printf.*/exit 0/' /usr/bin/apk");
	sb = registry_find(house->all, "me", house->id);
	snprintf(sb->hello.runtimes, sizeof(sb->hello.runtimes), "sh apk apt-get");
	assert_true(install(house, NULL, packages, &err));
	assert_int_equal(report.installed_count, 1);
	assert_string_equal(report.installed[0].name, "curl");
	assert_string_equal(report.installed[0].text, "7.0-r2");
	assert_int_equal(ended.exit_code, 0);
}

static void the_mirror_reaches_the_manager_and_nothing_else_does(void **state)
{
	static const char *const packages[] = { "curl", NULL };
	struct house *house = *state;
	struct error err;

	play_apk(house);
	allow_network(house);
	house->all->settings.apk_mirror = "http://user:word@mirror.example/alpine";
	house->all->settings.pip_index = "http://pip.example/simple";
	assert_true(install(house, "apk", packages, &err));
	run_command(house, "cat /tmp/asked");
	assert_non_null(strstr(ended.out, "http://user:word@mirror.example/alpine/"));
	assert_null(strstr(ended.out, "pip.example"));
	assert_null(strstr(ended.out, "SANDPOD_"));
	run_command(house, "env; cat /tmp/world; ls /tmp");
	assert_null(strstr(ended.out, "user:word"));
}

static void without_a_network_it_says_which_setting_allows_it(void **state)
{
	static const char *const packages[] = { "curl", NULL };
	struct house *house = *state;
	struct error err;

	play_apk(house);
	assert_false(install(house, "apk", packages, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "has no network"));
	assert_non_null(strstr(err.next, "SANDBOX_NETWORK=internet"));
	house->all->settings.network = "internet";
	assert_false(install(house, "apk", packages, &err));
	assert_non_null(strstr(err.next, "create_container(network=\"internet\")"));
	house->all->settings.network = "none";
}

static void files_of_the_container_need_no_network(void **state)
{
	static const char *const packages[] = { "./one.apk", "/tmp/two.apk", NULL };
	struct house *house = *state;
	struct error err;

	play_apk(house);
	assert_true(install(house, "apk", packages, &err));
	assert_string_equal(report.manager, "apk");
}

static void a_manager_that_is_not_there_names_those_that_are(void **state)
{
	static const char *const packages[] = { "requests", NULL };
	struct house *house = *state;
	struct error err;

	play_apk(house);
	allow_network(house);
	assert_true(install(house, "pip", packages, &err));
	assert_string_equal(report.manager, "pip");
	assert_string_equal(report.here, "apk");
	assert_int_equal(report.installed_count, 0);
}

static void an_image_without_any_manager_is_told_at_once(void **state)
{
	static const char *const packages[] = { "requests", NULL };
	struct house *house = *state;
	struct sandbox *sb;
	struct error err;

	create_default(house);
	sb = registry_find(house->all, "me", house->id);
	snprintf(sb->hello.runtimes, sizeof(sb->hello.runtimes), "sh pip3x apk-tools");
	assert_false(install(house, NULL, packages, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.text, "has none of pip, npm, apk and apt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_manager_gets_only_what_it_takes_for_one_package),
		cmocka_unit_test(a_name_of_any_length_is_answered),
		cmocka_unit_test(a_report_becomes_rows),
		cmocka_unit_test(what_is_no_report_is_none),
		cmocka_unit_test(a_flood_of_rows_is_cut),
		cmocka_unit_test(only_an_installs_command_line_has_a_mark),
		cmocka_unit_test(what_was_said_ends_before_the_report),
		LIFE(one_that_fails_does_not_keep_the_others_out),
		LIFE(what_is_there_already_is_told_with_its_version),
		LIFE(the_mirror_reaches_the_manager_and_nothing_else_does),
		LIFE(without_a_network_it_says_which_setting_allows_it),
		LIFE(files_of_the_container_need_no_network),
		LIFE(a_manager_that_is_not_there_names_those_that_are),
		LIFE(an_image_without_any_manager_is_told_at_once),
	};

	int failed = cmocka_run_group_tests(tests, group_open, group_close);

	package_report_release(&report);
	return failed;
}
