/* The whole server over a Podman that misbehaves: every answer comes, is an error that says so,
 * nothing half-made stays, and what runs goes on. */
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

static bool is_retryable(const struct json *result)
{
	return json_get_bool(json_get(result, "structuredContent"), "retryable", false);
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
	const char *says; /* a part of the message */
	bool for_good;    /* the same call will not help */
} creations[] = {
	{ .name = "create 500",
	  .rule = { "POST", "/containers/create", FAKE_FINE, 500,
		    "{\"cause\":\"secret /var/lib/path\",\"message\":\"boom\",\"response\":500}",
		    0 },
	  .says = "boom" },
	{ .name = "create 404",
	  .rule = { "POST", "/containers/create", FAKE_FINE, 404,
		    "{\"cause\":\"no such image\",\"message\":\"no such image\"}", 0 },
	  .says = "the image fake is not on this server",
	  .for_good = true },
	{ .name = "create 409",
	  .rule = { "POST", "/containers/create", FAKE_FINE, 409, "{}", 0 },
	  .says = "status 409" },
	{ .name = "create garbage",
	  .rule = { "POST", "/containers/create", FAKE_GARBAGE, 0, NULL, 0 },
	  .says = "makes no sense" },
	{ .name = "create cut in half",
	  .rule = { "POST", "/containers/create", FAKE_HALF, 201,
		    "{\"Id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"Warnings\":[]}", 0 },
	  .says = "in the middle" },
	{ .name = "create hangs up",
	  .rule = { "POST", "/containers/create", FAKE_HANGUP, 0, NULL, 0 },
	  .says = "in the middle" },
	{ .name = "create without end",
	  .rule = { "POST", "/containers/create", FAKE_HUGE, 0, NULL, 0 },
	  .says = "longer than 8 MiB" },
	{ .name = "create with a warning",
	  .rule = { "POST", "/containers/create", FAKE_FINE, 201,
		    "{\"Id\":\"bb\",\"Warnings\":[\"memory limit ignored\"]}", 0 },
	  .says = "memory limit ignored" },
	{ .name = "start 500",
	  .rule = { "POST", "/start", FAKE_FINE, 500, "{\"cause\":\"x\"}", 0 },
	  .says = "could not start the container: x" },
	{ .name = "start 404",
	  .rule = { "POST", "/start", FAKE_FINE, 404, "{\"cause\":\"x\"}", 0 },
	  .says = "could not start the container: x" },
	{ .name = "start hangs up",
	  .rule = { "POST", "/start", FAKE_HANGUP, 0, NULL, 0 },
	  .says = "request to start the container in the middle" },
	{ .name = "exec 409",
	  .rule = { "POST", "/exec", FAKE_FINE, 409, "{\"cause\":\"not running\"}", 0 },
	  .says = "the new container ended by itself" },
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
		assert_true(is_error(made));
		assert_string_equal(code_of(made), "unavailable");
		assert_int_equal(is_retryable(made), !creations[i].for_good);
		text = json_print(made);
		if (!strstr(text, creations[i].says))
			fail_msg("\"%s\" is not in %s", creations[i].says, text);
		assert_null(strstr(text, "/var/lib"));
		assert_true(fake_podman_wait_empty(rig->fake));
	}
}

