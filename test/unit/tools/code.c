/* run_code and run_once, and what becomes of outcomes. */
#include "fakes.h"

#define PNG                                                                                        \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"                            \
	"M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
#define RUN "{\"container_id\":\"c-1\",\"code\":\"1+1\"}"

static char python[] = "python", context[] = "default";

static struct command_row code_row(const char *state)
{
	struct command_row row = command_row(state);

	row.language = python;
	row.context = context;
	return row;
}

/* run_code ends with these outcomes. */
static void answer_outcome(const char *lines)
{
	struct command_row row = code_row("exited");

	use("run_code", RUN);
	domain.outcome = lines;
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 1);
	assert_fits_schema("run_code", call->structured);
}

static void assert_member(const char *key, const char *want)
{
	const struct json *member = json_get(call->structured, key);
	auto_str text = member ? json_print(member) : mem_strdup("(absent)");

	assert_string_equal(text, want);
}

/* --- run_code --- */

static void everything_is_passed_on(void **state)
{
	(void)state;
	use("run_code",
	    "{\"sandbox_id\":\"c-1\",\"script\":\"x\",\"language\":\"js\",\"context\":\"a\","
	    "\"fresh\":true,\"cwd\":\"/tmp\",\"env\":{\"A\":\"b\"},\"wait_seconds\":0.5,"
	    "\"timeout\":10}");
	assert_string_equal(domain.said, "code me c-1 javascript/a code=x fresh=1 workdir=/tmp "
					 "env=A=b wait=500 turn=500 kill=10000");
	use("run_code", RUN);
	assert_string_equal(domain.said,
			    "code me c-1 python/(null) code=1+1 fresh=0 workdir=(null) env=(null) "
			    "wait=3000 turn=3000 kill=0");
	use("run_code", "{\"container_id\":\"c-1\",\"code\":\"x\",\"language\":\"bash\"}");
	assert_contains(domain.said, "c-1 sh/(null)");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	expect_invalid("run_code", "{\"container_id\":\"c-1\"}", "code is missing");
	expect_invalid("run_code", "{\"code\":\"1\"}", "container_id is missing");
	expect_invalid("run_code", "{\"container_id\":\"c-1\",\"code\":\"\"}", "code");
	expect_invalid("run_code",
		       "{\"container_id\":\"c-1\",\"code\":\"1\",\"language\":\"cobol\"}",
		       "language must be");
	expect_invalid("run_code",
		       "{\"container_id\":\"c-1\",\"code\":\"1\",\"kill_after_seconds\":0}",
		       "at least 0.1");
	expect_invalid("run_code", "{\"container_id\":\"c-1\",\"code\":\"1\",\"env\":{\"A\":1}}",
		       "env");
}

static void a_refusal_of_the_domain_is_told(void **state)
{
	(void)state;
	call_clear();
	error_set(&domain.refusal, ERROR_CONFLICT, "context \"default\" is busy with x-9");
	use("run_code", RUN);
	assert_int_equal(call->err.kind, ERROR_CONFLICT);
	assert_contains(call->err.text, "x-9");
}

static void a_result_stands_behind_the_output_in_both_forms(void **state)
{
	(void)state;
	domain.out = "hello\n";
	answer_outcome("{\"type\":\"result\",\"json\":{\"a\":[1,2.5,null,true,\"é\"]}}\n");
	assert_member("result", "{\"a\":[1,2.5,null,true,\"é\"]}");
	assert_contains(call->text,
			"hello\n[result]\n{\"a\":[1,2.5,null,true,\"é\"]}\n[exit 0 · 12 ms");
	answer_outcome("{\"type\":\"result\",\"text\":\"<object>\"}\n");
	assert_member("result", "\"<object>\"");
	assert_contains(call->text, "hello\n[result]\n<object>\n[exit 0");
	answer_outcome("{\"type\":\"result\",\"json\":null}\n");
	assert_member("result", "null");
	answer_outcome(NULL);
	assert_member("result", "(absent)");
	assert_contains(call->text, "hello\n[exit 0");
}

