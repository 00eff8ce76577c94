/* Wishes against the maxima: one below, at and one above each end, and the words of a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"

#define MIB ((int64_t)1024 * 1024)

static const struct sandboxes house = {
	.settings = {
		.image = "localhost/sandbox:1",
		.memory = 256 * MIB,
		.cpu_milli = 500,
		.pids = 100,
		.disk = 0,
		.ttl_ms = 7200 * 1000,
		.network = "internet",
	},
};

static enum error_kind apply(const struct sandboxes *all, const struct sandbox_request *request,
			     struct container_row *row, struct error *err)
{
	*row = (struct container_row){ 0 };
	err->kind = ERROR_NONE;
	if (limits_apply(all, request, row, err))
		return ERROR_NONE;
	return err->kind;
}

static enum error_kind try(const struct sandbox_request *request, struct error *err)
{
	auto_container_row row = { 0 };

	return apply(&house, request, &row, err);
}

static void what_is_left_out_becomes_the_default(void **state)
{
	auto_container_row row = { 0 };
	struct sandbox_request request = { .owner = "me" };
	struct error err;
	int64_t before = clock_wall_ms();

	(void)state;
	assert_int_equal(apply(&house, &request, &row, &err), ERROR_NONE);
	assert_int_equal(row.memory, 256 * MIB);
	assert_int_equal(row.cpu_milli, 500);
	assert_int_equal(row.pids, 100);
	assert_int_equal(row.disk, 0);
	assert_string_equal(row.network, "internet");
	assert_string_equal(row.image, "localhost/sandbox:1");
	assert_string_equal(row.workdir, "/workspace");
	assert_null(row.env);
	assert_in_range(row.created_at, before, clock_wall_ms());
	assert_int_equal(row.expires_at - row.created_at, 7200 * 1000);
}

static void a_wish_just_under_and_at_the_maximum_is_granted(void **state)
{
	auto_container_row row = { 0 };
	struct error err;
	struct sandbox_request under = {
		.memory = 256 * MIB - 1, .cpu_milli = 499, .pids = 99, .ttl_ms = 7199999
	};
	struct sandbox_request at = {
		.memory = 256 * MIB, .cpu_milli = 500, .pids = 100, .ttl_ms = 7200000
	};

	(void)state;
	assert_int_equal(apply(&house, &under, &row, &err), ERROR_NONE);
	assert_int_equal(row.memory, 256 * MIB - 1);
	assert_int_equal(row.cpu_milli, 499);
	assert_int_equal(row.pids, 99);
	assert_int_equal(row.expires_at - row.created_at, 7199999);
	container_row_release(&row);
	assert_int_equal(apply(&house, &at, &row, &err), ERROR_NONE);
	assert_int_equal(row.memory, 256 * MIB);
	assert_int_equal(row.pids, 100);
}

static void a_wish_over_a_maximum_is_refused_with_the_maximum(void **state)
{
	static const struct {
		struct sandbox_request request;
		const char *words;
	} cases[] = {
		{ { .memory = 257 * MIB },
		  "memory_mb: 257 MiB is more than this server allows; the "
		  "maximum is 256 MiB" },
		{ { .cpu_milli = 501 },
		  "cpus: 0.501 is more than this server allows; the maximum is "
		  "0.5" },
		{ { .pids = 101 },
		  "pids: 101 is more than this server allows; the maximum is 100" },
		{ { .ttl_ms = 7201000 },
		  "ttl_seconds: 7201 s is more than this server allows; the maximum is 7200 s" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(try(&cases[i].request, &err), ERROR_LIMIT);
		assert_string_equal(err.text, cases[i].words);
	}
}

static void one_byte_over_is_over(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .memory = 256 * MIB + 1 }, &err),
			 ERROR_LIMIT);
	assert_int_equal(try(&(struct sandbox_request){ .ttl_ms = 7200001 }, &err), ERROR_LIMIT);
	assert_int_equal(try(&(struct sandbox_request){ .memory = INT64_MAX }, &err), ERROR_LIMIT);
}

static void too_little_and_negative_wishes_make_no_sense(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .memory = 16 * MIB - 1 }, &err),
			 ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .memory = 16 * MIB }, &err), ERROR_NONE);
	assert_int_equal(try(&(struct sandbox_request){ .pids = 7 }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .ttl_ms = 999 }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .cpu_milli = -1 }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .memory = INT64_MIN }, &err),
			 ERROR_INVALID);
}

static void an_operator_may_set_a_maximum_below_the_usual_minimum(void **state)
{
	struct sandboxes small = house;
	auto_container_row row = { 0 };
	struct error err;

	(void)state;
	small.settings.ttl_ms = 500;
	assert_int_equal(apply(&small, &(struct sandbox_request){ 0 }, &row, &err), ERROR_NONE);
	assert_int_equal(row.expires_at - row.created_at, 500);
}

static void a_disk_that_cannot_be_bounded_is_not_promised(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .disk = MIB }, &err), ERROR_INVALID);
	assert_non_null(strstr(err.text, "cannot bound the disk"));
}

static void a_disk_that_can_be_bounded_has_a_maximum(void **state)
{
	struct sandboxes bounded = house;
	auto_container_row row = { 0 };
	struct error err;

	(void)state;
	bounded.settings.disk = 100 * MIB;
	assert_int_equal(
		apply(&bounded, &(struct sandbox_request){ .disk = 101 * MIB }, &row, &err),
		ERROR_LIMIT);
	container_row_release(&row);
	assert_int_equal(apply(&bounded, &(struct sandbox_request){ 0 }, &row, &err), ERROR_NONE);
	assert_int_equal(row.disk, 100 * MIB);
}

static void the_network_is_never_wider_than_the_server_allows(void **state)
{
	struct sandboxes closed = house;
	auto_container_row row = { 0 };
	struct error err;

	(void)state;
	closed.settings.network = "none";
	assert_int_equal(
		apply(&closed, &(struct sandbox_request){ .network = "internet" }, &row, &err),
		ERROR_LIMIT);
	container_row_release(&row);
	assert_int_equal(apply(&house, &(struct sandbox_request){ .network = "none" }, &row, &err),
			 ERROR_NONE);
	assert_string_equal(row.network, "none");
	assert_int_equal(try(&(struct sandbox_request){ .network = "host" }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .network = "" }, &err), ERROR_INVALID);
}

static void another_image_is_not_offered(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .image = "dir:/etc" }, &err),
			 ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .image = "localhost/sandbox:1" }, &err),
			 ERROR_NONE);
}

static void further_images_are_taken_by_their_names_and_refusals_list_them(void **state)
{
	static const struct sandbox_image images[] = {
		{ "python", "localhost/py:1", NULL },
		{ "web", "localhost/web:1", "it is still being fetched" },
		{ NULL, NULL, NULL },
	};
	struct sandboxes all = house;
	auto_container_row row = { 0 };
	struct error err;

	(void)state;
	all.settings.images = images;
	assert_int_equal(apply(&all, &(struct sandbox_request){ .image = "python" }, &row, &err),
			 ERROR_NONE);
	assert_string_equal(row.image, "python");
	assert_string_equal(image_reference(&all.settings, row.image), "localhost/py:1");
	assert_string_equal(image_reference(&all.settings, "localhost/sandbox:1"),
			    "localhost/sandbox:1");
	container_row_release(&row);
	assert_int_equal(
		apply(&all, &(struct sandbox_request){ .image = "localhost/py:1" }, &row, &err),
		ERROR_INVALID);
	assert_string_equal(err.text, "image: \"localhost/py:1\" is not offered here; it may be "
				      "localhost/sandbox:1 (the default), python, web");
	container_row_release(&row);
	assert_int_equal(apply(&all, &(struct sandbox_request){ .image = "web" }, &row, &err),
			 ERROR_UNAVAILABLE);
	assert_string_equal(err.text, "image: \"web\" cannot be used at present: it is still being "
				      "fetched");
	assert_true(err.retryable);
}

static void a_working_directory_is_absolute(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .workdir = "tmp" }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .workdir = "/tmp" }, &err), ERROR_NONE);
}

static void a_name_has_no_control_characters(void **state)
{
	struct error err;
	char longest[130] = { 0 };

	(void)state;
	assert_int_equal(try(&(struct sandbox_request){ .name = "a\nb" }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .name = "" }, &err), ERROR_INVALID);
	memset(longest, 'n', 128);
	assert_int_equal(try(&(struct sandbox_request){ .name = longest }, &err), ERROR_NONE);
	longest[128] = 'n';
	assert_int_equal(try(&(struct sandbox_request){ .name = longest }, &err), ERROR_INVALID);
}

static void the_environment_becomes_one_object(void **state)
{
	static const char *const env[] = { "A=1", "B=x=\"y\"", "C=", NULL };
	auto_container_row row = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(apply(&house, &(struct sandbox_request){ .env = env }, &row, &err),
			 ERROR_NONE);
	assert_string_equal(row.env, "{\"A\":\"1\",\"B\":\"x=\\\"y\\\"\",\"C\":\"\"}");
}

static void an_environment_that_makes_no_sense_is_refused(void **state)
{
	static const char *const nameless[] = { "=1", NULL };
	static const char *const bare[] = { "A", NULL };
	static const char *const twice[] = { "A=1", "A=2", NULL };
	static const char *const broken[] = { "A=\xff", NULL };
	static char huge[9000];
	static const char *const flood[] = { huge, NULL };
	struct error err;

	(void)state;
	memset(huge, 'a', sizeof(huge) - 1);
	huge[1] = '=';
	assert_int_equal(try(&(struct sandbox_request){ .env = nameless }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .env = bare }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .env = twice }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .env = broken }, &err), ERROR_INVALID);
	assert_int_equal(try(&(struct sandbox_request){ .env = flood }, &err), ERROR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_becomes_the_default),
		cmocka_unit_test(a_wish_just_under_and_at_the_maximum_is_granted),
		cmocka_unit_test(a_wish_over_a_maximum_is_refused_with_the_maximum),
		cmocka_unit_test(one_byte_over_is_over),
		cmocka_unit_test(too_little_and_negative_wishes_make_no_sense),
		cmocka_unit_test(an_operator_may_set_a_maximum_below_the_usual_minimum),
		cmocka_unit_test(a_disk_that_cannot_be_bounded_is_not_promised),
		cmocka_unit_test(a_disk_that_can_be_bounded_has_a_maximum),
		cmocka_unit_test(the_network_is_never_wider_than_the_server_allows),
		cmocka_unit_test(another_image_is_not_offered),
		cmocka_unit_test(further_images_are_taken_by_their_names_and_refusals_list_them),
		cmocka_unit_test(a_working_directory_is_absolute),
		cmocka_unit_test(a_name_has_no_control_characters),
		cmocka_unit_test(the_environment_becomes_one_object),
		cmocka_unit_test(an_environment_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
