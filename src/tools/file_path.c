/* Paths of a container as arguments and in results.  They are bytes; JSON has text. */
#include "files.h"
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "utf8.h"

const char *const encodings[] = { "utf-8", "base64", NULL };
const char *const file_path_aliases[] = { "file_path", "file", "filename", NULL };

bool is_base64(const struct arg_value *encoding)
{
	return encoding->given && strcmp(encoding->text, "base64") == 0;
}

char *file_path_bytes(const char *name, const struct arg_value *path,
		      const struct arg_value *encoding, struct error *err)
{
	auto_buf bytes = BUF_INIT(PATH_ARG_MAX);

	if (!is_base64(encoding))
		return mem_strdup(path->text);
	if (base64_decode(path->text, strlen(path->text), &bytes) && bytes.len > 0 &&
	    !memchr(bytes.data, '\0', bytes.len))
		return buf_take(&bytes);
	error_set(err, ERROR_INVALID,
		  "%s is not the base64 of a path (1 to %d bytes without NUL), as path_encoding "
		  "says",
		  name, PATH_ARG_MAX);
	return NULL;
}

char *file_path_of(struct call *call, const struct arg_value *path,
		   const struct arg_value *encoding)
{
	struct error err;
	char *bytes = file_path_bytes("path", path, encoding, &err);

	if (!bytes)
		tool_fail(call, &err);
	return bytes;
}

void file_path_put(struct json *object, const char *key, const char *path)
{
	size_t len = strlen(path);
	auto_buf encoded = BUF_INIT(len / 3 * 4 + 8);
	auto_str other = mem_format("%s_base64", key);

	json_put_text(object, key, path); /* mended where it must be */
	if (!utf8_is_valid(path, len) && base64_encode(path, len, &encoded))
		json_put_text(object, other, buf_text(&encoded));
}

void file_path_show(struct buf *text, const char *path)
{
	auto_buf clean = BUF_INIT(strlen(path) * 3 + 1);
	bool replaced = false;

	(void)utf8_clean(path, strlen(path), &clean, &replaced); /* there is room */
	for (const char *c = buf_text(&clean); *c; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			buf_add_text(text, *c == '\n' ? "\\n" : *c == '\r' ? "\\r" : "\\t");
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			buf_addf(text, "\\x%02x", (unsigned char)*c);
		else
			buf_add(text, c, 1);
}

const char *file_path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

struct file_call *file_call_new(struct call *call, const char *container_id)
{
	struct file_call *file_call = mem_new(struct file_call);

	file_call->waiting.call = call;
	file_call->container_id = mem_strdup(container_id);
	return file_call;
}

void file_call_began(struct file_call *file_call, struct sandbox_op *op, const struct error *err)
{
	auto_str container_id = NULL;
	struct call *call;

	if (op) {
		waiting_for(&file_call->waiting, op);
		return;
	}
	call = file_call_end(file_call, &container_id);
	tool_fail(call, err);
}

struct call *file_call_end(void *ctx, char **ret_container_id)
{
	struct file_call *file_call = ctx;
	struct call *call = file_call->waiting.call;

	*ret_container_id = file_call->container_id;
	free(file_call);
	return call;
}

void file_mode_text(uint32_t mode, char ret_text[8])
{
	snprintf(ret_text, 8, "%04o", mode & 07777u);
}