static void an_error_has_its_traceback_and_is_no_failure_of_ours(void **state)
{
	(void)state;
	answer_outcome("{\"type\":\"error\",\"error_type\":\"ValueError\",\"message\":\"bad\","
		       "\"traceback\":\"Traceback:\\n  line 1\\nValueError: bad\"}\n");
	assert_int_equal(call->err.kind, ERROR_NONE);
	assert_member("error", "{\"type\":\"ValueError\",\"message\":\"bad\",\"traceback\":"
			       "\"Traceback:\\n  line 1\\nValueError: bad\"}");
	assert_contains(call->text, "[error]\nTraceback:\n  line 1\nValueError: bad\n[exit");
	answer_outcome("{\"type\":\"error\",\"error_type\":\"ValueError\",\"message\":\"bad\"}\n");
	assert_contains(call->text, "[error]\nValueError: bad\n[exit");
}

static void a_long_result_is_cut_and_says_how_to_see_more(void **state)
{
	auto_buf line = BUF_INIT(10000);
	struct command_row row = code_row("exited");

	(void)state;
	buf_add_text(&line, "{\"type\":\"result\",\"json\":[");
	for (int i = 0; i < 500; i++)
		buf_add_text(&line, "\"é\",");
	buf_add_text(&line, "1]}\n");
	use("run_code", "{\"container_id\":\"c-1\",\"code\":\"1\",\"max_output_bytes\":101}");
	domain.outcome = buf_text(&line);
	answer_command(&row, NULL);
	assert_fits_schema("run_code", call->structured);
	assert_contains(
		json_get_text(call->structured, "result"),
		" bytes omitted; check_command(command_id=\"x-1\", max_output_bytes=1048576)");
	assert_contains(call->text, "bytes omitted");
	assert_true(strlen(json_get_text(call->structured, "result")) < 250);
	assert_int_equal(json_double(json_get(call->structured, "result_omitted_bytes")), 2404);
}

static void a_picture_is_passed_on_as_a_block(void **state)
{
	(void)state;
	answer_outcome("{\"type\":\"image\",\"mime_type\":\"image/png\",\"data\":\"" PNG "\"}\n");
	assert_int_equal(json_size(call->blocks), 1);
	assert_string_equal(json_get_text(json_first(call->blocks), "data"), PNG);
	assert_string_equal(json_get_text(json_first(call->blocks), "mimeType"), "image/png");
	assert_string_equal(json_get_text(json_first(call->blocks), "type"), "image");
	assert_member("pictures", "1");
	assert_contains(call->text, "[1 picture]\n[exit 0");
	assert_null(call->warning);
}

static void what_is_no_picture_is_not_passed_on(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"image\",\"mime_type\":\"image/png\",\"data\":\"aGVsbG8=\"}\n",
		"{\"type\":\"image\",\"mime_type\":\"image/jpeg\",\"data\":\"" PNG "\"}\n",
		"{\"type\":\"image\",\"mime_type\":\"text/html\",\"data\":\"" PNG "\"}\n",
		"{\"type\":\"image\",\"mime_type\":\"image/png\",\"data\":\"?" PNG "\"}\n",
		"{\"type\":\"image\",\"mime_type\":\"image/png\"}\n",
		"{\"type\":\"result\"}\n",
		"{\"type\":\"error\",\"error_type\":5}\n",
		"{\"type\":\"other\"}\n",
		"{\"type\":\n",
		"{}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		answer_outcome(lines[i]);
		assert_null(call->blocks);
		assert_contains(call->warning, "1 of the things");
		assert_member("result", "(absent)");
		assert_member("error", "(absent)");
	}
}

static void only_the_first_result_and_error_count(void **state)
{
	(void)state;
	answer_outcome("{\"type\":\"result\",\"json\":1}\n{\"type\":\"result\",\"json\":2}\n"
		       "{\"type\":\"error\",\"error_type\":\"A\"}\n"
		       "{\"type\":\"error\",\"error_type\":\"B\"}\n");
	assert_member("result", "1");
	assert_contains(call->warning, "2 of the things");
}

