/* SHA-256 as text: known digests (FIPS 180-4 examples), the salt in front, comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "digest.h"

static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void known_digests_are_met(void **state)
{
	char hex[DIGEST_TEXT_SIZE];

	(void)state;
	digest_text("", "abc", hex);
	assert_string_equal(hex, of_abc);
	digest_text("", "", hex);
	assert_string_equal(hex, of_nothing);
}

static void the_salt_stands_in_front(void **state)
{
	char hex[DIGEST_TEXT_SIZE];

	(void)state;
	digest_text("a", "bc", hex);
	assert_string_equal(hex, of_abc);
	digest_text("bc", "a", hex);
	assert_string_not_equal(hex, of_abc);
}

static void digests_are_equal_only_when_every_digit_is(void **state)
{
	char other[DIGEST_TEXT_SIZE];

	(void)state;
	memcpy(other, of_abc, sizeof(other));
	assert_true(digest_equal(of_abc, other));
	for (size_t i = 0; i + 1 < sizeof(other); i++) {
		other[i] ^= 1;
		assert_false(digest_equal(of_abc, other));
		other[i] ^= 1;
	}
	assert_false(digest_equal(of_abc, ""));
	assert_false(digest_equal("", of_abc));
	other[63] = '\0';
	assert_false(digest_equal(of_abc, other));
	assert_false(digest_equal(other, of_abc));
}

/* RFC 4231 section 4.3 */
static void a_mac_is_that_of_the_standard(void **state)
{
	char mac[DIGEST_TEXT_SIZE];

	(void)state;
	digest_mac("Jefe", "what do ya want for nothing?", mac);
	assert_string_equal(mac,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mac_is_that_of_the_standard),
		cmocka_unit_test(known_digests_are_met),
		cmocka_unit_test(the_salt_stands_in_front),
		cmocka_unit_test(digests_are_equal_only_when_every_digit_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
