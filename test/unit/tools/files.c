/* The tools for files, between a call and a domain that are both the test's. */
#include "fakes.h"
#include "base64.h"
#include "files.h"

/* --- read_file ------------------------------------------------------------------------------ */

static const char png[] = "\x89PNG\r\n\x1a\n, and the rest of it";

static void open_file(const char *path, uint64_t size)
{
	const struct file_opened file = { .path = path, .size = size, .modified_ms = 1000 };

	domain_files.events->on_open(domain_files.ctx, &file, NULL);
}

/* The reader gives what was asked for, so many bytes at a time, while it is open. */
static void give_pieces(const char *content, size_t piece)
{
	size_t at = (size_t)domain_files.offset, end = at + (size_t)domain_files.length;

	while (domain_files.open && at < end) {
		size_t some = piece < end - at ? piece : end - at;

		domain_files.events->on_data(domain_files.ctx, content + at, some);
		at += some;
	}
	if (domain_files.open)
		domain_files.events->on_over(domain_files.ctx, NULL);
}

static void read_pieces(const char *arguments, const char *path, const char *content, size_t len,
			size_t piece)
{
	use("read_file", arguments);
	if (!domain_files.open)
		fail_msg("%s", call->err.text);
	open_file(path, len);
	if (domain_files.asked)
		give_pieces(content, piece);
	assert_int_equal(call->ends, 1);
	assert_false(domain_files.open);
	assert_null(domain_files.on_late);
	if (!call->structured)
		fail_msg("%s", call->err.text);
	assert_fits_schema("read_file", call->structured);
}

static void read_text(const char *arguments, const char *content)
{
	read_pieces(arguments, "/workspace/a.txt", content, strlen(content), 7);
}

static void expect_text(const char *key, const char *wanted)
{
	const char *text = json_get_text(call->structured, key);

	if (!text)
		fail_msg("no %s", key);
	assert_string_equal(text, wanted);
}

static void expect_number(const char *key, int64_t wanted)
{
	int64_t number;

	if (!json_get_int(call->structured, key, &number))
		fail_msg("no %s", key);
	assert_int_equal(number, wanted);
}

static void expect_flag(const char *key, bool wanted)
{
	assert_non_null(json_get(call->structured, key));
	assert_int_equal(json_is_true(json_get(call->structured, key)), wanted);
}

static void a_small_file_is_read_whole(void **state)
{
	(void)state;
	read_text("{\"container_id\":\"c-1\",\"path\":\"a.txt\"}", "one\ntwo\nthree\n");
	assert_string_equal(domain.said, "open me c-1 path=a.txt");
	expect_text("content", "one\ntwo\nthree\n");
	expect_text("path", "/workspace/a.txt");
	expect_text("mime_type", "text/plain");
	expect_text("modified", "1970-01-01T00:00:01.000Z");
	expect_number("size", 14);
	expect_number("total_lines", 3);
	expect_flag("truncated", false);
	assert_null(json_get(call->structured, "next_offset"));
	assert_string_equal(call->text,
			    "one\ntwo\nthree\n[/workspace/a.txt in c-1 · 14 B · text/plain · "
			    "lines 1–3 of 3 · modified 1970-01-01T00:00:01.000Z]");
}

static void an_empty_file_is_read(void **state)
{
	(void)state;
	read_text("{\"container_id\":\"c-1\",\"path\":\"a.txt\"}", "");
	expect_text("content", "");
	expect_number("total_lines", 0);
	expect_flag("truncated", false);
	assert_contains(call->text, " · empty · ");
}

static void lines_are_read_from_an_offset_and_the_rest_is_named(void **state)
{
	(void)state;
	read_text("{\"sandbox_id\":\"c-1\",\"file_path\":\"a\",\"offset\":2,\"limit\":2}",
		  "one\ntwo\nthree\nfour\nfive");
	expect_text("content", "two\nthree\n");
	expect_number("offset", 2);
	expect_number("line_count", 2);
	expect_number("total_lines", 5);
	expect_flag("truncated", true);
	expect_number("next_offset", 4);
	expect_text("next_unit", "lines");
	assert_contains(call->text, "[… 9 bytes omitted: bytes 14–22; read on with offset=4]\n");
	assert_contains(call->text, " · lines 2–3 of 5 · ");
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"offset\":5}",
		  "one\ntwo\nthree\nfour\nfive");
	expect_text("content", "five");
	expect_flag("truncated", false);
	assert_contains(call->text, "five\n[");
}

