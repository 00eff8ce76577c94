/* The env argument: an object of texts becomes "NAME=value" lines for the agent. */
#include "internal.h"
#include <string.h>
#include "utf8.h"

enum { ENV_MAX = 256, SHOWN_MAX = 40 };

static bool is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				     "0123456789";

	return *name && strchr(letters, *name) && name[strspn(name, others)] == '\0';
}

static bool check(const char *name, const struct json *value, struct error *err)
{
	int shown = (int)utf8_whole(name, strnlen(name, SHOWN_MAX));

	if (!is_name(name))
		return error_set(err, ERROR_INVALID,
				 "env has the name \"%.*s\": names are letters, digits and _, and "
				 "do not begin with a digit",
				 shown, name);
	if (json_type(value) != JSON_STRING)
		return error_set(err, ERROR_INVALID, "env.%.*s must be a string, but it is %s",
				 shown, name, json_type_name(value));
	return true;
}

char **env_read(const struct json *object, struct error *err)
{
	size_t count = json_size(object);
	auto_env env = NULL;
	size_t at = 0;

	if (count > ENV_MAX) {
		error_set(err, ERROR_INVALID, "env has %zu names; at most %d are taken", count,
			  ENV_MAX);
		return NULL;
	}
	env = mem_array(char *, count + 1);
	for (const struct json *m = json_first(object); m; m = json_next(m)) {
		if (!check(json_key(m), m, err))
			return NULL;
		env[at++] = mem_format("%s=%s", json_key(m), json_text(m));
	}
	return take(env);
}

void env_free(char **env)
{
	if (!env)
		return;
	for (char **line = env; *line; line++)
		free(*line);
	free(env);
}
