/* The URI by which a client reads a file of a container: sandbox://CONTAINER/PATH. */
#include "internal.h"
#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._~/", c);
}

/* RFC 3986 section 2.1; a slash stays. */
char *file_uri(const char *container_id, const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	auto_buf uri = BUF_INIT((size_t)4 * PATH_ARG_MAX);

	buf_addf(&uri, "sandbox://%s", container_id);
	for (const char *c = path; *c; c++) {
		const char escape[3] = { '%', digits[(unsigned char)*c >> 4],
					 digits[(unsigned char)*c & 15] };

		if (is_plain(*c))
			buf_add(&uri, c, 1);
		else
			buf_add(&uri, escape, sizeof(escape));
	}
	return buf_take(&uri);
}
