/* Replacing exact text.  Where it is not found, what an agent got wrong is nearly always white
 * space: it is told the lines that are equal but for that, or how far they are. */
#include "edit.h"
#include <string.h>
#include "utf8.h"

enum { LISTED_MAX = 8, SHOWN_MAX = 120, LOOKS_MAX = 32 * 1024 * 1024, PATH_MAX_SHOWN = 160 };

static const char *find(const char *at, const char *end, const char *wanted, size_t len)
{
	return (size_t)(end - at) < len ? NULL : memmem(at, (size_t)(end - at), wanted, len);
}

static int64_t lines_before(const char *text, const char *at)
{
	int64_t count = 1;

	while ((text = memchr(text, '\n', (size_t)(at - text)))) {
		text++;
		count++;
	}
	return count;
}

static const char *line_end(const char *at, const char *end)
{
	const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	return newline ? newline : end;
}

/* --- what comes near ------------------------------------------------------------------------ */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* A place in the text from which on it says the same as the wanted text, but for white space. */
struct near {
	const char *start;  /* NULL: there is none; a line */
	const char *stop;   /* up to here */
	const char *wanted; /* up to here in the wanted text; its end: all of it */
};

/* looks: how many more characters may be compared. */
static struct near follow(const char *start, const char *end, const char *wanted, int64_t *looks)
{
	struct near near = { start, start, wanted };

	for (;;) {
		const char *at = skip_space(near.stop, end);
		const char *next = near.wanted;

		while (is_space(*next))
			next++;
		*looks -= (at - near.stop) + (next - near.wanted) + 1;
		if (*next == '\0')
			near.wanted = next;
		if (*next == '\0' || at == end || *at != *next)
			return near;
		near.stop = at + 1;
		near.wanted = next + 1;
	}
}

/* The place that comes furthest, at least through the first line of what is wanted. */
static struct near find_near(const char *text, size_t len, const char *wanted)
{
	const char *end = text + len, *line = text, *first;
	struct near best = { NULL, NULL, wanted };
	int64_t looks = LOOKS_MAX;

	while (is_space(*wanted))
		wanted++;
	first = wanted + strcspn(wanted, "\n");
	while (first > wanted && is_space(first[-1]))
		first--;
	while (line < end && looks > 0 && *wanted) {
		struct near near = follow(line, end, wanted, &looks);

		if (near.wanted >= first && (!best.start || near.wanted > best.wanted))
			best = near;
		if (*best.wanted == '\0' && best.start)
			break;
		line = line_end(line, end) + 1;
	}
	return best;
}

static int shown_len(const char *at, const char *end)
{
	size_t len = (size_t)(end - at);

	return (int)(len > SHOWN_MAX ? utf8_whole(at, SHOWN_MAX) : len);
}

/* "line 12 has «…» there" */
static void describe(const struct near *near, const char *text, const char *end,
		     struct buf *ret_text)
{
	const char *start = skip_space(near->start, end);
	int64_t first = lines_before(text, start);
	int64_t last = lines_before(text, near->stop);
	const char *line = near->stop;

	if (*near->wanted == '\0') {
		if (first == last)
			buf_addf(ret_text, "line %lld says", (long long)first);
		else
			buf_addf(ret_text, "lines %lld–%lld say", (long long)first,
				 (long long)last);
		buf_add_text(ret_text, " the same but for white space");
		return;
	}
	while (line > text && line[-1] != '\n')
		line--;
	if (skip_space(near->stop, line_end(near->stop, end)) == line_end(near->stop, end)) {
		line = line_end(near->stop, end);
		line += line < end;
		last++;
	}
	buf_addf(ret_text, "it begins at line %lld, but line %lld is \"%.*s\"", (long long)first,
		 (long long)last, shown_len(line, line_end(line, end)), line);
}

