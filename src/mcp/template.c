/* URI templates (RFC 6570) read backwards: whether a URI fits, and with which values.  {name}
 * stands for one segment, {+name} at the end for all that follows.  Pure. */
#include "internal.h"
#include <string.h>
#include "buf.h"
#include "utf8.h"

enum { VALUE_MAX = 8 * 1024 };

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULL: a malformed escape, a NUL, or what is no UTF-8. */
static char *decode(const char *text, size_t len)
{
	auto_buf out = BUF_INIT(VALUE_MAX);

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0' || !buf_add(&out, &c, 1))
			return NULL;
	}
	if (!utf8_is_valid(buf_text(&out), out.len))
		return NULL;
	return buf_take(&out);
}

/* The value at *at for the variable that begins at *form; both move behind it. */
static bool match_variable(const char **form, const char **at, struct json *values)
{
	bool rest = (*form)[1] == '+';
	const char *name = *form + (rest ? 2 : 1);
	size_t name_len = strcspn(name, "}");
	size_t len;
	auto_str key = mem_strndup(name, name_len);
	auto_str value = NULL;

	*form = name + name_len + 1;
	len = rest ? strlen(*at) : strcspn(*at, "/?#");
	value = len > 0 ? decode(*at, len) : NULL;
	if (!value)
		return false;
	json_put_text(values, key, value);
	*at += len;
	return true;
}

bool template_match(const char *uri_template, const char *uri, struct json **ret_values)
{
	auto_json values = json_object();
	const char *form = uri_template;

	while (*form) {
		if (*form == '{') {
			if (!match_variable(&form, &uri, values))
				return false;
		} else if (*form++ != *uri++) {
			return false;
		}
	}
	if (*uri)
		return false;
	*ret_values = take(values);
	return true;
}
