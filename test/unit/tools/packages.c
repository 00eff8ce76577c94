/* install_packages. */
#include "fakes.h"

static const struct package_row installed[] = { { "requests", "2.31.0" }, { "urllib3", "2.0" } };
static const struct package_row failed[] = { { "nosuch", "No matching distribution found" } };

static struct package_report both(void)
{
	return (struct package_report){
		.manager = "pip",
		.installed = (struct package_row *)(uintptr_t)installed,
		.installed_count = 2,
		.failed = (struct package_row *)(uintptr_t)failed,
		.failed_count = 1,
	};
}

static void ask(void)
{
	use("install_packages",
	    "{\"container_id\":\"c-1\",\"packages\":[\"requests\",\"nosuch\"]}");
}

static void everything_is_passed_on(void **state)
{
	(void)state;
	use("install_packages",
	    "{\"sandbox_id\":\"c-1\",\"packages\":[\"curl\"],\"manager\":\"apk\","
	    "\"wait_seconds\":0.5,\"timeout\":10}");
	assert_string_equal(domain.said,
			    "install me c-1 manager=apk first=curl wait=500 kill=10000");
	ask();
	assert_string_equal(domain.said,
			    "install me c-1 manager=(null) first=requests wait=30000 kill=0");
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	expect_invalid("install_packages", "{\"packages\":[\"a\"]}", "container_id is missing");
	expect_invalid("install_packages", "{\"container_id\":\"c-1\"}", "packages is missing");
	expect_invalid("install_packages", "{\"container_id\":\"c-1\",\"packages\":\"a b\"}",
		       "packages must be an array with 1 to 64 items");
	expect_invalid("install_packages", "{\"container_id\":\"c-1\",\"packages\":[]}",
		       "packages must be an array with 1 to 64 items");
	expect_invalid("install_packages", "{\"container_id\":\"c-1\",\"packages\":[\"a\",1]}",
		       "packages must be an array of strings, but item 2 is a number");
	expect_invalid("install_packages",
		       "{\"container_id\":\"c-1\",\"packages\":[\"a\"],\"manager\":\"brew\"}",
		       "manager must be \"pip\", \"npm\", \"apk\" or \"apt\"");
}

static void both_forms_name_what_is_there_and_what_failed(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	ask();
	row.exit_code = 1;
	domain.report = both();
	answer_command(&row, NULL);
	assert_fits_schema("install_packages", call->structured);
	assert_contains(call->text, "installed requests 2.31.0\ninstalled urllib3 2.0\n"
				    "failed nosuch: No matching distribution found\n[x-1");
	assert_string_equal(json_get_text(call->structured, "manager"), "pip");
	assert_int_equal(json_size(json_get_array(call->structured, "installed")), 2);
	assert_int_equal(json_size(json_get_array(call->structured, "failed")), 1);
}

static void one_that_runs_long_is_handed_back(void **state)
{
	struct command_row row = command_row("running");

	(void)state;
	ask();
	answer_command(&row, NULL);
	assert_fits_schema("install_packages", call->structured);
	assert_string_equal(json_get_text(call->structured, "state"), "running");
	assert_null(json_get(call->structured, "manager"));
	assert_contains(call->text, "check_command(\"x-1\")");
	assert_contains(call->text, "same arguments");
}

static void one_that_was_cut_short_is_an_error_that_says_why(void **state)
{
	struct command_row row = command_row("oom_killed");

	(void)state;
	ask();
	answer_command(&row, "the memory limit was hit");
	assert_int_equal(call->err.kind, ERROR_CONFLICT);
	assert_contains(call->err.text, "command x-1: oom_killed");
	assert_contains(call->next, "the memory limit was hit");
}

static void a_missing_manager_is_an_error_that_names_others(void **state)
{
	struct command_row row = command_row("exited");

	(void)state;
	ask();
	domain.report = (struct package_report){ .manager = "pip", .here = "apk, npm" };
	answer_command(&row, NULL);
	assert_int_equal(call->err.kind, ERROR_INVALID);
	assert_contains(call->err.text, "there is no pip in container c-1; there is: apk, npm");
	call_clear();
	ask();
	domain.report = (struct package_report){ .manager = "pip", .here = "" };
	answer_command(&row, NULL);
	assert_contains(call->err.text, "no package manager that this tool knows");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(everything_is_passed_on),
		WITH_CALL(what_makes_no_sense_is_refused),
		WITH_CALL(both_forms_name_what_is_there_and_what_failed),
		WITH_CALL(one_that_runs_long_is_handed_back),
		WITH_CALL(one_that_was_cut_short_is_an_error_that_says_why),
		WITH_CALL(a_missing_manager_is_an_error_that_names_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
