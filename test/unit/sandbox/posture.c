/* Each wall missing by itself is found by its name, and can be allowed by its name alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"
#include "config.h"
#include "json.h"

#define MIB ((int64_t)1024 * 1024)

static const struct container_row row = {
	.memory = 256 * MIB, .cpu_milli = 500, .pids = 100, .uid_slot = 20, .network = "none"
};

static const struct posture_terms strict = { .allow_unenforced = NULL, .swapless = false };

static struct wire_hello sound(void)
{
	return (struct wire_hello){
		.memory_limit = 256 * (uint64_t)MIB,
		.swap_limit = 256 * (uint64_t)MIB,
		.cpu_milli = 500,
		.pids_limit = 100,
		.uid_host = 20 * 65536,
		.uid_count = 65536,
		.no_new_privs = 1,
		.seccomp = 2,
		.runtimes = "sh python3",
	};
}

/* One measure spoilt; the wall that it is about. */
struct breach {
	const char *wall;
	size_t offset;
	size_t size;
	uint64_t value;
};
#define SPOILT(wall, field, number)                                                                \
	{                                                                                          \
		wall, offsetof(struct wire_hello, field), sizeof(((struct wire_hello *)0)->field), \
			number                                                                     \
	}

static const struct breach breaches[] = {
	SPOILT("memory", memory_limit, UINT64_MAX),
	SPOILT("memory", memory_limit, 256 * MIB + 1),
	SPOILT("memory", memory_limit, 128 * MIB),
	SPOILT("memory", memory_limit, 0),
	SPOILT("swap", swap_limit, UINT64_MAX),
	SPOILT("swap", swap_limit, 512 * MIB),
	SPOILT("cpu", cpu_milli, UINT64_MAX),
	SPOILT("cpu", cpu_milli, 501),
	SPOILT("pids", pids_limit, UINT64_MAX),
	SPOILT("pids", pids_limit, 101),
	SPOILT("capabilities", cap_bounding, 1),
	SPOILT("capabilities", cap_bounding, UINT64_MAX),
	SPOILT("capabilities", cap_effective, 1u << 21),
	SPOILT("privileges", no_new_privs, 0),
	SPOILT("seccomp", seccomp, 0),
	SPOILT("seccomp", seccomp, 1),
	SPOILT("userns", uid_host, 0),
	SPOILT("userns", uid_host, 21 * 65536),
	SPOILT("userns", uid_count, 4294967295u),
	SPOILT("userns", uid_count, UINT64_MAX),
	SPOILT("proc", proc_writable, 1),
};
enum { BREACHES = sizeof(breaches) / sizeof(breaches[0]) };

/* Little-endian machines only, as are the containers. */
static struct wire_hello spoil(const struct breach *breach)
{
	struct wire_hello hello = sound();

	memcpy((char *)&hello + breach->offset, &breach->value, breach->size);
	return hello;
}

static void what_is_promised_and_measured_passes(void **state)
{
	struct wire_hello hello = sound();
	struct error err;

	(void)state;
	assert_true(posture_check(&row, &hello, &strict, &err));
}

static void a_limit_rounded_down_to_a_page_passes(void **state)
{
	struct container_row odd = row;
	struct wire_hello hello = sound();
	struct error err;

	(void)state;
	odd.memory = 256 * MIB + 4095;
	assert_true(posture_check(&odd, &hello, &strict, &err));
}

static void each_missing_wall_is_found_by_its_name(void **state)
{
	struct error err;
	char wanted[64];

	(void)state;
	for (int i = 0; i < BREACHES; i++) {
		struct wire_hello hello = spoil(&breaches[i]);

		assert_false(posture_check(&row, &hello, &strict, &err));
		assert_int_equal(err.kind, ERROR_UNAVAILABLE);
		snprintf(wanted, sizeof(wanted), "the wall \"%s\" is not enforced",
			 breaches[i].wall);
		assert_non_null(strstr(err.text, wanted));
	}
}

static void a_missing_wall_can_be_allowed_by_its_name_and_no_other(void **state)
{
	struct error err;

	(void)state;
	for (int i = 0; i < BREACHES; i++) {
		struct wire_hello hello = spoil(&breaches[i]);

		for (int j = 0; j < BREACHES; j++) {
			struct posture_terms terms = { .allow_unenforced = breaches[j].wall };
			bool same = strcmp(breaches[i].wall, breaches[j].wall) == 0;

			assert_int_equal(posture_check(&row, &hello, &terms, &err), same);
		}
	}
}

static void several_can_be_allowed(void **state)
{
	struct wire_hello hello = sound();
	struct posture_terms terms = { .allow_unenforced = "memory,pids" };
	struct error err;

	(void)state;
	hello.memory_limit = hello.pids_limit = UINT64_MAX;
	assert_true(posture_check(&row, &hello, &terms, &err));
	hello.seccomp = 0;
	assert_false(posture_check(&row, &hello, &terms, &err));
}

static void a_machine_without_swap_needs_no_limit_on_it(void **state)
{
	struct wire_hello hello = sound();
	struct posture_terms swapless = { .swapless = true };
	struct error err;

	(void)state;
	hello.swap_limit = UINT64_MAX;
	assert_true(posture_check(&row, &hello, &swapless, &err));
	hello.memory_limit = UINT64_MAX;
	assert_false(posture_check(&row, &hello, &swapless, &err));
}

static void the_report_says_what_is_in_force(void **state)
{
	struct wire_hello hello = sound();
	struct error err;

	(void)state;
	hello.pids_limit = UINT64_MAX;
	auto_str text = posture_json(&row, &hello, &strict);
	auto_json report = json_parse(text, strlen(text), &err);

	assert_non_null(report);
	assert_string_equal(json_get_text(report, "memory"), "enforced");
	assert_string_equal(json_get_text(report, "pids"), "not enforced");
	assert_string_equal(json_get_text(report, "disk"), "not bounded");
	assert_string_equal(json_get_text(report, "network"), "none");
	assert_string_equal(json_get_text(report, "runtimes"), "sh python3");
}

static void every_wall_can_be_named_in_the_settings(void **state)
{
	(void)state;
	for (int i = 0; i < BREACHES; i++)
		assert_true(config_list_has(CONFIG_WALLS, breaches[i].wall));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_promised_and_measured_passes),
		cmocka_unit_test(a_limit_rounded_down_to_a_page_passes),
		cmocka_unit_test(each_missing_wall_is_found_by_its_name),
		cmocka_unit_test(a_missing_wall_can_be_allowed_by_its_name_and_no_other),
		cmocka_unit_test(several_can_be_allowed),
		cmocka_unit_test(every_wall_can_be_named_in_the_settings),
		cmocka_unit_test(a_machine_without_swap_needs_no_limit_on_it),
		cmocka_unit_test(the_report_says_what_is_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
