/* Which part of a file is shown: lines or bytes, from an offset on, as many as were asked for and
 * find room.  Where a page ends early it ends at a line's end, if one is in it, so that the next
 * begins with a whole line. */
#include "files.h"
#include <string.h>
#include "utf8.h"

struct file_page file_page_new(bool by_lines, int64_t offset, int64_t limit, int64_t most)
{
	if (!by_lines && limit > 0 && limit < most)
		most = limit;
	return (struct file_page){ .by_lines = by_lines,
				   .offset = by_lines && offset < 1 ? 1 : offset,
				   .limit = limit,
				   .data = BUF_INIT((size_t)most),
				   .line = 1 };
}

void file_page_range(const struct file_page *page, uint64_t *ret_offset, uint64_t *ret_length)
{
	int64_t rest = page->size - page->offset;

	if (page->by_lines) {
		*ret_offset = 0;
		*ret_length = (uint64_t)page->size;
		return;
	}
	*ret_offset = (uint64_t)(rest > 0 ? page->offset : page->size);
	if (rest > (int64_t)page->data.max)
		rest = (int64_t)page->data.max;
	*ret_length = rest > 0 ? (uint64_t)rest : 0;
}

/* --- by lines ------------------------------------------------------------------------------- */

/* Passes over one line, or the part of it that is there; returns its length. */
static size_t pass_line(struct file_page *page, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);

	page->line += newline != NULL;
	page->ends_open = !newline;
	return newline ? (size_t)(newline - data) + 1 : len;
}

static void keep(struct file_page *page, const char *data, size_t len)
{
	size_t room = page->data.max - page->data.len;

	if (page->data.len == 0)
		page->from = page->at;
	page->full = len > room;
	(void)buf_add(&page->data, data, page->full ? room : len);
}

static bool is_wanted(const struct file_page *page)
{
	return page->line >= page->offset && !page->full &&
	       (page->limit == 0 || page->line - page->offset < page->limit);
}

static bool is_behind(const struct file_page *page)
{
	return page->full || (page->limit > 0 && page->line - page->offset >= page->limit);
}

static bool take_lines(struct file_page *page, const char *data, size_t len)
{
	while (len > 0 && (page->counts || !is_behind(page))) {
		bool begins = !page->ends_open;
		bool wanted = is_wanted(page);
		size_t some = pass_line(page, data, len);

		if (wanted) {
			page->shown += begins && page->data.len < page->data.max;
			keep(page, data, some);
		}
		page->at += (int64_t)some;
		data += some;
		len -= some;
	}
	return page->counts || !is_behind(page);
}

/* --- both ----------------------------------------------------------------------------------- */

bool file_page_take(struct file_page *page, const char *data, size_t len)
{
	if (page->by_lines)
		return take_lines(page, data, len);
	if (page->data.len == 0)
		page->from = page->at = page->offset;
	page->at += (int64_t)len;
	page->full = !buf_add(&page->data, data, len); /* no more comes than there is room for */
	return !page->full;
}

/* A line that is not whole is left for the next page, unless it is all there is. */
static void cut_lines(struct file_page *page)
{
	const char *newline = memrchr(page->data.data, '\n', page->data.len);
	size_t keep_len = newline ? (size_t)(newline - page->data.data) + 1
				  : utf8_whole(page->data.data, page->data.len);

	page->shown -= newline && keep_len < page->data.len;
	page->data.len = keep_len;
}

void file_page_finish(struct file_page *page)
{
	size_t whole;

	if (page->data.len == 0) {
		page->from = page->by_lines ? page->at : page->offset;
		if (page->from > page->size)
			page->from = page->size;
		return;
	}
	if (page->by_lines && page->full) {
		cut_lines(page);
	} else if (!page->by_lines && !page->exact && file_page_end(page) < page->size) {
		whole = utf8_whole(page->data.data, page->data.len);
		page->data.len = whole > 0 ? whole : page->data.len;
	}
}

int64_t file_page_end(const struct file_page *page)
{
	return page->from + (int64_t)page->data.len;
}

int64_t file_page_lines(const struct file_page *page)
{
	if (!page->by_lines || page->at < page->size)
		return -1;
	return page->line - 1 + page->ends_open;
}

bool file_page_is_inside(const struct file_page *page)
{
	return page->by_lines && page->data.len > 0 && file_page_end(page) < page->size &&
	       page->data.data[page->data.len - 1] != '\n';
}
