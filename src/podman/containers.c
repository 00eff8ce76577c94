/* Containers: the create body, in which every limit of a sandbox is spelled out (Podman ignores
 * fields that it does not know, so a misspelt limit is no limit), and a container's life. */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

static struct json *texts(const char *const *list)
{
	struct json *array = json_array();

	for (; list && *list; list++)
		json_append(array, json_new_text(*list));
	return array;
}

static struct json *pairs(const struct podman_pair *pair)
{
	struct json *object = json_object();

	for (; pair && pair->name; pair++)
		json_put_text(object, pair->name, pair->value);
	return object;
}

static struct json *mode(const char *nsmode)
{
	struct json *object = json_object();

	json_put_text(object, "nsmode", nsmode);
	return object;
}

static struct json *mounts(const struct podman_spec *spec)
{
	struct json *array = json_array();

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct podman_mount *mount = &spec->mounts[i];
		struct json *object = json_object();

		json_put_text(object, "type", mount->type);
		json_put_text(object, "source", mount->source);
		json_put_text(object, "destination", mount->destination);
		json_put(object, "options", texts(mount->options));
		json_append(array, object);
	}
	return array;
}

/* One range, from 0 inside to the container's own ids outside. */
static struct json *id_map(const struct podman_spec *spec)
{
	struct json *array = json_array();
	struct json *range = json_object();

	json_put_int(range, "container_id", 0);
	json_put_int(range, "host_id", spec->uid_base);
	json_put_int(range, "size", spec->uid_count);
	json_append(array, range);
	return array;
}

static void put_user_namespace(struct json *body, const struct podman_spec *spec)
{
	struct json *maps = json_object();

	json_put_bool(maps, "HostUIDMapping", false);
	json_put_bool(maps, "HostGIDMapping", false);
	json_put(maps, "UIDMap", id_map(spec));
	json_put(maps, "GIDMap", id_map(spec));
	/* "auto" is silently ignored by 4.3.1 and 5.4.2; "private" with a map is not. */
	json_put(body, "userns", mode("private"));
	json_put(body, "idmappings", maps);
}

static struct json *limits_json(const struct podman_limits *limits)
{
	struct json *object = json_object();
	struct json *memory = json_object();
	struct json *cpu = json_object();
	struct json *pids = json_object();

	json_put_int(memory, "limit", limits->memory);
	/* Left out, Podman allows as much swap again. */
	json_put_int(memory, "swap", limits->memory);
	json_put(object, "memory", memory);
	json_put_int(cpu, "quota", limits->cpu_milli * 100);
	json_put_int(cpu, "period", 100000);
	json_put(object, "cpu", cpu);
	json_put_int(pids, "limit", limits->pids);
	json_put(object, "pids", pids);
	return object;
}

static void put_limits(struct json *body, const struct podman_spec *spec)
{
	const struct podman_limits limits = { spec->memory, spec->cpu_milli, spec->pids };

	json_put(body, "resource_limits", limits_json(&limits));
	json_put_int(body, "shm_size", spec->shm_size);
}

static struct json *rlimit(const char *type, int64_t most)
{
	struct json *object = json_object();

	json_put_text(object, "type", type);
	json_put_int(object, "soft", most);
	json_put_int(object, "hard", most);
	return object;
}

/* Both, always: Podman fills in a missing one with more than the kernel may allow. */
static void put_rlimits(struct json *body, const struct podman_spec *spec)
{
	struct json *array = json_array();

	json_append(array, rlimit("nofile", spec->open_files_max));
	json_append(array, rlimit("nproc", spec->processes_max));
	json_put(body, "r_limits", array);
}

static void put_network(struct json *body, const struct podman_spec *spec)
{
	struct json *networks;

	json_put(body, "netns", mode(spec->network ? "bridge" : "none"));
	/* Otherwise the machine's own hosts file and resolver go into the container. */
	json_put_bool(body, "use_image_hosts", true);
	if (!spec->network)
		return;
	networks = json_object();
	json_put(networks, spec->network, json_object());
	json_put(body, "Networks", networks);
	if (spec->dns && *spec->dns)
		json_put(body, "dns_server", texts(spec->dns));
}

static void put_confinement(struct json *body, const struct podman_spec *spec)
{
	static const char *const all[] = { "ALL", NULL };
	struct json *log = json_object();

	json_put(body, "ipcns", mode("private"));
	json_put(body, "pidns", mode("private"));
	json_put(body, "utsns", mode("private"));
	/* With cgroup v1 the default is the machine's. */
	json_put(body, "cgroupns", mode("private"));
	json_put(body, "cap_drop", texts(all));
	json_put_bool(body, "no_new_privileges", true);
	if (spec->seccomp_profile)
		json_put_text(body, "seccomp_profile_path", spec->seccomp_profile);
	json_put_text(log, "driver", "none");
	json_put(body, "log_configuration", log);
	json_put_bool(body, "httpproxy", false);
}