static void an_offset_behind_the_end_gives_nothing_and_says_so(void **state)
{
	(void)state;
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"offset\":9}", "one\ntwo\n");
	expect_text("content", "");
	expect_number("total_lines", 2);
	expect_flag("truncated", false);
	assert_contains(call->warning, "offset");
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"unit\":\"bytes\",\"offset\":9}",
		  "one\ntwo\n");
	expect_text("content", "");
	assert_contains(call->warning, "offset");
}

static void bytes_are_read_by_range(void **state)
{
	(void)state;
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"unit\":\"bytes\",\"offset\":3,"
		  "\"limit\":4}",
		  "0123456789");
	assert_int_equal(domain_files.offset, 3);
	assert_int_equal(domain_files.length, 4);
	expect_text("content", "3456");
	expect_number("next_offset", 7);
	expect_text("next_unit", "bytes");
	assert_contains(call->text, "; read on with unit=\"bytes\", offset=7]\n");
	assert_contains(call->text, " · bytes 3–6 · ");
}

static void a_huge_file_is_read_by_ranges_without_reading_the_rest(void **state)
{
	const uint64_t size = UINT64_C(5) << 30;

	(void)state;
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"big\",\"unit\":\"bytes\","
			 "\"offset\":5368709115,\"limit\":100}");
	open_file("/big", size);
	assert_int_equal(domain_files.offset, 5368709115);
	assert_int_equal(domain_files.length, 5);
	domain_files.events->on_data(domain_files.ctx, "abcde", 5);
	domain_files.events->on_over(domain_files.ctx, NULL);
	expect_text("content", "abcde");
	expect_flag("truncated", false);
	/* By lines it is streamed, and left as soon as there is enough. */
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"big\",\"limit\":1}");
	open_file("/big", size);
	assert_int_equal(domain_files.length, size);
	domain_files.events->on_data(domain_files.ctx, "first\nsecond\n", 13);
	assert_false(domain_files.open);
	expect_text("content", "first\n");
	expect_number("next_offset", 2);
	assert_null(json_get(call->structured, "total_lines"));
}

static void a_file_longer_than_a_result_is_cut_at_a_line(void **state)
{
	auto_buf content = BUF_INIT(1 << 20);

	(void)state;
	for (int i = 1; i <= 1000; i++)
		buf_addf(&content, "%d\n", i);
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"max_output_bytes\":64}",
		  buf_text(&content));
	assert_true(strlen(json_get_text(call->structured, "content")) <= 64);
	assert_contains(json_get_text(call->structured, "content"), "\n24\n");
	expect_number("line_count", 24);
	expect_number("next_offset", 25);
	expect_number("total_lines", 1000);
	content.data[64] = '\0';
	content.data[63] = '!';
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"max_output_bytes\":64}",
		  content.data);
	expect_text("content", content.data);
	content.data[63] = content.data[64] = '\n';
	call->tools.output_limit = 100;
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\"}", buf_text(&content));
	assert_true(strlen(json_get_text(call->structured, "content")) <= 100);
	/* Who names a number of bytes gets them. */
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"unit\":\"bytes\",\"limit\":3000}",
		  buf_text(&content));
	assert_int_equal(strlen(json_get_text(call->structured, "content")), 3000);
}

static void a_line_longer_than_a_result_goes_on_by_bytes(void **state)
{
	auto_buf content = BUF_INIT(1 << 20);

	(void)state;
	buf_add_text(&content, "short\n");
	for (int i = 0; i < 100; i++)
		buf_add_text(&content, "é");
	buf_add_text(&content, "\nlast\n");
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"max_output_bytes\":65}",
		  buf_text(&content));
	expect_text("content", "short\n");
	expect_number("next_offset", 2);
	expect_text("next_unit", "lines");
	read_text("{\"container_id\":\"c-1\",\"path\":\"a\",\"max_output_bytes\":65,\"offset\":2}",
		  buf_text(&content));
	assert_int_equal(strlen(json_get_text(call->structured, "content")), 64);
	expect_number("next_offset", 70);
	expect_text("next_unit", "bytes");
	assert_null(json_get(call->structured, "not_utf8"));
}

