/* The table of tools, and those of containers and files. */
#include "fakes.h"

/* --- the table --- */

static void check_input_schema(const struct tool *tool)
{
	struct error err;
	auto_json schema = json_parse(tool->input_schema, strlen(tool->input_schema), &err);
	const struct json *properties = json_get_object(schema, "properties");

	assert_non_null(schema);
	assert_string_equal(json_get_text(schema, "type"), "object");
	assert_non_null(properties);
	for (const struct json *p = json_first(properties); p; p = json_next(p))
		if (!json_get_text(p, "description"))
			fail_msg("%s: %s has no description", tool->name, json_key(p));
	for (const struct json *r = json_first(json_get(schema, "required")); r; r = json_next(r))
		assert_non_null(json_get(properties, json_text(r)));
}

static void every_tool_is_complete_and_in_order(void **state)
{
	static const char *const names[] = {
		"create_container",  "list_containers",  "check_container",
		"destroy_container", "execute_command",  "check_command",
		"send_input",        "kill_command",     "list_commands",
		"run_code",          "install_packages", "run_once",
		"read_file",         "write_file",       "edit_file",
		"list_files",        "move_file",        "delete_file",
		"get_file_url",      "get_upload_url",   NULL
	};
	const struct tool **tools = tools_select("containers,commands,code,files");

	(void)state;
	for (size_t i = 0; names[i]; i++) {
		assert_non_null(tools[i]);
		assert_string_equal(tools[i]->name, names[i]);
		assert_true(strlen(tools[i]->title) > 0);
		assert_memory_equal(tools[i]->description, "Use this", 8);
		check_input_schema(tools[i]);
		assert_string_equal(json_get_text(property(tools[i], NULL), "type"), "object");
		assert_non_null(property(tools[i], "code"));
		assert_non_null(property(tools[i], "warnings"));
	}
	assert_null(tools[sizeof(names) / sizeof(names[0]) - 1]);
	free(tools);
}

/* The property as tools/list shows it; NULL: it is not offered. */
static struct json *bound_property(const char *tool_name, const char *name)
{
	const struct tool *tool = find_tool(tool_name);
	struct error err;
	auto_json schema = json_parse(tool->input_schema, strlen(tool->input_schema), &err);
	struct json *copy = json_copy(json_get(json_get(schema, "properties"), name));

	assert_non_null(copy);
	if (tool->bind(&call->tools, name, copy))
		return copy;
	json_free(copy);
	return NULL;
}

static void assert_number(const struct json *number, double wanted)
{
	assert_int_equal(json_type(number), JSON_NUMBER);
	if (json_double(number) < wanted || json_double(number) > wanted)
		fail_msg("%g, not %g", json_double(number), wanted);
}

static void the_schemas_say_the_settings(void **state)
{
	static const struct {
		const char *tool, *name;
		double least, most, fallback; /* fallback below 0: none */
	} numbers[] = {
		{ "create_container", "memory_mb", 16, 256, 256 },
		{ "create_container", "cpus", 0.01, 0.5, 0.5 },
		{ "create_container", "pids", 8, 100, 100 },
		{ "create_container", "disk_mb", 1, 512, 512 },
		{ "create_container", "ttl_seconds", 1, 7200, 7200 },
		{ "check_container", "extend_seconds", 1, 7200, -1 },
		{ "execute_command", "wait_seconds", 0, 45, 3 },
		{ "execute_command", "kill_after_seconds", 0.1, 7200, 3600 },
		{ "execute_command", "max_output_bytes", 64, 1048576, 16384 },
		{ "check_command", "wait_seconds", 0, 45, 0 },
		{ "check_command", "max_output_bytes", 64, 1048576, 16384 },
		{ "get_file_url", "ttl_seconds", 1, 7200, -1 },
		{ "get_upload_url", "ttl_seconds", 1, 7200, -1 },
		{ "get_upload_url", "max_bytes", 1, 10000000000, 10000000000 },
	};

	(void)state;
	settings.disk = 512 << 20;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		auto_json p = bound_property(numbers[i].tool, numbers[i].name);
		const struct json *fallback = json_get(p, "default");

		assert_number(json_get(p, "minimum"), numbers[i].least);
		assert_number(json_get(p, "maximum"), numbers[i].most);
		assert_int_equal(fallback != NULL, numbers[i].fallback >= 0);
		if (fallback)
			assert_number(fallback, numbers[i].fallback);
	}
	settings.disk = 0;
	assert_null(bound_property("create_container", "disk_mb"));
}

