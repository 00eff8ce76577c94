/* Which part of a stream's output is shown, and how the rest is named.  Output never floods, and
 * what is left out is named by its exact bytes, so that it can be read with check_command.
 *
 * Past the spool limit a stream has a hole: [kept, tail_from) was lost, the last bytes are there.
 * What is shown by default are the ends, with notes between them.  Who names bytes (an offset, a
 * tail) gets exactly those, and the notes apart.  Pure: the bytes come through a function. */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "utf8.h"

enum { NOTES_MAX = 1024 };

size_t output_cut_behind(const char *data, size_t len)
{
	const char *newline = len > 0 ? memrchr(data, '\n', len) : NULL;

	if (newline && (size_t)(newline - data) >= len / 2)
		return (size_t)(newline - data) + 1;
	return utf8_whole(data, len);
}

size_t output_cut_before(const char *data, size_t len)
{
	const char *newline = len > 0 ? memchr(data, '\n', len / 2) : NULL;

	if (newline)
		return (size_t)(newline - data) + 1;
	return utf8_skip(data, len);
}

void output_piece_release(struct output_piece *piece)
{
	buf_release(&piece->text);
	buf_release(&piece->notes);
}

/* Room for what len bytes can become: three bytes for each that is no UTF-8, four for three in base
 * 64, and the notes. */
static struct buf text_buf(int64_t len)
{
	return BUF_INIT((size_t)len * 3 + NOTES_MAX);
}

static bool is_flooded(struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "the output does not fit the room made for it");
}

static bool add_clean(struct output_piece *piece, const char *data, size_t len, struct error *err)
{
	bool replaced = false;

	if (len > 0 && !utf8_clean(data, len, &piece->text, &replaced))
		return is_flooded(err);
	piece->replaced |= replaced;
	return true;
}

/* --- what can be read ---------------------------------------------------------------------- */

static bool has_hole(const struct output_source *source)
{
	return source->kept < source->tail_from;
}

/* The end of what can be read: before the hole when nothing was kept behind it. */
static int64_t readable_end(const struct output_source *source)
{
	return source->tail_from == source->total ? source->kept : source->total;
}

/* Where the last `room` bytes begin, or fewer of them behind the hole. */
static int64_t tail_start(const struct output_source *source, int64_t room)
{
	int64_t end = readable_end(source);
	int64_t start = end > room ? end - room : 0;

	if (has_hole(source) && end > source->kept && start < source->tail_from)
		return source->tail_from;
	return start;
}

/* --- notes: what is not shown, each on a line of its own ----------------------------------- */

static void begin_note(struct buf *text)
{
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_add(text, "\n", 1);
}

static void note_gap(const struct output_piece *piece, const struct output_source *source,
		     struct buf *text)
{
	char count[FORMAT_SIZE];

	if (piece->omitted_from == piece->omitted_end ||
	    (piece->omitted_from >= source->kept && piece->omitted_end <= source->tail_from))
		return;
	format_count(piece->omitted_end - piece->omitted_from, count);
	begin_note(text);
	buf_addf(text,
		 "[… %s bytes omitted: bytes %lld–%lld; read them with "
		 "check_command(command_id=\"%s\", stream=\"%s\", offset=%lld)]\n",
		 count, (long long)piece->omitted_from, (long long)piece->omitted_end - 1,
		 source->command_id, source->stream, (long long)piece->omitted_from);
}

/* A stream may also have a hole before the limit: the disk was full, or the server crashed. */
static void note_hole(struct output_piece *piece, const struct output_source *source,
		      struct buf *text)
{
	if (!has_hole(source))
		return;
	piece->lost_from = source->kept;
	piece->lost_end = source->tail_from;
	begin_note(text);
	if (source->kept == source->limit)
		buf_addf(text, "[output beyond the spool limit of %lld bytes was not kept: ",
			 (long long)source->limit);
	else
		buf_add_text(text, "[part of the output could not be kept: ");
	buf_addf(text, "bytes %lld–%lld are lost; send longer output to a file]\n",
		 (long long)piece->lost_from, (long long)piece->lost_end - 1);
}

/* --- both ends ----------------------------------------------------------------------------- */

/* Reads [from, end), without the front of a character that waits for its rest. */
static bool read_part(const struct output_source *source, int64_t from, int64_t end,
		      struct buf *ret_data, struct error *err)
{
	if (!source->read(source->ctx, from, end - from, ret_data, err))
		return false;
	if (!source->is_over && ret_data->len > 0 && end == source->total)
		ret_data->len = utf8_whole(ret_data->data, ret_data->len);
	return true;
}

/* Cut at a line's end where a gap follows; up to a hole, or to the tail, all is shown. */
static size_t head_shown(const struct output_source *source, const struct buf *head, int64_t start)
{
	if ((int64_t)head->len == start)
		return utf8_whole(head->data, head->len);
	if ((int64_t)head->len == source->kept)
		return head->len;
	return output_cut_behind(head->data, head->len);
}

static bool take_ends(const struct output_source *source, const struct output_wish *wish,
		      struct output_piece *piece, struct error *err)
{
	int64_t half = wish->limit / 2;
	int64_t head_room = half < source->kept ? half : source->kept;
	int64_t start = tail_start(source, wish->limit - head_room);
	auto_buf head = BUF_INIT((size_t)head_room);
	auto_buf tail = BUF_INIT((size_t)wish->limit);
	size_t head_len, skip;

