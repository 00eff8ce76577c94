/* The framing guard: refuses every header block that two parsers could read differently, before a
 * byte of its body is looked at.  What it refuses closes the connection, so that nothing behind the
 * ambiguity is ever taken for a request.
 *
 * Pure: it works on the parsed lines and the target as it was sent.  What parsing has wiped out
 * (line ends, folded lines, NUL) is layout.c's subject for libmicrohttpd 0.9.75; 1.0 refuses it by
 * itself at the discipline level that server.c sets.
 *
 * What remains with 0.9.75: chunk lines that end in a bare LF are accepted, so a chunked request is
 * the last one on its connection (request.c); a NUL directly before a bare LF looks like CR LF; and
 * for a malformed Content-Length the library sends its own 400, with the header twice, and closes.
 */
#include "internal.h"

#include <string.h>
#include <strings.h>
#include "utf8.h"

static const struct refusal bad_version = { MHD_HTTP_BAD_REQUEST,
					    "Only HTTP/1.0 and HTTP/1.1 are spoken here." };
static const struct refusal bad_name = { MHD_HTTP_BAD_REQUEST, "A header name is not a token." };
static const struct refusal bad_value = { MHD_HTTP_BAD_REQUEST,
					  "A header value contains a control character." };
static const struct refusal bad_lines = { MHD_HTTP_BAD_REQUEST,
					  "The header block is ambiguous: each line must end in CR "
					  "LF, stand on one line and hold no NUL." };
static const struct refusal repeated = { MHD_HTTP_BAD_REQUEST,
					 "A header that may be sent once was sent twice." };
static const struct refusal bad_host = { MHD_HTTP_BAD_REQUEST,
					 "Exactly one Host header is needed." };
static const struct refusal bad_coding = {
	MHD_HTTP_BAD_REQUEST, "Transfer-Encoding may only be sent once, and only as \"chunked\"."
};
static const struct refusal two_lengths = {
	MHD_HTTP_BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other."
};
static const struct refusal bad_length = { MHD_HTTP_BAD_REQUEST,
					   "Content-Length is not a number." };
static const struct refusal too_large = { 413, "The request body is too large." };
static const struct refusal bad_target = {
	MHD_HTTP_BAD_REQUEST,
	"The request target must be a path that starts with a slash, without dot segments, encoded "
	"slashes, control characters or malformed escapes."
};

static bool is_token(const char *text, size_t len)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(marks, c))))
			return false;
	}
	return len > 0;
}

static bool is_field_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool name_is(const struct head_line *line, const char *name)
{
	return line->name_len == strlen(name) && !strncasecmp(line->name, name, line->name_len);
}

/* Headers of which a second one would be somebody else's truth. */
static bool is_single(const struct head_line *line)
{
	return name_is(line, "Host") || name_is(line, "Content-Length") ||
	       name_is(line, "Transfer-Encoding") || name_is(line, "Authorization") ||
	       name_is(line, "Origin") || name_is(line, "Content-Type") ||
	       (line->name_len > 4 && !strncasecmp(line->name, "Mcp-", 4));
}

const struct head_line *head_find(const struct head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (name_is(&head->lines[i], name))
			return &head->lines[i];
	return NULL;
}

static const struct refusal *check_lines(const struct head *head)
{
	for (size_t i = 0; i < head->count; i++) {
		const struct head_line *line = &head->lines[i];

		if (!is_token(line->name, line->name_len))
			return &bad_name;
		if (!is_field_value(line->value, line->value_len))
			return &bad_value;
		if (!is_single(line))
			continue;
		for (size_t k = 0; k < i; k++)
			if (head->lines[k].name_len == line->name_len &&
			    !strncasecmp(head->lines[k].name, line->name, line->name_len))
				return &repeated;
	}
	return NULL;
}

static const struct refusal *check_length(const struct head_line *line, size_t body_max)
{
	uint64_t length = 0;
	size_t len = line->value_len;

	while (len > 0 && (line->value[len - 1] == ' ' || line->value[len - 1] == '\t'))
		len--;
	if (len == 0)
		return &bad_length;
	for (size_t i = 0; i < len; i++) {
		if (line->value[i] < '0' || line->value[i] > '9')
			return &bad_length;
		if (length <= body_max)
			length = length * 10 + (uint64_t)(line->value[i] - '0');
	}
	return length > body_max ? &too_large : NULL;
}

static const struct refusal *check_framing(const struct head *head, size_t body_max)
{
	const struct head_line *length = head_find(head, "Content-Length");
	const struct head_line *coding = head_find(head, "Transfer-Encoding");

	if (length && coding)
		return &two_lengths;
	/* RFC 9112 6.1: a 1.0 peer does not know chunks, so what it forwards is suspect. */
	if (coding && (coding->value_len != 7 || strncasecmp(coding->value, "chunked", 7) != 0 ||
		       strcmp(head->version, "HTTP/1.1") != 0))
		return &bad_coding;
	return length ? check_length(length, body_max) : NULL;
}

/* A segment that means "here" or "up", once decoded. */
static bool is_dot_segment(const char *segment, size_t len)
{
	return (len == 1 && segment[0] == '.') ||
	       (len == 2 && segment[0] == '.' && segment[1] == '.');
}

static bool has_dot_segment(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (is_dot_segment(path, len))
			return true;
		if (!path[len])
			return false;
		path += len + 1;
	}
}

/* RFC 3986: printable ASCII without the characters that must be escaped. */
static bool is_target_text(const char *target, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (target[i] <= 0x20 || target[i] >= 0x7f || strchr("\"#<>\\^`{|}", target[i]))
			return false;
	return true;
}

static bool has_encoded_slash(const char *path, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if (path[i] == '%' && ((path[i + 1] == '2' && (path[i + 2] | 0x20) == 'f') ||
				       (path[i + 1] == '5' && (path[i + 2] | 0x20) == 'c')))
			return true;
	return false;
}

static bool is_clean_path(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	return utf8_is_valid(path, len) && !has_dot_segment(path);
}

const struct refusal *guard_check_target(const char *target, size_t len)
{
	const char *query = memchr(target, '?', len);
	size_t path_len = query ? (size_t)(query - target) : len;
	auto_str path = mem_zeroed(path_len + 1, 1);
	size_t decoded;

	if (len == 0 || target[0] != '/' || !is_target_text(target, path_len) ||
	    has_encoded_slash(target, path_len))
		return &bad_target;
	for (size_t i = path_len; i < len; i++)
		if (target[i] <= 0x20 || target[i] >= 0x7f || target[i] == '#')
			return &bad_target;
	if (!target_decode(target, path_len, path, &decoded) || !is_clean_path(path, decoded))
		return &bad_target;
	return NULL;
}

const struct refusal *guard_check(const struct head *head, size_t body_max)
{
	const struct head_line *host = head_find(head, "Host");
	const struct refusal *refusal;

	if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
		return &bad_version;
	if (!is_token(head->method, strlen(head->method)))
		return &bad_name;
	refusal = check_lines(head);
	if (refusal)
		return refusal;
#if MHD_VERSION < 0x01000000
	if (!layout_is_strict(head))
		return &bad_lines;
#else
	(void)bad_lines;
#endif
	if (strcmp(head->version, "HTTP/1.1") == 0 && (!host || host->value_len == 0))
		return &bad_host;
	refusal = guard_check_target(head->target, head->target_len);
	return refusal ? refusal : check_framing(head, body_max);
}