static void the_schemas_say_the_choices_of_the_server(void **state)
{
	auto_json image = bound_property("create_container", "image");
	auto_json network = bound_property("create_container", "network");
	auto_str image_text = json_print(json_get(image, "enum"));
	auto_str network_text = json_print(json_get(network, "enum"));

	(void)state;
	assert_string_equal(image_text, "[\"alpine\"]");
	assert_string_equal(json_get_text(image, "default"), "alpine");
	assert_string_equal(network_text, "[\"none\",\"internet\"]");
	assert_string_equal(json_get_text(network, "default"), "internet");
	settings.network = "none";

	auto_json fenced = bound_property("create_container", "network");
	auto_str fenced_text = json_print(json_get(fenced, "enum"));

	settings.network = "internet";
	assert_string_equal(fenced_text, "[\"none\"]");
	assert_string_equal(json_get_text(fenced, "default"), "none");
}

/* A text without a choice has a length, everything else a bound of its own kind. */
static bool is_bounded(const struct json *p)
{
	const char *type = json_get_text(p, "type");

	if (strcmp(type, "string") == 0)
		return json_get(p, "enum") || json_get(p, "maxLength");
	if (strcmp(type, "object") == 0)
		return json_get(p, "maxProperties") || json_get(p, "properties");
	if (strcmp(type, "array") == 0)
		return json_get(p, "maxItems") && is_bounded(json_get(p, "items"));
	return strcmp(type, "boolean") == 0 || (json_get(p, "minimum") && json_get(p, "maximum"));
}

static void every_argument_has_bounds(void **state)
{
	const struct tool **tools = tools_select(ALL_SETS);

	(void)state;
	settings.disk = 1 << 30;
	for (const struct tool **tool = tools; *tool; tool++) {
		struct error err;
		auto_json schema =
			json_parse((*tool)->input_schema, strlen((*tool)->input_schema), &err);

		assert_non_null(property(*tool, "warnings"));

		for (const struct json *p = json_first(json_get(schema, "properties")); p;
		     p = json_next(p)) {
			auto_json bound = json_copy(p);

			if ((*tool)->bind)
				(*tool)->bind(&call->tools, json_key(p), bound);
			if (!is_bounded(bound))
				fail_msg("%s.%s has no bounds", (*tool)->name, json_key(p));
		}
	}
	settings.disk = 0;
	free(tools);
}

static void an_error_may_bring_its_own_next_step(void **state)
{
	(void)state;
	error_set(&domain.refusal, ERROR_LIMIT, "all are in use");
	error_advise(&domain.refusal, "wait for a while", true);
	use("create_container", "{}");
	assert_string_equal(call->next, "wait for a while");
	assert_true(call->err.retryable);
}

static void sets_pick_tools(void **state)
{
	const struct tool **tools = tools_select("files");

	(void)state;
	assert_string_equal(tools[0]->name, "read_file");
	assert_string_equal(tools[7]->name, "get_upload_url");
	assert_null(tools[8]);
	free(tools);
	tools = tools_select("");
	assert_null(tools[0]);
	free(tools);
}

static bool is_offered(const struct tool **tools, const char *name, size_t len)
{
	for (; *tools; tools++)
		if (strlen((*tools)->name) == len && strncmp((*tools)->name, name, len) == 0)
			return true;
	return false;
}

static void the_instructions_are_short_and_name_what_is_offered(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char *const sets[] = { "containers,commands,code,files,web",
					    "containers,commands,code,files", "containers,commands",
					    "files,web", "compat-code-sandbox" };
	static const char *const members[] = { "container_id", "expires_at" };

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		const struct tool **tools = tools_select(sets[i]);
		auto_str text = tools_instructions(sets[i]);
		const char *at = text;

		assert_in_range(strlen(text), 1, 1023);
		assert_true(!strstr(sets[i], "web") == !strstr(text, "web_browse"));
		while (*(at += strcspn(at, letters))) {
			size_t len = strspn(at, letters);
			auto_str word = mem_strndup(at, len);

			if (strchr(word, '_') && strcmp(word, members[0]) != 0 &&
			    strcmp(word, members[1]) != 0 && !is_offered(tools, at, len))
				fail_msg("%s is not offered by %s", word, sets[i]);
			at += len;
		}
		free(tools);
	}
}