/* Reading page after page gives the file, however it comes in pieces. */
static void pages_put_together_are_the_file(void **state)
{
	auto_buf content = BUF_INIT(1 << 20);

	(void)state;
	for (int i = 1; i <= 60; i++)
		buf_addf(&content, "%*d%s", i * 37 % 101, i, i % 7 ? "\n" : "é");
	for (size_t piece = 1; piece < 200; piece += 13) {
		auto_buf all = BUF_INIT(1 << 20);
		auto_str arguments = mem_strdup("{\"container_id\":\"c-1\",\"path\":\"a\","
						"\"max_output_bytes\":64}");
		bool more = true;

		while (more) {
			int64_t next;

			read_pieces(arguments, "/a", buf_text(&content), content.len, piece);
			buf_add_text(&all, json_get_text(call->structured, "content"));
			more = json_get_int(call->structured, "next_offset", &next);
			free(arguments);
			arguments = more ? mem_format("{\"container_id\":\"c-1\",\"path\":\"a\","
						      "\"max_output_bytes\":64,\"offset\":%lld,"
						      "\"unit\":\"%s\"}",
						      (long long)next,
						      json_get_text(call->structured, "next_unit"))
					 : NULL;
		}
		assert_string_equal(buf_text(&all), buf_text(&content));
	}
}

static void bytes_that_are_no_text_are_replaced_and_said_so(void **state)
{
	(void)state;
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a\"}", "/bin/x", "a\xff\0b", 4, 1);
	expect_text("content", "a\xEF\xBF\xBD\xEF\xBF\xBD"
			       "b");
	expect_flag("not_utf8", true);
	expect_text("mime_type", "application/octet-stream");
	assert_contains(call->text, "[bytes that are not UTF-8 are shown as U+FFFD");
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a\",\"encoding\":\"base64\"}", "/bin/x",
		    "a\xff\0b", 4, 1);
	expect_text("content", "Yf8AYg==");
	expect_text("encoding", "base64");
	expect_text("unit", "bytes");
	assert_null(json_get(call->structured, "not_utf8"));
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a\"}", "/script", "x\n", 2, 1);
	expect_text("mime_type", "text/plain");
}

static void a_picture_comes_as_a_picture_whatever_its_name(void **state)
{
	auto_buf encoded = BUF_INIT(1000);

	(void)state;
	assert_true(base64_encode(png, sizeof(png), &encoded));
	for (size_t piece = 1; piece < sizeof(png); piece += 5) {
		read_pieces("{\"container_id\":\"c-1\",\"path\":\"a.txt\"}", "/a.txt", png,
			    sizeof(png), piece);
		assert_string_equal(json_get_text(json_first(call->blocks), "type"), "image");
		assert_string_equal(json_get_text(json_first(call->blocks), "mimeType"),
				    "image/png");
		assert_string_equal(json_get_text(json_first(call->blocks), "data"),
				    buf_text(&encoded));
		expect_flag("is_picture", true);
		expect_text("mime_type", "image/png");
		assert_contains(call->text, "shown as a picture");
	}
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a.png\",\"encoding\":\"base64\"}",
		    "/a.png", png, sizeof(png), 5);
	assert_null(call->blocks);
	expect_text("content", buf_text(&encoded));
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a.png\"}", "/a.png", "no picture\n", 11,
		    5);
	assert_null(call->blocks);
	expect_text("content", "no picture\n");
}

static void kinds_of_pictures_are_known_by_their_first_bytes(void **state)
{
	(void)state;
	assert_string_equal(picture_type("\xff\xd8\xff\xe0 and more..", 16), "image/jpeg");
	assert_string_equal(picture_type("GIF89a and more.", 16), "image/gif");
	assert_string_equal(picture_type("GIF87a and more.", 16), "image/gif");
	assert_string_equal(picture_type("RIFFxxxxWEBPVP8 ", 16), "image/webp");
	assert_null(picture_type("RIFFxxxxWAVEfmt ", 16));
	assert_null(picture_type("\x89PNG\r\n\x1a\n", 8));
	assert_null(picture_type("GIF90a and more.", 16));
}

static void a_picture_too_large_to_show_is_refused(void **state)
{
	(void)state;
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a.png\"}");
	open_file("/a.png", (uint64_t)PICTURE_MAX + 1);
	domain_files.events->on_data(domain_files.ctx, png, sizeof(png));
	assert_int_equal(call->err.kind, ERROR_LIMIT);
	assert_contains(call->next, "get_file_url");
	assert_false(domain_files.open);
}

