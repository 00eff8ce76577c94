/* Names of downloads: what a browser is told, whatever the container called the file. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "http.h"

static const struct {
	const char *name, *wanted;
} cases[] = {
	{ "report.pdf", "attachment; filename=\"report.pdf\"" },
	{ "my report.pdf", "attachment; filename=\"my report.pdf\"" },
	{ "\xeb\xb3\xb4\xea\xb3\xa0\xec\x84\x9c.pdf",
	  "attachment; filename=\"___.pdf\"; "
	  "filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf" },
	{ "\xea\xb0\x80 b'c(1).txt",
	  "attachment; filename=\"_ b'c(1).txt\"; filename*=UTF-8''%EA%B0%80%20b%27c%281%29.txt" },
	{ "a\"b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt" },
	{ "50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt" },
	{ "a;b=c.txt", "attachment; filename=\"a;b=c.txt\"" },
	{ "a\r\nSet-Cookie: x=y", "attachment; filename=\"a__Set-Cookie: x=y\"" },
	{ "a\tb\x01\x7f.txt", "attachment; filename=\"a_b__.txt\"" },
	{ "\xc2\x85x", "attachment; filename=\"_x\"" },
	{ "../../etc/passwd", "attachment; filename=\"___.._etc_passwd\"" },
	{ "..\\..\\x.exe", "attachment; filename=\"___.._x.exe\"" },
	{ "/", "attachment; filename=\"_\"" },
	{ ".", "attachment; filename=\"download\"" },
	{ "..", "attachment; filename=\"__\"" },
	{ "", "attachment; filename=\"download\"" },
	{ " ", "attachment; filename=\"download\"" },
	{ ".bashrc", "attachment; filename=\".bashrc\"" },
	{ "name. . ", "attachment; filename=\"name\"" },
	{ "x\xe2\x80\xaetxt.exe", "attachment; filename=\"x_txt.exe\"" },
	{ "x\xe2\x81\xa6y", "attachment; filename=\"x_y\"" },
	{ "bad\xff\xc3.txt",
	  "attachment; filename=\"bad__.txt\"; filename*=UTF-8''bad%EF%BF%BD%EF%BF%BD.txt" },
	{ "\xf0\x9f\x98\x80.png",
	  "attachment; filename=\"_.png\"; filename*=UTF-8''%F0%9F%98%80.png" },
};

static void each_name_becomes_a_safe_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *value = http_disposition("attachment", cases[i].name);

		assert_string_equal(value, cases[i].wanted);
		free(value);
	}
}

static void a_long_name_is_cut_and_keeps_its_ending(void **state)
{
	char name[4096 + 8];
	char *value;

	(void)state;
	memset(name, 'n', 4096);
	memcpy(name + 4092, ".tar", 5);
	value = http_disposition("inline", name);
	assert_int_equal(strlen(value), strlen("inline; filename=\"\"") + 200);
	assert_string_equal(value + strlen(value) - 6, "n.tar\"");
	free(value);
	/* Cut between characters. */
	for (int i = 0; i < 1365; i++)
		memcpy(name + (size_t)i * 3, "\xea\xb0\x80", 3);
	name[4095] = '\0';
	value = http_disposition("inline", name);
	assert_int_equal(strlen(value),
			 strlen("inline; filename=\"\"; filename*=UTF-8''") + 66 + 66 * 9);
	free(value);
}

static void no_byte_ever_ends_the_header(void **state)
{
	char name[4] = { 0 };

	(void)state;
	for (int first = 1; first < 256; first++) {
		for (int second = 1; second < 256; second++) {
			char *value;

			name[0] = (char)first;
			name[1] = (char)second;
			value = http_disposition("attachment", name);
			for (const char *at = value; *at; at++)
				assert_in_range(*at, 0x20, 0x7e);
			assert_null(strpbrk(value + strlen("attachment; filename=\""), "/\\"));
			free(value);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_becomes_a_safe_one),
		cmocka_unit_test(a_long_name_is_cut_and_keeps_its_ending),
		cmocka_unit_test(no_byte_ever_ends_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
