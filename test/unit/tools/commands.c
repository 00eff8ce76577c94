/* The tools of commands. */
#include "fakes.h"

/* --- commands --- */

static void execute_passes_everything_on(void **state)
{
	(void)state;
	use("execute_command",
	    "{\"id\":\"c-1\",\"cmd\":\"ls\",\"cwd\":\"/tmp\",\"env\":{\"A\":\"b\"},"
	    "\"stdin\":\"hi\",\"wait_seconds\":0.5,\"kill_after_seconds\":10}");
	assert_string_equal(
		domain.said,
		"start me c-1 command=ls workdir=/tmp env=A=b stdin=hi wait=500 kill=10000");
	assert_null(call->warning);
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\"}");
	assert_string_equal(domain.said, "start me c-1 command=ls workdir=(null) env=(null) "
					 "stdin=(null) wait=3000 kill=0");
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\",\"background\":true}");
	assert_contains(domain.said, "wait=0");
}

static void execute_refuses_what_makes_no_sense(void **state)
{
	(void)state;
	expect_invalid("execute_command", "{\"command\":\"ls\"}", "container_id is missing");
	expect_invalid("execute_command", "{\"container_id\":\"c-1\"}", "command is missing");
	expect_invalid("execute_command",
		       "{\"container_id\":\"c-1\",\"command\":\"a\",\"wait_seconds\":46}",
		       "wait_seconds must be a number from 0 to 45");
	expect_invalid("execute_command",
		       "{\"container_id\":\"c-1\",\"command\":\"a\",\"kill_after_seconds\":0}",
		       "at least 0.1");
}

static void a_finished_command_reads_like_a_terminal(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	domain.out = "hello\n";
	domain.err = "oops";
	row.exit_code = 2;
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\"}");
	answer_command(&row, "try harder");
	assert_string_equal(call->text, "hello\n[stderr]\noops\nhint: try harder\n"
					"[exit 2 · 12 ms · cpu 3 ms · peak 1 MiB · x-1]");
	assert_int_equal(call->err.kind, ERROR_NONE);
	assert_fits_schema("execute_command", call->structured);

	auto_str text = json_print(call->structured);

	assert_string_equal(text,
			    "{\"command_id\":\"x-1\",\"container_id\":\"c-1\",\"state\":\"exited\","
			    "\"exit_code\":2,\"stdout\":\"hello\\n\",\"stderr\":\"oops\","
			    "\"duration_ms\":12,\"usage\":{\"cpu_ms\":3,\"memory_peak_bytes\":"
			    "1048576},\"hint\":\"try harder\"}");
}

static void a_running_command_says_how_to_go_on(void **state)
{
	struct command_row row = command_row("running");

	(void)state;
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\"}");
	answer_command(&row, NULL);
	assert_contains(call->text, "[still running after 5.");
	assert_contains(call->text, "check_command(command_id=\"x-1\", wait_seconds=30)");
	assert_fits_schema("execute_command", call->structured);
	assert_string_equal(json_get_text(call->structured, "hint"),
			    "it is still running; go on with check_command(command_id=\"x-1\", "
			    "wait_seconds=30), send_input or kill_command");
	assert_null(json_get(call->structured, "exit_code"));
	assert_null(json_get(call->structured, "usage"));
}

static void each_end_has_its_words(void **state)
{
	static const struct {
		const char *state, *words;
	} ends[] = {
		{ "killed", "[killed by SIGTERM · 12 ms" },
		{ "timed_out", "[timed out and was killed after 12 ms" },
		{ "oom_killed", "[out of memory and killed after 12 ms" },
		{ "lost", "[lost · 12 ms · its container ended" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct command_row row = command_row(ends[i].state);

		row.signal = SIGTERM;
		row.reason = strcmp(ends[i].state, "lost") == 0 ? "its container ended" : NULL;
		use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\"}");
		answer_command(&row, NULL);
		assert_contains(call->text, ends[i].words);
		assert_fits_schema("execute_command", call->structured);
		assert_int_equal(json_get(call->structured, "signal") != NULL, i == 0);
	}
}

static char python[] = "python", context[] = "analysis", lost[] = "it was killed";

static struct command_row code_row(const char *state)
{
	struct command_row row = command_row(state);

	row.language = python;
	row.context = context;
	return row;
}

