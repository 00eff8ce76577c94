/* Globs: what they match, and below which folders it is worth the while to look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "wire_file.h"

struct pair {
	const char *pattern;
	const char *path;
};

static const struct pair matching[] = {
	{ "a", "a" },
	{ "*", "a" },
	{ "*.c", "x.c" },
	{ "*.c", "x.c.c" },
	{ "a*b*c", "a-b-bb-c" },
	{ "?", "x" },
	{ "a?c", "abc" },
	{ "[abc]", "b" },
	{ "[a-c]x", "bx" },
	{ "[!a-c]x", "dx" },
	{ "[^a]", "b" },
	{ "[]a]", "]" },
	{ "[a-]", "-" },
	{ "[", "[" },
	{ "[a", "[a" },
	{ "a[", "a[" },
	{ "\\*", "*" },
	{ "\\[a]", "[a]" },
	{ "a\\", "a\\" },
	{ "\\.x", ".x" },
	{ "src/*.c", "src/a.c" },
	{ "./src//*.c", "src/a.c" },
	{ "src/", "src" },
	{ "**", "a" },
	{ "**", "a/b/c" },
	{ "**/a", "a" },
	{ "**/a", "x/y/a" },
	{ "**/a", "a/a" },
	{ "a/**", "a/b" },
	{ "a/**", "a/b/c" },
	{ "a/**/b", "a/b" },
	{ "a/**/b", "a/x/y/b" },
	{ "a/**/b/*", "a/b/b/b/c" },
	{ "**/**/a", "x/a" },
	{ "**/x/**/y", "x/a/x/b/y" },
	{ "***", "abc" },
	{ ".*", ".hidden" },
	{ ".git/*", ".git/config" },
	{ "**/.github/*", "a/.github/x" },
	{ "*", "\xff\n" },
	{ "[\x80-\xff]", "\xe9" },
};

static const struct pair differing[] = {
	{ "", "a" },
	{ "/", "a" },
	{ "a", "b" },
	{ "a", "aa" },
	{ "aa", "a" },
	{ "*", "a/b" },
	{ "*.c", "a/x.c" },
	{ "?", "ab" },
	{ "?", "" },
	{ "[abc]", "d" },
	{ "[!a]", "a" },
	{ "[]", "a" },
	{ "a*", "ba" },
	{ "\\*", "x" },
	{ "src/*.c", "src/sub/a.c" },
	{ "src/*/a", "src/a" },
	{ "a/b", "a" },
	{ "a", "a/b" },
	{ "a/**", "a" },
	{ "**/a", "a/b" },
	{ "a/**/b", "a/x" },
	{ "*", ".hidden" },
	{ "?hidden", ".hidden" },
	{ "[.]hidden", ".hidden" },
	{ "**", ".git" },
	{ "**", ".git/config" },
	{ "**", "a/.x" },
	{ "**/*.c", ".git/a.c" },
	{ "**/a", "x/.y/a" },
	{ "a**b", "a/b" },
};

static void what_matches_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++)
		if (!wire_glob(matching[i].pattern, matching[i].path))
			fail_msg("%s should match %s", matching[i].pattern, matching[i].path);
}

static void what_differs_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
		if (wire_glob(differing[i].pattern, differing[i].path))
			fail_msg("%s should not match %s", differing[i].pattern, differing[i].path);
}

/* Every folder above what matches must be gone into. */
static void no_way_to_a_match_is_missed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++) {
		const char *path = matching[i].path;
		char folder[64];

		for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
			memcpy(folder, path, (size_t)(at - path));
			folder[at - path] = '\0';
			if (!wire_glob_leads(matching[i].pattern, folder))
				fail_msg("%s leads through %s", matching[i].pattern, folder);
		}
	}
}

static void folders_without_a_match_are_not_gone_into(void **state)
{
	static const struct pair cases[] = {
		{ "*.c", "src" },      { "src/*.c", "lib" }, { "src/*.c", "src/sub" },
		{ "**/*.c", ".git" },  { "**", "a/.git/x" }, { "a/**", "b" },
		{ "*/x/*.c", ".git" }, { "a/b/**", "a/.b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (wire_glob_leads(cases[i].pattern, cases[i].path))
			fail_msg("%s leads not through %s", cases[i].pattern, cases[i].path);
	assert_true(wire_glob_leads("**/.git/*", ".git"));
	assert_true(wire_glob_leads("src/*.c", "src"));
}

/* A matcher that tries everything needs years for these. */
static void a_spiteful_pattern_takes_no_longer_than_a_kind_one(void **state)
{
	char pattern[WIRE_PATTERN_MAX + 1];
	char path[WIRE_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(pattern); i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(wire_glob(pattern, path));
	for (size_t i = 0; i + 5 < sizeof(pattern); i += 5)
		memcpy(pattern + i, "**/a/", 6);
	memcpy(pattern + sizeof(pattern) - 8, "/b", 3);
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	assert_false(wire_glob(pattern, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches_matches),
		cmocka_unit_test(what_differs_does_not),
		cmocka_unit_test(no_way_to_a_match_is_missed),
		cmocka_unit_test(folders_without_a_match_are_not_gone_into),
		cmocka_unit_test(a_spiteful_pattern_takes_no_longer_than_a_kind_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
