/* The settings of the web tools: which form they have, and what they need of each other. */
#include <string.h>
#include "internal.h"

enum { DOMAIN_MAX = 253, DOMAINS_MAX = 1000 };

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static bool is_of(const char *text, size_t len, const char *more)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(alphanumeric, text[i]) && !strchr(more, text[i]))
			return false;
	return len > 0;
}

/* Names beyond ASCII are written as DNS has them (xn--…). */
static bool is_domain(const char *text, size_t len)
{
	size_t skip = len > 2 && text[0] == '*' && text[1] == '.' ? 2 : 0;

	return len <= DOMAIN_MAX && is_of(text + skip, len - skip, ".-_:") && text[skip] != '.' &&
	       text[len - 1] != '.';
}

bool value_is_domain_list(const char *text)
{
	if (strcmp(text, "*") == 0)
		return true;
	for (int count = 1; count <= DOMAINS_MAX; count++) {
		size_t len = strcspn(text, ",");

		if (!is_domain(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
	return false;
}

bool value_is_token(const char *text)
{
	return is_of(text, strlen(text), "-_");
}

static bool has_image(const char *list, const char *name)
{
	struct config_image image;

	while (config_image_next(&list, &image))
		if (strcmp(image.name, name) == 0)
			return true;
	return false;
}

/* The tools that need an image are offered where it is. */
static bool finish_sets(struct config *config, bool by_default, struct error *err)
{
	auto_str sets = NULL;

	if (has_image(config->sandbox_images, "web")) {
		if (by_default) {
			sets = take(config->tool_sets);
			config->tool_sets = mem_format("%s,web", sets);
		}
		return true;
	}
	if (config_list_has(config->tool_sets, "web"))
		return error_set(err, ERROR_INVALID,
				 "SANDPOD_TOOLS names web, whose tools run in an image of that "
				 "name; SANDBOX_IMAGES must say which it is: web=IMAGE");
	return true;
}

bool web_finish(struct config *config, bool by_default, struct error *err)
{
	if (strcmp(config->web_search, "searxng") == 0 && !config->searxng_url)
		return error_set(err, ERROR_INVALID,
				 "WEB_SEARCH is searxng; SEARXNG_URL must say where it is");
	if (strcmp(config->web_search, "brave") == 0 && !config->brave_api_key)
		return error_set(err, ERROR_INVALID,
				 "WEB_SEARCH is brave; BRAVE_API_KEY must hold a key for it");
	return finish_sets(config, by_default, err);
}