static void code_says_its_context_and_what_became_of_it(void **state)
{
	struct command_row row = code_row("killed");

	(void)state;
	row.signal = SIGINT;
	use("check_command", "{\"command_id\":\"x-1\"}");
	answer_command(&row, NULL);
	assert_contains(call->text, "[interrupted by SIGINT · 12 ms");
	assert_contains(call->text, "python, context analysis · x-1");
	assert_fits_schema("check_command", call->structured);
	assert_string_equal(json_get_text(call->structured, "language"), "python");
	assert_string_equal(json_get_text(call->structured, "context"), "analysis");
	assert_null(json_get(call->structured, "context_over"));
	row.signal = SIGKILL;
	row.state_lost = lost;
	row.context_over = true;
	use("kill_command", "{\"command_id\":\"x-1\"}");
	answer_command(&row, NULL);
	assert_contains(call->text, "[killed by SIGKILL");
	assert_contains(call->text, "context analysis (its state was lost: it was killed), which "
				    "has ended: the next call begins a new one");
	assert_fits_schema("kill_command", call->structured);
	assert_string_equal(json_get_text(call->structured, "state_lost"), "it was killed");
	assert_non_null(json_get(call->structured, "context_over"));
}

static void code_that_runs_is_not_to_be_fed(void **state)
{
	struct command_row row = code_row("running");

	(void)state;
	use("check_command", "{\"command_id\":\"x-1\"}");
	answer_command(&row, NULL);
	assert_contains(call->text, "wait_seconds=30) or kill_command");
	assert_null(strstr(call->text, "send_input"));
}

static void long_output_is_cut_in_both_forms(void **state)
{
	struct command_row row = command_row("exited");
	char out[1001];

	(void)state;
	memset(out, 'a', 1000);
	out[1000] = '\0';
	domain.out = out;
	row.stdout_bytes = 1000;
	use("execute_command",
	    "{\"container_id\":\"c-1\",\"command\":\"ls\",\"max_output_bytes\":100}");
	answer_command(&row, NULL);
	assert_contains(call->text,
			"[… 900 bytes omitted: bytes 50–949; read them with "
			"check_command(command_id=\"x-1\", stream=\"stdout\", offset=50)]");
	assert_contains(json_get_text(call->structured, "stdout"), "[… 900 bytes omitted");

	auto_str text = json_print(json_get(call->structured, "truncated"));

	assert_string_equal(text, "{\"stdout\":{\"omitted_from\":50,\"omitted_to\":949,"
				  "\"omitted_bytes\":900}}");
}

static void bytes_that_are_not_utf8_are_said_in_both_forms(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	domain.err = "a\xff";
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"ls\"}");
	answer_command(&row, NULL);
	assert_contains(call->text, "[stderr has bytes that are not UTF-8");

	auto_str text = json_print(json_get(call->structured, "not_utf8"));

	assert_string_equal(text, "[\"stderr\"]");
}

static void check_reads_pages_and_tells_where_to_go_on(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	domain.out = "0123456789";
	use("check_command", "{\"command_id\":\"x-1\",\"wait_seconds\":45,\"wait_for\":\"9\","
			     "\"offset\":4,\"stream\":\"stdout\"}");
	assert_string_equal(domain.said, "watch me x-1 wait=45000 for=9");
	answer_command(&row, NULL);
	assert_fits_schema("check_command", call->structured);
	assert_string_equal(json_get_text(call->structured, "stdout"), "456789");
	assert_null(json_get(call->structured, "stderr"));
	assert_contains(call->text, "456789\n[exit 0");
	assert_contains(call->text, "in c-1 · next_offset=10 · wait_for has not appeared]");
	assert_int_equal(json_double(json_get(call->structured, "next_offset")), 10);
	assert_int_equal(json_type(json_get(call->structured, "matched")), JSON_BOOL);
}

static void next_offset_is_a_number_for_one_stream_and_an_object_for_both(void **state)
{
	static const char *const both[] = { "check_command", "send_input", "kill_command" };
	struct command_row row = command_row("exited");

	(void)state;
	domain.out = "0123456789";
	domain.err = "abc";
	use("check_command", "{\"command_id\":\"x-1\",\"stream\":\"stderr\"}");
	answer_command(&row, NULL);
	assert_int_equal(json_type(json_get(call->structured, "next_offset")), JSON_NUMBER);
	assert_int_equal(json_double(json_get(call->structured, "next_offset")), 3);
	assert_fits_schema("check_command", call->structured);
	for (size_t i = 0; i < 3; i++) {
		use(both[i], "{\"command_id\":\"x-1\",\"text\":\"\"}");
		answer_command(&row, NULL);

		auto_str text = json_print(json_get(call->structured, "next_offset"));

		assert_string_equal(text, "{\"stdout\":10,\"stderr\":3}");
		assert_contains(call->text, " · next_offset stdout=10 stderr=3");
		assert_fits_schema(both[i], call->structured);
	}
}