static void a_file_that_cannot_be_read_is_explained(void **state)
{
	struct error err;

	(void)state;
	error_set(&domain.refusal, ERROR_NOT_FOUND, "no container c-9");
	use("read_file", "{\"container_id\":\"c-9\",\"path\":\"a\"}");
	assert_int_equal(call->err.kind, ERROR_NOT_FOUND);
	domain.refusal.kind = ERROR_NONE;
	error_set(&err, ERROR_NOT_FOUND, "there is no file");
	error_advise(&err, "look", false);
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	domain_files.events->on_open(domain_files.ctx, NULL, &err);
	assert_string_equal(call->err.text, "there is no file");
	assert_string_equal(call->next, "look");
	assert_false(domain_files.open);
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	open_file("/a", 100);
	domain_files.events->on_data(domain_files.ctx, "half", 4);
	domain_files.events->on_over(domain_files.ctx, &err);
	assert_string_equal(call->err.text, "there is no file");
	assert_null(call->structured);
}

static void a_reading_that_takes_too_long_says_how_far_it_came(void **state)
{
	(void)state;
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a\",\"offset\":1000000}");
	assert_int_equal(domain_files.late_ms, 45000);
	open_file("/a", 100000000);
	domain_files.events->on_data(domain_files.ctx, "one\ntwo\n", 8);
	domain_files.on_late(domain_files.late_ctx);
	assert_int_equal(call->err.kind, ERROR_TIMEOUT);
	assert_contains(call->err.text, "line 3, at byte 8 of 100000000");
	assert_false(domain_files.open);
	client_name = "claude-ai";
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	assert_true(domain_files.late_ms <= 45000);
	domain_files.on_late(domain_files.late_ctx);
	assert_int_equal(call->err.kind, ERROR_TIMEOUT);
}

static void a_reading_that_is_taken_back_ends(void **state)
{
	(void)state;
	use("read_file", "{\"container_id\":\"c-1\",\"path\":\"a\"}");
	open_file("/a", 100);
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(call->err.kind, ERROR_CANCELLED);
	assert_false(domain_files.open);
	assert_null(domain_files.on_late);
}

/* --- paths ---------------------------------------------------------------------------------- */

static void a_path_of_any_bytes_goes_both_ways(void **state)
{
	(void)state;
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"L2H/\",\"path_encoding\":\"base64\"}",
		    "/a\xff", "x\n", 2, 1);
	assert_string_equal(domain.said, "open me c-1 path=/a\xff");
	expect_text("path", "/a\xEF\xBF\xBD");
	expect_text("path_base64", "L2H/");
	read_pieces("{\"container_id\":\"c-1\",\"path\":\"a\"}", "/a\nb\x01", "x\n", 2, 1);
	expect_text("path", "/a\nb\x01");
	assert_contains(call->text, "[/a\\nb\\x01 in c-1");
}

static void a_path_that_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = { "a", "L2EA", "" };
	static const char *const tools[] = { "read_file",  "write_file",  "edit_file",
					     "list_files", "delete_file", "move_file" };

	(void)state;
	for (size_t t = 0; t < 6; t++) {
		for (size_t i = 0; i < 3; i++) {
			auto_str text = mem_format(
				"{\"container_id\":\"c-1\",\"path\":\"%s\",\"source\":\"%s\","
				"\"destination\":\"%s\",\"content\":\"\",\"old_text\":\"a\","
				"\"new_text\":\"b\",\"path_encoding\":\"base64\"}",
				bad[i], bad[i], bad[i]);

			use(tools[t], text);
			assert_int_equal(call->err.kind, ERROR_INVALID);
			assert_string_equal(domain.said, "");
		}
	}
}

/* --- write_file ----------------------------------------------------------------------------- */

static void answer_write(const char *path, uint64_t size, bool replaced)
{
	const struct file_wrote wrote = { path, size, replaced };

	domain_files.on_write(domain.ctx, &wrote, NULL);
	assert_fits_schema("write_file", call->structured);
}

