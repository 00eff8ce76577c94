/* The strict scan: RFC 8259 to the letter, in valid UTF-8, with what is allowed but ambiguous
 * refused: equal keys in one object, lone surrogates, \u0000.  It allocates nothing but the keys of
 * the objects that are open, and compares keys as they read once their escapes are undone.
 *
 * Sorting makes the search for equal keys O(n log n), so that no text takes long to refuse. */
#include "internal.h"

#include <string.h>
#include "utf8.h"

struct scan {
	const char *start, *at, *end;
	struct buf *keys;         /* json_span of each key of each open object; NULL: not kept */
	struct buf *long_numbers; /* NULL: not kept */
	size_t values;
	const char *fault; /* what is wrong … */
	const char *where; /* … and at which byte */
};

static bool fail_at(struct scan *scan, const char *where, const char *fault)
{
	scan->where = where;
	scan->fault = fault;
	return false;
}

static bool fail(struct scan *scan, const char *fault)
{
	return fail_at(scan, scan->at, scan->at < scan->end ? fault : "the text ends too early");
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end &&
	       (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
		scan->at++;
}

static bool next_is(const struct scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

static bool eat(struct scan *scan, char c)
{
	if (!next_is(scan, c))
		return false;
	scan->at++;
	return true;
}

/* --- strings ---------------------------------------------------------------------------- */

static bool is_low(int32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Behind "\u". */
static bool scan_unicode(struct scan *scan)
{
	const char *escape = scan->at - 2;
	int32_t unit = json_code_unit(scan->at, scan->end);
	int32_t low;

	if (unit < 0)
		return fail_at(scan, escape, "\\u must be followed by four hexadecimal digits");
	if (unit == 0)
		return fail_at(scan, escape, "\\u0000 is not accepted in a string");
	scan->at += 4;
	if (is_low(unit))
		return fail_at(scan, escape, "this escape is half of a surrogate pair");
	if (!json_is_high(unit))
		return true;
	low = scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u'
		      ? json_code_unit(scan->at + 2, scan->end)
		      : -1;
	if (!is_low(low))
		return fail_at(scan, escape, "this escape is half of a surrogate pair");
	scan->at += 6;
	return true;
}

/* Behind a backslash. */
static bool scan_escape(struct scan *scan)
{
	if (scan->at == scan->end)
		return fail(scan, "");
	if (eat(scan, 'u'))
		return scan_unicode(scan);
	if (*scan->at == '\0' || !strchr("\"\\/bfnrt", *scan->at))
		return fail(scan, "no such escape");
	scan->at++;
	return true;
}

static bool scan_string(struct scan *scan, struct json_span *ret_span)
{
	const char *start;

	if (!eat(scan, '"'))
		return fail(scan, "a string was expected");
	start = scan->at;
	while (scan->at < scan->end && *scan->at != '"') {
		if ((unsigned char)*scan->at < 0x20)
			return fail(scan, "a control character in a string must be escaped");
		if (*scan->at++ == '\\' && !scan_escape(scan))
			return false;
	}
	if (scan->at == scan->end)
		return fail(scan, "");
	if (!utf8_is_valid(start, (size_t)(scan->at - start)))
		return fail_at(scan, start, "the string is not valid UTF-8");
	*ret_span = (struct json_span){ start, (size_t)(scan->at - start) };
	scan->at++;
	return true;
}

/* --- keys ------------------------------------------------------------------------------- */

/* Looks at the keys of the object that ends here, the last ones of scan->keys, and drops them. */
static bool check_keys(struct scan *scan, size_t keys_before)
{
	struct buf *keys = scan->keys;
	struct json_span *all;
	size_t count;

	if (!keys || keys->len == keys_before)
		return true;
	all = (struct json_span *)(void *)(keys->data + keys_before);
	count = (keys->len - keys_before) / sizeof(*all);
	qsort(all, count, sizeof(*all), json_compare_keys);
	for (size_t i = 1; i < count; i++)
		if (json_compare_keys(&all[i - 1], &all[i]) == 0)
			return fail_at(scan, all[i].start, "two members have this same name");
	keys->len = keys_before;
	return true;
}

/* --- the other values ------------------------------------------------------------------- */

static bool scan_digits(struct scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return scan->at > start || fail(scan, "a digit was expected");
}

static bool scan_number(struct scan *scan)
{
	struct json_span span = { scan->at, 0 };

	eat(scan, '-');
	if (!eat(scan, '0') && !scan_digits(scan))
		return false;
	if (eat(scan, '.') && !scan_digits(scan))
		return false;
	if (eat(scan, 'e') || eat(scan, 'E')) {
		if (!eat(scan, '+'))
			eat(scan, '-');
		if (!scan_digits(scan))
			return false;
	}
	span.len = (size_t)(scan->at - span.start);
	if (span.len > JSON_NUMBER_MAX && scan->long_numbers &&
	    !buf_add(scan->long_numbers, &span, sizeof(span)))
		return fail(scan, "too many long numbers");
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
		return fail(scan, "a value was expected");
	scan->at += len;
	return true;
}

static bool scan_bare(struct scan *scan, int depth);

/* A value with the space around it; depth is how many arrays and objects are around it. */
static bool scan_value(struct scan *scan, int depth)
{
	skip_space(scan);
	if (!scan_bare(scan, depth))
		return false;
	skip_space(scan);
	return true;
}

/* Behind "[". */
static bool scan_array(struct scan *scan, int depth)
{
	skip_space(scan);
	if (eat(scan, ']'))
		return true;
	do {
		if (!scan_value(scan, depth))
			return false;
	} while (eat(scan, ','));
	return eat(scan, ']') || fail(scan, "a comma or ] was expected");
}

/* A key, its colon and its value, with the space around them. */
static bool scan_member(struct scan *scan, int depth, struct json_span *ret_key,
			struct json_span *ret_value)
{
	skip_space(scan);
	if (!scan_string(scan, ret_key))
		return false;
	skip_space(scan);
	if (!eat(scan, ':'))
		return fail(scan, "a colon was expected");
	skip_space(scan);
	ret_value->start = scan->at;
	if (!scan_bare(scan, depth))
		return false;
	ret_value->len = (size_t)(scan->at - ret_value->start);
	skip_space(scan);
	return true;
}

/* Behind "{". */
static bool scan_object(struct scan *scan, int depth)
{
	size_t keys_before = scan->keys ? scan->keys->len : 0;
	struct json_span key, value;

	skip_space(scan);
	if (eat(scan, '}'))
		return true;
	do {
		if (!scan_member(scan, depth, &key, &value))
			return false;
		if (scan->keys && !buf_add(scan->keys, &key, sizeof(key)))
			return fail_at(scan, key.start, "too many members");
	} while (eat(scan, ','));
	if (!eat(scan, '}'))
		return fail(scan, "a comma or } was expected");
	return check_keys(scan, keys_before);
}

/* An object or array that has depth others around it. */
static bool scan_container(struct scan *scan, int depth)
{
	bool is_object = *scan->at++ == '{';

	if (depth >= JSON_DEPTH_MAX)
		return fail_at(scan, scan->at - 1, "nested too deeply");
	return is_object ? scan_object(scan, depth + 1) : scan_array(scan, depth + 1);
}

static bool scan_bare(struct scan *scan, int depth)
{
	struct json_span ignored;

	if (scan->at == scan->end)
		return fail(scan, "");
	if (++scan->values > JSON_VALUES_MAX)
		return fail(scan, "too many values");
	switch (*scan->at) {
	case '{':
	case '[':
		return scan_container(scan, depth);
	case '"':
		return scan_string(scan, &ignored);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default: /* a char, not an enum */
		if (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'))
			return scan_number(scan);
		return fail(scan, "a value was expected");
	}
}

/* --- the whole text --------------------------------------------------------------------- */

bool json_scan_numbers(const char *text, size_t len, struct buf *ret_long_numbers,
		       struct error *err)
{
	auto_buf keys = BUF_INIT(JSON_VALUES_MAX * sizeof(struct json_span));
	struct scan scan = { .start = text,
			     .at = text,
			     .end = text + len,
			     .keys = &keys,
			     .long_numbers = ret_long_numbers };
	bool fine = scan_value(&scan, 0);

	if (fine && scan.at < scan.end)
		fine = fail(&scan, "something follows the value");
	if (!fine)
		error_set(err, ERROR_INVALID, "not acceptable JSON: at byte %zu: %s",
			  (size_t)(scan.where - scan.start), scan.fault);
	return fine;
}

bool json_scan(const char *text, size_t len, struct error *err)
{
	return json_scan_numbers(text, len, NULL, err);
}

bool json_raw_member(const char *text, size_t len, const char *key, const char **ret_start,
		     size_t *ret_len)
{
	struct scan scan = { .start = text, .at = text, .end = text + len };
	struct json_span name, value;

	skip_space(&scan);
	if (!eat(&scan, '{'))
		return false;
	do {
		if (!scan_member(&scan, 1, &name, &value))
			return false;
		if (json_key_is(&name, key)) {
			*ret_start = value.start;
			*ret_len = value.len;
			return true;
		}
	} while (eat(&scan, ','));
	return false;
}