static void wait_for_says_whether_it_appeared(void **state)
{
	struct command_row row = command_row("running");
	struct command_view view = { .row = &row };

	(void)state;
	for (int matched = 0; matched < 2; matched++) {
		use("check_command", "{\"command_id\":\"x-1\",\"wait_for\":\"up\"}");
		view.matched = matched;
		answer_view(view);
		assert_int_equal(json_is_true(json_get(call->structured, "matched")), matched);
		assert_contains(call->text, matched ? " · wait_for has appeared"
						    : " · wait_for has not appeared");
		assert_fits_schema("check_command", call->structured);
	}
	use("check_command", "{\"command_id\":\"x-1\"}");
	answer_view(view);
	assert_null(json_get(call->structured, "matched"));
	assert_null(strstr(call->text, "wait_for"));
}

static void exact_bytes_stay_exact_and_are_capped(void **state)
{
	struct command_row row = command_row("exited");
	char out[1001];

	(void)state;
	memset(out, 'a', 1000);
	out[1000] = '\0';
	domain.out = out;
	use("check_command", "{\"command_id\":\"x-1\",\"offset\":10,\"stream\":\"stdout\","
			     "\"max_output_bytes\":100}");
	answer_command(&row, NULL);
	assert_int_equal(strlen(json_get_text(call->structured, "stdout")), 100);
	assert_int_equal(json_double(json_get(call->structured, "next_offset")), 110);
	assert_contains(call->text, "a\n[… 890 bytes omitted: bytes 110–999; read them with");

	auto_str text = json_print(json_get(call->structured, "truncated"));

	assert_string_equal(text, "{\"stdout\":{\"omitted_from\":110,\"omitted_to\":999,"
				  "\"omitted_bytes\":890}}");
	use("check_command", "{\"command_id\":\"x-1\",\"tail_bytes\":500,\"max_output_bytes\":64}");
	answer_command(&row, NULL);
	assert_int_equal(strlen(json_get_text(call->structured, "stdout")), 64);
}

static void what_was_not_kept_is_in_both_forms(void **state)
{
	struct command_row row = command_row("exited");
	struct command_view view = { .row = &row, .spool_limit = 3 };

	(void)state;
	domain.out = "abc????xyz";
	row.stdout_bytes = 10;
	view.kept[COMMAND_STDOUT] = 3;
	view.tail_from[COMMAND_STDOUT] = 7;
	use("check_command", "{\"command_id\":\"x-1\"}");
	domain.on_command(domain.ctx, &view, NULL);
	assert_contains(
		call->text,
		"abc\n[output beyond the spool limit of 3 bytes was not kept: bytes 3–6 are "
		"lost; send longer output to a file]\nxyz");

	auto_str text = json_print(json_get(call->structured, "truncated"));

	assert_string_equal(text, "{\"stdout\":{\"omitted_from\":3,\"omitted_to\":6,"
				  "\"omitted_bytes\":4,\"lost_from\":3,\"lost_to\":6,"
				  "\"lost_bytes\":4}}");
}

static void check_warns_of_an_offset_behind_the_end(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	domain.out = "abc";
	use("check_command", "{\"command_id\":\"x-1\",\"offset\":9,\"stream\":\"stdout\"}");
	answer_command(&row, NULL);
	assert_contains(call->warning, "offset 9 lies behind the end: the stream has 3 bytes");
	use("check_command", "{\"command_id\":\"x-1\",\"offset\":9}");
	answer_command(&row, NULL);
	assert_contains(call->warning,
			"offset 9 lies behind the end: stdout has 3 bytes, stderr 0");
	use("check_command", "{\"command_id\":\"x-1\",\"offset\":3}");
	answer_command(&row, NULL);
	assert_null(call->warning);
}