	if (start < head_room)
		start = head_room;
	if (!read_part(source, 0, head_room, &head, err))
		return false;
	head_len = head.len > 0 ? head_shown(source, &head, start) : 0;
	if (start == head_room)
		start = (int64_t)head_len;
	if (!read_part(source, start, readable_end(source), &tail, err))
		return false;
	skip = start > head_room && tail.len > 0 ? output_cut_before(tail.data, tail.len) : 0;
	piece->omitted_from = (int64_t)head_len;
	piece->omitted_end = start + (int64_t)skip;
	piece->next_offset = start + (int64_t)tail.len;
	if (!add_clean(piece, head.data, head_len, err))
		return false;
	note_gap(piece, source, &piece->text);
	if (start >= source->tail_from)
		note_hole(piece, source, &piece->text);
	if (tail.len > skip && !add_clean(piece, tail.data + skip, tail.len - skip, err))
		return false;
	if (start < source->tail_from)
		note_hole(piece, source, &piece->text);
	return true;
}

/* --- pages: the bytes that were asked for, and nothing else -------------------------------- */

/* How much of a page is shown: a character that is not whole yet waits for its other bytes, if any
 * can still come. */
static size_t page_len(const struct output_source *source, const struct output_wish *wish,
		       const struct buf *data, int64_t end)
{
	bool more = end < source->total || !source->is_over;

	if (wish->base64 || !more || data->len == 0)
		return data->len;
	return utf8_whole(data->data, data->len);
}

static bool take_page(const struct output_source *source, const struct output_wish *wish,
		      int64_t from, struct output_piece *piece, struct error *err)
{
	int64_t end = from < source->kept ? source->kept : source->total;
	auto_buf data = BUF_INIT((size_t)wish->limit);
	size_t shown;

	if (end - from > wish->limit)
		end = from + wish->limit;
	if (from < end && !source->read(source->ctx, from, end - from, &data, err))
		return false;
	shown = page_len(source, wish, &data, from + (int64_t)data.len);
	piece->next_offset = from + (int64_t)shown;
	if (wish->base64)
		return shown == 0 || base64_encode(data.data, shown, &piece->text) ||
		       is_flooded(err);
	return add_clean(piece, data.data, shown, err);
}

static bool take_from(const struct output_source *source, const struct output_wish *wish,
		      struct output_piece *piece, struct error *err)
{
	int64_t from = wish->offset < source->total ? wish->offset : source->total;
	bool in_hole = has_hole(source) && from >= source->kept && from < source->tail_from;

	if (in_hole) /* what follows it is the next that can be read */
		from = source->tail_from;
	if (!take_page(source, wish, from, piece, err))
		return false;
	piece->omitted_from = piece->next_offset;
	piece->omitted_end = source->total;
	if (piece->omitted_from + 3 >= source->total && !source->is_over)
		piece->omitted_end = piece->omitted_from; /* the front of a character */
	note_gap(piece, source, &piece->notes);
	if (in_hole || piece->next_offset == source->kept)
		note_hole(piece, source, &piece->notes);
	return true;
}

static bool take_tail(const struct output_source *source, const struct output_wish *wish,
		      struct output_piece *piece, struct error *err)
{
	int64_t from = tail_start(source, wish->limit);

	if (!take_page(source, wish, from, piece, err))
		return false;
	piece->omitted_end = from;
	note_gap(piece, source, &piece->notes);
	note_hole(piece, source, &piece->notes);
	return true;
}

static bool take_piece(const struct output_source *source, const struct output_wish *wish,
		       struct output_piece *piece, struct error *err)
{
	struct output_wish all = *wish;

	switch (wish->mode) {
	case OUTPUT_ENDS:
		if (!wish->base64 && (has_hole(source) || source->total > wish->limit))
			return take_ends(source, wish, piece, err);
		all.offset = 0;
		return take_from(source, &all, piece, err);
	case OUTPUT_FROM:
		return take_from(source, wish, piece, err);
	case OUTPUT_TAIL:
		return take_tail(source, wish, piece, err);
	}
	return is_flooded(err);
}

bool output_take(const struct output_source *source, const struct output_wish *wish,
		 struct output_piece *ret_piece, struct error *err)
{
	auto_output_piece piece = { .text = text_buf(wish->limit), .notes = BUF_INIT(NOTES_MAX) };
	struct output_source whole = *source;

	/* Nothing is missing between the front and the tail: one piece. */
	if (whole.tail_from <= whole.kept)
		whole.kept = whole.tail_from = whole.total;
	if (!take_piece(&whole, wish, &piece, err))
		return false;
	*ret_piece = piece;
	piece.text = piece.notes = BUF_INIT(0);
	return true;
}

struct json *output_omission_json(const struct output_piece *piece)
{
	struct json *out;

	if (piece->omitted_from == piece->omitted_end && piece->lost_from == piece->lost_end)
		return NULL;
	out = json_object();
	if (piece->omitted_from < piece->omitted_end) {
		json_put_int(out, "omitted_from", piece->omitted_from);
		json_put_int(out, "omitted_to", piece->omitted_end - 1);
		json_put_int(out, "omitted_bytes", piece->omitted_end - piece->omitted_from);
	}
	if (piece->lost_from < piece->lost_end) {
		json_put_int(out, "lost_from", piece->lost_from);
		json_put_int(out, "lost_to", piece->lost_end - 1);
		json_put_int(out, "lost_bytes", piece->lost_end - piece->lost_from);
	}
	return out;
}