static bool not_there(const struct edit_wish *wish, const char *path, const char *text, size_t len,
		      struct error *err)
{
	const char *end = text + len;
	const char *there =
		wish->new_text[0] ? find(text, end, wish->new_text, strlen(wish->new_text)) : NULL;
	struct near near = find_near(text, len, wish->old_text);
	auto_buf hint = BUF_INIT(400);

	if (near.start)
		describe(&near, text, end, &hint);
	else if (there)
		buf_addf(&hint, "new_text is there already, in line %lld",
			 (long long)lines_before(text, there));
	error_set(err, ERROR_CONFLICT, "old_text was found 0 times in %s%s%s", path,
		  hint.len > 0 ? ": " : "", buf_text(&hint));
	return error_advise(err,
			    "read the file with read_file, and give old_text exactly as it is "
			    "there, white space included",
			    false);
}

/* --- counting and replacing ------------------------------------------------------------------ */

/* The first places are listed. */
static int64_t count(const char *text, size_t len, const char *wanted, struct buf *ret_lines)
{
	size_t wanted_len = strlen(wanted);
	const char *end = text + len, *at = text, *counted = text;
	int64_t found = 0, line = 1;

	while ((at = find(at, end, wanted, wanted_len))) {
		if (found < LISTED_MAX) {
			line += lines_before(counted, at) - 1;
			counted = at;
			buf_addf(ret_lines, "%s%lld", found > 0 ? ", " : "", (long long)line);
		} else if (found == LISTED_MAX) {
			buf_add_text(ret_lines, " …");
		}
		found++;
		at += wanted_len;
	}
	return found;
}

static bool too_long(const char *path, size_t most, struct error *err)
{
	error_set(err, ERROR_LIMIT, "%s would have more than %zu bytes", path, most);
	return error_advise(err, "change it with execute_command (sed, python)", false);
}

static bool replace(const struct edit_wish *wish, const char *path, const char *text, size_t len,
		    struct buf *ret_text, struct error *err)
{
	size_t old_len = strlen(wish->old_text), new_len = strlen(wish->new_text);
	const char *end = text + len, *at = text, *next;

	while ((next = find(at, end, wish->old_text, old_len))) {
		if (!buf_add(ret_text, at, (size_t)(next - at)) ||
		    !buf_add(ret_text, wish->new_text, new_len))
			return too_long(path, ret_text->max, err);
		at = next + old_len;
	}
	return buf_add(ret_text, at, (size_t)(end - at)) || too_long(path, ret_text->max, err);
}

bool edit_apply(const struct edit_wish *wish, const char *text, size_t len, struct buf *ret_text,
		struct error *err)
{
	auto_buf lines = BUF_INIT(400);
	char path[PATH_MAX_SHOWN + 1];
	int64_t found;
	size_t shown = strlen(wish->path);

	shown = shown > PATH_MAX_SHOWN ? utf8_whole(wish->path, PATH_MAX_SHOWN) : shown;
	memcpy(path, wish->path, shown);
	path[shown] = '\0';
	for (char *at = path; *at; at++) /* one line, whatever the name */
		if ((unsigned char)*at < ' ')
			*at = '?';
	if (!utf8_is_valid(text, len) || memchr(text, '\0', len)) {
		error_set(err, ERROR_INVALID, "%s is no text (UTF-8)", path);
		return error_advise(err, "change it with execute_command", false);
	}
	found = count(text, len, wish->old_text, &lines);
	if (found == 0)
		return not_there(wish, path, text, len, err);
	if (found == wish->count)
		return replace(wish, path, text, len, ret_text, err);
	error_set(err, ERROR_CONFLICT, "old_text was found %lld time%s in %s (line%s %s), not %lld",
		  (long long)found, found == 1 ? "" : "s", path, found == 1 ? "" : "s",
		  buf_text(&lines), (long long)wish->count);
	return error_advise(err,
			    "give more of the text around the place, so that it is the only one; "
			    "or give as count how often it was found",
			    false);
}
