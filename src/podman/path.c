/* Paths of the REST API: the only place where foreign text becomes part of one. */
#include "internal.h"

#include <string.h>

/* Longer than any path that our own limits on names allow. */
enum { PATH_TEXT_MAX = 64 << 10 };

static void add_escaped(struct buf *buf, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (const char *c = text; *c; c++) {
		bool fits = strchr(plain, *c) ? buf_add(buf, c, 1)
					      : buf_addf(buf, "%%%02X", (unsigned char)*c);

		if (!fits)
			return; /* Podman will not know what is left of it */
	}
}

char *path_of(const char *before, const char *name, const char *after)
{
	auto_buf path = BUF_INIT(PATH_TEXT_MAX);

	if (!buf_add_text(&path, API) || !buf_add_text(&path, before))
		return buf_take(&path);
	add_escaped(&path, name);
	(void)buf_add_text(&path, after);
	return buf_take(&path);
}

char *path_with(char *path, const char *key, const char *value)
{
	auto_buf longer = BUF_INIT(PATH_TEXT_MAX);
	size_t len = strlen(path);
	const char *glue = len > 0 && path[len - 1] == '?' ? "" : "&";

	(void)buf_addf(&longer, "%s%s%s=", path, glue, key);
	add_escaped(&longer, value);
	free(path);
	return buf_take(&longer);
}

bool interface_name_is_plain(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= INTERFACE_NAME_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == len &&
	       !strchr("0123456789", text[0]);
}