static void put_life(struct json *body, const struct podman_spec *spec)
{
	json_put_int(body, "timeout", spec->timeout_seconds);
	json_put_int(body, "stop_timeout", 0);
	json_put_text(body, "restart_policy", "no");
	json_put_bool(body, "init", false);
}

struct json *container_create_body(const struct podman_spec *spec)
{
	struct json *body = json_object();

	json_put_text(body, "name", spec->name);
	json_put_text(body, "image", spec->image);
	json_put(body, "entrypoint", texts(spec->entrypoint));
	json_put_text(body, "user", "0:0"); /* whatever the image says */
	json_put_text(body, "hostname", spec->hostname);
	json_put_text(body, "work_dir", spec->workdir);
	json_put(body, "labels", pairs(spec->labels));
	json_put(body, "env", pairs(spec->env));
	json_put(body, "mounts", mounts(spec));
	put_user_namespace(body, spec);
	put_limits(body, spec);
	put_rlimits(body, spec);
	put_network(body, spec);
	put_confinement(body, spec);
	put_life(body, spec);
	if (spec->disk > 0) {
		struct json *options = json_object();
		auto_str size = mem_format("%" PRId64, spec->disk);

		json_put_text(options, "size", size);
		json_put(body, "storage_opts", options);
	}
	return body;
}

static char *removal_path(const char *id)
{
	/* The documentation says `v`, the code reads `volumes`. */
	return path_of("/containers/", id, "?force=true&timeout=0&v=true&volumes=true&ignore=true");
}

/* The second half of a create that came with warnings: it is removed, or not, and has failed. */
static bool on_rejected(struct podman_call *call, const struct answer *answer,
			const struct error *err)
{
	(void)answer;
	call->tell.id(call->ctx, NULL, err && err->kind == ERROR_CANCELLED ? err : &call->kept_err);
	return true;
}

static bool reject(struct podman_call *call, const char *id, const char *warning)
{
	char clean[240];

	failure_clean(warning, strlen(warning), clean, sizeof(clean));
	error_set(&call->kept_err, ERROR_UNAVAILABLE,
		  "Podman could not create the container with all of its limits: %s", clean);
	call->on_answer = on_rejected;
	call_send(call, "DELETE", removal_path(id), NULL, CHANGE_MS);
	return false;
}

static bool on_created(struct podman_call *call, const struct answer *answer,
		       const struct error *err)
{
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_OBJECT, &parse_err);
	const struct json *warning = json_first(json_get_array(body, "Warnings"));
	const char *id = json_get_text(body, "Id");

	if (id && warning)
		return reject(call, id, json_text(warning) ? json_text(warning) : "a warning");
	if (body && !id)
		error_set(&parse_err, ERROR_UNAVAILABLE,
			  "Podman's answer to the request to %s has no id", call->what);
	if (err || !id)
		call->tell.id(call->ctx, NULL, err ? err : &parse_err);
	else
		call->tell.id(call->ctx, id, NULL);
	return true;
}

struct podman_call *podman_container_create(struct podman *podman, const struct podman_spec *spec,
					    podman_id_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "create the container", on_created, ctx);

	call->tell.id = done;
	call_send(call, "POST", mem_strdup(API "/containers/create"), container_create_body(spec),
		  CHANGE_MS);
	return call;
}

struct podman_call *podman_container_start(struct podman *podman, const char *id,
					   podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "start the container", answer_done, ctx);

	call->tell.done = done;
	call_send(call, "POST", path_of("/containers/", id, "/start"), NULL, CHANGE_MS);
	return call;
}

struct podman_call *podman_container_limit(struct podman *podman, const char *id,
					   const struct podman_limits *limits, podman_done_fn *done,
					   void *ctx)
{
	struct podman_call *call = call_new(podman, "limit the container", answer_done, ctx);

	call->tell.done = done;
	call_send(call, "POST", path_of("/containers/", id, "/update"), limits_json(limits),
		  QUICK_MS);
	return call;
}

/* Podman 4.3 answers 500, newer ones 409, when the container does not run. */
static bool on_killed(struct podman_call *call, const struct answer *answer,
		      const struct error *err)
{
	bool was_dead = answer->status >= 400 && err && err->kind == ERROR_CONFLICT;

	call->tell.done(call->ctx, was_dead ? NULL : err);
	return true;
}

struct podman_call *podman_container_kill(struct podman *podman, const char *id,
					  podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "kill the container", on_killed, ctx);

	call->tell.done = done;
	call_send(call, "POST", path_of("/containers/", id, "/kill?signal=KILL"), NULL, QUICK_MS);
	return call;
}

struct podman_call *podman_container_signal(struct podman *podman, const char *id, const char *name,
					    podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "signal the container", answer_done, ctx);

	call->tell.done = done;
	call_send(call, "POST", path_with(path_of("/containers/", id, "/kill?"), "signal", name),
		  NULL, QUICK_MS);
	return call;
}

struct podman_call *podman_container_remove(struct podman *podman, const char *id,
					    podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "remove the container", answer_removed, ctx);

	call->tell.done = done;
	call_send(call, "DELETE", removal_path(id), NULL, CHANGE_MS);
	return call;
}