static void a_file_is_written_as_it_was_given(void **state)
{
	(void)state;
	use("write_file", "{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"h\\u00e9\\n\"}");
	assert_string_equal(domain.said,
			    "write me c-1 path=a mode=37777777777 append=0 parents=1 if=0");
	assert_int_equal(domain_files.len, 4);
	answer_write("/workspace/a", 4, false);
	expect_flag("created", true);
	expect_flag("replaced", false);
	expect_number("size", 4);
	expect_number("written", 4);
	assert_string_equal(call->text, "created /workspace/a\n[4 B in c-1]");
	use("write_file", "{\"sandbox_id\":\"c-1\",\"file_path\":\"a\",\"contents\":\"AAEC/w==\","
			  "\"encoding\":\"base64\",\"mode\":\"0755\",\"append\":true,"
			  "\"create_parents\":false}");
	assert_string_equal(domain.said, "write me c-1 path=a mode=755 append=1 parents=0 if=0");
	assert_int_equal(domain_files.len, 4);
	assert_memory_equal(domain_files.data, "\0\1\2\xff", 4);
	answer_write("/workspace/a", 100, true);
	expect_flag("appended", true);
	expect_flag("replaced", false);
	expect_flag("created", false);
	assert_string_equal(call->text, "added to /workspace/a\n[100 B in c-1]");
	use("write_file", "{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"\"}");
	assert_int_equal(domain_files.len, 0);
	answer_write("/workspace/a", 0, true);
	expect_flag("replaced", true);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct error err;

	(void)state;
	expect_invalid("write_file", "{\"container_id\":\"c-1\",\"path\":\"a\"}",
		       "content is missing");
	expect_invalid("write_file",
		       "{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"?\","
		       "\"encoding\":\"base64\"}",
		       "content is not base64");
	expect_invalid(
		"write_file",
		"{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"\",\"mode\":\"rwx\"}",
		"three or four octal digits");
	expect_invalid(
		"write_file",
		"{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"\",\"mode\":\"07777777\"}",
		"three or four octal digits");
	expect_invalid("write_file",
		       "{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"\",\"mode\":755}",
		       "mode must be");
	error_set(&err, ERROR_LIMIT, "the disk is full");
	use("write_file", "{\"container_id\":\"c-1\",\"path\":\"a\",\"content\":\"\"}");
	domain_files.on_write(domain.ctx, NULL, &err);
	assert_int_equal(call->err.kind, ERROR_LIMIT);
}

/* --- edit_file ------------------------------------------------------------------------------ */

static void an_edit_is_answered_with_its_diff(void **state)
{
	const struct file_edited edited = { "/workspace/a", 2, "--- a/x\n+++ b/x\n" };

	(void)state;
	use("edit_file", "{\"container_id\":\"c-1\",\"path\":\"a\",\"old_string\":\"x\","
			 "\"new_string\":\"\",\"count\":2}");
	assert_string_equal(domain.said, "edit me c-1 path=a old=x new= count=2 most=16384");
	domain_files.on_edit(domain.ctx, &edited, NULL);
	assert_fits_schema("edit_file", call->structured);
	expect_text("diff", "--- a/x\n+++ b/x\n");
	expect_number("replacements", 2);
	assert_string_equal(call->text,
			    "--- a/x\n+++ b/x\n[2 replacements in /workspace/a in c-1]");
	use("edit_file",
	    "{\"container_id\":\"c-1\",\"path\":\"a\",\"old_text\":\"x\",\"new_text\":\"y\"}");
	assert_string_equal(domain.said, "edit me c-1 path=a old=x new=y count=1 most=16384");
	call->on_cancel(call->cancel_ctx);
	assert_int_equal(domain.cancelled, 1);
	error_set(&domain.refusal, ERROR_CONFLICT, "cancelled");
	domain_files.on_edit(domain.ctx, NULL, &domain.refusal);
}

static void an_edit_of_nothing_is_refused(void **state)
{
	(void)state;
	expect_invalid(
		"edit_file",
		"{\"container_id\":\"c-1\",\"path\":\"a\",\"old_text\":\"\",\"new_text\":\"\"}",
		"old_text must be a non-empty string");
	expect_invalid("edit_file",
		       "{\"container_id\":\"c-1\",\"path\":\"a\",\"old_text\":\"a\","
		       "\"new_text\":\"b\",\"count\":0}",
		       "count must be a whole number from 1 to 1000000");
}

/* --- list_files ----------------------------------------------------------------------------- */