static void check_reads_tails_and_bytes(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	domain.out = "0123456789";
	use("check_command", "{\"command_id\":\"x-1\",\"tail_bytes\":3}");
	answer_command(&row, NULL);
	assert_string_equal(json_get_text(call->structured, "stdout"), "789");
	assert_contains(call->text, "789\n[… 7 bytes omitted: bytes 0–6; ");
	use("check_command", "{\"command_id\":\"x-1\",\"encoding\":\"base64\"}");
	answer_command(&row, NULL);
	assert_string_equal(json_get_text(call->structured, "stdout"), "MDEyMzQ1Njc4OQ==");
	assert_string_equal(json_get_text(call->structured, "encoding"), "base64");
	assert_contains(call->text, "[stdout, base64]\nMDEyMzQ1Njc4OQ==\n[exit 0");
	use("check_command", "{\"command_id\":\"x-1\",\"encoding\":\"base64\",\"tail_bytes\":3}");
	answer_command(&row, NULL);
	assert_contains(call->text, "Nzg5\n[… 7 bytes omitted: bytes 0–6; read them with");
	expect_invalid("check_command", "{\"command_id\":\"x-1\",\"tail_bytes\":3,\"offset\":1}",
		       "exclude each other");
}

static void grep_searches_both_streams_after_the_wait(void **state)
{
	struct command_row row = command_row("exited");
	static const char lines[] = "2:a: b\n17:c\xff\n";
	const struct command_matches found = { .lines = lines, .len = strlen(lines), .count = 5 };
	const struct command_matches none = { .lines = "" };

	(void)state;
	use("check_command", "{\"command_id\":\"x-1\",\"grep\":\"b|c\",\"max_output_bytes\":100}");
	answer_command(&row, NULL);
	assert_string_equal(domain.said, "grep me x-1 b|c stream=1 most=100");
	domain.on_grep(domain.ctx, &found, NULL);
	assert_string_equal(domain.said, "grep me x-1 b|c stream=2 most=100");
	assert_int_equal(call->ends, 0);
	domain.on_grep(domain.ctx, &none, NULL);
	assert_int_equal(call->ends, 1);
	assert_fits_schema("check_command", call->structured);
	assert_contains(call->text,
			"[stdout: 5 matching lines, the first are shown]\n2:a: b\n17:c");
	assert_contains(call->text, "[stderr: 0 matching lines]\n[exit 0");

	auto_str text = json_print(json_get(call->structured, "matches"));

	assert_string_equal(text, "{\"stdout\":{\"count\":5,\"lines\":[{\"number\":2,\"text\":\"a: "
				  "b\"},{\"number\":17,\"text\":\"c\uFFFD\"}]},\"stderr\":{"
				  "\"count\":0,\"lines\":[]}}");
}

static void grep_says_what_could_not_be_searched(void **state)
{
	struct command_row row = command_row("exited");
	static const char lines[] = "2:a\n?:b\n";
	const struct command_matches found = { .lines = lines,
					       .len = strlen(lines),
					       .count = 2,
					       .lost_from = 65536,
					       .lost_end = 270000,
					       .kept_most = 65536 };

	(void)state;
	use("check_command", "{\"command_id\":\"x-1\",\"grep\":\"a\",\"stream\":\"stdout\"}");
	answer_command(&row, NULL);
	domain.on_grep(domain.ctx, &found, NULL);
	assert_fits_schema("check_command", call->structured);
	assert_contains(call->text,
			"2:a\n?:b\n[output beyond the spool limit of 65536 bytes was not kept: "
			"bytes 65536–269999 are lost and were not searched");

	auto_str matches = json_print(json_get(call->structured, "matches"));
	auto_str truncated = json_print(json_get(call->structured, "truncated"));

	assert_contains(matches, "[{\"number\":2,\"text\":\"a\"},{\"text\":\"b\"}]");
	assert_string_equal(truncated, "{\"stdout\":{\"lost_from\":65536,\"lost_to\":269999,"
				       "\"lost_bytes\":204464}}");
}

static void a_failing_grep_fails_the_call(void **state)
{
	struct command_row row = command_row("exited");
	struct error err;

	(void)state;
	use("check_command", "{\"command_id\":\"x-1\",\"grep\":\"(\"}");
	error_set(&domain.refusal, ERROR_INVALID, "( is no regular expression");
	answer_command(&row, NULL);
	assert_int_equal(call->err.kind, ERROR_INVALID);
	domain.refusal.kind = ERROR_NONE;
	use("check_command", "{\"command_id\":\"x-1\",\"grep\":\"x\",\"stream\":\"stderr\"}");
	answer_command(&row, NULL);
	assert_contains(domain.said, "stream=2");
	error_set(&err, ERROR_CANCELLED, "cancelled");
	domain.on_grep(domain.ctx, NULL, &err);
	assert_int_equal(call->ends, 1);
}

