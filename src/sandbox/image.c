/* The images that a wish may name.  A row keeps the name, as callers know it; what Podman calls the
 * image is looked up when the container is born. */
#include <string.h>
#include "buf.h"
#include "internal.h"

enum { LIST_MAX = 256 };

static const struct sandbox_image *find(const struct sandbox_settings *settings, const char *name)
{
	for (const struct sandbox_image *i = settings->images; i && i->name; i++)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

const char *image_reference(const struct sandbox_settings *settings, const char *name)
{
	const struct sandbox_image *image = find(settings, name);

	return image ? image->reference : name;
}

static bool refuse_unknown(const struct sandbox_settings *settings, const char *wish,
			   struct error *err)
{
	auto_buf list = BUF_INIT(LIST_MAX);

	/* What finds no room is in the tool's schema. */
	for (const struct sandbox_image *i = settings->images; i && i->name; i++)
		(void)buf_addf(&list, ", %s", i->name);
	return error_set(err, ERROR_INVALID,
			 "image: \"%.60s\" is not offered here; it may be %.100s (the default)%s",
			 wish, settings->image, buf_text(&list));
}

bool image_choose(const struct sandbox_settings *settings, const char *wish, char **ret_image,
		  struct error *err)
{
	const struct sandbox_image *image;

	if (!wish || strcmp(wish, settings->image) == 0) {
		*ret_image = mem_strdup(settings->image);
		return true;
	}
	image = find(settings, wish);
	if (!image)
		return refuse_unknown(settings, wish, err);
	if (image->missing) {
		error_set(err, ERROR_UNAVAILABLE, "image: \"%s\" cannot be used at present: %s",
			  image->name, image->missing);
		return error_advise(
			err, "try again later, or leave the argument out for the default", true);
	}
	*ret_image = mem_strdup(image->name);
	return true;
}
