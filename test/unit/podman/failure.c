/* What Podman's failures are made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "internal.h"

struct row {
	long status;
	const char *body;
	enum error_kind kind;
	const char *text;
};

/* Bodies as Podman 4.3.1 and 5.4.2 send them. */
static const struct row rows[] = {
	{ 404,
	  "{\"cause\":\"no such container\",\"message\":\"no container with name or ID \\\"t1\\\" "
	  "found: no such container\",\"response\":404}",
	  ERROR_NOT_FOUND, "Podman could not do it: there is no such container" },
	{ 500,
	  "{\"cause\":\"image not known\",\"message\":\"localhost/none:1: image not known\","
	  "\"response\":500}",
	  ERROR_NOT_FOUND, "Podman could not do it: there is no such image" },
	{ 404, "{\"cause\":\"no such image\",\"message\":\"x: No such image\",\"response\":404}",
	  ERROR_NOT_FOUND, "Podman could not do it: there is no such image" },
	{ 500,
	  "{\"cause\":\"that name is already in use\",\"message\":\"creating container storage: "
	  "the container name \\\"t1\\\" is already in use by 27\",\"response\":500}",
	  ERROR_CONFLICT, "Podman could not do it: the name is in use" },
	{ 500,
	  "{\"cause\":\"container state improper\",\"message\":\"can only kill running containers."
	  " 274 is in state exited: container state improper\",\"response\":500}",
	  ERROR_CONFLICT, "Podman could not do it: it is not in a state that allows it" },
	{ 409, "{\"cause\":\"something\",\"message\":\"something\",\"response\":409}",
	  ERROR_CONFLICT, "Podman could not do it: something" },
	{ 500,
	  "{\"cause\":\"x\",\"message\":\"allocating lock for new container: allocation failed; "
	  "exceeded num_locks (2048)\",\"response\":500}",
	  ERROR_LIMIT, "Podman could not do it: Podman has as many containers as it can hold" },
	{ 500,
	  "{\"cause\":\"no space left on device\",\"message\":\"write /var/x: no space left on "
	  "device\",\"response\":500}",
	  ERROR_UNAVAILABLE, "Podman could not do it: the disk of its machine is full" },
	{ 500,
	  "{\"cause\":\"operation not permitted\",\"message\":\"mounting \\\"/srv/data/x\\\" at "
	  "/proc: operation not permitted\\nsecond line\",\"response\":500}",
	  ERROR_UNAVAILABLE,
	  "Podman could not do it: mounting \"(a path)\" at (a path): operation not permitted "
	  "second line" },
	{ 404, "Not Found\n", ERROR_UNAVAILABLE,
	  "Podman could not do it: it answered with status 404 and no reason; is it Podman 4.3 or "
	  "newer?" },
	{ 500, "", ERROR_UNAVAILABLE,
	  "Podman could not do it: it answered with status 500 and no reason; is it Podman 4.3 or "
	  "newer?" },
	{ 400, "{\"cause\":\"bad\",\"message\":\"\",\"response\":400}", ERROR_INVALID,
	  "Podman could not do it: bad" },
	{ 500, "{\"message\":\"\"}", ERROR_UNAVAILABLE,
	  "Podman could not do it: it gives no reason" },
	{ 500, "[1,2", ERROR_UNAVAILABLE,
	  "Podman could not do it: it answered with status 500 and no reason; is it Podman 4.3 or "
	  "newer?" },
};

static void every_known_failure_has_its_kind_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct answer answer = { rows[i].status, rows[i].body, strlen(rows[i].body) };
		struct error err = { 0 };

		assert_false(failure_of_answer(&err, "do it", &answer));
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(err.kind, rows[i].kind);
	}
}

static void messages_of_a_registry_have_their_kinds(void **state)
{
	struct error err;

	(void)state;
	failure_of_message(
		&err, "pull the image",
		"initializing source docker://x/y:latest: pinging container registry x: Get "
		"\"https://x/v2/\": dial tcp: lookup x: no such host");
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_string_equal(err.text,
			    "Podman could not pull the image: the registry cannot be reached");
	failure_of_message(&err, "pull the image", "reading manifest 9 in x: manifest unknown");
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void foreign_text_becomes_one_clean_line(void **state)
{
	static const char text[] =
		"\x1b[31mred\x1b[0m\r\n\t/etc/passwd: \xff\xfe caf\xc3\xa9 a/b 1 / 2. ";
	char clean[64];
	char little[8];

	(void)state;
	failure_clean(text, sizeof(text) - 1, clean, sizeof(clean));
	assert_string_equal(clean, "[31mred [0m (a path): \xef\xbf\xbd\xef\xbf\xbd "
				   "caf\xc3\xa9 a/b 1 / 2");
	failure_clean("caf\xc3\xa9\xc3\xa9\xc3\xa9", 9, little, sizeof(little));
	assert_string_equal(little, "caf\xc3\xa9\xc3\xa9");
	failure_clean("", 0, little, sizeof(little));
	assert_string_equal(little, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_failure_has_its_kind_and_sentence),
		cmocka_unit_test(messages_of_a_registry_have_their_kinds),
		cmocka_unit_test(foreign_text_becomes_one_clean_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