/* --- containers --- */

static void create_passes_the_whole_wish_on(void **state)
{
	(void)state;
	use("create_container",
	    "{\"name\":\"box\",\"image\":\"alpine\",\"memory_mb\":64,\"cpus\":0.25,\"pids\":50,"
	    "\"disk_mb\":10,\"ttl_seconds\":60,\"network\":\"none\",\"env\":{\"A\":\"b c\"},"
	    "\"workdir\":\"/tmp\",\"request_id\":\"r\"}");
	assert_string_equal(domain.said,
			    "create me name=box request=r image=alpine memory=67108864 cpu=250 "
			    "pids=50 disk=10485760 ttl=60000 network=none workdir=/tmp env=A=b c");
}

static void create_leaves_what_is_not_said_to_the_server(void **state)
{
	struct sandbox_view view = container_view();

	(void)state;
	use("create_container", "{}");
	assert_contains(domain.said, "name=(null)");
	assert_contains(domain.said, "memory=0 cpu=0 pids=0 disk=0 ttl=0 network=(null)");
	assert_int_equal(call->ends, 0);
	domain.on_view(domain.ctx, &view, NULL);
	assert_int_equal(call->ends, 1);
	assert_fits_schema("create_container", call->structured);
	assert_contains(call->text, "container c-1 \"box\" is running");
	assert_contains(call->text, "256 MiB memory, 0.5 CPU, 100 processes, disk not bounded");
	assert_contains(call->text, "expires 1970-01-01T02:00:01.000Z");
	assert_contains(call->text, "isolation: seccomp enforced, disk not bounded\n");

	auto_str text = json_print(call->structured);

	assert_contains(text, "\"limits\":{\"memory_mb\":256,\"cpus\":0.5,\"pids\":100}");
	assert_contains(text, "\"runtimes\":[\"sh\",\"python3.11\"]");
	assert_contains(text, "\"isolation\":{\"seccomp\":\"enforced\",\"disk\":\"not bounded\"}");
}

static void who_has_to_wait_for_a_container_is_told_how_long(void **state)
{
	struct sandbox_view view = container_view();

	(void)state;
	domain.line = (struct sandbox_line){ .length = 9, .before = 7, .wait_ms = 2340 };
	domain.is_full = true;
	use("create_container", "{}");
	assert_string_equal(call->progress, "7 other containers come before this one, which "
					    "begins in about 2.3 s");
	view.waited_ms = 2500;
	domain.on_view(domain.ctx, &view, NULL);
	assert_contains(call->text, "it waited 2.5 s for its turn\n");
	assert_fits_schema("create_container", call->structured);

	auto_str text = json_print(call->structured);

	assert_contains(text, "\"waited_ms\":2500");
}

static void who_gets_a_container_at_once_hears_of_no_line(void **state)
{
	(void)state;
	domain.line = (struct sandbox_line){ .length = 9, .before = 7, .wait_ms = 2340 };
	use("create_container", "{}");
	assert_null(call->progress);
}

static void create_refuses_what_makes_no_sense(void **state)
{
	(void)state;
	expect_invalid("create_container", "{\"network\":[\"a.example\"]}",
		       "allowlists of domains are not available yet");
	expect_invalid("create_container", "{\"network\":\"all\"}", "\"none\" or \"internet\"");
	expect_invalid("create_container", "{\"cpus\":0}", "cpus must be more than 0");
	expect_invalid("create_container", "{\"workdir\":\"tmp\"}", "absolute");
	expect_invalid("create_container", "{\"env\":{\"1A\":\"x\"}}", "env has the name \"1A\"");
	expect_invalid("create_container", "{\"env\":{\"A=B\":\"x\"}}", "\"A=B\"");
	expect_invalid("create_container", "{\"env\":{\"\":\"x\"}}", "env has the name");
	expect_invalid("create_container", "{\"env\":{\"A\":1}}",
		       "env.A must be a string, but it is a number");
	expect_invalid("create_container", "{\"memory_mb\":\"64\"}", "memory_mb must be");
}

