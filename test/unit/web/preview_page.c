/* What a page shows of a file: the kinds, and what each makes of odd and hostile bytes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "preview.h"

static struct preview_page page;

static const char *page_of_bytes(const char *name, const void *data, size_t len, uint64_t size)
{
	struct preview_file file = { .name = name,
				     .size = size,
				     .expires_at = 1000 * 60 * 1000,
				     .now_ms = 958 * 60 * 1000,
				     .data = data,
				     .len = len };

	preview_page_release(&page);
	preview_page_make(&file, &page);
	return buf_text(&page.html.buf);
}

static const char *page_of(const char *name, const char *text)
{
	return page_of_bytes(name, text, strlen(text), strlen(text));
}

static int release(void **state)
{
	(void)state;
	preview_page_release(&page);
	page = (struct preview_page){ 0 };
	return 0;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part,
			 strstr(text, "<main") ? strstr(text, "<main") : text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, strstr(text, part));
}

/* --- kinds -------------------------------------------------------------------------------- */

static enum preview_kind kind_of(const char *name, const char *data, size_t len,
				 const char **ret_label)
{
	struct preview_choice choice;

	preview_choose(name, data, len, &choice);
	*ret_label = choice.label;
	return choice.kind;
}

static void the_bytes_decide_and_then_the_name(void **state)
{
#define CASE(name, bytes, kind, label)                                                             \
	{                                                                                          \
		(name), (bytes), sizeof(bytes) - 1, (kind), (label)                                \
	}
	static const struct {
		const char *name, *bytes;
		size_t len;
		enum preview_kind kind;
		const char *label;
	} cases[] = {
		CASE("a.png", "\x89PNG\r\n\x1a\n....", PREVIEW_PICTURE, "PNG picture"),
		CASE("a.txt", "\x89PNG\r\n\x1a\n....", PREVIEW_PICTURE, "PNG picture"),
		CASE("a.png", "<html><script>", PREVIEW_TEXT, "text"),
		CASE("a.png", "\0\1\2\3", PREVIEW_BYTES, "binary data"),
		CASE("a", "\xff\xd8\xff\xe0....", PREVIEW_PICTURE, "JPEG picture"),
		CASE("a", "RIFF....WEBPVP8 ", PREVIEW_PICTURE, "WebP picture"),
		CASE("a", "RIFF....WAVEfmt ", PREVIEW_AUDIO, "WAV sound"),
		CASE("a", "....ftypisom....", PREVIEW_VIDEO, "MP4 video"),
		CASE("a", "....ftypM4A ....", PREVIEW_AUDIO, "MPEG-4 sound"),
		CASE("a", "\x1a\x45\xdf\xa3....webm", PREVIEW_VIDEO, "WebM video"),
		CASE("a", "\x1a\x45\xdf\xa3....matroska", PREVIEW_VIDEO, "Matroska video"),
		CASE("a.mp3", "\xff\xfb\x90\x00\x00", PREVIEW_AUDIO, "MP3 sound"),
		CASE("a.bin", "\xff\xfb\x90\x00\x00", PREVIEW_BYTES, "binary data"),
		CASE("a", "%PDF-1.7", PREVIEW_PDF, "PDF document"),
		CASE("a.svg", "<?xml version='1.0'?><svg>", PREVIEW_PICTURE, "SVG picture"),
		CASE("a.svg", "no drawing", PREVIEW_CODE, "XML"),
		CASE("a.zip", "PK\3\4....", PREVIEW_BYTES, "ZIP archive"),
		CASE("a.MD", "# x", PREVIEW_MARKDOWN, "Markdown"),
		CASE("a.csv", "a,b", PREVIEW_TABLE, "CSV table"),
		CASE("a.py", "x = 1", PREVIEW_CODE, "Python"),
		CASE("a.html", "<p>", PREVIEW_CODE, "HTML"),
		CASE("Makefile", "all:", PREVIEW_CODE, "Makefile"),
		CASE("tool", "#!/usr/bin/env python3\n", PREVIEW_CODE, "Python"),
		CASE("tool", "#!/bin/sh -e\n", PREVIEW_CODE, "shell"),
		CASE("tool", "#!/bin/unheard-of\n", PREVIEW_TEXT, "text"),
		CASE("tool", "#!\n", PREVIEW_TEXT, "text"),
		CASE("a.log", "words", PREVIEW_TEXT, "text"),
		CASE("a.", "words", PREVIEW_TEXT, "text"),
		CASE("", "words", PREVIEW_TEXT, "text"),
		CASE("py", "words", PREVIEW_TEXT, "text"),
		CASE("a.py", "", PREVIEW_EMPTY, "empty file"),
		CASE("a.txt", "\xff\xfeh\0i\0", PREVIEW_TEXT, "text"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *label;
		enum preview_kind kind =
			kind_of(cases[i].name, cases[i].bytes, cases[i].len, &label);

		if (kind != cases[i].kind || strcmp(label, cases[i].label) != 0)
			fail_msg("%zu %s: kind %d, %s", i, cases[i].name, kind, label);
	}
}

static void media_are_elements_of_the_page(void **state)
{
	(void)state;
	assert_has(page_of("a \"b\".png", "\x89PNG\r\n\x1a\n"),
		   "<img src=\"?raw=png\" alt=\"a &quot;b&quot;.png\">");
	assert_has(page.policy, "img-src 'self'");
	assert_has(page.policy, "sandbox allow-downloads allow-same-origin");
	assert_has(page_of("a", "....ftypisom"), "<video controls preload=\"metadata\" "
						 "src=\"?raw=mp4\">");
	assert_has(page_of("a", "fLaC"), "<audio controls preload=\"metadata\" "
					 "src=\"?raw=flac\">");
	assert_has(page_of("a", "%PDF-1.7"), "<iframe src=\"?raw=pdf\" title=\"a\">");
	assert_has(page.policy, "frame-src 'self'");
	assert_lacks(page_of("a.svg", "<svg onload='x()'>"), "onload");
	assert_lacks(page.policy, "script");
}

static void a_pdf_that_acts_is_not_shown_unasked(void **state)
{
	const char *got = page_of("a", "%PDF-1.7 << /S /JavaScript /JS (app.alert) >>");

	(void)state;
	assert_lacks(got, "<iframe");
	assert_has(got, "This PDF holds scripts");
	assert_has(got, "?download=1");
}

/* --- the frame ---------------------------------------------------------------------------- */

static void the_name_is_text_whatever_its_bytes(void **state)
{
	const char *got = page_of("<img src=x>\"'&\xff\x01.txt", "x");

	(void)state;
	assert_lacks(got, "<img");
	assert_has(got,
		   "<title>&lt;img src=x&gt;&quot;&#39;&amp;\xef\xbf\xbd\xef\xbf\xbd.txt</title>");
	assert_has(got,
		   "<bdi>&lt;img src=x&gt;&quot;&#39;&amp;\xef\xbf\xbd<mark>&#9217;</mark>.txt");
	got = page_of("photo\xe2\x80\xaegpj.exe", "x");
	assert_has(got, "photo<mark>U+202E</mark>gpj.exe");
	assert_lacks(got, "\xe2\x80\xae");
}

static void size_and_time_are_for_people(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} cases[] = {
		{ 1, ">1 byte<" },      { 999, ">999 bytes<" },     { 1000, ">1.0 KB<" },
		{ 9940, ">9.9 KB<" },   { 9960, ">10 KB<" },        { 999499, ">999 KB<" },
		{ 999999, ">1.0 MB<" }, { 5368709120, ">5.4 GB<" }, { UINT64_MAX / 2, ">9.2 EB<" },
	};
	struct preview_file file = { .name = "a", .data = "x", .len = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_has(page_of_bytes("a", "x", 1, cases[i].size), cases[i].text);
	assert_has(page_of("a", "x"), "link works for 42 min (until 16:40 UTC)");
	preview_page_release(&page);
	preview_page_make(&file, &page);
	assert_lacks(buf_text(&page.html.buf), "link works for");
}

/* --- text --------------------------------------------------------------------------------- */

static void text_comes_in_every_coding(void **state)
{
	const char *got;

	(void)state;
	assert_has(page_of("a", "\xef\xbb\xbfone\r\ntwo\rthree\n"), "<code>one\ntwo\nthree\n<");
	assert_has(page_of("a", "\x1b[1;32mgreen\x1b[0m"), "<code>green<");
	assert_has(page_of("a", "\x1b[2J"), "<mark>&#9243;</mark>[2J");
	got = page_of("a", "caf\xe9 \x93x\x94");
	assert_has(got, "caf\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d");
	assert_has(got, "This text is not UTF-8");
	got = page_of_bytes("a", "\xff\xfe\xe9\0=\xd8\0\xdex", 9, 9);
	assert_has(got, "<code>\xc3\xa9\xf0\x9f\x98\x80<");
	assert_has(page_of_bytes("a", "\xfe\xff\0h\xd8\0\0i", 8, 8), "<code>h\xef\xbf\xbdi<");
	/* Cut inside of a character. */
	got = page_of_bytes("a", "gr\xc3\xbc\xc3", 5, 100);
	assert_has(got, "<code>gr\xc3\xbc<");
	assert_has(got, "The first 5 bytes are shown.");
}

static void what_reads_otherwise_than_it_is_is_marked(void **state)
{
	const char *got = page_of("a.js", "if (x) /* \xe2\x80\xae } \xe2\x81\xa6 */ {\n");

	(void)state;
	assert_has(got, "<mark>U+202E</mark>");
	assert_has(got, "<mark>U+2066</mark>");
	assert_has(got, "2 characters of it cannot be seen");
	assert_lacks(got, "\xe2\x80\xae");
	assert_has(page_of("a", "a\xe2\x80\x8b"), "1 character of it cannot be seen");
	assert_has(page_of("a", "a\xf3\xa0\x81\x81"), "<mark>U+E0041</mark>");
	/* Joiners belong to scripts and to pictures made of several. */
	assert_has(page_of("a", "\xe2\x80\x8d"), "<code>\xe2\x80\x8d<");
}

static void code_has_colours_and_numbers_of_lines(void **state)
{
	const char *got = page_of("a.c", "int main(void) { return 0x1f; } // \"<end>\"\n"
					 "#include <x.h>\nchar *s = \"a\\\"b\", c = '\\'';\n");

	(void)state;
	assert_has(got, "<pre class=\"numbers\" aria-hidden=\"true\">1\n2\n3\n</pre>");
	assert_has(got,
		   "<b>int</b> <dfn>main</dfn>(<b>void</b>) { <b>return</b> <var>0x1f</var>; } "
		   "<i>// &quot;&lt;end&gt;&quot;</i>\n<b>#include</b> &lt;x.h&gt;\n");
	assert_has(got, "<u>&quot;a\\&quot;b&quot;</u>, c = <u>&#39;\\&#39;&#39;</u>;");
	assert_has(page_of("a.rs", "fn f<'a>(x: &'a str) /* /* */ x */ {}"),
		   "<b>fn</b> f&lt;&#39;a&gt;(x: &amp;&#39;a <b>str</b>) <i>/* /* */ x */</i> {}");
	assert_has(page_of("a.py", "x = '''a\nb''' # c"),
		   "<u>&#39;&#39;&#39;a\nb&#39;&#39;&#39;</u>"
		   " <i># c</i>");
	assert_has(page_of("a.json", "{\"a\" : [true, \"b\"]}"),
		   "{<strong>&quot;a&quot;</strong> : [<b>true</b>, <u>&quot;b&quot;</u>]}");
	assert_has(page_of("a.yml", "on: {a: 1}\n- k: v # c"), "<strong>on</strong>: {<strong>a");
	assert_has(page_of("a.sql", "Select 'x' -- c"), "<b>Select</b> <u>&#39;x&#39;</u> <i>-- c");
	assert_has(page_of("a.sh", "echo $x${#y} # c"), "<var>$x</var>${#y} <i># c</i>");
	assert_has(page_of("a.toml", "[a]\nb-c = 1"), "<strong>b-c</strong> = <var>1</var>");
	assert_has(
		page_of("a.html", "<a href=\"x\">b &amp; c</a><!-- d -->"),
		"<strong>&lt;a</strong> href=<u>&quot;x&quot;</u><strong>&gt;</strong>b &amp;amp; c"
		"<strong>&lt;/a</strong><strong>&gt;</strong><i>&lt;!-- d --&gt;</i>");
	assert_has(page_of("a.diff", "@@ -1 +1 @@\n-a\n+b\n c\n"),
		   "<b>@@ -1 +1 @@\n</b><del>-a\n</del><ins>+b\n</ins> c\n");
}

/* Every language must end on every input, with what was there. */
static void unfinished_code_is_shown_to_its_end(void **state)
{
	static const char *const ends[] = { "'",    "\"", "`", "/*",     "<!--", "\\", "'\\",
					    "\"\\", "<a", "$", "\"\"\"", "#",    "@",  "--[[" };
	static const char *const names[] = { "a.c",        "a.py",  "a.rs",  "a.sh",
					     "a.html",     "a.js",  "a.lua", "a.json",
					     "Dockerfile", "a.css", "a.diff" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
			char text[64];

			snprintf(text, sizeof(text), "word %s", ends[k]);
			assert_has(page_of(names[i], text), "word ");
			assert_has(buf_text(&page.html.buf), "</code></pre></div>");
		}
}

static void long_lines_are_wrapped_and_many_are_cut(void **state)
{
	char *text = malloc(40000);

	(void)state;
	memset(text, 'x', 2000);
	text[2000] = '\0';
	assert_has(page_of("a.c", text), "<div class=\"sheet wrapped\">");
	for (size_t i = 0; i < 40000; i++)
		text[i] = i % 2 ? '\n' : 'y';
	assert_has(page_of_bytes("a.c", text, 40000, 40000), "The first 10000 lines are shown.");
	assert_has(buf_text(&page.html.buf), "10000\n</pre>");
	assert_lacks(buf_text(&page.html.buf), "10001\n");
	free(text);
}

static void a_page_stays_small_whatever_is_in_it(void **state)
{
	static const struct {
		const char *name, *part;
	} cases[] = {
		{ "a", "\"" },         { "a.c", "1 " },    { "a.csv", "1,\"\"\"\"\n" },
		{ "a.md", "* a\n\n" }, { "a.md", "&lt;" }, { "a", "\xe2\x80\xae" },
		{ "a.md", ">" },       { "a.md", "[" },    { "a.md", "|a\n|-\n|b\n\n" },
	};
	char *text = malloc(PREVIEW_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t part = strlen(cases[i].part);
		size_t len = PREVIEW_MAX / part * part;
		const char *got;

		for (size_t at = 0; at < len; at += part)
			memcpy(text + at, cases[i].part, part);
		got = page_of_bytes(cases[i].name, text, len, len);
		assert_true(page.html.buf.len < HTML_MAX + 2 * HTML_RESERVE);
		assert_has(got + page.html.buf.len - 20, "</html>");
	}
	free(text);
}

/* --- the other bodies ------------------------------------------------------------------------ */

static void a_table_reads_quotes_and_finds_its_separator(void **state)
{
	const char *got =
		page_of("a.csv", "name,\"a \"\"b\"\"\",n\r\n\"x\r\ny\",<b>,-1.5\r\nshort\r\n"
				 "one,two,3,four\n");

	(void)state;
	assert_has(got,
		   "<thead><tr><th scope=\"col\">name</th><th scope=\"col\">a &quot;b&quot;</th>"
		   "<th scope=\"col\" class=\"number\">n</th><th></th></tr>");
	assert_has(
		got,
		"<tr><td>x\ny</td><td>&lt;b&gt;</td><td class=\"number\">-1.5</td><td></td></tr>");
	assert_has(got, "<tr><td>short</td><td></td><td></td><td></td></tr>");
	assert_has(got, "<td>four</td></tr>");
	assert_has(page_of("a.csv", "a;b,c;d\n1;2,5;3\n3;4,5;6\n"), ">b,c</th>");
	assert_has(page_of("a.tsv", "a\tb,c\n1\t2\n"), ">b,c</th>");
	assert_has(page_of("a.csv", "\"never ends, a\nb"), "never ends, a\nb");
	assert_has(page_of("a.csv", "x"), ">x</th>");
}

static void a_large_table_says_what_it_shows(void **state)
{
	auto_buf text = BUF_INIT(100 * 1000);
	const char *got;

	(void)state;
	for (int i = 0; i < 80; i++)
		buf_add_text(&text, "h,");
	for (int i = 0; i < 700; i++)
		buf_addf(&text, "\nrow%d,1", i);
	got = page_of_bytes("a.csv", text.data, text.len, text.len);
	assert_has(got, "The first 500 rows are shown.");
	assert_has(got, "The first 60 columns are shown.");
	assert_has(got, "<td>row499</td>");
	assert_lacks(got, "<td>row500</td>");
}

static void bytes_are_numbers(void **state)
{
	char data[5000] = "\x7f"
			  "ELF<&>";

	(void)state;
	assert_has(page_of_bytes("a", data, sizeof(data), sizeof(data)),
		   "<b>00000000</b>  7f 45 4c 46 3c 26 3e 00  00 00 00 00 00 00 00 00  "
		   ".ELF&lt;&amp;&gt;.........\n<b>00000010</b>");
	assert_has(buf_text(&page.html.buf), "The first 4096 bytes are shown.");
	assert_has(page_of_bytes("a", "\0\1", 2, 2), "<b>00000000</b>  00 01 ");
}

static void markdown_is_made_and_stays_harmless(void **state)
{
	const char *got = page_of(
		"a.md", "# T\n\n**b** `c` ~~d~~ <script>alert(1)</script> <img src=x onerror=y>\n\n"
			"<div onclick=x>block</div>\n\n- [x] done\n\n1. a\n\n"
			"| h | n |\n|---|--:|\n| c | 1 |\n\n```js\nlet x = '<';\n```\n");

	(void)state;
	assert_has(got, "<h2>T</h2>");
	assert_has(got, "<strong>b</strong> <code>c</code> <s>d</s> &lt;script&gt;");
	assert_has(got, "&lt;img src=x onerror=y&gt;");
	assert_has(got, "&lt;div onclick=x&gt;");
	assert_has(got, "<li class=\"task\">\xe2\x98\x91 done</li>");
	assert_has(got, "<ol start=\"1\">");
	assert_has(got, "<th class=\"number\">n</th>");
	assert_has(got, "<pre tabindex=\"0\"><code><b>let</b> x = <u>&#39;&lt;&#39;</u>;\n</code>");
}

/* md4c's search for where they end takes seconds there. */
static void addresses_beside_a_word_without_end_are_text(void **state)
{
	static const char address[] = "so http://a.example/b it is ";
	auto_buf text = BUF_INIT(sizeof(address) + 8000);

	(void)state;
	assert_has(page_of("a.md", address), "<a href=\"http://a.example/b\"");
	assert_true(buf_add_text(&text, address));
	while (buf_add_text(&text, "www.a.b/("))
		;
	assert_null(strstr(page_of("a.md", buf_text(&text)), "<a href="));
}

static void a_link_in_markdown_leads_outside_or_nowhere(void **state)
{
	static const char *const bad[] = { "javascript:alert(1)",
					   "JaVaScRiPt:alert(1)",
					   "&#106;avascript:alert(1)",
					   "java&#10;script:alert(1)",
					   "data:text/html,x",
					   "vbscript:x",
					   "file:///etc/passwd",
					   "/files/f-x",
					   "//evil.example",
					   "?download=1",
					   "#part",
					   "httpsx://a" };
	const char *got;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[words](<%s>) ![words](<%s>)", bad[i], bad[i]);
		got = page_of("a.md", text);
		assert_has(got, "<span>words</span> <span>words</span>");
	}
	got = page_of("a.md",
		      "[w](https://a.example/?b=1&amp;c=\"d\") ![p](http://b.example/p.png) "
		      "<mailto:a@b.example>");
	assert_has(got, "<a href=\"https://a.example/?b=1&amp;c=&quot;d&quot;\" title=");
	assert_has(got, "rel=\"noopener noreferrer nofollow\" target=\"_blank\">w</a>");
	assert_has(got, "<a href=\"http://b.example/p.png\"");
	assert_has(got, "class=\"picture\">p</a>");
	assert_has(got, "<a href=\"mailto:a@b.example\"");
	assert_lacks(got, "<img");
	/* No link in a link. */
	got = page_of("a.md", "[![p](https://b.example/p.png)](https://a.example)");
	assert_has(got, ">"
			"<span>p</span></a>");
}

