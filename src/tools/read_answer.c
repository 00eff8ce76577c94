/* What read_file says of a file, in both forms: a page of it and where to read on, or a picture. */
#include "read_file.h"
#include <string.h>
#include "base64.h"
#include "utf8.h"

enum { RANGE_SIZE = 128 };

const char *const read_units[] = { "lines", "bytes", NULL };

static struct json *result_json(const struct reading *reading)
{
	struct json *out = json_object();

	json_put_text(out, "container_id", reading->container_id);
	file_path_put(out, "path", reading->path);
	json_put_int(out, "size", reading->page.size);
	json_put(out, "modified", time_json(reading->modified_ms));
	json_put_text(out, "mime_type", reading->media_type);
	return out;
}

static void add_footer(struct buf *text, const struct reading *reading, const char *shown)
{
	char size[FORMAT_SIZE], modified[CLOCK_TEXT_SIZE];

	format_size(reading->page.size, size);
	clock_format(reading->modified_ms, modified);
	buf_add_text(text, "[");
	file_path_show(text, reading->path);
	buf_addf(text, " in %s · %s · %s%s · modified %s]", reading->container_id, size,
		 reading->media_type, shown, modified);
}

void reading_answer_picture(struct reading *reading)
{
	struct call *call = reading->call;
	auto_buf text = BUF_INIT((size_t)8 * PATH_ARG_MAX);
	struct json *out = result_json(reading);

	add_footer(&text, reading, " · shown as a picture");
	json_put_text(
		out, "content",
		"The picture is in the result as an image block; encoding \"base64\" gives its "
		"bytes as text");
	json_put_text(out, "encoding", "utf-8");
	json_put_bool(out, "is_picture", true);
	json_put_bool(out, "truncated", false);
	call_add_text(call, buf_text(&text));
	picture_add(call, reading->media_type, reading->front.data, reading->front.len);
	reading_free(reading);
	call_answer(call, out);
}

/* Where to read on, if the file goes on. */
static void put_rest(struct json *out, const struct file_page *page)
{
	int64_t end = file_page_end(page);
	bool inside = file_page_is_inside(page);
	struct json *omitted;

	json_put_bool(out, "truncated", end < page->size);
	if (end >= page->size)
		return;
	omitted = json_object();
	json_put_int(omitted, "from", end);
	json_put_int(omitted, "to", page->size - 1);
	json_put_int(omitted, "bytes", page->size - end);
	json_put(out, "omitted", omitted);
	json_put_int(out, "next_offset",
		     page->by_lines && !inside ? page->offset + page->shown : end);
	json_put_text(out, "next_unit", read_units[!page->by_lines || inside]);
}

static void note_rest(struct buf *text, const struct file_page *page)
{
	int64_t end = file_page_end(page);
	char count[FORMAT_SIZE];

	if (end >= page->size)
		return;
	format_count(page->size - end, count);
	buf_addf(text, "[… %s bytes omitted: bytes %lld–%lld; read on with ", count, (long long)end,
		 (long long)page->size - 1);
	if (page->by_lines && !file_page_is_inside(page))
		buf_addf(text, "offset=%lld", (long long)page->offset + page->shown);
	else
		buf_addf(text, "unit=\"bytes\", offset=%lld", (long long)end);
	buf_add_text(text, "]\n");
}

/* " · lines 1–40 of 40" */
static void describe_range(const struct file_page *page, char ret_text[RANGE_SIZE])
{
	auto_buf text = BUF_INIT(RANGE_SIZE - 1);
	int64_t lines = file_page_lines(page);

	if (page->data.len == 0)
		buf_add_text(&text, page->size == 0 ? " · empty" : " · nothing behind the offset");
	else if (page->by_lines)
		buf_addf(&text, " · lines %lld–%lld", (long long)page->offset,
			 (long long)page->offset + page->shown - 1);
	else
		buf_addf(&text, " · bytes %lld–%lld", (long long)page->from,
			 (long long)file_page_end(page) - 1);
	if (lines > 0 && page->data.len > 0)
		buf_addf(&text, " of %lld", (long long)lines);
	memcpy(ret_text, buf_text(&text), text.len + 1);
}

/* The bytes as they are shown. */
static struct buf shown_text(const struct reading *reading, bool *ret_replaced)
{
	const struct buf *data = &reading->page.data;
	struct buf shown = BUF_INIT(data->len * 3 + 8);

	*ret_replaced = false;
	if (data->len > 0 && reading->base64)
		(void)base64_encode(data->data, data->len, &shown); /* there is room */
	else if (data->len > 0)
		(void)utf8_clean(data->data, data->len, &shown, ret_replaced);
	return shown;
}

static void put_page(struct json *out, const struct reading *reading, const char *shown,
		     bool replaced)
{
	const struct file_page *page = &reading->page;

	json_put_text(out, "content", shown);
	json_put_text(out, "encoding", encodings[reading->base64]);
	json_put_text(out, "unit", read_units[!page->by_lines]);
	json_put_int(out, "offset", page->by_lines ? page->offset : page->from);
	if (page->by_lines)
		json_put_int(out, "line_count", page->shown);
	if (file_page_lines(page) >= 0)
		json_put_int(out, "total_lines", file_page_lines(page));
	put_rest(out, page);
	if (replaced)
		json_put_bool(out, "not_utf8", true);
}

/* A name without an ending says nothing; what is in it may. */
static void judge_type(struct reading *reading, bool is_text)
{
	if (!is_text || strcmp(reading->media_type, "application/octet-stream") != 0)
		return;
	free(reading->media_type);
	reading->media_type = mem_strdup("text/plain");
}

void reading_answer_page(struct reading *reading)
{
	struct file_page *page = &reading->page;
	struct call *call = reading->call;
	bool replaced;
	char range[RANGE_SIZE];
	auto_buf text = BUF_INIT((size_t)8 * OUTPUT_MOST);
	auto_buf shown = BUF_INIT(0);
	struct json *out;

	file_page_finish(page);
	shown = shown_text(reading, &replaced);
	judge_type(reading, !replaced && !reading->base64);
	describe_range(page, range);
	buf_add_text(&text, buf_text(&shown));
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		buf_add_text(&text, "\n");
	note_rest(&text, page);
	if (replaced)
		buf_add_text(&text,
			     "[bytes that are not UTF-8 are shown as U+FFFD; encoding=\"base64\" "
			     "gives them as they are]\n");
	add_footer(&text, reading, range);
	if (page->data.len == 0 && page->size > 0)
		call_warn(call, "offset: the file ends before it");
	out = result_json(reading);
	put_page(out, reading, buf_text(&shown), replaced);
	call_add_text(call, buf_text(&text));
	reading_free(reading);
	call_answer(call, out);
}