static void too_many_pictures_are_told_and_read_in_a_helper_thread(void **state)
{
	auto_buf lines = BUF_INIT(8 * 1024 * 1024);
	struct command_row row = code_row("exited");

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_add_text(&lines,
			     "{\"type\":\"image\",\"mime_type\":\"image/png\",\"data\":\"" PNG
			     "\"}\n");
	use("run_code", RUN);
	domain.outcome = buf_text(&lines);
	answer_command(&row, NULL);
	assert_int_equal(call->ends, 0);
	domain.on_work_done(domain.work_ctx);
	assert_int_equal(call->ends, 1);
	assert_int_equal(json_size(call->blocks), 10);
	assert_contains(call->warning, "390 of the pictures are left out");
	assert_member("pictures", "10");
	assert_contains(call->text, "[10 pictures]\n[exit 0");
}

static void a_call_that_is_taken_back_while_pictures_are_read_ends_at_once(void **state)
{
	auto_buf lines = BUF_INIT(8 * 1024 * 1024);
	struct command_row row = code_row("exited");

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_add_text(&lines,
			     "{\"type\":\"image\",\"mime_type\":\"image/png\",\"data\":\"" PNG
			     "\"}\n");
	use("run_code", RUN);
	domain.outcome = buf_text(&lines);
	answer_command(&row, NULL);
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(call->ends, 1);
	assert_int_equal(call->err.kind, ERROR_CANCELLED);
	domain.on_work_done(domain.work_ctx);
	assert_int_equal(call->ends, 1);
}

static void lost_outcomes_are_told(void **state)
{
	(void)state;
	domain.outcome_cut = true;
	answer_outcome("{\"type\":\"result\",\"json\":1}\n");
	assert_contains(call->warning, "the last are lost");
}

static void a_check_shows_the_outcome_but_a_page_does_not(void **state)
{
	struct command_row row = code_row("exited");

	(void)state;
	domain.out = "0123456789";
	domain.outcome = "{\"type\":\"result\",\"json\":1}\n";
	use("check_command", "{\"command_id\":\"x-1\"}");
	answer_command(&row, NULL);
	assert_member("result", "1");
	assert_fits_schema("check_command", call->structured);
	assert_contains(call->text, "0123456789\n[result]\n1\n[exit 0");
	use("check_command", "{\"command_id\":\"x-1\",\"offset\":5}");
	answer_command(&row, NULL);
	assert_member("result", "(absent)");
}

static void code_that_runs_has_no_outcome_yet(void **state)
{
	struct command_row row = code_row("running");

	(void)state;
	domain.outcome = "{\"type\":\"result\",\"json\":1}\n";
	use("run_code", RUN);
	answer_command(&row, NULL);
	assert_member("result", "(absent)");
	assert_contains(call->text, "still running");
	assert_fits_schema("run_code", call->structured);
}

/* --- run_once --- */

static void make_container(void)
{
	struct sandbox_view view = container_view();

	domain.on_view(domain.ctx, &view, NULL);
}

static void a_container_is_made_and_the_code_run_in_it(void **state)
{
	struct command_row row = code_row("exited");

	(void)state;
	use("run_once",
	    "{\"code\":\"1\",\"image\":\"python\",\"memory_mb\":64,\"network\":\"none\","
	    "\"env\":{\"A\":\"b\"},\"wait_seconds\":40,\"timeout\":9}");
	assert_string_equal(domain.said,
			    "once me image=python memory=67108864 network=none env=A=b");
	make_container();
	assert_contains(domain.said, "code me c-1 python/(null) code=1 fresh=0");
	assert_contains(domain.said, "kill=9000");
	domain.outcome = "{\"type\":\"result\",\"json\":1}\n";
	answer_command(&row, NULL);
	assert_fits_schema("run_once", call->structured);
	assert_member("result", "1");
	assert_member("container_status", "\"destroyed\"");
	assert_contains(call->text, "\n[its container is destroyed; check_command still shows");
}

static void a_command_is_run_likewise(void **state)
{
	struct command_row row = command_row("running");

	(void)state;
	use("run_once", "{\"cmd\":\"make\"}");
	make_container();
	assert_contains(domain.said, "start me c-1 command=make workdir=(null) env=(null) stdin= ");
	answer_command(&row, NULL);
	assert_fits_schema("run_once", call->structured);
	assert_member("container_status", "\"running\"");
	assert_contains(call->text, "\n[its container is destroyed when it ends");
}