static void a_refusal_of_the_domain_is_told_at_once(void **state)
{
	(void)state;
	error_set(&domain.refusal, ERROR_LIMIT, "at most 256 MiB");
	use("create_container", "{\"memory_mb\":512}");
	assert_int_equal(call->ends, 1);
	assert_int_equal(call->err.kind, ERROR_LIMIT);
	assert_string_equal(call->err.text, "at most 256 MiB");
	assert_contains(call->next, "destroy_container");
}

static void taking_a_call_back_cancels_the_operation(void **state)
{
	struct error err;

	(void)state;
	use("create_container", "{}");
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(domain.cancelled, 1);
	error_set(&err, ERROR_CANCELLED, "cancelled");
	domain.on_view(domain.ctx, NULL, &err);
	assert_int_equal(call->ends, 1);
}

static void check_tells_usage_and_running_commands(void **state)
{
	struct sandbox_view view = container_view();
	struct command_row rows[2] = { command_row("running"), command_row("exited") };

	(void)state;
	domain.rows = rows;
	domain.row_count = 2;
	domain.file_count = 2;
	use("check_container", "{\"id\":\"c-1\",\"extend_seconds\":60}");
	assert_string_equal(domain.said, "check me c-1 extend=60000");
	domain.on_view(domain.ctx, &view, NULL);
	assert_fits_schema("check_container", call->structured);
	assert_int_equal(json_size(json_get(call->structured, "commands")), 1);
	assert_contains(call->text, "up 1.5 s, memory 1 MiB, cpu 30 ms, 3 processes");
	assert_contains(call->text, "running: x-1");
	assert_contains(call->text, "shared: http://localhost:3000/files/f-1  /workspace/a.txt\n");

	auto_str files = json_print(json_first(json_get(call->structured, "files")));

	assert_string_equal(files, "{\"id\":\"f-1\",\"name\":\"a.txt\",\"path\":"
				   "\"/workspace/a.txt\",\"url\":\"http://localhost:3000/files/"
				   "f-1\",\"expires_at\":\"1970-01-01T02:00:01.000Z\"}");
	assert_contains(call->warning, "its life was made longer by 0 seconds, not 60; it reaches "
				       "the server's maximum at 1970-01-01T02:00:01.000Z");

	auto_str text = json_print(json_get(call->structured, "usage"));

	assert_string_equal(text, "{\"memory_bytes\":1048576,\"cpu_ms\":30,\"pids\":3}");
}

static void an_extension_in_full_is_not_warned_of(void **state)
{
	struct sandbox_view view = container_view();

	(void)state;
	view.extended_ms = 60000;
	use("check_container", "{\"id\":\"c-1\",\"extend_seconds\":60}");
	domain.on_view(domain.ctx, &view, NULL);
	assert_null(call->warning);
}

static void files_are_bounded(void **state)
{
	struct sandbox_view view = container_view();

	(void)state;
	domain.file_count = 150;
	view.files_shared = 150;
	use("check_container", "{\"id\":\"c-1\"}");
	domain.on_view(domain.ctx, &view, NULL);
	assert_int_equal(json_size(json_get(call->structured, "files")), 100);
	assert_contains(call->text, "150 files shared");
}

static void lists_are_bounded(void **state)
{
	struct command_row rows[450];

	(void)state;
	for (size_t i = 0; i < 450; i++) {
		rows[i] = command_row("exited");
		snprintf(rows[i].id, sizeof(rows[i].id), "x-%zu", i);
	}
	domain.rows = rows;
	domain.row_count = 450;
	use("list_commands", "{\"container_id\":\"c-1\"}");
	assert_fits_schema("list_commands", call->structured);
	assert_int_equal(json_size(json_get(call->structured, "commands")), 200);
	assert_string_equal(
		json_get_text(json_first(json_get(call->structured, "commands")), "command_id"),
		"x-250");
	assert_contains(call->text, "[450 commands in c-1; the latest 200 are listed]");
	assert_contains(call->text, "exit 0 · 12 ms  make all\n");
	domain.row_count = 501;
	use("list_containers", "{}");
	assert_fits_schema("list_containers", call->structured);
	assert_int_equal(json_size(json_get(call->structured, "containers")), 500);
	assert_true(json_get_bool(call->structured, "truncated", false));
}

