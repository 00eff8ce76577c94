/* Replacing exact text, and the diff that tells what changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "diff.h"
#include "edit.h"

enum { ROOM = 1 << 20 };

/* --- diff ----------------------------------------------------------------------------------- */

static char *diff_within(const char *a, const char *b, size_t room, bool *ret_whole)
{
	struct buf text = BUF_INIT(room);
	const struct diff_text old_text = { a, strlen(a) }, new_text = { b, strlen(b) };

	*ret_whole = diff_unified("/f", &old_text, &new_text, &text);
	return buf_take(&text);
}

static char *diff(const char *a, const char *b)
{
	bool whole;
	char *text = diff_within(a, b, ROOM, &whole);

	assert_true(whole);
	return text;
}

static const char *next_line(const char *at)
{
	const char *newline = strchr(at, '\n');

	return newline ? newline + 1 : at + strlen(at);
}

/* Takes one line of the old text, which must be the diff's. */
static const char *take_old(const char *old, const char *line, size_t len)
{
	assert_true(strncmp(old, line, len) == 0);
	return old + len;
}

/* Applies a diff as strictly as can be: what stands in it must stand in the old text, where its
 * ranges say. */
static char *apply(const char *old, const char *diff_text)
{
	struct buf out = BUF_INIT(ROOM);
	const char *at = next_line(next_line(diff_text)), *start = old;
	long old_line = 1, from, from_count, to, to_count;

	while (*at) {
		assert_int_equal(
			sscanf(at, "@@ -%ld,%ld +%ld,%ld @@", &from, &from_count, &to, &to_count),
			4);
		from += from_count == 0;
		for (; old_line < from; old_line++) {
			const char *next = next_line(start);

			assert_true(buf_add(&out, start, (size_t)(next - start)));
			start = next;
		}
		old_line += from_count;
		at = next_line(at);
		while (from_count > 0 || to_count > 0) {
			const char *line = at + 1;
			char sign = *at;
			size_t len;

			at = next_line(at);
			len = (size_t)(at - line);
			if (*at == '\\') {
				at = next_line(at);
				len--;
			}
			if (sign != '+') {
				start = take_old(start, line, len);
				from_count--;
			}
			if (sign != '-') {
				assert_true(buf_add(&out, line, len));
				to_count--;
			}
			assert_non_null(strchr(" +-", sign));
		}
	}
	assert_true(buf_add_text(&out, start));
	return buf_take(&out);
}

static void a_diff_is_unified_with_three_lines_of_context(void **state)
{
	auto_str text = diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");

	(void)state;
	assert_string_equal(text,
			    "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n"
			    " 8\n");
}

static void changes_far_from_each_other_have_hunks_of_their_own(void **state)
{
	auto_str apart = diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n");
	auto_str near = diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n");

	(void)state;
	assert_string_equal(apart, "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
				   "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
	assert_string_equal(near, "--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n"
				  " 6\n-b\n+B\n");
}

static void a_missing_last_newline_is_told(void **state)
{
	auto_str gone = diff("a\nb\n", "a\nb");
	auto_str made = diff("", "x");
	auto_str emptied = diff("x\n", "");

	(void)state;
	assert_string_equal(gone, "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n"
				  "\\ No newline at end of file\n");
	assert_string_equal(made, "--- a/f\n+++ b/f\n@@ -0,0 +1,1 @@\n+x\n"
				  "\\ No newline at end of file\n");
	assert_string_equal(emptied, "--- a/f\n+++ b/f\n@@ -1,1 +0,0 @@\n-x\n");
}

static void equal_texts_have_no_diff(void **state)
{
	auto_str text = diff("a\nb\n", "a\nb\n");

	(void)state;
	assert_string_equal(text, "");
}

static unsigned seed = 1;

static unsigned random_below(unsigned end)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % end;
}

/* Few different lines, so that much is equal in wrong places. */
static void add_random_lines(struct buf *text, unsigned most)
{
	for (unsigned i = random_below(most + 1); i > 0; i--)
		buf_addf(text, "%u%s", random_below(5), i == 1 && random_below(4) == 0 ? "" : "\n");
}

static char *changed(const char *text)
{
	struct buf out = BUF_INIT(ROOM);

	while (*text) {
		const char *next = next_line(text);

		if (random_below(8) == 0)
			add_random_lines(&out, 3);
		else if (random_below(8) > 0)
			buf_add(&out, text, (size_t)(next - text));
		text = next;
	}
	return buf_take(&out);
}

static void applying_a_diff_gives_the_other_text(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct buf text = BUF_INIT(ROOM);
		auto_str a = NULL;
		auto_str b = NULL;
		auto_str difference = NULL;
		auto_str applied = NULL;

		add_random_lines(&text, i % 40);
		a = buf_take(&text);
		add_random_lines(&text, i % 40);
		b = i % 2 ? buf_take(&text) : changed(a);
		buf_release(&text);
		if (strcmp(a, b) == 0)
			continue;
		difference = diff(a, b);
		applied = apply(a, difference);
		assert_string_equal(applied, b);
	}
}