static void input_and_signals_are_passed_on(void **state)
{
	static const struct {
		const char *args, *said;
	} kills[] = {
		{ "{\"command_id\":\"x-1\"}", "signal=15 wait=5000" },
		{ "{\"command_id\":\"x-1\",\"signal\":\"KILL\"}", "signal=9 " },
		{ "{\"command_id\":\"x-1\",\"signal\":\"SIGINT\"}", "signal=2 " },
		{ "{\"command_id\":\"x-1\",\"signal\":\"STOP\"}", "signal=19 wait=0" },
	};
	struct command_row row = command_row("killed");

	(void)state;
	row.signal = SIGKILL;
	use("send_input", "{\"command_id\":\"x-1\",\"text\":\"y\\n\",\"eof\":true}");
	assert_string_equal(domain.said, "input me x-1 text=y\n eof=1");
	answer_command(&row, NULL);
	assert_fits_schema("send_input", call->structured);
	for (size_t i = 0; i < sizeof(kills) / sizeof(*kills); i++) {
		use("kill_command", kills[i].args);
		assert_contains(domain.said, kills[i].said);
		answer_command(&row, NULL);
		assert_fits_schema("kill_command", call->structured);
		assert_string_equal(json_get_text(call->structured, "signal"), "SIGKILL");
	}
	expect_invalid("kill_command", "{\"command_id\":\"x-1\",\"signal\":\"SEGV\"}",
		       "signal must");
}

#define SLEEP "{\"container_id\":\"c-1\",\"command\":\"sleep 9\"}"

static void cancel(void)
{
	struct error err;

	domain.said[0] = '\0';
	call->on_cancel(call->cancel_ctx);
	error_set(&err, ERROR_CANCELLED, "cancelled");
	domain.on_command(domain.ctx, NULL, &err);
	assert_int_equal(call->ends, 1);
}

static void a_command_whose_call_is_taken_back_is_killed(void **state)
{
	(void)state;
	use("execute_command", SLEEP);
	cancel();
	assert_string_equal(domain.said, "kill me x-1 signal=15 wait=3000");
}

static void it_lives_on_in_the_background_and_when_the_server_stops(void **state)
{
	(void)state;
	use("execute_command", "{\"container_id\":\"c-1\",\"command\":\"sleep 9\","
			       "\"background\":true}");
	cancel();
	assert_string_equal(domain.said, "");
	use("execute_command", SLEEP);
	call->stopping = true;
	cancel();
	assert_string_equal(domain.said, "");
}

static void a_command_that_takes_long_becomes_a_task_where_it_can(void **state)
{
	struct command_row row = command_row("running");

	(void)state;
	use("execute_command", SLEEP);
	call->takes_tasks = true;
	answer_command(&row, NULL);
	assert_string_equal(call->handle, "x-1");
	assert_int_equal(call->ends, 0);
	assert_string_equal(domain.said, "watch me x-1 wait=20000 for=(null)");
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 0);
	row = command_row("exited");
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 1);
	assert_string_equal(json_get_text(call->structured, "state"), "exited");
}

static void progress_is_told_until_the_wait_is_over(void **state)
{
	struct command_row row = command_row("running");
	struct error err;

	(void)state;
	domain.out = "one\ntwo\n";
	call->wants_progress = true;
	args = json_parse(SLEEP, strlen(SLEEP), &err);
	find_tool("execute_command")->run(call, args);
	assert_contains(domain.said, "wait=1000 ");
	answer_command(&row, NULL);
	assert_string_equal(call->progress, "running for 0 ms, 8 B of output: two");
	assert_contains(domain.said, "watch me x-1 wait=1000 ");
	row = command_row("exited");
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 1);
}

static void a_task_of_an_earlier_server_goes_on(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	call->is_task = true;
	find_tool("execute_command")->resume(call, "x-7");
	assert_contains(domain.said, "watch me x-7 ");
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 1);
}