static void list_containers_says_when_there_are_none(void **state)
{
	(void)state;
	use("list_containers", "{\"include_gone\":true}");
	assert_string_equal(domain.said, "each me 1");
	assert_string_equal(call->text, "You have no containers. [0 containers]");
}

static void destroy_answers_at_once(void **state)
{
	(void)state;
	use("destroy_container", "{\"container_id\":\"c-1\"}");
	assert_fits_schema("destroy_container", call->structured);
	assert_string_equal(json_get_text(call->structured, "destroyed_at"),
			    "1970-01-01T00:00:01.000Z");
	assert_contains(call->text, "c-1 was destroyed");
	error_set(&domain.refusal, ERROR_NOT_FOUND, "there is no container c-2");
	use("destroy_container", "{\"container_id\":\"c-2\"}");
	assert_int_equal(call->err.kind, ERROR_NOT_FOUND);
	assert_contains(call->next, "list_containers");
}

static struct command_row some_rows[] = {
	{ .id = "x-1", .command = "sleep 100", .state = "running" },
	{ .id = "x-2", .command = "ls", .state = "exited" },
	{ .id = "x-3", .command = "make", .state = "running" },
};

static void use_destroy(bool able, const char *said)
{
	struct error err;

	domain.rows = some_rows;
	domain.row_count = 3;
	can_ask = able;
	json_free(person_said);
	person_said = said ? json_parse(said, strlen(said), &err) : NULL;
	use("destroy_container", "{\"container_id\":\"c-1\"}");
	assert_int_equal(call->ends, 1);
}

static void destroy_tells_what_still_ran(void **state)
{
	auto_str ids = NULL;

	(void)state;
	use_destroy(false, NULL);
	assert_contains(domain.said, "destroy me c-1");
	assert_fits_schema("destroy_container", call->structured);
	ids = json_print(json_get(call->structured, "killed_commands"));
	assert_string_equal(ids, "[\"x-1\",\"x-3\"]");
	assert_contains(call->text, "sleep 100");
	assert_null(strstr(call->text, "x-2"));
}

static void destroy_asks_the_person_where_the_client_can(void **state)
{
	static const char *const no[] = {
		"{\"action\":\"decline\"}", "{\"action\":\"cancel\"}",
		"{\"action\":\"accept\",\"content\":{\"destroy\":false}}",
		"{\"action\":\"accept\",\"content\":{\"destroy\":\"no\"}}"
	};

	(void)state;
	use_destroy(true, NULL);
	assert_string_equal(domain.said, "commands me c-1");
	assert_contains(json_get_text(call->asked, "message"), "2 of its commands still run");
	assert_contains(json_get_text(call->asked, "message"), "sleep 100");
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		use_destroy(true, no[i]);
		assert_string_equal(domain.said, "commands me c-1");
		assert_int_equal(call->err.kind, ERROR_CONFLICT);
		assert_contains(call->next, "kill_command");
	}
	use_destroy(true, "{\"action\":\"accept\",\"content\":{}}");
	assert_contains(domain.said, "destroy me c-1");
	snprintf(some_rows[0].state, sizeof(some_rows[0].state), "exited");
	some_rows[2] = some_rows[0];
	use_destroy(true, NULL);
	assert_contains(domain.said, "destroy me c-1");
	assert_null(json_get(call->structured, "killed_commands"));
	json_free(take(person_said));
}

/* --- files --- */

