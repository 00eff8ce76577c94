/* The lines in which two texts differ, by Myers' greedy search (An O(ND) Difference Algorithm,
 * 1986), in the form that `patch` takes.
 *
 * What is equal at both ends is left out first.  The search keeps all its steps, to walk back, so
 * that a round of it is bounded to ROUND_MAX edits: where they do not suffice, the path that came
 * furthest is taken and the next round begins at its end.  Then the result is right all the same,
 * only perhaps not the shortest.  Nor is more compared than the answer has room to show. */
#include "diff.h"
#include <stdint.h>
#include <string.h>
#include "utf8.h"

enum { CONTEXT = 3, ROUND_MAX = 512, LINES_MAX = 1024 * 1024, NOTE_ROOM = 256 };

struct side {
	const char *data;
	uint32_t *starts;  /* of each line, and one more: the end */
	bool *changed;     /* by line: it is not in the other side */
	size_t count;      /* lines */
	size_t before;     /* lines of the text before the first of these */
	bool limited;      /* there are more than LINES_MAX */
	uint32_t from, to; /* bytes of the text that these lines are */
};

struct search {
	struct side old, new;
	int32_t *
		steps; /* those of round d begin at d * (d + 1) / 2: x by diagonal -d, -d + 2 … d */
	size_t changed; /* lines, in all */
	size_t changed_most;
	size_t x, y; /* up to here both sides were compared */
};

/* --- lines --------------------------------------------------------------------------------- */

/* Where the line that holds byte `at`, or begins there, begins. */
static size_t line_start(const char *data, size_t at)
{
	const char *newline = at > 0 ? memrchr(data, '\n', at) : NULL;

	return newline ? (size_t)(newline - data) + 1 : 0;
}

static size_t line_end(const char *data, size_t len, size_t at)
{
	const char *newline = at < len ? memchr(data + at, '\n', len - at) : NULL;

	return newline ? (size_t)(newline - data) + 1 : len;
}

static size_t count_lines(const char *data, size_t len)
{
	size_t count = 0;

	for (size_t at = 0; at < len; at = line_end(data, len, at))
		count++;
	return count;
}

/* Both sides begin and end where the texts begin to differ, with their context. */
static void trim(const struct diff_text *a, const struct diff_text *b, struct search *search)
{
	size_t least = a->len < b->len ? a->len : b->len;
	size_t front = 0, back = 0, start, a_end, b_end;

	while (front < least && a->data[front] == b->data[front])
		front++;
	start = line_start(a->data, front);
	for (int i = 0; i < CONTEXT && start > 0; i++)
		start = line_start(a->data, start - 1);
	while (back < least - front && a->data[a->len - 1 - back] == b->data[b->len - 1 - back])
		back++;
	a_end = a->len - back;
	b_end = b->len - back;
	for (int i = 0; i < CONTEXT + 1; i++) {
		size_t more = line_end(a->data, a->len, a_end) - a_end;

		a_end += more;
		b_end += more;
	}
	search->old = (struct side){ .data = a->data, .from = (uint32_t)start };
	search->new = (struct side){ .data = b->data, .from = (uint32_t)start };
	search->old.to = (uint32_t)a_end;
	search->new.to = (uint32_t)b_end;
	search->old.before = search->new.before = count_lines(a->data, start);
}

static void split(struct side *side)
{
	size_t count = count_lines(side->data + side->from, side->to - side->from);
	size_t at = side->from;

	side->limited = count > LINES_MAX;
	side->count = side->limited ? LINES_MAX : count;
	side->starts = mem_array(uint32_t, side->count + 1);
	side->changed = mem_array(bool, side->count + 1);
	for (size_t i = 0; i < side->count; i++) {
		side->starts[i] = (uint32_t)at;
		at = line_end(side->data, side->to, at);
	}
	side->starts[side->count] = (uint32_t)at;
}

static size_t line_len(const struct side *side, size_t line)
{
	return side->starts[line + 1] - side->starts[line];
}

static bool same_line(const struct search *search, size_t x, size_t y)
{
	const struct side *a = &search->old, *b = &search->new;
	size_t len = line_len(a, x);

	return len == line_len(b, y) &&
	       memcmp(a->data + a->starts[x], b->data + b->starts[y], len) == 0;
}

