/* A wish against the maxima.  What is left out becomes the default, which is also the maximum; what
 * is over a maximum is refused with the maximum in the sentence, never silently lowered. */
#include <string.h>
#include "internal.h"
#include "json.h"
#include "utf8.h"

enum {
	MIB = 1024 * 1024,
	NAME_MAX_BYTES = 128,
	ENV_MAX_BYTES = 8 * 1024, /* leaves room for the command in WIRE_START_MAX */
};

/* One bounded number: its argument's name, its unit as callers give it, and both its ends. */
struct bound {
	const char *name;
	const char *unit;
	int64_t per_unit;
	int64_t least, most;
};

static bool choose(const struct bound *bound, int64_t wish, int64_t *ret_value, struct error *err)
{
	/* A maximum below the usual minimum is what the operator wanted. */
	int64_t least = bound->least < bound->most ? bound->least : bound->most;

	if (wish == 0) {
		*ret_value = bound->most;
		return true;
	}
	if (wish > bound->most)
		return error_set(
			err, ERROR_LIMIT,
			"%s: %.6g%s is more than this server allows; the maximum is %.6g%s",
			bound->name, (double)wish / (double)bound->per_unit, bound->unit,
			(double)bound->most / (double)bound->per_unit, bound->unit);
	if (wish < least)
		return error_set(err, ERROR_INVALID,
				 "%s: %.6g%s is too little; the minimum is %.6g%s", bound->name,
				 (double)wish / (double)bound->per_unit, bound->unit,
				 (double)least / (double)bound->per_unit, bound->unit);
	*ret_value = wish;
	return true;
}

static bool choose_disk(const struct sandbox_settings *settings, int64_t wish, int64_t *ret_disk,
			struct error *err)
{
	struct bound bound = { "disk_mb", " MiB", MIB, SANDBOX_DISK_LEAST, settings->disk };

	if (settings->disk > 0)
		return choose(&bound, wish, ret_disk, err);
	if (wish != 0)
		return error_set(err, ERROR_INVALID,
				 "disk_mb: this server's storage cannot bound the disk of a "
				 "container; leave the argument out");
	*ret_disk = 0;
	return true;
}

static bool choose_numbers(const struct sandboxes *all, const struct sandbox_request *request,
			   struct container_row *row, struct error *err)
{
	const struct sandbox_settings *settings = &all->settings;
	struct bound memory = { "memory_mb", " MiB", MIB, SANDBOX_MEMORY_LEAST, settings->memory };
	struct bound cpu = { "cpus", "", 1000, SANDBOX_CPU_LEAST, settings->cpu_milli };
	struct bound pids = { "pids", "", 1, SANDBOX_PIDS_LEAST, settings->pids };
	struct bound ttl = { "ttl_seconds", " s", 1000, SANDBOX_TTL_LEAST_MS, settings->ttl_ms };
	int64_t ttl_ms = 0;

	if (request->by_operator) {
		memory.most = request->memory;
		cpu.most = request->cpu_milli;
		pids.most = request->pids;
	}
	if (!choose(&memory, request->memory, &row->memory, err) ||
	    !choose(&cpu, request->cpu_milli, &row->cpu_milli, err) ||
	    !choose(&pids, request->pids, &row->pids, err) ||
	    !choose(&ttl, request->ttl_ms, &ttl_ms, err) ||
	    !choose_disk(settings, request->disk, &row->disk, err))
		return false;
	row->created_at = clock_wall_ms();
	row->expires_at = row->created_at + ttl_ms;
	return true;
}

/* "none" is narrower than "internet". */
static bool choose_network(const char *widest, const char *wish, char **ret_network,
			   struct error *err)
{
	if (!wish)
		wish = widest;
	if (strcmp(wish, "none") != 0 && strcmp(wish, "internet") != 0)
		return error_set(err, ERROR_INVALID,
				 "network: it must be \"none\" or \"internet\", not \"%.40s\"",
				 wish);
	if (strcmp(wish, "internet") == 0 && strcmp(widest, "internet") != 0)
		return error_set(
			err, ERROR_LIMIT,
			"network: \"internet\" is not available on this server; containers "
			"here have no network (\"none\")");
	*ret_network = mem_strdup(wish);
	return true;
}

static bool choose_workdir(const char *wish, char **ret_workdir, struct error *err)
{
	if (!wish)
		wish = "/workspace";
	if (wish[0] != '/')
		return error_set(err, ERROR_INVALID,
				 "workdir: it must be an absolute path, not \"%.100s\"", wish);
	if (strlen(wish) > WIRE_PATH_MAX)
		return error_set(err, ERROR_INVALID, "workdir: a path has at most %d bytes",
				 WIRE_PATH_MAX);
	*ret_workdir = mem_strdup(wish);
	return true;
}

static bool check_name(const char *name, struct error *err)
{
	if (!name)
		return true;
	if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "name: it must have 1 to %d bytes",
				 NAME_MAX_BYTES);
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return error_set(err, ERROR_INVALID,
					 "name: control characters are not allowed");
	return true;
}

/* One "NAME=value" into the object. */
static bool add_variable(struct json *object, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	auto_str name = NULL;

	if (!equals || equals == text)
		return error_set(err, ERROR_INVALID, "env: \"%.60s\" is not NAME=value", text);
	if (!utf8_is_valid(text, strlen(text)))
		return error_set(err, ERROR_INVALID, "env: a value is not UTF-8");
	name = mem_strndup(text, (size_t)(equals - text));
	if (json_get(object, name))
		return error_set(err, ERROR_INVALID, "env: %.60s is given twice", name);
	json_put_text(object, name, equals + 1);
	return true;
}

static bool choose_env(const char *const *env, char **ret_env, struct error *err)
{
	auto_json object = json_object();
	size_t total = 0;

	if (!env || !env[0])
		return true;
	for (; *env; env++) {
		total += strlen(*env) + 1;
		if (total > ENV_MAX_BYTES)
			return error_set(err, ERROR_LIMIT,
					 "env: names and values together may have %d bytes",
					 ENV_MAX_BYTES);
		if (!add_variable(object, *env, err))
			return false;
	}
	*ret_env = json_print(object);
	return true;
}

bool limits_apply(const struct sandboxes *all, const struct sandbox_request *request,
		  struct container_row *ret_row, struct error *err)
{
	const struct sandbox_settings *settings = &all->settings;

	return choose_numbers(all, request, ret_row, err) && check_name(request->name, err) &&
	       choose_network(settings->network, request->network, &ret_row->network, err) &&
	       image_choose(settings, request->image, &ret_row->image, err) &&
	       choose_workdir(request->workdir, &ret_row->workdir, err) &&
	       choose_env(request->env, &ret_row->env, err);
}
