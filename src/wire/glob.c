/* Globs, part by part: a pattern is cut at its slashes, and so is the path.  Within a part a star
 * remembers where it stood, and so does ** among the parts; only the last of each is ever gone back
 * to, which suffices, and keeps the worst case at the product of the lengths. */
#include "wire_file.h"

#include <string.h>

/* A part of a pattern or path. */
struct part {
	const char *text; /* NULL: there is none any more */
	size_t len;
};

/* The first part at `at` that says something: "a//./b" has two. */
static struct part part_at(const char *at)
{
	for (;;) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 0)
			return (struct part){ NULL, 0 };
		if (len != 1 || at[0] != '.')
			return (struct part){ at, len };
		at += len;
	}
}

static struct part part_after(struct part part)
{
	return part_at(part.text + part.len);
}

static bool is_any_depth(struct part part)
{
	return part.len == 2 && memcmp(part.text, "**", 2) == 0;
}

/* Compares c with the set that begins behind the '[' at pattern[at]; *ret_end: behind its ']'.
 * False in *ret_set when no ']' comes: then the '[' means itself. */
static bool in_set(struct part pattern, size_t at, unsigned char c, size_t *ret_end, bool *ret_set)
{
	const unsigned char *text = (const unsigned char *)pattern.text;
	bool not = at < pattern.len && (text[at] == '!' || text[at] == '^');
	bool found = false;
	size_t first;

	at += not ;
	first = at;
	*ret_set = false;
	while (at < pattern.len && (text[at] != ']' || at == first)) {
		unsigned char low = text[at];
		unsigned char high = low;

		if (at + 2 < pattern.len && text[at + 1] == '-' && text[at + 2] != ']') {
			high = text[at + 2];
			at += 2;
		}
		found = found || (c >= low && c <= high);
		at++;
	}
	if (at >= pattern.len)
		return false;
	*ret_set = true;
	*ret_end = at + 1;
	return found != not ;
}

/* Whether the one thing of the pattern at `at`, which is no star, matches c; *ret_end: behind it.
 */
static bool one_matches(struct part pattern, size_t at, char c, size_t *ret_end)
{
	bool set;
	bool found;

	*ret_end = at + 1;
	if (pattern.text[at] == '?')
		return true;
	if (pattern.text[at] == '[') {
		found = in_set(pattern, at + 1, (unsigned char)c, ret_end, &set);
		if (set)
			return found;
	}
	if (pattern.text[at] == '\\' && at + 1 < pattern.len)
		*ret_end = ++at + 1;
	return pattern.text[at] == c;
}

static bool begins_with_dot(struct part pattern)
{
	return pattern.text[0] == '.' ||
	       (pattern.len > 1 && pattern.text[0] == '\\' && pattern.text[1] == '.');
}

static bool part_matches(struct part pattern, struct part name)
{
	const size_t none = SIZE_MAX;
	size_t star = none; /* behind the last one */
	size_t again = 0;   /* where the name goes on when that takes one more */
	size_t p = 0;
	size_t n = 0;

	if (name.text[0] == '.' && !begins_with_dot(pattern))
		return false;
	while (n < name.len) {
		size_t end;

		if (p < pattern.len && pattern.text[p] == '*') {
			star = ++p;
			again = n;
		} else if (p < pattern.len && one_matches(pattern, p, name.text[n], &end)) {
			p = end;
			n++;
		} else if (star != none) {
			p = star;
			n = ++again;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.text[p] == '*')
		p++;
	return p == pattern.len;
}

bool wire_glob(const char *pattern, const char *path)
{
	struct part want = part_at(pattern);
	struct part have = part_at(path);
	struct part wide = { NULL, 0 }; /* behind the last ** */
	struct part again = { NULL, 0 };
	bool is_wide = false;

	while (have.text) {
		if (want.text && is_any_depth(want)) {
			is_wide = true;
			wide = want = part_after(want);
			again = have;
			/* At the end of a pattern it stands for everything below. */
			if (!want.text)
				want = wide = (struct part){ "*", 1 };
		} else if (want.text && part_matches(want, have)) {
			want = part_after(want);
			have = part_after(have);
		} else if (is_wide && again.text[0] != '.') {
			want = wide;
			have = again = part_after(again);
		} else {
			return false;
		}
	}
	return !want.text && part_at(pattern).text;
}

/* Whether a part of the pattern from here on names something hidden. */
static bool names_hidden(struct part want)
{
	for (; want.text; want = part_after(want))
		if (begins_with_dot(want))
			return true;
	return false;
}

bool wire_glob_leads(const char *pattern, const char *path)
{
	struct part want = part_at(pattern);
	struct part have = part_at(path);

	for (; have.text; have = part_after(have)) {
		if (want.text && is_any_depth(want))
			break;
		if (!want.text || !part_matches(want, have))
			return false;
		want = part_after(want);
	}
	if (!want.text || names_hidden(want))
		return want.text;
	for (; have.text; have = part_after(have))
		if (have.text[0] == '.')
			return false;
	return true;
}
