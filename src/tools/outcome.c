/* The outcome of code: lines that its interpreter's driver has sent beside the output.  They come
 * out of a container, where the code itself may have written them: whatever is not as agreed is
 * counted and left out, and a picture is only passed on when it is one. */
#include "outcome.h"
#include <string.h>
#include "base64.h"
#include "utf8.h"

enum { NOTES_MAX = 1024 };

void outcome_release(struct outcome *outcome)
{
	json_free(take(outcome->result));
	json_free(take(outcome->error));
	json_free(take(outcome->web));
	json_free(take(outcome->pictures));
	buf_release(&outcome->text);
}

struct reading {
	struct outcome *outcome;
	const char *command_id;
	size_t limit;
};

/* --- cutting ------------------------------------------------------------------------------- */

/* Both ends of a long text, and between them how to see the rest; the caller owns it. */
static char *cut(const struct reading *reading, const char *text, int64_t *ret_omitted)
{
	size_t len = strlen(text);
	size_t half = reading->limit / 2;
	char count[FORMAT_SIZE];
	size_t head;
	const char *tail;

	*ret_omitted = 0;
	if (len <= reading->limit)
		return mem_strdup(text);
	head = utf8_whole(text, half);
	tail = text + len - half;
	tail += utf8_skip(tail, half);
	*ret_omitted = (int64_t)(len - head - strlen(tail));
	format_count(*ret_omitted, count);
	return mem_format("%.*s\n[… %s bytes omitted; check_command(command_id=\"%s\", "
			  "max_output_bytes=%d) shows more]\n%s",
			  (int)head, text, count, reading->command_id, OUTPUT_MOST, tail);
}

static void add_block(struct buf *text, const char *title, const char *body)
{
	buf_addf(text, "[%s]\n", title);
	buf_add_text(text, body);
	if (body[0] && body[strlen(body) - 1] != '\n')
		buf_add_text(text, "\n");
}

/* --- result, error ------------------------------------------------------------------------- */

static bool read_result(struct reading *reading, const struct json *line)
{
	struct outcome *outcome = reading->outcome;
	const struct json *value = json_get(line, "json");
	const char *text = json_get_text(line, "text");
	auto_str printed = value ? json_print(value) : NULL;
	auto_str shown = NULL;

	if ((!value && !text) || outcome->result)
		return false;
	shown = cut(reading, value ? printed : text, &outcome->result_omitted);
	outcome->result =
		value && outcome->result_omitted == 0 ? json_copy(value) : json_new_text(shown);
	add_block(&outcome->text, "result", shown);
	return true;
}

static void put_cut(const struct reading *reading, struct json *out, const char *key,
		    const char *text)
{
	int64_t omitted;
	auto_str shown = cut(reading, text ? text : "", &omitted);

	json_put_text(out, key, shown);
}

static bool read_error(struct reading *reading, const struct json *line)
{
	struct outcome *outcome = reading->outcome;
	const char *type = json_get_text(line, "error_type");
	const char *message = json_get_text(line, "message");
	struct json *out;

	if (!type || outcome->error)
		return false;
	out = json_object();
	put_cut(reading, out, "type", type);
	put_cut(reading, out, "message", message);
	put_cut(reading, out, "traceback", json_get_text(line, "traceback"));
	outcome->error = out;
	if (json_get_text(out, "traceback")[0]) {
		add_block(&outcome->text, "error", json_get_text(out, "traceback"));
	} else {
		auto_str short_form = mem_format("%s: %s", json_get_text(out, "type"),
						 json_get_text(out, "message"));

		add_block(&outcome->text, "error", short_form);
	}
	return true;
}

/* --- pictures ------------------------------------------------------------------------------ */

static const struct {
	const char *media_type;
	const char *signature;
	size_t len;
} formats[] = {
	{ "image/png", "\x89PNG\r\n\x1a\n", 8 },
	{ "image/jpeg", "\xff\xd8\xff", 3 },
};

static bool is_picture(const char *media_type, const char *base64, size_t len)
{
	auto_buf bytes = BUF_INIT(PICTURE_BYTES_MOST);

	if (!base64_decode(base64, len, &bytes))
		return false;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].media_type, media_type) == 0)
			return bytes.len > formats[i].len &&
			       memcmp(bytes.data, formats[i].signature, formats[i].len) == 0;
	return false;
}

static bool read_picture(struct reading *reading, const struct json *line)
{
	struct outcome *outcome = reading->outcome;
	const char *media_type = json_get_text(line, "mime_type");
	const char *data = json_get_text(line, "data");
	size_t len = data ? strlen(data) : 0;
	struct json *block;

	if (!media_type || !data)
		return false;
	if (len > PICTURE_BYTES_MOST || json_size(outcome->pictures) >= PICTURES_MOST ||
	    outcome->picture_bytes + (int64_t)len > PICTURES_BYTES_MOST) {
		outcome->pictures_left_out++;
		return true;
	}
	if (!is_picture(media_type, data, len))
		return false;
	block = json_object();
	json_put_text(block, "type", "image");
	json_put_text(block, "data", data);
	json_put_text(block, "mimeType", media_type);
	if (!outcome->pictures)
		outcome->pictures = json_array();
	json_append(outcome->pictures, block);
	outcome->picture_bytes += (int64_t)len;
	return true;
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool read_line(struct reading *reading, const char *text, size_t len)
{
	struct error ignored;
	auto_json line = json_parse(text, len, &ignored);
	const char *type = json_get_text(line, "type");

	if (!type)
		return false;
	if (strcmp(type, "web") == 0 && !reading->outcome->web) {
		reading->outcome->web = take(line);
		return true;
	}
	if (strcmp(type, "result") == 0)
		return read_result(reading, line);
	if (strcmp(type, "error") == 0)
		return read_error(reading, line);
	return strcmp(type, "image") == 0 && read_picture(reading, line);
}

void outcome_read(struct code_outcome *lines, const char *command_id, size_t limit,
		  struct outcome *ret_outcome)
{
	struct reading reading = { ret_outcome, command_id, limit };
	const char *line;
	size_t len;

	/* Twice the limit: the result, and the traceback; each has a note. */
	*ret_outcome = (struct outcome){ .text = BUF_INIT(2 * (limit + NOTES_MAX)) };
	while ((line = code_outcome_line(lines, &len)))
		if (!read_line(&reading, line, len))
			ret_outcome->not_understood++;
}

void outcome_count_pictures(const struct outcome *outcome, struct buf *text)
{
	size_t count = json_size(outcome->pictures);

	if (count > 0)
		buf_addf(text, "[%zu picture%s]\n", count, count == 1 ? "" : "s");
}

void outcome_put(struct outcome *outcome, struct json *structured)
{
	if (outcome->result)
		json_put(structured, "result", take(outcome->result));
	if (outcome->error)
		json_put(structured, "error", take(outcome->error));
	if (outcome->result_omitted > 0)
		json_put_int(structured, "result_omitted_bytes", outcome->result_omitted);
	if (json_size(outcome->pictures) > 0)
		json_put_int(structured, "pictures", (int64_t)json_size(outcome->pictures));
}