/* More edits than one round of the search takes. */
static void two_long_texts_with_nothing_in_common_differ_in_every_line(void **state)
{
	struct buf a = BUF_INIT(ROOM), b = BUF_INIT(ROOM);
	auto_str difference = NULL;
	auto_str applied = NULL;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "old %d\n%s", i, i % 100 ? "" : "both\n");
		buf_addf(&b, "%snew %d\n", i % 100 ? "" : "both\n", i);
	}
	difference = diff(buf_text(&a), buf_text(&b));
	applied = apply(buf_text(&a), difference);
	assert_string_equal(applied, buf_text(&b));
	buf_release(&a);
	buf_release(&b);
}

static void a_diff_without_room_is_cut_and_says_so(void **state)
{
	struct buf a = BUF_INIT(ROOM), b = BUF_INIT(ROOM);
	auto_str text = NULL;
	auto_str line = NULL;
	bool whole = true;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		buf_addf(&a, "old %d\n", i);
		buf_addf(&b, "new %d\n", i);
	}
	text = diff_within(buf_text(&a), buf_text(&b), 2000, &whole);
	assert_false(whole);
	assert_true(strlen(text) <= 2000);
	assert_non_null(strstr(text, "-old 0\n"));
	assert_non_null(strstr(text, "\n[the diff goes on: it is cut here]\n"));
	buf_clear(&a);
	buf_clear(&b);
	for (int i = 0; i < 5000; i++)
		buf_add_text(&a, "é");
	buf_addf(&b, "%sx", buf_text(&a));
	line = diff_within(buf_text(&a), buf_text(&b), 2001, &whole);
	assert_false(whole);
	assert_non_null(strstr(line, "-ééé"));
	assert_non_null(strstr(line, "é\n[the diff goes on"));
	buf_release(&a);
	buf_release(&b);
}

/* More lines than are compared: what lies behind them is not said to differ. */
static void texts_with_very_many_lines_are_compared_in_part(void **state)
{
	enum { LINES = 1100000, SIZE = 4 * LINES };
	struct buf a = BUF_INIT(SIZE), b = BUF_INIT(SIZE), text = BUF_INIT(ROOM);
	struct diff_text old_text, new_text;

	(void)state;
	buf_add_text(&a, "old\n");
	buf_add_text(&b, "1\n2\n3\n4\n5\n");
	for (int i = 0; i < LINES; i++) {
		buf_add_text(&a, "x\n");
		buf_add_text(&b, "x\n");
	}
	buf_add_text(&a, "end");
	old_text = (struct diff_text){ buf_text(&a), a.len };
	new_text = (struct diff_text){ buf_text(&b), b.len };
	assert_false(diff_unified("/f", &old_text, &new_text, &text));
	assert_string_equal(buf_text(&text),
			    "--- a/f\n+++ b/f\n@@ -1,4 +1,8 @@\n-old\n+1\n+2\n+3\n+4\n+5\n x\n x\n"
			    " x\n[the diff goes on: it is cut here]\n");
	buf_release(&a);
	buf_release(&b);
	buf_release(&text);
}

static void a_path_with_line_ends_stays_in_its_line(void **state)
{
	struct buf text = BUF_INIT(ROOM);
	const struct diff_text a = { "x", 1 }, b = { "y", 1 };

	(void)state;
	assert_true(diff_unified("/a\n-b\t", &a, &b, &text));
	assert_int_equal(strncmp(buf_text(&text), "--- a/a?-b?\n+++ b/a?-b?\n", 24), 0);
	buf_release(&text);
}

/* --- edit ----------------------------------------------------------------------------------- */

static struct error err;

static char *edit(const char *text, const char *old_text, const char *new_text, int64_t count)
{
	const struct edit_wish wish = { "/f.c", old_text, new_text, count };
	struct buf out = BUF_INIT(ROOM);

	if (edit_apply(&wish, text, strlen(text), &out, &err))
		return buf_take(&out);
	buf_release(&out);
	return NULL;
}

static void expect_edit(const char *text, const char *old_text, const char *new_text, int64_t count,
			const char *wanted)
{
	auto_str result = edit(text, old_text, new_text, count);

	if (!result)
		fail_msg("%s", err.text);
	assert_string_equal(result, wanted);
}

static void expect_refused(const char *text, const char *old_text, int64_t count,
			   const char *sentence)
{
	auto_str result = edit(text, old_text, "new", count);

	assert_null(result);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_string_equal(err.text, sentence);
	assert_non_null(err.next);
}

