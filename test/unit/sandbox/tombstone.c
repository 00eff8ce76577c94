/* What is said of the gone, word for word, and of what never was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* 2026-11-20T10:02:30Z */
#define GONE_AT (1795168950 * (int64_t)1000)

static void assert_sentence(char *reason, int64_t span, const char *words)
{
	struct container_row row = { .id = "c-abc",
				     .gone_reason = reason,
				     .created_at = GONE_AT - span,
				     .expires_at = GONE_AT,
				     .gone_at = GONE_AT };
	struct error err;

	assert_false(tombstone_error(&row, &err));
	assert_int_equal(err.kind, ERROR_GONE);
	assert_string_equal(err.text, words);
	/* The text is also shown to people, who have no tools. */
	assert_string_equal(err.next, "call create_container for a new one");
	assert_false(err.retryable);
}

static void one_destroyed_on_request_says_so(void **state)
{
	(void)state;
	assert_sentence(REASON_ASKED, HOUR,
			"container c-abc was destroyed on request at 10:02 UTC");
}

static void one_that_expired_says_how_long_it_had(void **state)
{
	(void)state;
	assert_sentence(REASON_EXPIRED, 2 * HOUR,
			"container c-abc was destroyed at 10:02 UTC because its 2 hours were "
			"over");
	assert_sentence(REASON_EXPIRED, HOUR,
			"container c-abc was destroyed at 10:02 UTC because its 1 hour was over");
	assert_sentence(REASON_EXPIRED, 90 * MINUTE,
			"container c-abc was destroyed at 10:02 UTC because its 90 minutes were "
			"over");
	assert_sentence(REASON_EXPIRED, SECOND,
			"container c-abc was destroyed at 10:02 UTC because its 1 second was "
			"over");
}

static void a_span_that_makes_no_sense_is_not_told(void **state)
{
	(void)state;
	assert_sentence(REASON_EXPIRED, -HOUR,
			"container c-abc was destroyed at 10:02 UTC because its time was over");
	assert_sentence(REASON_EXPIRED, 1000 * (int64_t)HOUR,
			"container c-abc was destroyed at 10:02 UTC because its time was over");
}

static void other_reasons_are_told_as_they_are(void **state)
{
	(void)state;
	assert_sentence(REASON_LOST, HOUR,
			"container c-abc was destroyed at 10:02 UTC because Podman no longer had "
			"it");
	assert_sentence(REASON_STOPPED, HOUR,
			"container c-abc was destroyed at 10:02 UTC because its process 1 ended");
	assert_sentence(NULL, HOUR, "container c-abc was destroyed at 10:02 UTC");
}

static void not_found_has_one_form(void **state)
{
	struct error err;

	(void)state;
	assert_false(not_found_error("container", "c-xyz", &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.text,
			    "there is no container c-xyz: check the id, or list what you have");
}

static void a_long_id_is_cut_between_characters(void **state)
{
	struct error err;
	char id[400];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(id); i += 3)
		memcpy(id + i, "\xec\x95\x84", 3);
	id[399] = '\0';
	assert_false(not_found_error("container", id, &err));
	assert_true(utf8_is_valid(err.text, strlen(err.text)));
	assert_non_null(strstr(err.text, "list what you have"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_destroyed_on_request_says_so),
		cmocka_unit_test(one_that_expired_says_how_long_it_had),
		cmocka_unit_test(a_span_that_makes_no_sense_is_not_told),
		cmocka_unit_test(other_reasons_are_told_as_they_are),
		cmocka_unit_test(not_found_has_one_form),
		cmocka_unit_test(a_long_id_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
