/* Paths of compat-container-mcp.  Its sandbox is one folder, which to its clients is the root; here
 * that folder is /workspace.  This is order, not a wall: the wall is the container's. */
#include <string.h>
#include "compat.h"
#include "config.h"

#define ROOT "/workspace"

/* Without "." and ".." and doubled slashes; NULL: it leads out of the root. */
static char *normalised(const char *path)
{
	auto_buf out = BUF_INIT(2 * (size_t)PATH_ARG_MAX);

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0) {
			const char *last = out.len > 0 ? memrchr(out.data, '/', out.len) : NULL;

			if (!last)
				return NULL;
			out.len = (size_t)(last - out.data);
			out.data[out.len] = '\0';
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			(void)(buf_add_text(&out, "/") && buf_add(&out, path, len));
		}
		path += len + (path[len] == '/');
	}
	return buf_take(&out);
}

static bool is_inside(const char *path)
{
	return strncmp(path, ROOT, strlen(ROOT)) == 0 && strchr("/", path[strlen(ROOT)]);
}

/* What stands behind the last point of its name, as Python's splitext finds it; "" when nothing. */
static const char *extension_of(const char *path)
{
	const char *name = strrchr(path, '/');
	const char *point;

	name = name ? name + 1 : path;
	name += strspn(name, ".");
	point = strrchr(name, '.');
	return point ? point + 1 : "";
}

char *compat_place(const char *path, const char *extensions, bool with_extension, struct error *err)
{
	const char *extension = extension_of(path);
	auto_str inner = NULL;

	if (strlen(path) > PATH_ARG_MAX) {
		error_set(err, ERROR_INVALID, "a path has at most %d bytes", PATH_ARG_MAX);
		return NULL;
	}
	inner = normalised(is_inside(path) ? path + strlen(ROOT) : path);
	if (!inner) {
		error_set(err, ERROR_INVALID, "Path traversal attempt detected: %.200s", path);
		return NULL;
	}
	if (with_extension && *extension && strcmp(extensions, "*") != 0 &&
	    !config_list_has(extensions, extension)) {
		error_set(err, ERROR_INVALID, "File extension not allowed: %.40s (allowed are %s)",
			  extension, extensions);
		return NULL;
	}
	return mem_format(ROOT "%s", inner);
}

const char *compat_shown(const char *place)
{
	if (!is_inside(place))
		return place;
	return place[strlen(ROOT)] ? place + strlen(ROOT) + 1 : "";
}
