/* Content-Disposition (RFC 6266): the name under which a browser saves a download.  A name comes
 * out of a container, so it is hostile: what could end the header, name another folder or turn the
 * text around on the screen ("exe.txt" for "txt.exe") is replaced. */
#include "http.h"

#include <string.h>
#include "buf.h"
#include "utf8.h"

/* Bytes of a name that are kept; file systems take 255. */
enum { NAME_MAX_BYTES = 200, ENDING_MAX_BYTES = 20 };
/* Bounds for what is longer on the way there. */
enum { READ_MAX = 16384, CLEAN_MAX = 65536, VALUE_MAX = 8192 };

/* One character of valid UTF-8. */
static size_t read_character(const char *text, uint32_t *ret_code)
{
	unsigned char c = (unsigned char)*text;
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*ret_code = len == 1 ? c : c & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		*ret_code = *ret_code << 6 | ((unsigned char)text[i] & 0x3f);
	return len;
}

/* Characters that order text, and separators of lines and paragraphs. */
static bool is_deceptive(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0xfeff;
}

static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '/' || code == '\\' ||
	       is_deceptive(code);
}

/* Too long a name keeps its ending, by which the system knows what to do with the file. */
static void add_shortened(const char *name, struct buf *ret_name)
{
	size_t len = strlen(name);
	const char *ending = strrchr(name, '.');
	size_t ending_len = ending ? strlen(ending) : 0;

	if (len <= NAME_MAX_BYTES) {
		(void)buf_add(ret_name, name, len);
		return;
	}
	if (ending_len > ENDING_MAX_BYTES)
		ending_len = 0;
	(void)buf_add(ret_name, name, utf8_whole(name, NAME_MAX_BYTES - ending_len));
	if (ending_len > 0)
		(void)buf_add(ret_name, ending, ending_len);
}

/* ".." at the front and dots and spaces at the end mean something to some systems. */
static void trim(struct buf *name)
{
	if (name->len >= 2 && name->data[0] == '.' && name->data[1] == '.')
		memset(name->data, '_', strspn(name->data, "."));
	while (name->len > 0 && strchr(". ", name->data[name->len - 1]))
		name->data[--name->len] = '\0';
}

static void clean_name(const char *name, struct buf *ret_name)
{
	auto_buf valid = BUF_INIT(CLEAN_MAX);
	auto_buf safe = BUF_INIT(CLEAN_MAX);
	bool replaced;
	uint32_t code;
	size_t len;

	(void)utf8_clean(name, strnlen(name, READ_MAX), &valid, &replaced);
	for (const char *at = buf_text(&valid); *at; at += len) {
		len = read_character(at, &code);
		(void)buf_add(&safe, is_unsafe(code) ? "_" : at, is_unsafe(code) ? 1 : len);
	}
	add_shortened(buf_text(&safe), ret_name);
	if (ret_name->len > 0)
		trim(ret_name);
	if (ret_name->len == 0)
		(void)buf_add_text(ret_name, "download");
}

/* The fallback, inside quotes: one underscore for each character that is not plain. */
static bool add_ascii(const char *name, struct buf *ret_value)
{
	bool same = true;
	uint32_t code;

	for (size_t len; *name; name += len) {
		bool plain;

		len = read_character(name, &code);
		plain = code < 0x80 && !strchr("\"\\%", (int)code);
		same = same && plain;
		(void)buf_add(ret_value, plain ? name : "_", 1);
	}
	return same;
}

/* RFC 8187 attr-char. */
static void add_encoded(const char *name, struct buf *ret_value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$&+-.^_`|~";

	for (; *name; name++) {
		if (strchr(plain, *name))
			(void)buf_add(ret_value, name, 1);
		else
			(void)buf_addf(ret_value, "%%%02X", (unsigned)(unsigned char)*name);
	}
}

char *http_disposition(const char *type, const char *name)
{
	auto_buf clean = BUF_INIT(NAME_MAX_BYTES + 64);
	auto_buf value = BUF_INIT(VALUE_MAX);

	clean_name(name, &clean);
	(void)buf_addf(&value, "%s; filename=\"", type);
	if (add_ascii(buf_text(&clean), &value)) {
		(void)buf_add_text(&value, "\"");
		return buf_take(&value);
	}
	(void)buf_add_text(&value, "\"; filename*=UTF-8''");
	add_encoded(buf_text(&clean), &value);
	return buf_take(&value);
}