static void waits_end_before_the_client_gives_up(void **state)
{
	static const struct {
		const char *client, *wait;
	} rows[] = {
		{ "", "wait=45000" },
		{ "somebody", "wait=45000" },
		{ "claude-ai", "wait=45000" },
		{ "claude-ai-2", "wait=45000" },
		{ "@librechat/api-client", "wait=45000" },
		{ "github-copilot-developer", "wait=45000" },
		{ "spring-ai-mcp-client - sandbox", "wait=15000" },
	};
	struct command_row row = command_row("exited");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		client_name = rows[i].client;
		use("execute_command",
		    "{\"container_id\":\"c-1\",\"command\":\"ls\",\"wait_seconds\":45}");
		assert_contains(domain.said, rows[i].wait);
		answer_command(&row, NULL);
		use("check_command", "{\"command_id\":\"x-1\",\"wait_seconds\":45}");
		assert_contains(domain.said, rows[i].wait);
		answer_command(&row, NULL);
		use("check_command", "{\"command_id\":\"x-1\",\"wait_seconds\":2}");
		assert_contains(domain.said, "wait=2000");
		answer_command(&row, NULL);
	}
}

static size_t shown(const char *client, const char *tool, const char *wish)
{
	static char out[60001];
	struct command_row row = command_row("exited");

	memset(out, 'a', sizeof(out) - 1);
	domain.out = out;
	row.stdout_bytes = sizeof(out) - 1;
	client_name = client;
	use(tool, wish);
	answer_command(&row, NULL);
	return strlen(json_get_text(call->structured, "stdout"));
}

static void no_more_output_is_shown_than_the_client_takes(void **state)
{
	static const char much[] = "{\"container_id\":\"c-1\",\"command\":\"ls\","
				   "\"max_output_bytes\":60000}";
	static const char tail[] = "{\"command_id\":\"x-1\",\"tail_bytes\":60000}";

	(void)state;
	assert_int_equal(shown("somebody", "execute_command", much), 60000);
	assert_null(call->warning);
	assert_in_range(shown("claude-code", "execute_command", much), 20000, 20200);
	assert_contains(call->warning, "max_output_bytes: 20000 bytes of a stream are shown");
	assert_contains(call->text, "read them with check_command");
	assert_int_equal(shown("somebody", "check_command", tail), 60000);
	assert_in_range(shown("claude-code", "check_command", tail), 20000, 20200);
	call->tools.output_limit = 60000;
	assert_int_equal(shown("somebody", "kill_command", "{\"command_id\":\"x-1\"}"), 60000);
	assert_in_range(shown("claude-code", "kill_command", "{\"command_id\":\"x-1\"}"), 20000,
			20200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(execute_passes_everything_on),
		WITH_CALL(execute_refuses_what_makes_no_sense),
		WITH_CALL(a_finished_command_reads_like_a_terminal),
		WITH_CALL(a_running_command_says_how_to_go_on),
		WITH_CALL(each_end_has_its_words),
		WITH_CALL(code_says_its_context_and_what_became_of_it),
		WITH_CALL(code_that_runs_is_not_to_be_fed),
		WITH_CALL(long_output_is_cut_in_both_forms),
		WITH_CALL(bytes_that_are_not_utf8_are_said_in_both_forms),
		WITH_CALL(check_reads_pages_and_tells_where_to_go_on),
		WITH_CALL(next_offset_is_a_number_for_one_stream_and_an_object_for_both),
		WITH_CALL(wait_for_says_whether_it_appeared),
		WITH_CALL(exact_bytes_stay_exact_and_are_capped),
		WITH_CALL(what_was_not_kept_is_in_both_forms),
		WITH_CALL(check_warns_of_an_offset_behind_the_end),
		WITH_CALL(check_reads_tails_and_bytes),
		WITH_CALL(grep_searches_both_streams_after_the_wait),
		WITH_CALL(grep_says_what_could_not_be_searched),
		WITH_CALL(a_failing_grep_fails_the_call),
		WITH_CALL(input_and_signals_are_passed_on),
		WITH_CALL(a_command_whose_call_is_taken_back_is_killed),
		WITH_CALL(it_lives_on_in_the_background_and_when_the_server_stops),
		WITH_CALL(a_command_that_takes_long_becomes_a_task_where_it_can),
		WITH_CALL(progress_is_told_until_the_wait_is_over),
		WITH_CALL(a_task_of_an_earlier_server_goes_on),
		WITH_CALL(waits_end_before_the_client_gives_up),
		WITH_CALL(no_more_output_is_shown_than_the_client_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