static void entities_cannot_hide_anything(void **state)
{
	const char *got = page_of("a.md", "&copy; &lt;b&gt; &#60;i&#62; &#x202e; &#0; &#xd800; "
					  "&#x110000; &nosuchthing;");

	(void)state;
	assert_has(got, "&copy; &lt;b&gt; &lt;i&gt; <mark>U+202E</mark> \xef\xbf\xbd \xef\xbf\xbd "
			"\xef\xbf\xbd &nosuchthing;");
}

#define PAGE_TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(the_bytes_decide_and_then_the_name),
		PAGE_TEST(media_are_elements_of_the_page),
		PAGE_TEST(a_pdf_that_acts_is_not_shown_unasked),
		PAGE_TEST(the_name_is_text_whatever_its_bytes),
		PAGE_TEST(size_and_time_are_for_people),
		PAGE_TEST(text_comes_in_every_coding),
		PAGE_TEST(what_reads_otherwise_than_it_is_is_marked),
		PAGE_TEST(code_has_colours_and_numbers_of_lines),
		PAGE_TEST(unfinished_code_is_shown_to_its_end),
		PAGE_TEST(long_lines_are_wrapped_and_many_are_cut),
		PAGE_TEST(a_page_stays_small_whatever_is_in_it),
		PAGE_TEST(a_table_reads_quotes_and_finds_its_separator),
		PAGE_TEST(a_large_table_says_what_it_shows),
		PAGE_TEST(bytes_are_numbers),
		PAGE_TEST(markdown_is_made_and_stays_harmless),
		PAGE_TEST(addresses_beside_a_word_without_end_are_text),
		PAGE_TEST(a_link_in_markdown_leads_outside_or_nowhere),
		PAGE_TEST(entities_cannot_hide_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
