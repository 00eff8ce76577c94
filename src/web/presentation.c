/* How a file is shown.  Its name and its bytes are a stranger's: a browser may show on our origin
 * only what cannot run anything, and must save the rest. */
#include "internal.h"
#include <string.h>

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