static void a_link_is_given_in_every_form(void **state)
{
	struct file_view view = { .id = "f-1",
				  .url = "http://localhost:3000/files/f-1",
				  .name = "보고서.pdf",
				  .path = "/workspace/보고서.pdf",
				  .size = 2048,
				  .modified_ms = 1000,
				  .media_type = "application/pdf",
				  .expires_at = 7201000 };

	(void)state;
	use("get_file_url", "{\"container_id\":\"c-1\",\"path\":\"a\",\"ttl_seconds\":60,"
			    "\"disposition\":\"inline\"}");
	assert_string_equal(domain.said, "share me c-1 path=a disposition=inline ttl=60000");
	domain.on_file(domain.ctx, &view, NULL);
	assert_fits_schema("get_file_url", call->structured);
	assert_string_equal(call->link,
			    "http://localhost:3000/files/f-1 보고서.pdf application/pdf "
			    "2048\n"
			    "sandbox://c-1/workspace/%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf 보고서.pdf "
			    "application/pdf 2048");
	assert_contains(call->text,
			"http://localhost:3000/files/f-1\n[보고서.pdf · 2 KiB · application/pdf");
	assert_contains(call->text, "works until 1970-01-01T02:00:01.000Z]");
	assert_contains(call->warning, "the link works until 1970-01-01T02:00:01.000Z only");
	view.size = 3 << 20; /* too large to be read as a resource */
	view.expires_at = clock_wall_ms() + 60 * 1000;
	use("get_file_url", "{\"container_id\":\"c-1\",\"path\":\"a\",\"ttl_seconds\":60}");
	domain.on_file(domain.ctx, &view, NULL);
	assert_null(call->warning);
	assert_null(strstr(call->link, "sandbox://"));
	use("get_file_url", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	domain.on_file(domain.ctx, &view, NULL);
	assert_null(call->warning);
}

static void an_upload_link_comes_with_a_command_line(void **state)
{
	struct upload_view view = { .id = "u-1",
				    .url = "http://localhost:3000/uploads/u-1",
				    .path = "/workspace/it's {a}\n$(b)",
				    .replaces = true,
				    .max_bytes = 2048,
				    .expires_at = 7201000 };

	(void)state;
	use("get_upload_url", "{\"container_id\":\"c-1\",\"file_path\":\"a\",\"ttl_seconds\":60,"
			      "\"max_bytes\":4096}");
	assert_string_equal(domain.said, "offer me c-1 path=a ttl=60000 max=4096");
	domain.on_upload(domain.ctx, &view, NULL);
	assert_fits_schema("get_upload_url", call->structured);
	assert_string_equal(json_get_text(call->structured, "method"), "PUT");
	assert_string_equal(json_get_text(call->structured, "curl"),
			    "curl --fail-with-body --globoff -T './it'\\''s {a}\n$(b)' "
			    "'http://localhost:3000/uploads/u-1'");
	assert_contains(call->text, "curl --fail-with-body");
	assert_contains(call->text, "one use · replaces /workspace/it's");
	assert_contains(call->text, "works until 1970-01-01T02:00:01.000Z]");
	assert_contains(call->warning, "at most 2048 (UPLOAD_LIMIT)");
	view.expires_at = clock_wall_ms() + 60 * 1000;
	use("get_upload_url", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	assert_string_equal(domain.said, "offer me c-1 path=a ttl=0 max=0");
	domain.on_upload(domain.ctx, &view, NULL);
	assert_null(call->warning);
	use("get_upload_url", "{\"container_id\":\"c-1\",\"path\":\"a\",\"max_bytes\":0}");
	assert_contains(call->err.text, "max_bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(every_tool_is_complete_and_in_order),
		WITH_CALL(the_schemas_say_the_settings),
		WITH_CALL(the_schemas_say_the_choices_of_the_server),
		WITH_CALL(every_argument_has_bounds),
		WITH_CALL(an_error_may_bring_its_own_next_step),
		WITH_CALL(sets_pick_tools),
		WITH_CALL(the_instructions_are_short_and_name_what_is_offered),
		WITH_CALL(create_passes_the_whole_wish_on),
		WITH_CALL(create_leaves_what_is_not_said_to_the_server),
		WITH_CALL(who_has_to_wait_for_a_container_is_told_how_long),
		WITH_CALL(who_gets_a_container_at_once_hears_of_no_line),
		WITH_CALL(create_refuses_what_makes_no_sense),
		WITH_CALL(a_refusal_of_the_domain_is_told_at_once),
		WITH_CALL(taking_a_call_back_cancels_the_operation),
		WITH_CALL(check_tells_usage_and_running_commands),
		WITH_CALL(an_extension_in_full_is_not_warned_of),
		WITH_CALL(files_are_bounded),
		WITH_CALL(lists_are_bounded),
		WITH_CALL(list_containers_says_when_there_are_none),
		WITH_CALL(destroy_answers_at_once),
		WITH_CALL(destroy_tells_what_still_ran),
		WITH_CALL(destroy_asks_the_person_where_the_client_can),
		WITH_CALL(a_link_is_given_in_every_form),
		WITH_CALL(an_upload_link_comes_with_a_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