static void an_answer_that_is_slow_or_senseless_does_no_harm_where_it_says_nothing(void **state)
{
	static const struct fake_rule rules[] = {
		{ "POST", "/start", FAKE_SLOW, 204, "", 0 },
		{ "POST", "/start", FAKE_GARBAGE, 0, NULL, 0 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		auto_json made = NULL;

		fake_podman_rule(rig->fake, &rules[i]);
		made = server_tool(rig->server, "create_container", "{}");
		assert_false(is_error(made));
	}
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
	assert_true(is_retryable(made));
	/* Rule 4 of the tool contract: clients give up at about 60 s. */
	assert_true(end.tv_sec - start.tv_sec <= 45);
	fake_podman_rule(rig->fake, NULL);
}

static void a_removal_that_fails_is_tried_until_it_works(void **state)
{
	struct rig *rig = *state;
	const struct fake_rule rule = { "DELETE", "/containers/",         FAKE_FINE,
					500,      "{\"cause\":\"busy\"}", 2 };
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

static void one_that_dies_while_it_is_removed_is_removed_at_once(void **state)
{
	struct rig *rig = *state;
	const struct fake_rule rule = {
		"DELETE",
		"/containers/",
		FAKE_FINE,
		500,
		"{\"message\":\"cannot remove it as it could not be stopped: container state "
		"improper: stopped\"}",
		1,
	};
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
	assert_int_equal(fake_podman_count(rig->fake, "DELETE", "/containers/"), 2);
	/* As a second try would have begun. */
	assert_int_equal(fake_podman_count(rig->fake, "POST", "/kill"), 0);
}

static void assert_probes(struct rig *rig, long wanted, const char *image)
{
	auto_str health = NULL;
	auto_str ready = NULL;
	auto_json body = NULL;
	struct error err;

	assert_int_equal(server_get(rig->server, "/health", &health), 200);
	assert_int_equal(server_get(rig->server, "/ready", &ready), wanted);
	body = json_parse(ready, strlen(ready), &err);
	assert_string_equal(json_get_text(json_get(body, "checks"), "image"), image);
	assert_string_equal(json_get_text(json_get(body, "checks"), "database"), "ok");
}

static void the_probes_tell_alive_from_able(void **state)
{
	static const struct fake_rule faults[] = {
		{ "GET", "/images/", FAKE_FINE, 404, "{\"cause\":\"no such image\"}", 0 },
		{ "GET", "/images/", FAKE_FINE, 500, "{\"cause\":\"x\"}", 0 },
		{ "GET", "/images/", FAKE_HANGUP, 0, NULL, 0 },
	};
	struct rig *rig = *state;

	assert_probes(rig, 200, "ok");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		fake_podman_rule(rig->fake, &faults[i]);
		assert_probes(rig, 503, "unavailable");
	}
	fake_podman_rule(rig->fake, NULL);
	assert_probes(rig, 200, "ok");
}

static void without_podman_it_lives_on_and_says_what_is_missing(void **state)
{
	struct rig *rig = *state;
	auto_json made = NULL;

	fake_podman_die(rig->fake);
	assert_probes(rig, 503, "unavailable");
	made = server_tool(rig->server, "create_container", "{}");
	assert_string_equal(code_of(made), "unavailable");
	assert_true(is_retryable(made));
	assert_probes(rig, 503, "unavailable");
}

/* --- faults while a command runs ----------------------------------------------------------- */

static struct json *call(struct rig *rig, const char *tool, const char *id_name, const char *id,
			 const char *more)
{
	auto_str args = mem_format("{\"%s\":\"%s\"%s}", id_name, id, more);

	return server_tool(rig->server, tool, args);
}

static char *text_of(struct json *result, const char *name)
{
	const char *text = json_get_text(json_get(result, "structuredContent"), name);

	if (!text)
		fail_msg("no %s", name);
	return mem_strdup(text);
}

/* Starts a command that runs until a new link comes; the ids are the caller's. */
static void begin(struct rig *rig, const char *command, char **ret_container, char **ret_command)
{
	auto_json made = server_tool(rig->server, "create_container", "{}");
	auto_str container = text_of(made, "container_id");
	auto_str more = mem_format(",\"command\":\"%s\",\"wait_seconds\":0", command);
	auto_json begun = call(rig, "execute_command", "container_id", container, more);

	assert_false(is_error(begun));
	*ret_command = text_of(begun, "command_id");
	*ret_container = take(container);
}

static void assert_whole(struct rig *rig, const char *command)
{
	auto_json view = call(rig, "check_command", "command_id", command, ",\"wait_seconds\":30");
	auto_str state = text_of(view, "state");
	auto_str printed = text_of(view, "stdout");

	assert_string_equal(state, "exited");
	assert_string_equal(printed, "before\nafter\n");
}

static void a_link_that_is_cut_under_a_command_costs_it_nothing(void **state)
{
	struct rig *rig = *state;
	auto_str container = NULL;
	auto_str command = NULL;
	auto_json running = NULL;
	auto_str how = NULL;

	begin(rig, "hold", &container, &command);
	running = call(rig, "check_command", "command_id", command, ",\"wait_seconds\":0");
	how = text_of(running, "state");
	assert_string_equal(how, "running");
	fake_podman_cut_links(rig->fake);
	assert_whole(rig, command);
}

static void a_link_that_breaks_again_and_again_comes_back(void **state)
{
	static const struct fake_rule faults[] = {
		{ "POST", "/exec", FAKE_FINE, 500, "{\"cause\":\"x\"}", 2 },
		{ "POST", "/exec", FAKE_HANGUP, 0, NULL, 2 },
		{ "POST", "/exec/", FAKE_GARBAGE, 0, NULL, 2 },
		{ "POST", "/exec/", FAKE_HALF, 101, "{\"half\":\"of an answer\"}", 2 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		auto_str container = NULL;
		auto_str command = NULL;

		begin(rig, "hold", &container, &command);
		fake_podman_rule(rig->fake, &faults[i]);
		fake_podman_cut_links(rig->fake);
		assert_whole(rig, command);
		fake_podman_rule(rig->fake, NULL);
	}
}

static void bytes_that_are_no_frame_end_the_link_and_not_the_command(void **state)
{
	struct rig *rig = *state;
	auto_str container = NULL;
	auto_str command = NULL;

	begin(rig, "babble", &container, &command);
	assert_whole(rig, command);
}

static void a_container_removed_behind_our_back_is_gone_with_its_commands(void **state)
{
	struct rig *rig = *state;
	auto_str container = NULL;
	auto_str command = NULL;
	auto_json view = NULL;
	auto_str how = NULL;
	auto_json after = NULL;

	begin(rig, "hold", &container, &command);
	fake_podman_lose_all(rig->fake);
	view = call(rig, "check_command", "command_id", command, ",\"wait_seconds\":30");
	how = text_of(view, "state");
	assert_string_equal(how, "lost");
	after = call(rig, "execute_command", "container_id", container, ",\"command\":\"true\"");
	assert_string_equal(code_of(after), "gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_container_is_made_and_runs_a_command, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_creation_that_fails_says_so_and_leaves_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_answer_that_is_slow_or_senseless_does_no_harm_where_it_says_nothing,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_silent_podman_gives_an_answer_in_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_dies_while_it_is_removed_is_removed_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_removal_that_fails_is_tried_until_it_works,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_probes_tell_alive_from_able, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_podman_it_lives_on_and_says_what_is_missing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_is_cut_under_a_command_costs_it_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_breaks_again_and_again_comes_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			bytes_that_are_no_frame_end_the_link_and_not_the_command, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_container_removed_behind_our_back_is_gone_with_its_commands, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
