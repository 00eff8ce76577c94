/* How a file is shown.  Its name and its bytes are a stranger's: a browser may show on our origin
 * only what cannot run anything, and must save the rest. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "preview.h"

/* --- who asks ------------------------------------------------------------------------------ */

/* The weight of a media range in an Accept header (RFC 9110 12.4.2); -1: it does not stand there.
 */
static double weight_of(const char *accept, const char *range)
{
	size_t range_len = strlen(range);

	while (*accept) {
		size_t len;
		const char *weight;

		accept += strspn(accept, " \t,");
		len = strcspn(accept, ",");
		weight = memmem(accept, len, "q=", 2);
		if (strncasecmp(accept, range, range_len) == 0 &&
		    (accept[range_len] == '\0' || strchr(",; \t", accept[range_len])))
			return weight ? strtod(weight + 2, NULL) : 1;
		accept += len;
	}
	return -1;
}

/* A browser prefers HTML to anything else.  Java's HttpURLConnection says so too by default, but is
 * no browser: it names single kinds of pictures and not XHTML. */
static bool prefers_page(const char *accept)
{
	double html;

	if (!accept)
		return false;
	html = weight_of(accept, "text/html");
	if (html <= 0 || html <= weight_of(accept, "*/*"))
		return false;
	return weight_of(accept, "image/gif") < 0 || weight_of(accept, "application/xhtml+xml") > 0;
}

enum file_form file_form_choose(const struct file_asker *asker)
{
	if (asker->download && strcmp(asker->download, "0") != 0)
		return FILE_SAVED;
	if (asker->raw && media_find(asker->raw))
		return FILE_RAW;
	if (asker->range || !prefers_page(asker->accept))
		return FILE_BYTES;
	/* A browser that says what for (not every one does) wants a page only for a window. */
	return !asker->fetch_dest || strcmp(asker->fetch_dest, "document") == 0 ? FILE_PAGE
										: FILE_BYTES;
}

/* --- how it is shown ------------------------------------------------------------------------ */

char *file_content_type(const char *name)
{
	const char *type = http_media_type(name);

	return strncmp(type, "text/", 5) == 0 ? mem_format("%s; charset=utf-8", type)
					      : mem_strdup(type);
}

const char *file_disposition(const char *name, const char *wanted)
{
	bool may_show = !wanted || strcmp(wanted, "attachment") != 0;

	return may_show && http_media_is_inert(http_media_type(name)) ? "inline" : "attachment";
}