static void exact_text_is_replaced_as_often_as_was_said(void **state)
{
	(void)state;
	expect_edit("int a;\nint b;\n", "b;", "bb;", 1, "int a;\nint bb;\n");
	expect_edit("aXbXc", "X", "", 2, "abc");
	expect_edit("aaaa", "aa", "b", 2, "bb");
	expect_edit("x", "x", "", 1, "");
	expect_edit("é\n", "é", "日本", 1, "日本\n");
}

static void another_count_is_told_with_the_lines(void **state)
{
	(void)state;
	expect_refused("x\ny\nx\nx x\n", "x", 1,
		       "old_text was found 4 times in /f.c (lines 1, 3, 4, 4), not 1");
	expect_refused("x\n", "x", 3, "old_text was found 1 time in /f.c (line 1), not 3");
	expect_refused(
		"xxxxxxxxxx", "x", 1,
		"old_text was found 10 times in /f.c (lines 1, 1, 1, 1, 1, 1, 1, 1 …), not 1");
}

static void text_that_differs_in_white_space_is_found_all_the_same(void **state)
{
	(void)state;
	expect_refused("a\n\tif (x)\n\t\ty();\nb\n", "    if (x)\n        y();\n", 1,
		       "old_text was found 0 times in /f.c: lines 2–3 say the same but for white "
		       "space");
	expect_refused("one\n  two\n", "two ", 1,
		       "old_text was found 0 times in /f.c: line 2 says the same but for white "
		       "space");
	expect_refused("one\r\ntwo\r\n", "one\ntwo\n", 1,
		       "old_text was found 0 times in /f.c: lines 1–2 say the same but for white "
		       "space");
}

static void text_that_goes_on_otherwise_is_shown(void **state)
{
	(void)state;
	expect_refused("void f(void)\n{\n\treturn 1;\n}\n", "void f(void)\n{\n\treturn 2;\n}\n", 1,
		       "old_text was found 0 times in /f.c: it begins at line 1, but line 3 is "
		       "\"\treturn 1;\"");
	expect_refused("a\nb\nc\n", "a\nx\n", 1,
		       "old_text was found 0 times in /f.c: it begins at line 1, but line 2 is "
		       "\"b\"");
	expect_refused("a\n", "nothing like it", 1, "old_text was found 0 times in /f.c");
	expect_refused("", "a", 1, "old_text was found 0 times in /f.c");
}

static void an_edit_that_was_made_already_is_seen(void **state)
{
	(void)state;
	expect_refused("a\nthis is new\n", "old", 1,
		       "old_text was found 0 times in /f.c: new_text is there already, in line 2");
}

static void looking_for_what_comes_near_is_bounded(void **state)
{
	struct buf text = BUF_INIT(ROOM), wanted = BUF_INIT(ROOM);
	auto_str result = NULL;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		buf_add_text(&text, "a\n");
		buf_add_text(&wanted, "a");
	}
	buf_add_text(&wanted, "b");
	result = edit(buf_text(&text), buf_text(&wanted), "x", 1);
	assert_null(result);
	buf_release(&text);
	buf_release(&wanted);
}

static void what_is_no_text_is_not_edited(void **state)
{
	const struct edit_wish wish = { "/f", "a", "b", 1 };
	struct buf out = BUF_INIT(ROOM);

	(void)state;
	assert_false(edit_apply(&wish, "a\xff", 2, &out, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_false(edit_apply(&wish, "a\0b", 3, &out, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(out.len, 0);
}

static void a_result_without_room_is_refused(void **state)
{
	const struct edit_wish wish = { "/f", "a", "bbbbbbbb", 2 };
	struct buf out = BUF_INIT(10);

	(void)state;
	assert_false(edit_apply(&wish, "aa", 2, &out, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_diff_is_unified_with_three_lines_of_context),
		cmocka_unit_test(changes_far_from_each_other_have_hunks_of_their_own),
		cmocka_unit_test(a_missing_last_newline_is_told),
		cmocka_unit_test(equal_texts_have_no_diff),
		cmocka_unit_test(applying_a_diff_gives_the_other_text),
		cmocka_unit_test(two_long_texts_with_nothing_in_common_differ_in_every_line),
		cmocka_unit_test(a_diff_without_room_is_cut_and_says_so),
		cmocka_unit_test(texts_with_very_many_lines_are_compared_in_part),
		cmocka_unit_test(a_path_with_line_ends_stays_in_its_line),
		cmocka_unit_test(exact_text_is_replaced_as_often_as_was_said),
		cmocka_unit_test(another_count_is_told_with_the_lines),
		cmocka_unit_test(text_that_differs_in_white_space_is_found_all_the_same),
		cmocka_unit_test(text_that_goes_on_otherwise_is_shown),
		cmocka_unit_test(an_edit_that_was_made_already_is_seen),
		cmocka_unit_test(looking_for_what_comes_near_is_bounded),
		cmocka_unit_test(what_is_no_text_is_not_edited),
		cmocka_unit_test(a_result_without_room_is_refused),
	};

	return cmocka_run_group_tests_name("sandbox edit", tests, NULL, NULL);
}
