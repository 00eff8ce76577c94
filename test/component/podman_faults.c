/* The whole server over a Podman that misbehaves: every answer comes, is an error that says so, and
 * nothing half-made stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "server.h"

struct rig {
	struct fake_podman *fake;
	struct server *server;
};

static int set_up(void **state)
{
	struct rig *rig = mem_new(struct rig);

	rig->fake = fake_podman_start();
	rig->server = server_start(rig->fake);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	server_stop(rig->server);
	fake_podman_stop(rig->fake);
	free(rig);
	return 0;
}

static const char *code_of(const struct json *result)
{
	const char *code = json_get_text(json_get(result, "structuredContent"), "code");

	return code ? code : "";
}

static bool is_error(const struct json *result)
{
	return json_get_bool(result, "isError", false);
}

static void a_container_is_made_and_runs_a_command(void **state)
{
	struct rig *rig = *state;
	auto_json made = server_tool(rig->server, "create_container", "{}");
	const char *id;
	auto_json done = NULL;
	auto_json gone = NULL;
	char args[256];

	assert_non_null(made);
	assert_false(is_error(made));
	id = json_get_text(json_get(made, "structuredContent"), "container_id");
	snprintf(args, sizeof(args), "{\"container_id\":\"%s\",\"command\":\"true\"}", id);
	done = server_tool(rig->server, "execute_command", args);
	assert_string_equal(json_get_text(json_get(done, "structuredContent"), "stdout"), "fake\n");
	snprintf(args, sizeof(args), "{\"container_id\":\"%s\"}", id);
	gone = server_tool(rig->server, "destroy_container", args);
	assert_false(is_error(gone));
	assert_true(fake_podman_wait_empty(rig->fake));
}

/* What each fault at each step of a creation must lead to. */
static const struct {
	const char *name;
	struct fake_rule rule;
	const char *code;
} creations[] = {
	{ "create 500",
	  { "POST", "/containers/create", FAKE_FINE, 500,
	    "{\"cause\":\"secret /var/lib/path\",\"message\":\"boom\",\"response\":500}", 0 },
	  "unavailable" },
	{ "create 404",
	  { "POST", "/containers/create", FAKE_FINE, 404,
	    "{\"cause\":\"no such image\",\"message\":\"no such image\",\"response\":404}", 0 },
	  "" },
	{ "create 409", { "POST", "/containers/create", FAKE_FINE, 409, "{}", 0 }, "" },
	{ "create garbage", { "POST", "/containers/create", FAKE_GARBAGE, 0, NULL, 0 }, "" },
	{ "create cut in half",
	  { "POST", "/containers/create", FAKE_HALF, 201,
	    "{\"Id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"Warnings\":[]}", 0 },
	  "" },
	{ "create hangs up",
	  { "POST", "/containers/create", FAKE_HANGUP, 0, NULL, 0 },
	  "unavailable" },
	{ "create without end", { "POST", "/containers/create", FAKE_HUGE, 0, NULL, 0 }, "" },
	{ "create with a warning",
	  { "POST", "/containers/create", FAKE_FINE, 201,
	    "{\"Id\":\"bb\",\"Warnings\":[\"memory limit ignored\"]}", 0 },
	  "unavailable" },
	{ "start 500",
	  { "POST", "/start", FAKE_FINE, 500, "{\"cause\":\"x\"}", 0 },
	  "unavailable" },
	{ "start 404", { "POST", "/start", FAKE_FINE, 404, "{\"cause\":\"x\"}", 0 }, "" },
	{ "start hangs up", { "POST", "/start", FAKE_HANGUP, 0, NULL, 0 }, "unavailable" },
	{ "start garbage", { "POST", "/start", FAKE_GARBAGE, 500, NULL, 0 }, "" },
	{ "exec 409", { "POST", "/exec", FAKE_FINE, 409, "{\"cause\":\"not running\"}", 0 }, "" },
};

static void a_creation_that_fails_says_so_and_leaves_nothing(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(creations) / sizeof(creations[0]); i++) {
		auto_json made = NULL;
		auto_str text = NULL;

		print_message("         %s\n", creations[i].name);
		fake_podman_rule(rig->fake, &creations[i].rule);
		made = server_tool(rig->server, "create_container", "{}");
		fake_podman_rule(rig->fake, NULL);
		assert_non_null(made);
		if (strcmp(creations[i].name, "start garbage") != 0)
			assert_true(is_error(made));
		if (*creations[i].code)
			assert_string_equal(code_of(made), creations[i].code);
		text = json_print(made);
		assert_null(strstr(text, "/var/lib"));
		if (is_error(made))
			assert_true(fake_podman_wait_empty(rig->fake));
	}
}

static void a_slow_podman_is_waited_for(void **state)
{
	struct rig *rig = *state;
	const struct fake_rule rule = { "POST", "/start", FAKE_SLOW, 204, "", 0 };
	auto_json made = NULL;

	fake_podman_rule(rig->fake, &rule);
	made = server_tool(rig->server, "create_container", "{}");
	assert_false(is_error(made));
}

static void a_silent_podman_gives_an_answer_in_time(void **state)
{
	struct rig *rig = *state;
	const struct fake_rule rule = { "POST", "/containers/create", FAKE_SILENT, 0, NULL, 0 };
	struct timespec start, end;
	auto_json made = NULL;

	fake_podman_rule(rig->fake, &rule);
	clock_gettime(CLOCK_MONOTONIC, &start);
	made = server_tool(rig->server, "create_container", "{}");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(is_error(made));
	assert_true(json_get_bool(json_get(made, "structuredContent"), "retryable", false));
	/* Rule 4 of the tool contract: clients give up at about 60 s. */
	assert_true(end.tv_sec - start.tv_sec <= 45);
	fake_podman_rule(rig->fake, NULL);
}

static void a_removal_that_fails_is_tried_until_it_works(void **state)
{
	struct rig *rig = *state;
	const struct fake_rule rule = { "DELETE", "/containers/",	  FAKE_FINE,
					500,	  "{\"cause\":\"busy\"}", 2 };
	auto_json made = server_tool(rig->server, "create_container", "{}");
	auto_json gone = NULL;
	char args[256];

	assert_false(is_error(made));
	fake_podman_rule(rig->fake, &rule);
	snprintf(args, sizeof(args), "{\"container_id\":\"%s\"}",
		 json_get_text(json_get(made, "structuredContent"), "container_id"));
	gone = server_tool(rig->server, "destroy_container", args);
	assert_false(is_error(gone));
	assert_true(fake_podman_wait_empty(rig->fake));
	assert_true(fake_podman_count(rig->fake, "DELETE", "/containers/") >= 3);
}

static void the_probes_tell_alive_from_able(void **state)
{
	struct rig *rig = *state;
	auto_str health = NULL;
	auto_str ready = NULL;

	assert_int_equal(server_get(rig->server, "/health", &health), 200);
	assert_int_equal(server_get(rig->server, "/ready", &ready), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_container_is_made_and_runs_a_command, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_creation_that_fails_says_so_and_leaves_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_podman_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_silent_podman_gives_an_answer_in_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_removal_that_fails_is_tried_until_it_works,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_probes_tell_alive_from_able, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