static void answer_list(const struct file_entry *entries, size_t count, bool truncated)
{
	const struct file_listing listing = { "/workspace", entries, count, truncated };

	domain_files.on_list(domain.ctx, &listing, NULL);
	assert_int_equal(call->ends, 1);
	assert_fits_schema("list_files", call->structured);
}

static void a_folder_is_listed_in_both_forms(void **state)
{
	const struct file_entry entries[] = {
		{ "/workspace/a b", FILE_TYPE_REGULAR, 1536, 0644, 1000, NULL },
		{ "/workspace/d", FILE_TYPE_DIRECTORY, 40, 01777, 1000, NULL },
		{ "/workspace/d/l\n", FILE_TYPE_LINK, 3, 0777, 1000, "../\xff" },
		{ "/workspace/gone", FILE_TYPE_UNKNOWN, 0, 0, 0, NULL },
		{ "/workspace/p", FILE_TYPE_FIFO, 0, 0600, 1000, NULL },
	};
	auto_str text = NULL;

	(void)state;
	use("list_files", "{\"container_id\":\"c-1\",\"directory\":\"d\",\"glob\":\"**\","
			  "\"recursive\":true,\"limit\":5}");
	assert_string_equal(domain.said, "list me c-1 path=d pattern=** recursive=1 limit=5");
	answer_list(entries, 5, false);
	assert_string_equal(
		call->text,
		"file       0644     1.5 KiB  1970-01-01T00:00:01.000Z  a b\n"
		"directory  1777        40 B  1970-01-01T00:00:01.000Z  d/\n"
		"link       0777         3 B  1970-01-01T00:00:01.000Z  d/l\\n -> ../\xEF\xBF\xBD\n"
		"unknown    ?              ?  ?                         gone\n"
		"fifo       0600         0 B  1970-01-01T00:00:01.000Z  p\n"
		"[5 entries in /workspace in c-1]");
	text = json_print(json_get_array(call->structured, "entries"));
	assert_contains(text, "{\"name\":\"a b\",\"path\":\"/workspace/a b\",\"type\":\"file\","
			      "\"is_directory\":false,\"size\":1536,\"mode\":\"0644\","
			      "\"modified\":\"1970-01-01T00:00:01.000Z\"}");
	assert_contains(text, "\"target_base64\":\"Li4v/w==\"");
	assert_contains(text,
			"{\"name\":\"gone\",\"path\":\"/workspace/gone\",\"type\":\"unknown\","
			"\"is_directory\":false}");
	expect_number("count", 5);
	expect_flag("truncated", false);
}

static void an_empty_folder_is_listed(void **state)
{
	(void)state;
	use("list_files", "{\"container_id\":\"c-1\"}");
	assert_string_equal(domain.said,
			    "list me c-1 path=(null) pattern=(null) recursive=0 limit=200");
	answer_list(NULL, 0, false);
	assert_string_equal(call->text, "[0 entries in /workspace in c-1]");
	expect_number("count", 0);
}

static void a_list_that_goes_on_says_how_to_see_the_rest(void **state)
{
	struct file_entry entries[2000];
	char paths[2000][32];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/workspace/file-%04d", i);
		entries[i] =
			(struct file_entry){ paths[i], FILE_TYPE_REGULAR, 1, 0644, 1000, NULL };
	}
	use("list_files", "{\"container_id\":\"c-1\",\"limit\":2}");
	answer_list(entries, 2, true);
	expect_flag("truncated", true);
	expect_number("count", 2);
	assert_contains(json_get_text(call->structured, "hint"), "pattern");
	assert_contains(call->text, "[… there are more entries: ");
	/* Nobody asked for so many: they must fit. */
	use("list_files", "{\"container_id\":\"c-1\"}");
	answer_list(entries, 200, true);
	assert_true(json_size(json_get_array(call->structured, "entries")) < 200);
	auto_str text = json_print(call->structured);
	assert_in_range(strlen(text), 16384, 34000);
	use("list_files", "{\"container_id\":\"c-1\",\"limit\":2000}");
	answer_list(entries, 2000, false);
	assert_int_equal(json_size(json_get_array(call->structured, "entries")), 2000);
	client_name = "claude-code";
	use("list_files", "{\"container_id\":\"c-1\",\"limit\":2000}");
	answer_list(entries, 2000, false);
	auto_str fitting = json_print(call->structured);
	assert_true(strlen(fitting) < 50000);
	expect_flag("truncated", true);
}

