/* What may stand where a package is asked for.  Each goes to its manager as one argument, so no
 * shell reads it; what is refused here is what the manager itself would take for something else: an
 * option, a file of options, a package to remove. */
#include <string.h>
#include "packages.h"
#include "utf8.h"

#define PIP_NAME  "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
#define PIP_MORE  " *(?:\\[ *" PIP_NAME "(?: *, *" PIP_NAME ")* *\\])? *"
#define PIP_BOUND "(?:===|==|~=|!=|<=|>=|<|>) *[A-Za-z0-9._*+!-]+ *"
#define NPM_PART  "[A-Za-z0-9~][A-Za-z0-9._~-]*"

/* A name as each manager writes it (PEP 508 without markers; Debian Policy 5.6.1), and the bytes
 * that end its part that is listed. */
static const struct {
	const char *manager;
	const char *pattern;
	const char *ends;
	const char *example;
} forms[] = {
	{ "pip",
	  "^" PIP_NAME PIP_MORE "(?:" PIP_BOUND "(?:, *" PIP_BOUND ")*|@ *[a-z+]+://[^ ]+)?$",
	  " [=~!<>@", "requests, requests==2.31.0 or requests[socks]>=2" },
	{ "npm", "^(?:@" NPM_PART "/)?" NPM_PART "(?:@[A-Za-z0-9.^~<>=*+_-]+)?$", "@",
	  "lodash, lodash@4.17.21 or @types/node" },
	{ "apk",
	  "^[A-Za-z0-9_][A-Za-z0-9_.+:-]*(?:(?:=|<|>|<=|>=|~|=~)[A-Za-z0-9._~-]+)?(?:@[a-z0-9]+)?$",
	  "=<>~@", "curl or curl=8.5.0-r0" },
	/* At its end - removes; + says that - was not meant. */
	{ "apt",
	  "^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+|/[A-Za-z0-9._-]+)?$",
	  ":=/", "curl or curl=7.88.1-10" },
};

static bool is_url(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "git+http://",
					       "git+https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static bool is_path(const char *text)
{
	return text[0] == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
}

/* Bytes that would break the lines of the list, or that people cannot see. */
static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len > 0 && len <= PACKAGE_TEXT_MAX && utf8_is_valid(text, len);
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* PEP 503: case and the kind of separator do not count. */
static void normalise(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		bool separator = strchr("-_.", *from) != NULL;

		if (separator && to > name && to[-1] == '-')
			continue;
		*to++ = (char)(separator ? '-' : lower(*from));
	}
	*to = '\0';
}

static char *listed_name(const char *manager, const char *text, const char *ends)
{
	/* The @ of a scope does not end a name. */
	size_t skip = text[0] == '@';
	char *name = mem_strndup(text, skip + strcspn(text + skip, ends));

	if (strcmp(manager, "pip") == 0)
		normalise(name);
	return name;
}

bool package_name(const char *manager, const char *text, char **ret_name, bool *ret_local,
		  struct error *err)
{
	size_t i = 0;
	auto_regex form = NULL;

	while (strcmp(forms[i].manager, manager) != 0)
		i++;
	form = regex_new(forms[i].pattern, err);
	if (!form)
		return false;
	if (is_plain(text) && (is_path(text) || is_url(text))) {
		*ret_name = mem_strdup("");
		*ret_local = is_path(text);
		return true;
	}
	if (!is_plain(text) || regex_search(form, text, strlen(text), true) != REGEX_YES)
		return error_set(
			err, ERROR_INVALID,
			"packages: \"%.*s\" is no package as %s writes it: %s, a path in the "
			"container (beginning with / or ./) or a URL",
			(int)utf8_whole(text, strnlen(text, 80)), text, manager, forms[i].example);
	*ret_name = listed_name(manager, text, forms[i].ends);
	*ret_local = false;
	return true;
}