static void code_and_command_exclude_each_other(void **state)
{
	(void)state;
	expect_invalid("run_once", "{}", "code and command are missing");
	expect_invalid("run_once", "{\"code\":\"1\",\"command\":\"ls\"}",
		       "code and command are given");
	expect_invalid("run_once", "{\"code\":\"1\",\"workdir\":\"tmp\"}", "absolute path");
	expect_invalid("run_once", "{\"code\":\"1\",\"network\":[\"a.org\"]}", "allowlists");
	expect_invalid("run_once", "{\"code\":\"1\",\"request_id\":\"r\"}", "nothing was run");
}

static void context_and_fresh_make_no_difference(void **state)
{
	struct command_row row = code_row("exited");

	(void)state;
	use("run_once", "{\"code\":\"1\",\"context\":\"a\",\"fresh\":true}");
	make_container();
	assert_contains(domain.said, "code me c-1 python/(null) code=1 fresh=0");
	answer_command(&row, NULL);
	assert_null(call->warning);
}

static void what_cannot_be_made_is_told(void **state)
{
	struct error err;

	(void)state;
	call_clear();
	error_set(&domain.refusal, ERROR_LIMIT, "too many containers");
	use("run_once", "{\"code\":\"1\"}");
	assert_int_equal(call->err.kind, ERROR_LIMIT);
	domain.refusal.kind = ERROR_NONE;
	use("run_once", "{\"code\":\"1\"}");
	error_set(&err, ERROR_UNAVAILABLE, "Podman is away");
	domain.on_view(domain.ctx, NULL, &err);
	assert_int_equal(call->err.kind, ERROR_UNAVAILABLE);
}

static void a_run_that_cannot_begin_leaves_no_container(void **state)
{
	(void)state;
	use("run_once", "{\"code\":\"1\"}");
	error_set(&domain.refusal, ERROR_INVALID, "no such language");
	make_container();
	assert_int_equal(call->err.kind, ERROR_INVALID);
	assert_string_equal(domain.said, "destroy me c-1");
}

static void a_call_taken_back_while_its_container_is_made_leaves_none(void **state)
{
	(void)state;
	use("run_once", "{\"code\":\"1\"}");
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(domain.cancelled, 0);
	make_container();
	assert_string_equal(domain.said, "destroy me c-1");
	assert_int_equal(call->err.kind, ERROR_CANCELLED);
	assert_int_equal(call->ends, 1);
}

static void at_the_end_of_the_server_a_creation_is_given_up(void **state)
{
	(void)state;
	use("run_once", "{\"code\":\"1\"}");
	call->stopping = true;
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(domain.cancelled, 1);
	call->stopping = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(everything_is_passed_on),
		WITH_CALL(what_makes_no_sense_is_refused),
		WITH_CALL(a_refusal_of_the_domain_is_told),
		WITH_CALL(a_result_stands_behind_the_output_in_both_forms),
		WITH_CALL(an_error_has_its_traceback_and_is_no_failure_of_ours),
		WITH_CALL(a_long_result_is_cut_and_says_how_to_see_more),
		WITH_CALL(a_picture_is_passed_on_as_a_block),
		WITH_CALL(what_is_no_picture_is_not_passed_on),
		WITH_CALL(only_the_first_result_and_error_count),
		WITH_CALL(too_many_pictures_are_told_and_read_in_a_helper_thread),
		WITH_CALL(a_call_that_is_taken_back_while_pictures_are_read_ends_at_once),
		WITH_CALL(lost_outcomes_are_told),
		WITH_CALL(a_check_shows_the_outcome_but_a_page_does_not),
		WITH_CALL(code_that_runs_has_no_outcome_yet),
		WITH_CALL(a_container_is_made_and_the_code_run_in_it),
		WITH_CALL(a_command_is_run_likewise),
		WITH_CALL(code_and_command_exclude_each_other),
		WITH_CALL(context_and_fresh_make_no_difference),
		WITH_CALL(what_cannot_be_made_is_told),
		WITH_CALL(a_run_that_cannot_begin_leaves_no_container),
		WITH_CALL(a_call_taken_back_while_its_container_is_made_leaves_none),
		WITH_CALL(at_the_end_of_the_server_a_creation_is_given_up),
	};

	return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