/* --- one round of the search ---------------------------------------------------------------- */

static int32_t *steps_of(const struct search *search, int d)
{
	return search->steps + d * (d + 1) / 2;
}

/* How far d edits and what is equal behind them come on diagonal k = x - y. */
static int32_t advance(const struct search *search, int d, int k)
{
	const int32_t *last = d > 0 ? steps_of(search, d - 1) : NULL;
	int at = (k + d) / 2; /* in this row; in the one before, k - 1 is at - 1 and k + 1 at */
	int32_t x = 0;

	if (d > 0)
		x = k == -d || (k != d && last[at - 1] < last[at]) ? last[at] : last[at - 1] + 1;
	while (search->x + (size_t)x < search->old.count &&
	       search->y + (size_t)(x - k) <
		       search->new.count &&same_line(search, search->x + (size_t)x,
						     search->y + (size_t)(x - k)))
		x++;
	return x;
}

struct point {
	int d, k;
	int32_t x;
};

/* Of two that come as far, the one that is about as far on both sides. */
static bool is_further(struct point a, struct point b)
{
	int32_t lead = (2 * a.x - a.k) - (2 * b.x - b.k);

	return lead > 0 || (lead == 0 && abs(a.k) < abs(b.k));
}

/* The end of both sides, or the furthest point that a round comes to. */
static struct point find(const struct search *search)
{
	int32_t x_end = (int32_t)(search->old.count - search->x);
	int32_t y_end = (int32_t)(search->new.count - search->y);
	struct point best = { 0, 0, 0 };

	for (int d = 0; d < ROUND_MAX; d++) {
		struct point last = best;

		best = (struct point){ d, 0, -1 };
		for (int k = -d; k <= d; k += 2) {
			int32_t x = advance(search, d, k);

			steps_of(search, d)[(k + d) / 2] = x;
			if (x > x_end || x - k > y_end)
				continue;
			if (best.x < 0 || is_further((struct point){ d, k, x }, best))
				best = (struct point){ d, k, x };
		}
		if (best.x < 0)
			return last; /* every path left the texts */
		if (best.x == x_end && best.x - best.k == y_end)
			break;
	}
	return best;
}

/* Walks back from a point, marking what was left out and put in. */
static void mark(struct search *search, struct point point)
{
	int k = point.k;

	for (int d = point.d; d > 0; d--) {
		const int32_t *last = steps_of(search, d - 1);
		int at = (k + d) / 2;
		bool down = k == -d || (k != d && last[at - 1] < last[at]);
		int32_t x = down ? last[at] : last[at - 1];

		if (down) /* line y of the new text was put in */
			search->new.changed[search->y + (size_t)(x - (k + 1))] = true;
		else
			search->old.changed[search->x + (size_t)x] = true;
		k += down ? 1 : -1;
	}
	search->changed += (size_t)point.d;
	search->x += (size_t)point.x;
	search->y += (size_t)(point.x - point.k);
}

static bool compare(struct search *search)
{
	search->steps = mem_array(int32_t, (size_t)ROUND_MAX * (ROUND_MAX + 1) / 2);
	while (search->x < search->old.count || search->y < search->new.count) {
		if (search->changed > search->changed_most)
			return false;
		mark(search, find(search));
	}
	return !search->old.limited && !search->new.limited;
}

/* --- the form ------------------------------------------------------------------------------- */

/* Lines of both sides, [x, x_end) and [y, y_end). */
struct hunk {
	size_t x, x_end, y, y_end;
};

static bool add(struct buf *text, const char *data, size_t len)
{
	return text->len + len + NOTE_ROOM <= text->max && buf_add(text, data, len);
}

/* As much of a line as finds room, when it is not all of it. */
static bool add_line(struct buf *text, char sign, const struct side *side, size_t line)
{
	static const char no_newline[] = "\n\\ No newline at end of file\n";
	const char *data = side->data + side->starts[line];
	size_t len = line_len(side, line);
	size_t room = text->max - NOTE_ROOM;

	if (!add(text, &sign, 1))
		return false;
	if (!add(text, data, len)) {
		(void)add(text, data, utf8_whole(data, room > text->len ? room - text->len : 0));
		return false;
	}
	return data[len - 1] == '\n' || add(text, no_newline, sizeof(no_newline) - 1);
}

