/* SANDBOX_IMAGES: the images beside the default one, each NAME=REFERENCE. */
#include "internal.h"

#include <string.h>

/* Names are short words of our own, as callers write them. */
static bool name_is_plain(const char *name, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	if (len == 0 || len >= CONFIG_IMAGE_NAME_SIZE || name[0] == '-' || name[len - 1] == '-')
		return false;
	return strspn(name, allowed) >= len;
}

/* Visible ASCII; "repository:tag", "host/path@sha256:…" or a path. */
static bool reference_is_plain(const char *reference, size_t len)
{
	if (len == 0 || len >= CONFIG_IMAGE_REFERENCE_SIZE || reference[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (reference[i] <= ' ' || reference[i] > '~')
			return false;
	return true;
}

static bool read_item(const char *item, size_t len, struct config_image *ret_image)
{
	const char *equals = memchr(item, '=', len);
	size_t name_len = equals ? (size_t)(equals - item) : 0;
	size_t reference_len = equals ? len - name_len - 1 : 0;

	if (!name_is_plain(item, name_len) || !reference_is_plain(equals + 1, reference_len))
		return false;
	*ret_image = (struct config_image){ 0 };
	memcpy(ret_image->name, item, name_len);
	memcpy(ret_image->reference, equals + 1, reference_len);
	return true;
}

bool config_image_next(const char **list, struct config_image *ret_image)
{
	size_t len = *list ? strcspn(*list, ",") : 0;

	if (len == 0 || !read_item(*list, len, ret_image))
		return false;
	*list += len;
	if (**list)
		++*list;
	return true;
}

/* Whether an item between list and end has that name already. */
static bool is_named(const char *list, const char *end, const char *name)
{
	struct config_image image;

	while (list < end && config_image_next(&list, &image))
		if (list <= end && strcmp(image.name, name) == 0)
			return true;
	return false;
}

bool value_is_image_list(const char *text)
{
	struct config_image image;
	const char *at = text;

	for (int count = 1; count <= CONFIG_IMAGES_MAX; count++) {
		size_t len = strcspn(at, ",");

		if (!read_item(at, len, &image) || is_named(text, at, image.name))
			return false;
		if (!at[len])
			return true;
		at += len + 1;
	}
	return false;
}

bool value_is_plain_path(const char *text)
{
	return text[0] == '/' && !strpbrk(text, "\"\\\n\r\t");
}