/* --- move_file, delete_file ----------------------------------------------------------------- */

static void a_file_is_moved(void **state)
{
	struct error err;

	(void)state;
	use("move_file",
	    "{\"container_id\":\"c-1\",\"from\":\"a\",\"to\":\"b/\",\"overwrite\":true}");
	assert_string_equal(domain.said, "move me c-1 source=a destination=b/ overwrite=1");
	domain_files.on_move(domain.ctx, "/workspace/a", "/workspace/b/a", NULL);
	assert_fits_schema("move_file", call->structured);
	expect_text("destination", "/workspace/b/a");
	assert_string_equal(call->text, "moved /workspace/a to /workspace/b/a\n[in c-1]");
	use("move_file", "{\"container_id\":\"c-1\",\"source\":\"L/8=\",\"destination\":\"Yg==\","
			 "\"path_encoding\":\"base64\"}");
	assert_string_equal(domain.said, "move me c-1 source=/\xff destination=b overwrite=0");
	error_set(&err, ERROR_CONFLICT, "b is there");
	domain_files.on_move(domain.ctx, NULL, NULL, &err);
	assert_int_equal(call->err.kind, ERROR_CONFLICT);
	expect_invalid("move_file", "{\"container_id\":\"c-1\",\"source\":\"a\"}",
		       "destination is missing");
}

static void a_file_is_deleted(void **state)
{
	struct error err;

	(void)state;
	use("delete_file", "{\"container_id\":\"c-1\",\"path\":\"d\",\"recursive\":true}");
	assert_string_equal(domain.said, "delete me c-1 path=d recursive=1");
	domain_files.on_delete(domain.ctx, "/workspace/d", 1234, NULL);
	assert_fits_schema("delete_file", call->structured);
	expect_number("deleted", 1234);
	assert_string_equal(call->text, "deleted /workspace/d\n[1 234 entries in c-1]");
	use("delete_file", "{\"container_id\":\"c-1\",\"path\":\"d\"}");
	error_set(&err, ERROR_CONFLICT, "d is not empty");
	domain_files.on_delete(domain.ctx, NULL, 0, &err);
	assert_string_equal(call->err.text, "d is not empty");
	use("delete_file", "{\"container_id\":\"c-1\",\"path\":\"d\",\"recursive\":true}");
	domain_files.on_delete(domain.ctx, NULL, 7, &err);
	assert_string_equal(call->err.text, "after 7 entries were deleted: d is not empty");
}

/* --- completion ----------------------------------------------------------------------------- */

static char values[1000];

void call_add_value(struct call *of, const char *text)
{
	size_t len = strlen(values);

	assert_ptr_equal(of, call);
	snprintf(values + len, sizeof(values) - len, "%s|", text);
}

void call_end(struct call *of)
{
	of->ends++;
}

static void complete(const char *text)
{
	struct error err;

	call_clear();
	domain.said[0] = values[0] = '\0';
	args = json_parse(text, strlen(text), &err);
	assert_non_null(args);
	file_complete(call, args);
}

#define PATH_OF_C1(value)                                                                          \
	"{\"name\":\"path\",\"value\":\"" value                                                    \
	"\",\"context\":{\"arguments\":{\"container_id\":\"c-1\"}}}"

static void a_path_is_completed_from_its_folder(void **state)
{
	const struct file_entry entries[] = {
		{ "/work/src/a.c", FILE_TYPE_REGULAR, 1, 0644, 1000, NULL },
		{ "/work/src/a\xff", FILE_TYPE_REGULAR, 1, 0644, 1000, NULL },
		{ "/work/src/ab", FILE_TYPE_DIRECTORY, 1, 0755, 1000, NULL },
	};
	const struct file_listing listing = { "/work/src", entries, 3, false };

	(void)state;
	complete(PATH_OF_C1("link/src/a"));
	assert_string_equal(domain.said,
			    "list me c-1 path=/link/src/ pattern=a* recursive=0 limit=101");
	domain_files.on_list(domain.ctx, &listing, NULL);
	assert_string_equal(values, "link/src/a.c|link/src/ab/|");
	assert_int_equal(call->ends, 1);
	complete(PATH_OF_C1(""));
	assert_string_equal(domain.said, "list me c-1 path=/ pattern=(null) recursive=0 limit=101");
	domain_files.on_list(domain.ctx, &listing, NULL);
	assert_string_equal(values, "a.c|ab/|");
	complete(PATH_OF_C1("d/[x]*"));
	assert_string_equal(domain.said,
			    "list me c-1 path=/d/ pattern=\\[x\\]\\** recursive=0 limit=101");
	domain_files.on_list(domain.ctx, &listing, NULL);
}