/* "-12,7": lines are counted from 1, and a range without any is named by the line before it. */
static void add_range(struct buf *text, char sign, const struct side *side, size_t from, size_t end)
{
	size_t first = side->before + from + (end > from ? 1 : 0);

	buf_addf(text, "%c%zu,%zu ", sign, first, end - from);
}

static bool add_hunk(const struct search *search, const struct hunk *hunk, struct buf *text)
{
	const struct side *a = &search->old, *b = &search->new;
	size_t x = hunk->x, y = hunk->y;

	if (text->len + (size_t)2 * NOTE_ROOM > text->max)
		return false;
	buf_add_text(text, "@@ ");
	add_range(text, '-', a, hunk->x, hunk->x_end);
	add_range(text, '+', b, hunk->y, hunk->y_end);
	buf_add_text(text, "@@\n");
	while (x < hunk->x_end || y < hunk->y_end) {
		bool good;

		if (x < hunk->x_end && a->changed[x])
			good = add_line(text, '-', a, x++);
		else if (y < hunk->y_end && b->changed[y])
			good = add_line(text, '+', b, y++);
		else if ((good = add_line(text, ' ', a, x++)))
			y++;
		if (!good)
			return false;
	}
	return true;
}

/* The next hunk at or behind (*x, *y), which move behind its end; false: there is none.
 * Changes with no more than twice the context between them share a hunk. */
static bool next_hunk(const struct search *search, size_t *x, size_t *y, struct hunk *ret_hunk)
{
	const struct side *a = &search->old, *b = &search->new;
	size_t equal = 0, before = 0;
	bool any = false;

	while ((*x < search->x || *y < search->y) && !(any && equal > (size_t)2 * CONTEXT)) {
		bool gone = *x < search->x && a->changed[*x];
		bool come = *y < search->y && b->changed[*y];

		if ((gone || come) && !any) {
			before = equal < CONTEXT ? equal : CONTEXT;
			*ret_hunk = (struct hunk){ .x = *x - before, .y = *y - before };
			any = true;
		}
		equal = gone || come ? 0 : equal + 1;
		*x += gone || !come;
		*y += come || !gone;
	}
	before = equal < CONTEXT ? equal : CONTEXT;
	*x = *x - equal + before;
	*y = *y - equal + before;
	ret_hunk->x_end = *x;
	ret_hunk->y_end = *y;
	return any;
}

/* Behind the last line that was compared, only the rest of a limited side differs. */
static bool is_artifact(const struct search *search, const struct hunk *hunk)
{
	return (search->old.limited && hunk->x_end == search->old.count) ||
	       (search->new.limited && hunk->y_end == search->new.count);
}

static bool add_hunks(const struct search *search, struct buf *text)
{
	size_t x = 0, y = 0;
	struct hunk hunk = { 0 };

	while (next_hunk(search, &x, &y, &hunk))
		if (is_artifact(search, &hunk) || !add_hunk(search, &hunk, text))
			return false;
	return true;
}

/* A name may hold line ends, which would be taken for lines of the diff. */
static void add_head(struct buf *text, const char *before, const char *path)
{
	buf_add_text(text, before);
	for (; *path; path++)
		buf_add(text, (unsigned char)*path < ' ' ? "?" : path, 1);
	buf_add_text(text, "\n");
}

bool diff_unified(const char *path, const struct diff_text *old_text,
		  const struct diff_text *new_text, struct buf *ret_text)
{
	struct search search = { .changed_most = ret_text->max / 2 };
	bool whole;

	if (old_text->len == new_text->len &&
	    memcmp(old_text->data, new_text->data, old_text->len) == 0)
		return true;
	trim(old_text, new_text, &search);
	split(&search.old);
	split(&search.new);
	whole = compare(&search);
	add_head(ret_text, "--- a", path);
	add_head(ret_text, "+++ b", path);
	whole = add_hunks(&search, ret_text) && whole;
	if (!whole)
		buf_addf(ret_text, "%s[the diff goes on: it is cut here]\n",
			 ret_text->data[ret_text->len - 1] == '\n' ? "" : "\n");
	free(search.steps);
	free(search.old.starts);
	free(search.old.changed);
	free(search.new.starts);
	free(search.new.changed);
	return whole;
}