static void what_cannot_be_completed_has_no_suggestions(void **state)
{
	char long_name[1100] = "";
	auto_str too_long = NULL;
	struct error err;

	(void)state;
	complete("{\"name\":\"path\",\"value\":\"a\"}");
	assert_int_equal(call->ends, 1);
	complete("{\"name\":\"other\",\"value\":\"a\"}");
	assert_int_equal(call->ends, 1);
	assert_string_equal(domain.said, "");
	memset(long_name, 'x', sizeof(long_name) - 1);
	too_long = mem_format(PATH_OF_C1("d/%s"), long_name);
	complete(too_long);
	assert_int_equal(call->ends, 1);
	assert_string_equal(domain.said, "");
	complete(PATH_OF_C1("a"));
	error_set(&err, ERROR_NOT_FOUND, "no such folder");
	domain_files.on_list(domain.ctx, NULL, &err);
	assert_int_equal(call->ends, 1);
	assert_int_equal(call->err.kind, ERROR_NONE);
	assert_string_equal(values, "");
	error_set(&domain.refusal, ERROR_NOT_FOUND, "no such container");
	complete(PATH_OF_C1("a"));
	assert_int_equal(call->err.kind, ERROR_NOT_FOUND);
}

static void a_container_is_completed_by_its_id_or_name(void **state)
{
	(void)state;
	domain.row_count = 1;
	complete("{\"name\":\"container_id\",\"value\":\"bo\"}");
	assert_string_equal(values, "c-1|");
	complete("{\"name\":\"container_id\",\"value\":\"x\"}");
	assert_string_equal(values, "");
	assert_int_equal(call->ends, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(a_small_file_is_read_whole),
		WITH_CALL(an_empty_file_is_read),
		WITH_CALL(lines_are_read_from_an_offset_and_the_rest_is_named),
		WITH_CALL(an_offset_behind_the_end_gives_nothing_and_says_so),
		WITH_CALL(bytes_are_read_by_range),
		WITH_CALL(a_huge_file_is_read_by_ranges_without_reading_the_rest),
		WITH_CALL(a_file_longer_than_a_result_is_cut_at_a_line),
		WITH_CALL(a_line_longer_than_a_result_goes_on_by_bytes),
		WITH_CALL(pages_put_together_are_the_file),
		WITH_CALL(bytes_that_are_no_text_are_replaced_and_said_so),
		WITH_CALL(a_picture_comes_as_a_picture_whatever_its_name),
		WITH_CALL(kinds_of_pictures_are_known_by_their_first_bytes),
		WITH_CALL(a_picture_too_large_to_show_is_refused),
		WITH_CALL(a_file_that_cannot_be_read_is_explained),
		WITH_CALL(a_reading_that_takes_too_long_says_how_far_it_came),
		WITH_CALL(a_reading_that_is_taken_back_ends),
		WITH_CALL(a_path_of_any_bytes_goes_both_ways),
		WITH_CALL(a_path_that_is_no_base64_is_refused),
		WITH_CALL(a_file_is_written_as_it_was_given),
		WITH_CALL(what_cannot_be_written_is_refused),
		WITH_CALL(an_edit_is_answered_with_its_diff),
		WITH_CALL(an_edit_of_nothing_is_refused),
		WITH_CALL(a_folder_is_listed_in_both_forms),
		WITH_CALL(an_empty_folder_is_listed),
		WITH_CALL(a_list_that_goes_on_says_how_to_see_the_rest),
		WITH_CALL(a_file_is_moved),
		WITH_CALL(a_file_is_deleted),
		WITH_CALL(a_path_is_completed_from_its_folder),
		WITH_CALL(what_cannot_be_completed_has_no_suggestions),
		WITH_CALL(a_container_is_completed_by_its_id_or_name),
	};

	return cmocka_run_group_tests_name("tools files", tests, NULL, NULL);
}
